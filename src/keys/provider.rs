//! One issuer with the keys that are known of it: what requests ask, and what a refresher writes to.

use std::sync::Arc;

use crate::model::{Algorithm, Instant};
use crate::telemetry::ProviderMetrics;

use super::cache::{KeyCache, Known, Missing};
use super::refetch::Refetch;
use super::source::Format;
use super::{
    Candidates, KeySet, KeySource, KeyStatus, ProviderSpec, ProviderStatus, Skipped, VerificationKey,
    parse_key_set, parse_public_key,
};

/// One identity provider and its keys.
#[derive(Debug)]
pub struct Provider {
    spec: ProviderSpec,
    metrics: ProviderMetrics,
    pub(super) cache: KeyCache,
    pub(super) refetch: Refetch,
}

impl Provider {
    /// A provider as configured. Nothing is fetched: keys that stand in the configuration are there at once,
    /// others when a refresher has brought them.
    #[must_use]
    pub fn new(spec: ProviderSpec, metrics: ProviderMetrics) -> Arc<Self> {
        let inline = match &spec.source {
            KeySource::Inline(document) => Some((Format::KeySet, document.to_string())),
            KeySource::PublicKey(pem) => Some((Format::PublicKey, pem.clone())),
            _ => None,
        };
        let mut known = Known::default();
        if let Some((format, text)) = inline {
            known.tried = true;
            known.confirmed = true;
            let (outcome, skipped) = read_keys(format, text.as_bytes(), &spec);
            warn_of(&spec, &skipped);
            match outcome {
                Ok(keys) => known.keys = Some(Arc::new(keys)),
                Err(error) => {
                    tracing::warn!(provider = %spec.name, %error, "keys in the configuration cannot be used");
                    known.error = Some(error.into());
                }
            }
        }
        Self::with(spec, metrics, known)
    }

    /// A provider that takes over the keys of `previous`, its earlier self, so that a change of the
    /// configuration does not leave it without keys until the next fetch. If the keys of `previous` are not
    /// those of the same source, it is a new provider.
    #[must_use]
    pub fn succeeding(spec: ProviderSpec, metrics: ProviderMetrics, previous: &Self) -> Arc<Self> {
        let old = &previous.spec;
        // Keys that came over plain http are not taken over by a provider that would refuse to fetch them.
        let same = spec.source.is_fetched()
            && (&old.issuer, &old.source) == (&spec.issuer, &spec.source)
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
        metrics.keys(known.keys.as_ref().map_or(0, |k| k.len()));
        metrics.stale(false);
        let max_stale = spec.source.is_fetched().then_some(spec.max_stale);
        Arc::new(Self { cache: KeyCache::new(known, max_stale), refetch: Refetch::new(), spec, metrics })
    }

    /// What the configuration says about it.
    #[must_use]
    pub const fn spec(&self) -> &ProviderSpec {
        &self.spec
    }

    /// The keys that may have signed a token with this header. Does not lock, wait or allocate.
    ///
    /// # Errors
    /// When there is no such key; see [`Missing`].
    pub fn find(&self, kid: Option<&str>, algorithm: Algorithm, now: Instant) -> Result<Candidates, Missing> {
        self.cache.find(kid, algorithm, now)
    }

    /// Whether `key`, which [`Self::find`] gave earlier, is still one of the provider's keys and fresh: what was
    /// decided with it stands. Does not lock, wait or allocate.
    #[must_use]
    pub fn still_holds(&self, key: &Arc<VerificationKey>, now: Instant) -> bool {
        self.cache.is_fresh(now, |keys| keys.holds(key))
    }

