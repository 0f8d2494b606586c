//! The contract's section 3 as a table: each row a request, its status, its challenge, its reason, its body.
//! Every reason of the closed list has at least one row.

use std::collections::BTreeSet;

use portcullis::authn::ApiKeyText;
use portcullis::model::{Digest, Reason};
use serde_json::{Value, json};

use super::support::issuer::{encode, now};
use super::support::{Issuer, Key, Start, Upstream, client};

/// One row: what is asked, and what must come back.
struct Row {
    name: &'static str,
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    status: u16,
    challenge: Option<&'static str>,
    reason: Reason,
}

const BARE: Option<&str> = Some("Bearer realm=\"a\"");
const INVALID: Option<&str> = Some("Bearer realm=\"a\", error=\"invalid_token\"");
const EXPIRED: Option<&str> =
    Some("Bearer realm=\"a\", error=\"invalid_token\", error_description=\"The access token expired\"");
const SCOPE: Option<&str> = Some(
    "Bearer realm=\"a\", error=\"insufficient_scope\", scope=\"refunds:read refunds:write refunds:admin\"",
);
const API_KEY: Option<&str> = Some("ApiKey realm=\"k\"");

/// The keys and tokens that the rows are made of.
struct World {
    corp: Issuer,
    partner: Issuer,
    dead: Issuer,
    rsa: Key,
    ec: Key,
    stranger: Key,
    good_key: String,
    other_key: String,
    expired_key: String,
    revoked_key: String,
    records: String,
}

impl World {
    async fn new() -> Self {
        let (rsa, ec) = (Key::new("RS256", "rsa-1"), Key::new("ES256", "ec-1"));
        let corp = Issuer::start(&[&rsa, &ec]).await;
        let partner = Issuer::start(&[&Key::new("ES256", "ec-1")]).await;
        let dead = Issuer::start(&[]).await;
        dead.fail_with(Some(500));
        let mut records = String::from("api_keys:\n");
        let mut record = |agent: &str, more: &str| {
            let (id, key) = ApiKeyText::generate().expect("random numbers");
            let hash = Digest::of(key.expose_secret().as_bytes()).to_hex();
            records += &format!("  {id}: {{ agent: {agent}, sha256: \"{hash}\"{more} }}\n");
            key.expose_secret().to_owned()
        };
        Self {
            good_key: record("k", ""),
            other_key: record("k2", ""),
            expired_key: record("k", ", expires_at: 2020-01-01T00:00:00Z"),
            revoked_key: record("k", ", revoked_at: 2020-01-01T00:00:00Z"),
            stranger: Key::new("ES256", "ec-1"),
            corp,
            partner,
            dead,
            rsa,
            ec,
            records,
        }
    }

    fn configuration(&self, upstream: &Upstream) -> String {
        let (up, records) = (upstream.url(), &self.records);
        format!(
            "identity_providers:\n  corp: {{ issuer: \"{}\", algorithms: [RS256, ES256], leeway: 0s }}\n  \
             partner: {{ issuer: \"{}\" }}\n  dead: {{ issuer: \"{}\" }}\nagents:\n  \
             a:\n    route: /a\n    upstream: {up}\n    auth:\n      oauth:\n        identity_providers: [corp, dead]\n        \
             audiences: [\"api://a\"]\n        max_token_lifetime: 1h\n        \
             scopes: {{ all_of: [\"refunds:read\"], any_of: [\"refunds:write\", \"refunds:admin\"] }}\n        \
             claims: {{ all_of: [{{ claim: tenant, values: [acme] }}] }}\n        \
             claim_headers: {{ sub: X-Caller-Sub }}\n  \
             k: {{ route: /k, upstream: \"{up}\", auth: {{ api_key: {{}} }} }}\n  \
             k2: {{ route: /k2, upstream: \"{up}\", auth: {{ api_key: {{}} }} }}\n  \
             p: {{ route: /p, upstream: \"{up}\", auth: public }}\n{records}",
            self.corp.url, self.partner.url, self.dead.url,
        )
    }

