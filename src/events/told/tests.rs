//! Tokens as senders make them, and as they must not be.

use std::sync::{Arc, LazyLock};

use serde_json::json;
use testkit::Key;
use testkit::token::{forged, spliced, with};

use super::*;
use crate::events::rejection::ErrorCode;
use crate::idp::{KeySource, ProviderSpec, TokenKind};
use crate::model::{AlgorithmSet, DenialKind, Issuer, ProviderName, SecurityEventKind as Kind};
use crate::net::EgressProxy;
use crate::telemetry::Metrics;

const ISSUER: &str = "https://idp.test";
const NOW: u64 = 1_800_000_000;
const CAEP: &str = "https://schemas.openid.net/secevent/caep/event-type/";
const RISC: &str = "https://schemas.openid.net/secevent/risc/event-type/";

static KEY: LazyLock<Key> = LazyLock::new(|| Key::new("ES256", "k"));
static OTHER: LazyLock<Key> = LazyLock::new(|| Key::new("ES256", "k"));

fn provider() -> Arc<Provider> {
    let spec = ProviderSpec {
        name: ProviderName::parse("corp").unwrap(),
        issuer: Issuer::new(ISSUER),
        tokens: TokenKind::Jwt,
        source: KeySource::Inline(json!({"keys": [KEY.jwk(), Key::fixed("RS256").jwk()]})),
        algorithms: AlgorithmSet::all(),
        leeway: Duration::from_secs(30),
        refresh: Duration::from_secs(600),
        max_stale: Duration::from_secs(86_400),
        insecure_http: false,
        egress_proxy: EgressProxy::Direct,
        extra_ca: None,
        implied_scopes: Default::default(),
        client_claim: None,
        introspection: None,
    };
    let metrics = Metrics::new().unwrap().provider(&spec.name);
    Provider::new(spec, metrics)
}

fn read(carrier: Carrier, text: &str, keys: Fetched<()>) -> Result<Told, NotTold> {
    let (provider, audiences) = (provider(), ["portcullis".to_owned()]);
    let (scope, now) = (SessionScope::Session, Instant::from_unix(NOW));
    let expected = Expected { provider: &provider, audiences: &audiences, scope, keys, now };
    Told::read(carrier, text, &expected)
}

fn header(carrier: Carrier) -> Value {
    json!({"alg": "ES256", "typ": carrier.typ(), "kid": "k"})
}

/// The claims of a good token.
fn claims(carrier: Carrier) -> Value {
    let both = json!({"iss": ISSUER, "aud": "portcullis", "iat": NOW - 5, "jti": "756E69"});
    match carrier {
        Carrier::Event => with(
            both,
            json!({
                "sub_id": {"format": "iss_sub", "iss": ISSUER, "sub": "u"},
                "events": {format!("{CAEP}session-revoked"): {"event_timestamp": NOW - 60}},
            }),
        ),
        Carrier::Logout => with(both, json!({"sub": "u", "exp": NOW + 115, "events": {LOGOUT: {}}})),
    }
}

fn token(carrier: Carrier, members: Value) -> String {
    KEY.token(&header(carrier), &with(claims(carrier), members))
}