    /// Asks for a fetch because of an unknown key id. The future ends when the fetch does, well or not; the
    /// caller limits how long it waits. `None` when there will be none: the cool-down or the back-off forbids
    /// it, or the keys are not fetched.
    pub fn join_refetch(&self, now: Instant) -> Option<impl Future<Output = ()> + Send + 'static> {
        self.refetch.join(now)
    }

    /// Asks for a fetch soon, because the source has changed.
    pub fn wake(&self) {
        self.refetch.wake();
    }

    /// Whether a fetch has ended, well or not, or none is needed.
    #[must_use]
    pub fn tried(&self) -> bool {
        self.cache.known().tried
    }

    /// How it is doing.
    #[must_use]
    pub fn status(&self, now: Instant) -> ProviderStatus {
        let known = self.cache.known();
        let keys = known.keys.iter().flat_map(|keys| keys.iter()).map(|key| KeyStatus {
            kid: key.kid().map(ToString::to_string),
            algorithms: key.algorithms().iter().map(Algorithm::as_str).collect(),
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
            last_error: known.error.as_deref().map(str::to_owned),
            next_due: known.next_due.map(Instant::unix),
        }
    }

    pub(super) const fn metrics(&self) -> &ProviderMetrics {
        &self.metrics
    }
}

/// The keys of a document, or why there are none, and the keys that were left out.
pub(super) fn read_keys(
    format: Format,
    body: &[u8],
    spec: &ProviderSpec,
) -> (Result<KeySet, String>, Vec<Skipped>) {
    match format {
        Format::KeySet => match parse_key_set(body, spec.algorithms) {
            Ok(parsed) => (Ok(parsed.keys), parsed.skipped),
            Err(error) => (Err(error.to_string()), error.skipped().to_vec()),
        },
        Format::PublicKey => {
            let keys = str::from_utf8(body)
                .map_err(|_| "the file is not text in PEM".to_owned())
                .and_then(|pem| parse_public_key(pem, spec.algorithms).map_err(|e| e.to_string()));
            (keys, Vec::new())
        }
    }
}

