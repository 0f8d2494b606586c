//! `identity_providers`: who signs tokens, and how their keys are had.

mod algorithms;
mod egress;
mod events;
mod introspection;
mod issuer;
mod key_source;
mod scope_implies;
mod spiffe;

use std::path::PathBuf;
use std::time::Duration;

use super::super::fields::Fields;
use super::super::section::section;
use super::super::value::{Boxed, Placed};
use super::super::values::{ExactText, FilePath, Flag, Time};
use super::limit::{LimitList, LimitSettings};
use super::resource::Resource;
use crate::config::text::code::Code;
use crate::config::text::source::Spanned;
use crate::model::{AlgorithmSet, ImpliedScopes, Issuer, ProviderName};
use crate::net::EgressProxy;

use scope_implies::ScopeImplies;
use spiffe::WhoIssues;

pub(in crate::config) use events::{Events, LogoutAudience};
pub(in crate::config) use introspection::{IntrospectionSettings, SecretMethod};
pub use key_source::KeySource;
pub(in crate::config) use spiffe::Spiffe;

/// One of `identity_providers`
pub type IdentityProvider = Resource<ProviderName, ProviderSettings>;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const DAY: u64 = 24 * 60 * MINUTE;

section! {
    /// One of `identity_providers`
    #[derive(Debug, Clone)]
    pub struct ProviderSettings = "an identity provider" {
        /// who issues the tokens
        issuer: Spanned<Issuer> as WhoIssues, inline;
        /// a trust domain of SPIFFE, whose workloads bring JWT-SVIDs; in place of `issuer` and a source of keys
        spiffe: Option<Box<Spiffe>> as Boxed<Spiffe>;
        /// where the keys are
        keys: Spanned<KeySource> as KeySource, inline;
        /// a file with certificates (PEM) that are trusted, too, when keys are fetched
        ca_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
        /// the signature algorithms that are accepted; default all of these
        algorithms: AlgorithmSet as AlgorithmSet = AlgorithmSet::all();
        /// how far clocks may differ
        leeway: Duration as Time<0, { 5 * MINUTE }> = Duration::from_secs(30);
        /// how often keys are fetched
        refresh: Duration as Time<SECOND, { 30 * DAY }> = Duration::from_secs(600);
        /// keys older than this are not used; not below `refresh`
        max_stale: Duration as Time<SECOND, { 365 * DAY }> = Duration::from_secs(86_400);
        /// scopes that its tokens have without naming them: a broad scope, and the narrow ones in it
        scope_implies: ImpliedScopes as ScopeImplies = ImpliedScopes::default();
        /// the claim in which its tokens name the client; default the first of client_id, cid, azp and appid that is there
        client_claim: Option<String> as ExactText;
        /// how it is asked about tokens that only it can read (RFC 7662); absent: it is not, and takes JWTs alone
        introspection: Option<Box<IntrospectionSettings>> as Boxed<IntrospectionSettings>;
        /// the proxy through which keys are fetched, `http://proxy:3128`, or `none`; default what HTTPS_PROXY,
        /// HTTP_PROXY and NO_PROXY of the environment say
        egress_proxy: EgressProxy as EgressProxy = EgressProxy::default();
        /// how often, and how many at once, callers with its tokens may ask
        limits: Vec<LimitSettings> as LimitList = Vec::new();
        /// take what it tells of its users' credentials, and deny them
        events: Option<Box<Events>> as Boxed<Events>;
        /// fetch keys over plain HTTP also from other hosts
        insecure_http: bool as Flag = false;
    }
    impl {
        fn check(fields: &Fields<'_>, read: Option<&Self>) {
            warn_of_plain_http(fields);
            if let Some(provider) = read {
                key_source::check(fields, provider);
                introspection::check(fields, provider);
                events::check(fields, provider);
                compare_times(fields, provider);
            }
        }
    }
}

fn compare_times(fields: &Fields<'_>, provider: &ProviderSettings) {
    let report = fields.report();
    let (refresh, max_stale) = (fields.node("refresh"), fields.node("max_stale"));
    if provider.max_stale < provider.refresh {
        let place = max_stale.or(refresh).map_or(fields.owner(), |node| node.place);
        let message =
            "`max_stale` is below `refresh`: keys would be thrown away before they are fetched again";
        report.say(Code::OutOfRange, place, message, "make `max_stale` several times `refresh`");
    }
    if let Some(node) = refresh.filter(|_| provider.refresh < Duration::from_millis(MINUTE)) {
        let help = "write 1m or more; unknown key ids trigger a fetch anyway";
        report.say(Code::FastRefresh, node.place, "keys are fetched more than once a minute", help);
    }
}

fn warn_of_plain_http(fields: &Fields<'_>) {
    if let Some(node) = fields.node("insecure_http").filter(|node| node.is_true()) {
        let message = "keys may be fetched over plain HTTP: who sits in between can sign tokens";
        let help = "use https, with `ca_file` for a private authority";
        fields.report().say(Code::InsecureHttp, node.place, message, help);
    }
}