#[test]
fn good_tokens_tell_what_happened_to_whom_and_when() {
    let user = || vec![(DenialKind::Sub, Box::from("u"))];
    let at = |carrier, members: Value| {
        let told = read(carrier, &token(carrier, members), Fetched::NotAsked).unwrap();
        assert_eq!((&*told.jti, told.issued.unix(), told.events.len()), ("756E69", NOW - 5, 1));
        let event = told.events.into_iter().next().unwrap();
        (event.kind, event.at.unix(), event.names, event.word)
    };
    let event = |uri: &str, payload: Value| json!({"events": {uri: payload}});
    let caep = |name: &str, payload: Value| event(&format!("{CAEP}{name}"), payload);
    // For a subject that stands in the event, and for none.
    let alone = |mut members: Value| {
        members["sub_id"] = Value::Null;
        members
    };
    for (members, wanted) in [
        (json!({}), (Kind::SessionRevoked, NOW - 60, user(), None)),
        // Milliseconds of a draft, the time of the token, and none at all.
        (
            caep("credential-change", json!({"event_timestamp": (NOW - 60) * 1000 + 700})),
            (Kind::CredentialChange, NOW - 60, user(), None),
        ),
        (
            with(caep("session-revoked", json!({})), json!({"toe": NOW - 70})),
            (Kind::SessionRevoked, NOW - 70, user(), None),
        ),
        (
            caep("session-revoked", json!({"event_timestamp": "soon"})),
            (Kind::SessionRevoked, NOW - 5, user(), None),
        ),
        // One in the future would keep those out who log in again.
        (
            caep("session-revoked", json!({"event_timestamp": NOW + 9_000})),
            (Kind::SessionRevoked, NOW + 30, user(), None),
        ),
        (json!({"aud": ["a", "portcullis"]}), (Kind::SessionRevoked, NOW - 60, user(), None)),
        // The subject in the event, as drafts have it.
        (
            alone(caep(
                "session-revoked",
                json!({"subject": {"subject_type": "iss-sub", "iss": ISSUER, "sub": "u"}}),
            )),
            (Kind::SessionRevoked, NOW - 5, user(), None),
        ),
        (
            event(&format!("{RISC}account-disabled"), json!({})),
            (Kind::AccountDisabled, NOW - 5, user(), None),
        ),
        (event(&format!("{RISC}account-enabled"), json!({})), (Kind::AccountEnabled, NOW - 5, user(), None)),
        (event("https://example.com/event", json!({})), (Kind::Unknown, NOW - 5, vec![], None)),
        (
            alone(event(
                "https://schemas.openid.net/secevent/ssf/event-type/verification",
                json!({"state": "V\u{7}GhpcyBpcyB"}),
            )),
            (Kind::Verification, NOW - 5, vec![], Some("VGhpcyBpcyB".to_owned())),
        ),
    ] {
        assert_eq!(at(Carrier::Event, members.clone()), wanted, "{members}");
    }
    let session = || vec![(DenialKind::Sid, Box::from("s"))];
    for (members, names) in [
        (json!({}), user()),
        (json!({"sid": "s"}), session()),
        (json!({"sid": "s", "sub": null}), session()),
        (json!({"exp": null}), user()),
        (json!({"exp": NOW - 29}), user()),
    ] {
        assert_eq!(at(Carrier::Logout, members.clone()), (Kind::Logout, NOW - 5, names, None), "{members}");
    }
}

/// Claims that make a good token a bad one, and the word for it.
fn broken_claims() -> Vec<(Carrier, Value, ErrorCode)> {
    use Carrier::{Event, Logout};
    use ErrorCode::{InvalidAudience, InvalidIssuer, InvalidRequest};
    let many: serde_json::Map<_, _> = (0..9).map(|nth| (format!("urn:{nth}"), json!({}))).collect();
    let mut all = vec![
        (Event, json!({"iss": "https://evil.test"}), InvalidIssuer),
        (Event, json!({"iss": "https://idp.test/"}), InvalidIssuer),
        (Event, json!({"iss": null}), InvalidIssuer),
        (Event, json!({"iss": 7}), InvalidRequest),
        (Event, json!({"aud": "other"}), InvalidAudience),
        (Event, json!({"aud": []}), InvalidAudience),
        (Event, json!({"aud": null}), InvalidAudience),
        (Event, json!({"aud": {"a": "portcullis"}}), InvalidRequest),
        (Event, json!({"sub": "u"}), InvalidRequest),
        (Event, json!({"exp": NOW + 60}), InvalidRequest),
        (Event, json!({"sub_id": "u"}), InvalidRequest),
        (Event, json!({"sub_id": ["u"]}), InvalidRequest),
        (Event, json!({"events": {}}), InvalidRequest),
        (Event, json!({"events": many}), InvalidRequest),
        (Event, json!({"events": {format!("{CAEP}session-revoked"): "now"}}), InvalidRequest),
        (Event, json!({"events": {format!("{CAEP}session-revoked"): null}}), InvalidRequest),
        (Logout, json!({"nonce": "n"}), InvalidRequest),
        (Logout, json!({"sub": null}), InvalidRequest),
        (Logout, json!({"sid": 7}), InvalidRequest),
        (Logout, json!({"sid": ["s"]}), InvalidRequest),
        (Logout, json!({"exp": NOW - 30}), InvalidRequest),
        (Logout, json!({"exp": "soon"}), InvalidRequest),
        (Logout, json!({"events": {}}), InvalidRequest),
        (Logout, json!({"events": {LOGOUT: true}}), InvalidRequest),
        (Logout, json!({"events": {LOGOUT: null}}), InvalidRequest),
        (Logout, json!({"events": {format!("{CAEP}session-revoked"): {}}}), InvalidRequest),
        (Logout, json!({"aud": "other"}), InvalidAudience),
        (Logout, json!({"iss": "https://evil.test"}), InvalidIssuer),
    ];
    for carrier in [Event, Logout] {
        for members in [
            json!({"iat": null}),
            json!({"iat": "now"}),
            json!({"iat": -1}),
            json!({"iat": NOW + 31}),
            // Milliseconds: events may have them, tokens not.
            json!({"iat": NOW * 1000}),
            json!({"nbf": NOW + 31}),
            json!({"jti": null}),
            json!({"jti": ""}),
            json!({"jti": 7}),
            json!({"jti": "x".repeat(257)}),
            json!({"jti": "a\nb"}),
            json!({"events": null}),
            json!({"events": [format!("{CAEP}session-revoked")]}),
            json!({"events": "logout"}),
        ] {
            all.push((carrier, members, InvalidRequest));
        }
    }
    all
}