    /// A good token of `corp` after `change` was made to its header and claims.
    fn token(&self, change: impl FnOnce(&mut Value, &mut Value)) -> String {
        let (mut header, mut claims) = (self.ec.header("ES256"), self.corp.claims("api://a"));
        change(&mut header, &mut claims);
        self.ec.token(&header, &claims)
    }
}

fn bearer(token: &str) -> Vec<(&'static str, String)> {
    vec![("authorization", format!("Bearer {token}"))]
}

fn oauth(
    name: &'static str,
    token: &str,
    status: u16,
    challenge: Option<&'static str>,
    reason: Reason,
) -> Row {
    Row { name, path: "/a", headers: bearer(token), status, challenge, reason }
}

fn invalid(name: &'static str, token: &str, reason: Reason) -> Row {
    oauth(name, token, 401, INVALID, reason)
}

fn credential_rows(w: &World) -> Vec<Row> {
    let good = w.token(|_, _| {});
    let with = |name, headers, status, challenge, reason| Row {
        name,
        path: "/a",
        headers,
        status,
        challenge,
        reason,
    };
    vec![
        Row {
            name: "no agent",
            path: "/nowhere",
            headers: vec![],
            status: 404,
            challenge: None,
            reason: Reason::NoRoute,
        },
        with("no credential", vec![], 401, BARE, Reason::TokenMissing),
        with("the prefix alone", vec![("authorization", "Bearer".into())], 401, BARE, Reason::TokenMissing),
        with("another scheme", vec![("authorization", "Basic dTpw".into())], 401, BARE, Reason::TokenMissing),
        with(
            "a key of the other kind",
            vec![("x-api-key", w.good_key.clone())],
            401,
            BARE,
            Reason::TokenMissing,
        ),
        with(
            "two headers",
            vec![("authorization", format!("Bearer {good}")), ("authorization", "Bearer x".into())],
            400,
            Some("Bearer realm=\"a\", error=\"invalid_request\""),
            Reason::MultipleTokens,
        ),
        with(
            "joined by a comma",
            vec![("authorization", format!("Bearer {good}, Bearer {good}"))],
            400,
            Some("Bearer realm=\"a\", error=\"invalid_request\""),
            Reason::MultipleTokens,
        ),
        with(
            "any case and several spaces",
            vec![("authorization", format!("bEARER   {good}"))],
            200,
            None,
            Reason::Ok,
        ),
        oauth("a good token", &good, 200, None, Reason::Ok),
        Row {
            name: "a public agent",
            path: "/p",
            headers: vec![],
            status: 200,
            challenge: None,
            reason: Reason::Ok,
        },
    ]
}

fn form_rows(w: &World) -> Vec<Row> {
    let good = w.token(|_, _| {});
    let claims = w.corp.claims("api://a");
    let header = w.ec.header("ES256").to_string();
    let text = |header: &str, claims: &str| w.ec.token_of_text("ES256", header, claims);
    let unsigned = |header: &Value| format!("{}.{}.", encode(header.to_string()), encode(claims.to_string()));
    vec![
        invalid("two parts", "a.b", Reason::TokenMalformed),
        invalid("five parts", "a.b.c.d.e", Reason::TokenMalformed),
        invalid("bad base64url", &format!("{good}="), Reason::TokenMalformed),
        invalid("bad JSON", &text(&header, "{"), Reason::TokenMalformed),
        invalid("the header is a list", &text("[]", "{}"), Reason::TokenMalformed),
        invalid(
            "a duplicate member",
            &text(&header, &claims.to_string().replacen('{', "{\"sub\":\"x\",", 1)),
            Reason::TokenMalformed,
        ),
        invalid("`exp` is text", &w.token(|_, c| c["exp"] = "9999999999".into()), Reason::TokenMalformed),
        invalid("too long", &format!("{good}{}", "A".repeat(16 * 1024)), Reason::TokenTooLarge),
        invalid("alg none", &unsigned(&json!({"alg": "none"})), Reason::AlgNotAllowed),
        invalid("alg HS256", &unsigned(&json!({"alg": "HS256", "kid": "ec-1"})), Reason::AlgNotAllowed),
        invalid("alg in lower case", &unsigned(&json!({"alg": "es256"})), Reason::AlgNotAllowed),
        invalid(
            "alg not of the provider",
            &w.rsa.token(&w.rsa.header("RS512"), &claims),
            Reason::AlgNotAllowed,
        ),
        invalid("alg not of the key", &w.token(|h, _| h["kid"] = "rsa-1".into()), Reason::AlgNotAllowed),
        invalid("crit", &w.token(|h, _| h["crit"] = json!(["exp"])), Reason::TokenMalformed),
        invalid("b64 false", &w.token(|h, _| h["b64"] = false.into()), Reason::TokenMalformed),
        invalid("a logout token", &w.token(|h, _| h["typ"] = "logout+jwt".into()), Reason::TypMismatch),
        oauth(
            "an access token",
            &w.token(|h, _| h["typ"] = "application/AT+JWT".into()),
            200,
            None,
            Reason::Ok,
        ),
        oauth(
            "no typ",
            &w.token(|h, _| drop(h.as_object_mut().map(|h| h.remove("typ")))),
            200,
            None,
            Reason::Ok,
        ),
    ]
}

