//! What providers say of tokens, judged by the agents of one configuration; nobody is asked.

use std::path::PathBuf;

use http::{HeaderMap, HeaderValue};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use super::*;
use crate::authn::{TokenEvidence, base64url, withdraw_word};
use crate::authz::Silent;
use crate::config::{Files, Snapshot, Source, compile, parse};
use crate::model::{CacheLabel, DenialKind, DenialSet, Denied, Instant, IssuedBefore, Request, Until};
use crate::routing::{Agent, Authenticator};
use crate::telemetry::Metrics;

const CONFIG: &str = "
version: 1
identity_providers:
  corp:
    issuer: https://corp.example
    jwks: { keys: [{ kty: OKP, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo }] }
    leeway: 0s
    introspection: { endpoint: 'https://corp.example/introspect', auth: { client_id: g, secret_file: s }, token_prefix: [c_, c_x_] }
  other:
    issuer: https://other.example
    jwks: { keys: [{ kty: OKP, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo }] }
    introspection: { endpoint: 'https://other.example/introspect', auth: { client_id: g, secret_file: s }, token_prefix: [c_x] }
agents:
  a: { route: /a, upstream: 'http://127.0.0.1:9', auth: { oauth: { identity_providers: [corp, other], audiences: [x], scopes: { all_of: [r] } } } }
  lax: { route: /l, upstream: 'http://127.0.0.1:9', auth: { oauth: { identity_providers: [corp], audiences: [x], sender_constraint: { cnf: ignore } } } }
  strict: { route: /s, upstream: 'http://127.0.0.1:9', auth: { oauth: { identity_providers: [corp], audiences: [x], require: { token_profile: rfc9068 } } } }
  short: { route: /t, upstream: 'http://127.0.0.1:9', auth: { oauth: { identity_providers: [corp], audiences: [x], max_token_lifetime: 10s } } }
";

fn snapshot() -> Snapshot {
    let document = parse(&[Source::new("/c/a.yaml", CONFIG)], &|_| None).unwrap();
    let files = Files::from([(PathBuf::from("/c/s"), Ok(b"secret\n".to_vec()))]);
    compile(&document, &files, None, &Metrics::new().unwrap()).unwrap().snapshot
}

/// A provider that is asked about tokens.
pub(in crate::authn::oauth) fn provider() -> Arc<Provider> {
    snapshot().providers.into_values().next().unwrap()
}

const NOW: u64 = 1_000;

/// What the agent of this name says of a token, with this evidence.
fn ask(agent: &Agent, token: &str, introspection: Fetched<Introspection>, now: u64) -> (Answer, CacheLabel) {
    let Authenticator::OAuth(policy) = &agent.authenticator else { panic!("an agent with tokens") };
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
    let request = Request::with_headers(&headers, Instant::from_unix(now));
    let evidence = TokenEvidence { introspection, ..TokenEvidence::default() };
    policy.authenticate(&request, &evidence, &agent.entry, &mut Silent)
}

fn active(claims: &Value, until: u64) -> Fetched<Introspection> {
    let active = ActiveToken::new(claims.to_string().into_bytes().into(), Instant::from_unix(until));
    Fetched::Here(Introspection::Active(Arc::new(active)))
}

fn good() -> Value {
    json!({"active": true, "sub": "alice", "aud": "x", "scope": "r w", "exp": NOW + 100, "iat": NOW - 5})
}

/// The reason; `Err` with the name of the provider that must be asked.
fn reason(answer: &Answer) -> Result<Reason, String> {
    match answer {
        Answer::Proven { admission, .. } => {
            Ok(admission.headers.as_ref().map_or_else(|reason| *reason, |_| Reason::Ok))
        }
        Answer::Denied { .. } => Ok(Reason::Revoked),
        Answer::Rejected { reason, .. } | Answer::Unproven { reason, .. } => Ok(*reason),
        Answer::KeysNeeded(provider) => Err(format!("keys of {}", provider.spec().name)),
        Answer::IntrospectionNeeded(question) => Err(question.provider().spec().name.to_string()),
    }
}

