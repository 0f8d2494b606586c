//! A provider without a refresher.

use super::*;
use crate::idp::TokenKind;
use crate::idp::fixtures::{jwks_uri, provider, set_of, spec};
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
        known.age = Some(crate::idp::cache::Age::of(std::time::Duration::ZERO));
        known.tried = true;
    });
    provider
}

fn found(provider: &Provider, kid: &str) -> Result<usize, Missing> {
    provider.find(Some(kid), ED, NOW).map(|c| c.iter().count())
}

#[test]
fn keys_in_the_configuration_are_known_at_once_and_never_expire() {
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
fn unusable_keys_in_the_configuration_are_unavailable_with_an_error() {
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
    let svids = ProviderSpec { tokens: TokenKind::JwtSvid, ..base.clone() };
    let constant = ProviderSpec { source: inline(&["b"]), ..base };
    let metrics = Metrics::new().unwrap();
    for (name, spec, want) in [
        ("leeway", leeway, Ok(1)),
        ("fewer algorithms", narrow, Ok(1)),
        ("other algorithms", without, Err(Missing::Unavailable)),
        ("other issuer", issuer, Err(Missing::Unavailable)),
        ("other source", source, Err(Missing::Unavailable)),
        ("another kind of tokens", svids, Err(Missing::Unavailable)),
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
            "keys": [{"kid": "a", "algorithms": ["EdDSA"], "first_seen": null, "last_used": null}],
            "last_success": 1_700_000_000, "age_seconds": 90, "warning": null, "last_error": null, "next_due": null,
        })
    );
}

#[test]
fn a_discarded_provider_leaves_the_metrics_alone() {
    let metrics = Metrics::new().unwrap();
    let spec = spec(jwks_uri());
    metrics.provider(&spec.name).keys(3);
    drop(Provider::new(spec.clone(), metrics.provider(&spec.name)));
    assert!(metrics.render().contains(r#"portcullis_jwks_keys{provider="corp"} 3"#));
}

#[test]
fn the_metrics_say_until_when_the_keys_are_used() {
    let metrics = Metrics::new().unwrap();
    let spec = spec(jwks_uri());
    let provider = Provider::new(spec.clone(), metrics.provider(&spec.name));
    provider.cache.update(|known| known.last_success = Some(NOW));
    provider.show();
    let until = NOW.plus(spec.max_stale).unix();
    let line = format!("portcullis_jwks_usable_until_timestamp_seconds{{provider=\"corp\"}} {until}\n");
    assert!(metrics.render().contains(&line), "{}", metrics.render());
}