fn claim_rows(w: &World) -> Vec<Row> {
    let remove = |name: &'static str| w.token(|_, c| drop(c.as_object_mut().map(|c| c.remove(name))));
    let set = |name: &'static str, value: Value| w.token(|_, c| c[name] = value);
    let soon = now() + 60;
    vec![
        invalid("no iss", &remove("iss"), Reason::IssuerUnknown),
        invalid("a slash more", &set("iss", format!("{}/", w.corp.url).into()), Reason::IssuerUnknown),
        invalid("an issuer of others", &set("iss", w.partner.url.clone().into()), Reason::IssuerNotAllowed),
        invalid("no exp", &remove("exp"), Reason::ExpMissing),
        oauth(
            "expired",
            &w.token(|_, c| {
                c["exp"] = (now() - 1).into();
                c["iat"] = (now() - 60).into()
            }),
            401,
            EXPIRED,
            Reason::TokenExpired,
        ),
        invalid("nbf to come", &set("nbf", soon.into()), Reason::NotYetValid),
        invalid("iat to come", &set("iat", soon.into()), Reason::NotYetValid),
        invalid("a long life", &set("exp", (now() + 7200).into()), Reason::LifetimeTooLong),
        invalid("no iat to know its life", &remove("iat"), Reason::LifetimeTooLong),
        invalid("another audience", &set("aud", json!(["api://b"])), Reason::AudienceMismatch),
        invalid("no audience", &remove("aud"), Reason::AudienceMismatch),
        oauth("one audience of several", &set("aud", json!(["x", "api://a"])), 200, None, Reason::Ok),
        oauth("a scope missing", &set("scope", "refunds:write".into()), 403, SCOPE, Reason::ScopeMissing),
        oauth("a claim rule", &set("tenant", "other".into()), 403, None, Reason::ClaimMismatch),
        oauth("a claim that is no header", &set("sub", "zoë".into()), 403, None, Reason::ClaimMismatch),
        oauth(
            "a provider without keys",
            &set("iss", w.dead.url.clone().into()),
            503,
            None,
            Reason::KeysUnavailable,
        ),
        invalid(
            "time before audience",
            &w.token(|_, c| {
                c["nbf"] = soon.into();
                c["aud"] = "x".into()
            }),
            Reason::NotYetValid,
        ),
        invalid(
            "audience before key",
            &w.token(|h, c| {
                h["kid"] = "gone".into();
                c["aud"] = "x".into()
            }),
            Reason::AudienceMismatch,
        ),
    ]
}

