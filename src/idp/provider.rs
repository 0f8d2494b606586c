//! One issuer with its known keys: requests read from it, its refresher writes to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::model::{Algorithm, Instant};
use crate::telemetry::ProviderMetrics;

use super::cache::{KeyCache, Known, Missing};
use super::refetch::Refetch;
use super::source::Format;
use super::{
    Candidates, Introspector, KeyName, KeySet, KeySetError, KeySource, KeyStatus, ParsedKeys, ProviderSpec,
    ProviderStatus, SkipReason, Skipped, TokenKind, VerificationKey, parse_bundle, parse_key_set,
    parse_public_key,
};

/// One identity provider and its keys.
#[derive(Debug)]
pub struct Provider {
    id: u64,
    spec: ProviderSpec,
    metrics: ProviderMetrics,
    pub(super) cache: KeyCache,
    pub(super) refetch: Refetch,
    introspector: Option<Introspector>,
}

impl Provider {
    /// A provider as configured. Nothing is fetched: keys in the configuration are known at once, others once a
    /// refresher has fetched them.
    #[must_use]
    pub fn new(spec: ProviderSpec, metrics: ProviderMetrics) -> Arc<Self> {
        let inline = match &spec.source {
            KeySource::Inline(document) => Some((Format::KeySet, document.to_string())),
            KeySource::PublicKey(pem) => Some((Format::PublicKey, pem.clone())),
            KeySource::Discovery
            | KeySource::JwksUri(_)
            | KeySource::JwksFile(_)
            | KeySource::PublicKeyFile(_) => None,
        };
        let mut known = Known::default();
        if let Some((format, text)) = inline {
            known.tried = true;
            known.confirmed = true;
            let read = read_keys(format, text.as_bytes(), &spec);
            warn_of(&spec, &read.skipped);
            match read.keys {
                Ok(keys) => known.keys = Some(Arc::new(keys)),
                Err(error) => {
                    tracing::warn!(provider = %spec.name, %error, "keys in the configuration cannot be used");
                    known.error = Some(error.into());
                }
            }
        }
        Self::with(spec, metrics, known)
    }

    /// A provider with keys that were parsed together with the configuration.
    #[must_use]
    pub fn holding(spec: ProviderSpec, metrics: ProviderMetrics, read: ParsedKeys) -> Arc<Self> {
        warn_of(&spec, &read.skipped);
        let keys = Some(Arc::new(read.keys));
        Self::with(spec, metrics, Known { keys, tried: true, confirmed: true, ..Known::default() })
    }

    /// A provider that takes over the keys of `previous`, so that a change of the configuration does not leave it
    /// without keys until the next fetch. With another issuer or source, the same as [`Self::new`].
    #[must_use]
    pub fn succeeding(spec: ProviderSpec, metrics: ProviderMetrics, previous: &Self) -> Arc<Self> {
        let old = &previous.spec;
        // Keys fetched over plain http are not taken over by a provider that would not fetch them that way.
        let same = spec.source.is_fetched()
            && (&old.issuer, old.tokens, &old.source) == (&spec.issuer, spec.tokens, &spec.source)
            && (old.insecure_http == spec.insecure_http && old.extra_ca == spec.extra_ca);
        let Some(keys) = previous.cache.known().keys.as_ref().filter(|_| same).cloned() else {
            return Self::new(spec, metrics);
        };
        let keys = if old.algorithms == spec.algorithms {
            Some(keys)
        } else {
            keys.rebound(spec.algorithms).map(Arc::new)
        };
        let known = Known { keys, next_due: None, ..Known::clone(&previous.cache.known()) };
        Self::with(spec, metrics, known)
    }

    fn with(spec: ProviderSpec, metrics: ProviderMetrics, known: Known) -> Arc<Self> {
        let max_stale = spec.source.is_fetched().then_some(spec.max_stale);
        static ID: AtomicU64 = AtomicU64::new(0);
        let id = ID.fetch_add(1, Ordering::Relaxed);
        let introspection = spec.introspection.as_deref();
        let introspector = introspection.map(|spec| Introspector::new(spec, metrics.introspection()));
        let cache = KeyCache::new(known, max_stale);
        Arc::new(Self { id, cache, refetch: Refetch::new(), spec, metrics, introspector })
    }

    /// Its configuration.
    #[must_use]
    pub const fn spec(&self) -> &ProviderSpec {
        &self.spec
    }

    /// The questions about its tokens, where it is asked any.
    #[must_use]
    pub const fn introspector(&self) -> Option<&Introspector> {
        self.introspector.as_ref()
    }

