//! The HTTP filters of a connection manager: the one that asks for tokens, and what is known of the others.

use super::super::draft::Draft;
use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::limit::Limit;
use super::super::spec::Unread;
use super::limit;
use super::provider::JwtFilter;

/// Filters that refuse no request. Without any other one more may pass than before.
const HARMLESS: [&str; 9] = [
    "Compressor",
    "Decompressor",
    "GrpcJsonTranscoder",
    "GrpcWeb",
    "HTTPFault",
    "HeaderToMetadata",
    "HealthCheck",
    "OnDemand",
    "Tap",
];

/// Filters that refuse too much and too many, whoever asks.
const LIMITS: [&str; 6] =
    ["AdaptiveConcurrency", "AdmissionControl", "BandwidthLimit", "Buffer", "LocalRateLimit", "RateLimit"];

/// The filters of a connection manager.
#[derive(Default)]
pub(super) struct Filters<'a> {
    /// The one that asks for tokens.
    pub(super) jwt: Option<JwtFilter<'a>>,
    /// Whether another one may ask for something.
    pub(super) unread: Unread,
    /// Whether there is one for pages of other origins. What it says stands at the routes.
    pub(super) has_cors: bool,
    /// Whether there is one with buckets of the process.
    pub(super) has_buckets: bool,
    /// Its own bucket, which all routes share that have none.
    pub(super) limit: Option<Limit>,
}

impl<'a> Filters<'a> {
    pub(super) fn read(manager: Item<'a>, draft: &mut Draft) -> Self {
        let mut found = Self::default();
        for filter in manager.list("http_filters") {
            let name = filter.get("name").and_then(Item::text).unwrap_or_default();
            let config = filter.get("typed_config");
            let full = config.and_then(|config| config.get("@type")).and_then(Item::text).unwrap_or(name);
            let kind = full.rsplit('.').next().unwrap_or(full);
            let is_jwt = kind == "JwtAuthentication" || name.ends_with(".jwt_authn");
            match config {
                Some(config) if is_jwt && found.jwt.is_none() => {
                    filter.keep("name");
                    config.keep("@type");
                    if let Some(disabled) = filter.get("disabled").filter(|item| item.is_true()) {
                        disabled.changed(
                            "in Envoy only routes that turn it on ask for a token; here all of them do",
                        );
                    }
                    found.jwt = Some(JwtFilter::read(config, draft));
                }
                Some(_) if is_jwt => {
                    found.unread = Unread::Something;
                    let why = "a caller has one token: only the first of these filters counts";
                    filter.weak(Verdict::Cannot, why);
                }
                _ if kind == "Router" || name.ends_with(".router") => {
                    filter.kept();
                }
                _ if kind == "Cors" || name.ends_with(".cors") => {
                    found.has_cors = true;
                    filter.kept();
                }
                Some(config) if kind == "LocalRateLimit" && !found.has_buckets => {
                    found.has_buckets = true;
                    filter.keep("name");
                    found.limit = limit::read(config);
                }
                _ if HARMLESS.contains(&kind) || full.contains(".grpc_stats.") => {
                    filter.cannot("this filter has no counterpart here");
                }
                _ => {
                    if !LIMITS.contains(&kind) {
                        found.unread = Unread::Something;
                    }
                    let why = "what this filter refuses is let through here, unless you write it anew";
                    filter.weak(Verdict::Cannot, why);
                }
            }
        }
        found
    }
}