fn key_rows(w: &World) -> Vec<Row> {
    let good = w.token(|_, _| {});
    let claims = w.corp.claims("api://a");
    let (head, _) = good.rsplit_once('.').expect("three parts");
    let no_kid = |key: &Key, alg: &str| key.token(&json!({"alg": alg}), &claims);
    let api = |name, headers, status, reason| Row {
        name,
        path: "/k",
        headers,
        status,
        challenge: if status == 200 { None } else { API_KEY },
        reason,
    };
    let key = |key: &str| vec![("x-api-key", key.to_owned())];
    vec![
        invalid("an unknown kid", &w.token(|h, _| h["kid"] = "gone".into()), Reason::KeyUnknown),
        oauth("no kid, one key of the algorithm", &no_kid(&w.ec, "ES256"), 200, None, Reason::Ok),
        invalid(
            "signed by a stranger",
            &w.stranger.token(&w.ec.header("ES256"), &claims),
            Reason::SignatureInvalid,
        ),
        invalid("no signature", &format!("{head}."), Reason::SignatureInvalid),
        invalid("half a signature", &format!("{head}.{}", encode([1_u8; 32])), Reason::SignatureInvalid),
        api("no API key", vec![], 401, Reason::ApiKeyMissing),
        api("a token where a key belongs", bearer(&good), 401, Reason::ApiKeyMissing),
        api("a good API key", key(&w.good_key), 200, Reason::Ok),
        api("wrong check digits", key(&w.good_key[..48]), 401, Reason::ApiKeyInvalid),
        api("a key of another agent", key(&w.other_key), 401, Reason::ApiKeyInvalid),
        api("an expired API key", key(&w.expired_key), 401, Reason::ApiKeyExpired),
        api("a revoked API key", key(&w.revoked_key), 401, Reason::ApiKeyRevoked),
        api(
            "two API keys",
            vec![("x-api-key", w.good_key.clone()), ("x-api-key", w.good_key.clone())],
            400,
            Reason::MultipleTokens,
        ),
    ]
}

#[tokio::test]
async fn every_row_of_section_3_is_answered_as_the_contract_says() {
    let world = World::new().await;
    let upstream = Upstream::start().await;
    let gateway = Start { body: &world.configuration(&upstream), ..Start::default() }.ready().await;
    let rows: Vec<Row> = [credential_rows(&world), form_rows(&world), claim_rows(&world), key_rows(&world)]
        .into_iter()
        .flatten()
        .collect();
    let seen: BTreeSet<&str> = rows.iter().map(|row| row.reason.as_str()).collect();
    let all: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(seen, all, "every reason has a row");
    let mut wrong = Vec::new();
    for row in &rows {
        let before = upstream.seen().len();
        let mut request = client().get(gateway.url(row.path));
        for (name, value) in &row.headers {
            request = request.header(*name, value);
        }
        let answer = request.send().await.expect("an answer");
        let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let (status, challenge, id) =
            (answer.status().as_u16(), header("www-authenticate"), header("x-request-id"));
        let (kind, retry) = (header("content-type"), header("retry-after"));
        let body = answer.text().await.unwrap_or_default();
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        let line = gateway.logged(id.as_deref().unwrap_or_default()).await;
        let reached = upstream.seen().len() - before;
        let mut check = |what: &str, ok: bool, got: &dyn std::fmt::Debug| {
            if !ok {
                wrong.push(format!("{}: {what}: {got:?}", row.name));
            }
        };
        check("status", status == row.status, &status);
        check("challenge", challenge.as_deref() == row.challenge, &challenge);
        check("reason", line["auth"]["reason"] == row.reason.as_str(), &line["auth"]);
        check("decision", line["auth"]["decision"] == row.reason.decision().as_str(), &line["auth"]);
        check("reached the agent", reached == usize::from(status == 200), &reached);
        check("retry-after", retry.is_some() == (status == 503), &retry);
        if status != 200 {
            check("content type", kind.as_deref() == Some("application/problem+json"), &kind);
            check("body", body["status"] == status && body["request_id"] == id.unwrap_or_default(), &body);
            let error = row.reason.oauth_error().map(|e| e.as_str());
            check("error", body["error"].as_str() == error, &body);
            check(
                "words",
                body["type"].is_string() && body["title"].is_string() && body["detail"].is_string(),
                &body,
            );
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    for reason in Reason::ALL {
        let counted =
            gateway.metric("portcullis_auth_decisions_total", &[&format!("reason=\"{reason}\"")]).await;
        let wanted = rows.iter().filter(|row| row.reason == reason).count();
        assert!(
            (counted - f64::from(u32::try_from(wanted).unwrap())).abs() < 0.5,
            "{reason}: {counted} of {wanted}"
        );
    }
}