    /// The keys that may have signed a token with this header. Does not lock, wait or allocate.
    ///
    /// # Errors
    /// When there is no such key; see [`Missing`].
    pub fn find<'n>(
        &self,
        name: impl Into<KeyName<'n>>,
        algorithm: Algorithm,
        now: Instant,
    ) -> Result<Candidates, Missing> {
        self.cache.find(name.into(), algorithm, now)
    }

    /// A number that is unique in this process, also among providers of the same name.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// The number of the current key set, if [`Self::find`] would still return `key` for a token with this header, so
    /// that a verdict based on it is still valid. `last` is the number of a set for which that has been established.
    /// Does not lock, wait or allocate.
    #[must_use]
    pub fn confirms<'n>(
        &self,
        name: impl Into<KeyName<'n>>,
        algorithm: Algorithm,
        key: &Arc<VerificationKey>,
        last: u64,
        now: Instant,
    ) -> Option<u64> {
        self.cache.confirms(name.into(), algorithm, key, last, now)
    }

    /// The number of the current key set, unique in the process; `None` without usable keys.
    #[must_use]
    pub fn key_set_number(&self, now: Instant) -> Option<u64> {
        self.cache.number(now)
    }

    /// Requests a fetch because of an unknown key id. The future resolves when the fetch ends, successful or not; the
    /// caller limits its wait. `None` when no fetch follows (cool-down, back-off, or keys that are not fetched), and
    /// when all waiting slots are taken.
    pub fn join_refetch(&self, now: Instant) -> Option<impl Future<Output = ()> + Send + 'static> {
        self.refetch.join(now)
    }

    /// Requests a fetch for an operator, also during the back-off. The future resolves when the fetch ends, successful
    /// or not. `None` when no fetch follows: the last request was less than 30 seconds ago, or keys are not fetched.
    pub fn ask_refetch(&self, now: Instant) -> Option<impl Future<Output = ()> + Send + 'static> {
        self.refetch.ask(now)
    }

    /// Requests a fetch because the source has changed.
    pub fn wake(&self) {
        self.refetch.wake();
    }

    /// Whether the first fetch has ended, successful or not, or none is needed.
    #[must_use]
    pub fn tried(&self) -> bool {
        self.cache.known().tried
    }

    /// Its state for the status page and for readiness.
    #[must_use]
    pub fn status(&self, now: Instant) -> ProviderStatus {
        let known = self.cache.known();
        let keys = known.keys.iter().flat_map(|keys| keys.iter()).map(|key| KeyStatus {
            kid: key.kid().map(ToString::to_string),
            algorithms: key.algorithms().iter().collect(),
            first_seen: key.first_seen().at().map(Instant::unix),
            last_used: key.last_used().at().map(Instant::unix),
        });
        ProviderStatus {
            provider: self.spec.name.to_string(),
            issuer: self.spec.issuer.to_string(),
            source: self.spec.source.to_string(),
            usable: self.cache.is_fresh(now, |_| true),
            tried: known.tried,
            confirmed: known.confirmed,
            keys: keys.collect(),
            last_success: known.last_success.map(Instant::unix),
            age_seconds: known.last_success.map(|at| now.since(at).as_secs()),
            warning: known.cut.then(|| SkipReason::TooMany.to_string()),
            last_error: known.error.as_deref().map(str::to_owned),
            next_due: known.next_due.map(Instant::unix),
            introspection: self.introspector().map(Introspector::status),
        }
    }

    /// Writes the gauges. Not done by the constructors, because a compiled configuration may be discarded and the series
    /// belong to the live provider.
    pub(super) fn show(&self) {
        let known = self.cache.known();
        self.metrics.keys(known.keys.as_ref().map_or(0, |k| k.len()));
        self.metrics.stale(known.error.is_some() && known.keys.is_some());
        if let Some(introspector) = self.introspector() {
            introspector.show();
        }
        if let Some(at) = known.last_success {
            self.metrics.last_success(at);
            if let Some(until) = self.spec.usable_until(at) {
                self.metrics.usable_until(until);
            }
        }
    }

    pub(super) const fn metrics(&self) -> &ProviderMetrics {
        &self.metrics
    }
}

fn parse_keys(body: &[u8], spec: &ProviderSpec) -> Result<ParsedKeys, KeySetError> {
    match spec.tokens {
        TokenKind::Jwt => parse_key_set(body, spec.algorithms),
        TokenKind::JwtSvid => parse_bundle(body, spec.algorithms),
    }
}

/// What a document of keys holds.
pub(super) struct ReadKeys {
    /// The keys, or why there are none.
    pub(super) keys: Result<KeySet, String>,
    /// The keys that were skipped.
    pub(super) skipped: Vec<Skipped>,
    /// How soon it is to be read again, where it says so.
    pub(super) refresh_hint: Option<Duration>,
}

/// Parses a document.
pub(super) fn read_keys(format: Format, body: &[u8], spec: &ProviderSpec) -> ReadKeys {
    match format {
        Format::KeySet => match parse_keys(body, spec) {
            Ok(ParsedKeys { keys, skipped, refresh_hint }) => {
                ReadKeys { keys: Ok(keys), skipped, refresh_hint }
            }
            Err(error) => {
                let skipped = error.skipped().to_vec();
                ReadKeys { keys: Err(error.to_string()), skipped, refresh_hint: None }
            }
        },
        Format::PublicKey => {
            let keys = str::from_utf8(body)
                .map_err(|_| "the file is not text in PEM".to_owned())
                .and_then(|pem| parse_public_key(pem, spec.algorithms).map_err(|e| e.to_string()));
            ReadKeys { keys, skipped: Vec::new(), refresh_hint: None }
        }
    }
}

/// At most this many keys of a set are named in the log, so that a provider cannot flood it.
pub(super) const TOLD: usize = 20;

/// Logs the skipped keys. Published secrets come first, so that the limit never cuts them.
pub(super) fn warn_of(spec: &ProviderSpec, skipped: &[Skipped]) {
    let (alarming, others): (Vec<_>, Vec<_>) = skipped.iter().partition(|key| key.reason.is_alarming());
    for key in alarming.into_iter().chain(others).take(TOLD) {
        let (provider, reason) = (&spec.name, key.reason.label());
        if key.reason.is_alarming() {
            tracing::error!(%provider, reason, %key, "the provider publishes a secret; the key is not used");
        } else if key.reason.is_expected() {
            tracing::info!(%provider, reason, %key, "a key of the provider is not for this gateway");
        } else {
            tracing::warn!(%provider, reason, %key, "a key of the provider is not used");
        }
    }
    if skipped.len() > TOLD {
        let more = skipped.len() - TOLD;
        tracing::warn!(provider = %spec.name, more, "more keys of the provider are not used than are named here");
    }
}

#[cfg(test)]
mod tests;