#[test]
fn a_token_with_one_claim_that_is_not_as_it_must_be_tells_nothing() {
    let all = broken_claims();
    assert!(all.len() >= 50, "{}", all.len());
    for (carrier, members, code) in all {
        match read(carrier, &token(carrier, members.clone()), Fetched::NotAsked) {
            Err(NotTold::Rejected(rejection)) => assert_eq!(rejection.code, code, "{carrier:?} {members}"),
            other => panic!("{carrier:?} {members}: {other:?}"),
        }
    }
}

#[test]
fn a_token_that_the_provider_did_not_sign_as_such_a_token_tells_nothing() {
    use ErrorCode::{InvalidKey, InvalidRequest};
    for (carrier, other) in [(Carrier::Event, Carrier::Logout), (Carrier::Logout, Carrier::Event)] {
        let (good, mine) = (token(carrier, json!({})), claims(carrier));
        let headed = |members: Value| KEY.token(&with(header(carrier), members), &mine);
        let none = |alg: &str| {
            testkit::token::token(
                with(header(carrier), json!({"alg": alg})).to_string(),
                mine.to_string(),
                |_| Vec::new(),
            )
        };
        let rsa = Key::fixed("RS256");
        for (what, text, code) in [
            ("no typ", headed(json!({"typ": null})), InvalidRequest),
            ("JWT", headed(json!({"typ": "JWT"})), InvalidRequest),
            ("an access token", headed(json!({"typ": "at+jwt"})), InvalidRequest),
            ("the other kind", headed(json!({"typ": other.typ()})), InvalidRequest),
            ("nearly the type", headed(json!({"typ": format!("{} ", carrier.typ())})), InvalidRequest),
            ("crit", headed(json!({"crit": ["b64"]})), InvalidRequest),
            ("b64", headed(json!({"b64": false})), InvalidRequest),
            ("another key of that name", OTHER.token(&header(carrier), &mine), InvalidKey),
            ("a forged signature", forged(&good, 1), InvalidKey),
            ("the signature of another", spliced(&good, &token(carrier, json!({"jti": "b"}))), InvalidKey),
            (
                "no signature",
                good.rsplit_once('.').map(|(signed, _)| format!("{signed}.")).unwrap(),
                InvalidKey,
            ),
            ("none", none("none"), InvalidKey),
            ("HS256", none("HS256"), InvalidKey),
            ("no alg", headed(json!({"alg": null})), InvalidKey),
            (
                "the key of another algorithm",
                rsa.token(&with(header(carrier), json!({"alg": "RS256"})), &mine),
                InvalidKey,
            ),
            (
                "its own key",
                OTHER.token(&with(header(carrier), json!({"kid": null, "jwk": OTHER.jwk()})), &mine),
                InvalidKey,
            ),
            ("two parts", good.rsplit_once('.').unwrap().0.to_owned(), InvalidRequest),
            ("four parts", format!("{good}.a"), InvalidRequest),
            ("padding", format!("{good}="), InvalidRequest),
            ("nothing", String::new(), InvalidRequest),
            ("JSON", mine.to_string(), InvalidRequest),
            (
                "the same member twice",
                KEY.token_of_text(
                    "ES256",
                    &header(carrier).to_string(),
                    &format!("{{\"jti\":\"a\",{}", mine.to_string().trim_start_matches('{')),
                ),
                InvalidRequest,
            ),
        ] {
            match read(carrier, &text, Fetched::NotAsked) {
                Err(NotTold::Rejected(rejection)) => assert_eq!(rejection.code, code, "{carrier:?} {what}"),
                other => panic!("{carrier:?} {what}: {other:?}"),
            }
        }
        for typ in [carrier.typ().to_uppercase(), format!("application/{}", carrier.typ())] {
            assert!(read(carrier, &headed(json!({"typ": typ})), Fetched::NotAsked).is_ok(), "{typ}");
        }
    }
}

#[test]
fn an_unknown_key_is_looked_for_once_before_the_token_is_rejected() {
    let unknown = KEY.token(&with(header(Carrier::Event), json!({"kid": "new"})), &claims(Carrier::Event));
    assert_eq!(read(Carrier::Event, &unknown, Fetched::NotAsked), Err(NotTold::KeysNeeded));
    match read(Carrier::Event, &unknown, Fetched::Here(())) {
        Err(NotTold::Rejected(rejection)) => assert_eq!(rejection.code, ErrorCode::InvalidKey),
        other => panic!("{other:?}"),
    }
}