#[test]
fn the_longest_prefix_says_whom_to_ask_and_without_one_nobody_is_asked() {
    let snapshot = snapshot();
    for (agent, token, wanted) in [
        ("a", "c_1", Err("corp".to_owned())),
        ("a", "c_x1", Err("other".to_owned())),
        ("a", "c_x_1", Err("corp".to_owned())),
        ("a", "c_.a.b.c.d", Err("corp".to_owned())),
        ("a", "d_1", Ok(Reason::TokenMalformed)),
        ("a", "c", Ok(Reason::TokenMalformed)),
        ("a", "c_ü", Ok(Reason::TokenMalformed)),
        ("a", "c_1;", Ok(Reason::TokenMalformed)),
        ("lax", "c_x1", Err("corp".to_owned())),
        // A JWT is none of their business, broken or not.
        ("a", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln", Ok(Reason::IssuerUnknown)),
        ("a", "eyJhbGciOiJSUzI1NiJ9.bm8.c2ln", Ok(Reason::TokenMalformed)),
    ] {
        let mut headers = HeaderMap::new();
        headers
            .insert("authorization", HeaderValue::from_bytes(format!("Bearer {token}").as_bytes()).unwrap());
        let Authenticator::OAuth(policy) = &snapshot.agents[agent].authenticator else { panic!() };
        let request = Request::with_headers(&headers, Instant::from_unix(NOW));
        let entry = &snapshot.agents[agent].entry;
        let (answer, _) = policy.authenticate(&request, &TokenEvidence::default(), entry, &mut Silent);
        assert_eq!(reason(&answer), wanted, "{token}");
    }
}

#[test]
fn an_answer_is_judged_as_the_claims_of_a_jwt_are() {
    let snapshot = snapshot();
    let with = |name: &str, value: Value| {
        let mut claims = good();
        claims[name] = value;
        claims
    };
    let without = |name: &str| {
        let mut claims = good();
        claims.as_object_mut().unwrap().remove(name);
        claims
    };
    for (nth, (agent, claims, wanted)) in [
        ("a", good(), Reason::Ok),
        ("a", without("exp"), Reason::Ok),
        ("a", without("iat"), Reason::Ok),
        ("a", with("exp", json!(NOW)), Reason::TokenExpired),
        ("a", with("nbf", json!(NOW + 1)), Reason::NotYetValid),
        ("a", with("iat", json!(NOW + 1)), Reason::NotYetValid),
        ("a", with("aud", json!(["y", "x"])), Reason::Ok),
        ("a", with("aud", json!("y")), Reason::AudienceMismatch),
        ("a", without("aud"), Reason::AudienceMismatch),
        ("a", with("scope", json!("w")), Reason::ScopeMissing),
        ("a", with("iss", json!("https://corp.example")), Reason::Ok),
        ("a", with("iss", json!("https://corp.example/")), Reason::IssuerNotAllowed),
        ("a", with("iss", json!("https://other.example")), Reason::IssuerNotAllowed),
        ("a", with("token_type", json!("bearer")), Reason::Ok),
        ("a", with("token_type", json!("access_token")), Reason::Ok),
        ("a", with("token_type", json!("refresh_token")), Reason::TypMismatch),
        ("a", with("token_type", json!("")), Reason::TypMismatch),
        ("a", with("token_type", json!("DPoP")), Reason::BindingRequired),
        ("lax", with("token_type", json!("DPoP")), Reason::BindingRequired),
        ("a", with("cnf", json!({"jkt": "k"})), Reason::BindingRequired),
        ("lax", with("cnf", json!({"jkt": "k"})), Reason::Ok),
        ("strict", good(), Reason::ProfileMismatch),
        ("short", with("exp", json!(NOW + 5)), Reason::Ok),
        ("short", good(), Reason::LifetimeTooLong),
        ("short", without("exp"), Reason::LifetimeTooLong),
    ]
    .into_iter()
    .enumerate()
    {
        let token = format!("c_{nth}");
        let (answer, _) = ask(&snapshot.agents[agent], &token, active(&claims, NOW + 60), NOW);
        assert_eq!(reason(&answer), Ok(wanted), "{agent} {claims}");
        if wanted == Reason::Ok {
            let Answer::Proven { admission, .. } = &answer else { panic!("{answer:?}") };
            assert_eq!(
                (admission.identity.sub.as_deref(), &admission.identity.key_id),
                (Some("alice"), &None)
            );
        }
    }
    let agent = &snapshot.agents["a"];
    let (inactive, _) = ask(agent, "c_i", Fetched::Here(Introspection::Inactive), NOW);
    assert_eq!(reason(&inactive), Ok(Reason::TokenInactive));
    let (unavailable, _) = ask(agent, "c_i", Fetched::Unavailable, NOW);
    assert_eq!(reason(&unavailable), Ok(Reason::IntrospectionUnavailable));
}

#[test]
fn a_remembered_token_is_judged_with_each_request_and_asked_about_again_in_time() {
    let snapshot = snapshot();
    let agent = &snapshot.agents["a"];
    let mut claims = good();
    claims["exp"] = json!(NOW + 20);
    let (answer, label) = ask(agent, "c_1", active(&claims, NOW + 60), NOW);
    assert_eq!((reason(&answer), label), (Ok(Reason::Ok), CacheLabel::Miss));
    let (answer, label) = ask(agent, "c_1", Fetched::NotAsked, NOW + 19);
    assert_eq!((reason(&answer), label), (Ok(Reason::Ok), CacheLabel::Hit));
    // `exp` has passed, and nothing says that the provider would not have prolonged it.
    assert_eq!(reason(&ask(agent, "c_1", Fetched::NotAsked, NOW + 20).0), Err("corp".to_owned()));
    let (answer, _) = ask(agent, "c_2", active(&good(), NOW + 60), NOW);
    assert_eq!(reason(&answer), Ok(Reason::Ok));
    assert_eq!(reason(&ask(agent, "c_2", Fetched::NotAsked, NOW + 59).0), Ok(Reason::Ok));
    assert_eq!(reason(&ask(agent, "c_2", Fetched::NotAsked, NOW + 60).0), Err("corp".to_owned()));
}

#[test]
fn a_word_that_is_withdrawn_counts_for_nobody_who_remembers_the_token_and_that_about_others_does() {
    let snapshot = snapshot();
    let (agent, provider) = (&snapshot.agents["a"], &snapshot.providers["corp"]);
    for (token, sub) in [("c_1", "alice"), ("c_2", "bob")] {
        let mut claims = good();
        claims["sub"] = json!(sub);
        let (answer, _) = ask(agent, token, active(&claims, NOW + 60), NOW);
        assert_eq!(reason(&answer), Ok(Reason::Ok));
        // From the second hit on, this thread has it as well.
        for _ in 0..3 {
            assert_eq!(ask(agent, token, Fetched::NotAsked, NOW).1, CacheLabel::Hit);
        }
    }
    let named = |issuer: &str| Denied {
        kind: DenialKind::Sub,
        issuer: Some(issuer.into()),
        value: "alice".into(),
        issued_before: IssuedBefore::All,
        until: Until::Never,
    };
    for (issuer, wanted) in
        [("https://other.example", 0), ("https://corp.example", 1), ("https://corp.example", 0)]
    {
        let set: DenialSet = [named(issuer)].into_iter().collect();
        let withdrawn = withdraw_word(provider, snapshot.tokens.as_deref(), &set, Instant::from_unix(NOW));
        assert_eq!(withdrawn, wanted, "{issuer}");
    }
    assert_eq!(reason(&ask(agent, "c_1", Fetched::NotAsked, NOW).0), Err("corp".to_owned()));
    assert_eq!(ask(agent, "c_2", Fetched::NotAsked, NOW).1, CacheLabel::Hit);
}

#[test]
fn a_denial_of_a_name_or_of_the_whole_token_counts_on_hits_too() {
    let snapshot = snapshot();
    let agent = &snapshot.agents["a"];
    let tokens = ["c_sub", "c_.five.parts.of.it"];
    for (token, sub) in tokens.into_iter().zip(["mallory", "alice"]) {
        let mut claims = good();
        claims["sub"] = json!(sub);
        let (answer, _) = ask(agent, token, active(&claims, NOW + 60), NOW);
        assert_eq!(reason(&answer), Ok(Reason::Ok));
    }
    let (bystander, _) = ask(agent, "c_b", active(&good(), NOW + 60), NOW);
    assert_eq!(reason(&bystander), Ok(Reason::Ok));
    let whole = Digest::of(tokens[1].as_bytes()).to_hex();
    let entry = |kind, value: &str| Denied {
        kind,
        issuer: None,
        value: value.into(),
        issued_before: IssuedBefore::All,
        until: Until::Never,
    };
    let entries = [entry(DenialKind::Sub, "mallory"), entry(DenialKind::TokenSha256, &whole)];
    snapshot.denials.publish(Arc::new(DenialSet::default().with(entries)));
    for token in tokens {
        let (answer, label) = ask(agent, token, Fetched::NotAsked, NOW + 1);
        assert_eq!((reason(&answer), label), (Ok(Reason::Revoked), CacheLabel::Hit), "{token}");
    }
    assert_eq!(reason(&ask(agent, "c_b", Fetched::NotAsked, NOW + 1).0), Ok(Reason::Ok));
}

/// A provider that is asked about its JWTs as well, with a key of this test.
fn asked_of_jwts() -> (Ed25519KeyPair, Snapshot) {
    let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let key = Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap();
    let agent = |name: &str, constraint: &str| {
        let oauth = format!("identity_providers: [corp], audiences: [x], sender_constraint: {constraint}");
        format!(
            "  {name}: {{ route: /{name}, upstream: 'http://127.0.0.1:9', auth: {{ oauth: {{ {oauth} }} }} }}\n"
        )
    };
    let config = format!(
        "version: 1
identity_providers:
  corp:
    issuer: https://corp.example
    jwks: {{ keys: [{{ kty: OKP, crv: Ed25519, x: {} }}] }}
    introspection: {{ endpoint: 'https://corp.example/introspect', auth: {{ client_id: g, secret_file: s }}, tokens: all }}
agents:
{}{}{}",
        base64url::encode(key.public_key().as_ref()),
        agent("off", "{}"),
        agent("lax", "{ cnf: ignore }"),
        agent("held", "{ mtls: optional }"),
    );
    let document = parse(&[Source::new("/c/a.yaml", config)], &|_| None).unwrap();
    let files = Files::from([(PathBuf::from("/c/s"), Ok(b"secret\n".to_vec()))]);
    (key, compile(&document, &files, None, &Metrics::new().unwrap()).unwrap().snapshot)
}

#[test]
fn a_jwt_that_its_provider_calls_bound_is_no_bearer_token() {
    let (key, snapshot) = asked_of_jwts();
    let signed = |claims: &Value| {
        let parts = [json!({"alg": "EdDSA"}).to_string(), claims.to_string()];
        let text = parts.map(|part| base64url::encode(part.as_bytes())).join(".");
        format!("{text}.{}", base64url::encode(key.sign(text.as_bytes()).as_ref()))
    };
    let hash = base64url::encode(&[7; 32]);
    let (jkt, x5t) = (json!({"jkt": hash}), json!({"x5t#S256": hash}));
    let none = Value::Null;
    for (nth, (agent, own, answered, wanted)) in [
        ("off", &none, &none, Reason::Ok),
        ("off", &none, &jkt, Reason::BindingRequired),
        ("off", &none, &json!({}), Reason::BindingRequired),
        ("lax", &none, &jkt, Reason::BindingRequired),
        ("lax", &jkt, &jkt, Reason::Ok),
        ("lax", &jkt, &none, Reason::Ok),
        ("held", &none, &none, Reason::Ok),
        ("held", &none, &x5t, Reason::BindingRequired),
        ("held", &x5t, &jkt, Reason::BindingRequired),
        // It is judged by what it names itself.
        ("held", &x5t, &none, Reason::CertificateMissing),
        ("held", &x5t, &x5t, Reason::CertificateMissing),
    ]
    .into_iter()
    .enumerate()
    {
        let with = |cnf: &Value| {
            let mut claims = good();
            claims["iss"] = json!("https://corp.example");
            // A token of its own: what is remembered of one is judged anew, and its provider is not asked again.
            claims["jti"] = json!(nth.to_string());
            claims["cnf"] = cnf.clone();
            claims
        };
        let (token, answer) = (signed(&with(own)), active(&with(answered), NOW + 60));
        let (answer, _) = ask(&snapshot.agents[agent], &token, answer, NOW);
        assert_eq!(reason(&answer), Ok(wanted), "{agent}: {own}, answered {answered}");
    }
}