/// Tells the log which keys were left out.
pub(super) fn warn_of(spec: &ProviderSpec, skipped: &[Skipped]) {
    for key in skipped {
        let (provider, reason) = (&spec.name, key.reason.label());
        if key.reason.is_alarming() {
            tracing::error!(%provider, reason, %key, "the provider publishes a secret; the key is not used");
        } else {
            tracing::warn!(%provider, reason, %key, "a key of the provider is not used");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::fixtures::{jwks_uri, provider, set_of, spec};
    use crate::model::Issuer;
    use crate::telemetry::Metrics;

    const NOW: Instant = Instant::from_unix(1_700_000_000);
    const ED: Algorithm = Algorithm::EdDsa;

    fn inline(kids: &[&str]) -> KeySource {
        KeySource::Inline(serde_json::from_str(&set_of(kids)).unwrap())
    }

    fn filled(spec: ProviderSpec, kids: &[&str]) -> Arc<Provider> {
        let provider = provider(spec);
        let keys = parse_key_set(set_of(kids).as_bytes(), provider.spec().algorithms).unwrap().keys;
        provider.cache.update(|known| {
            known.keys = Some(Arc::new(keys));
            known.last_success = Some(NOW);
            known.tried = true;
        });
        provider
    }

    fn found(provider: &Provider, kid: &str) -> Result<usize, Missing> {
        provider.find(Some(kid), ED, NOW).map(|c| c.iter().count())
    }

    #[test]
    fn keys_of_the_configuration_are_there_at_once_and_never_grow_old() {
        let provider = provider(spec(inline(&["a"])));
        for at in [Instant::from_unix(0), NOW, Instant::from_unix(u64::MAX)] {
            assert!(provider.find(Some("a"), ED, at).is_ok());
            assert!(provider.status(at).usable);
        }
        assert_eq!(found(&provider, "b"), Err(Missing::UnknownKid { last_refresh_failed: false }));
        assert!(provider.tried());
        assert!(provider.join_refetch(NOW).is_none(), "there is nothing to fetch");
    }

    #[test]
    fn keys_of_the_configuration_that_cannot_be_used_are_unavailable_and_say_why() {
        for (source, want) in [
            (KeySource::Inline(serde_json::json!({"keys": []})), "no usable key: the set is empty"),
            (KeySource::PublicKey("hello".to_owned()), "no PEM block"),
        ] {
            let provider = provider(spec(source));
            assert_eq!(found(&provider, "a"), Err(Missing::Unavailable));
            let said = provider.status(NOW).last_error.unwrap();
            assert!(said.starts_with(want), "{said}");
        }
    }

    #[test]
    fn keys_are_fresh_up_to_max_stale_and_not_beyond() {
        let provider = filled(spec(jwks_uri()), &["a"]);
        let limit = provider.spec().max_stale;
        assert!(provider.find(Some("a"), ED, NOW.plus(limit)).is_ok());
        let beyond = NOW.plus(limit + std::time::Duration::from_millis(1));
        assert_eq!(provider.find(Some("a"), ED, beyond).err(), Some(Missing::Unavailable));
        assert_eq!(provider.find(Some("b"), ED, beyond).err(), Some(Missing::Unavailable));
    }

    #[test]
    fn a_token_without_kid_is_not_excused_by_a_failed_fetch() {
        let provider = filled(spec(jwks_uri()), &["a", "b"]);
        provider.cache.update(|known| known.error = Some("down".into()));
        let missing = |kid| provider.find(kid, ED, NOW).err();
        assert_eq!(missing(Some("c")), Some(Missing::UnknownKid { last_refresh_failed: true }));
        assert_eq!(missing(None), Some(Missing::UnknownKid { last_refresh_failed: false }));
    }

    #[test]
    fn a_changed_policy_keeps_the_keys_and_a_changed_source_does_not() {
        let first = filled(spec(jwks_uri()), &["a"]);
        let base = spec(jwks_uri());
        let leeway = ProviderSpec { leeway: std::time::Duration::ZERO, ..base.clone() };
        let narrow = ProviderSpec { algorithms: [ED].into_iter().collect(), ..base.clone() };
        let without = ProviderSpec { algorithms: [Algorithm::Rs256].into_iter().collect(), ..base.clone() };
        let issuer = ProviderSpec { issuer: Issuer::new("https://other.test"), ..base.clone() };
        let source = ProviderSpec { source: KeySource::Discovery, ..base.clone() };
        let plain = ProviderSpec { insecure_http: true, ..base.clone() };
        let constant = ProviderSpec { source: inline(&["b"]), ..base };
        let metrics = Metrics::new().unwrap();
        for (name, spec, want) in [
            ("leeway", leeway, Ok(1)),
            ("fewer algorithms", narrow, Ok(1)),
            ("other algorithms", without, Err(Missing::Unavailable)),
            ("other issuer", issuer, Err(Missing::Unavailable)),
            ("other source", source, Err(Missing::Unavailable)),
            ("plain http", plain, Err(Missing::Unavailable)),
            ("keys in the configuration", constant, Err(Missing::UnknownKid { last_refresh_failed: false })),
        ] {
            let handles = metrics.provider(&spec.name);
            let next = Provider::succeeding(spec, handles, &first);
            assert_eq!(found(&next, "a"), want, "{name}");
        }
    }

    #[test]
    fn status_is_plain_json_without_key_material() {
        let provider = filled(spec(jwks_uri()), &["a"]);
        let status = provider.status(NOW.plus(std::time::Duration::from_secs(90)));
        let json = serde_json::to_value(&status).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "provider": "corp", "issuer": "https://idp.test/realms/a", "source": "jwks_uri https://idp.test/keys",
                "usable": true, "tried": true, "confirmed": false,
                "keys": [{"kid": "a", "algorithms": ["EdDSA"]}],
                "last_success": 1_700_000_000, "age_seconds": 90, "last_error": null, "next_due": null,
            })
        );
    }
}
