//! `explain`: the real decision, check by check, without a gateway and without forwarding.

use std::collections::BTreeSet;

use serde_json::Value;
use tempfile::TempDir;
use testkit::{Issuer, Key, Ran, Upstream, portcullis, portcullis_with};

struct Stage {
    issuer: Issuer,
    key: Key,
    upstream: Upstream,
    folder: TempDir,
    api_key: String,
}

async fn stage() -> Stage {
    let key = Key::new("ES256", "k1");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let folder = tempfile::tempdir().expect("a folder");
    let made = portcullis(folder.path(), &["api-key", "create", "--agent", "k"]).await;
    let (api_key, stored) = made.out.split_once('\n').expect("a key and what to store");
    let text = format!(
        "version: 1\nidentity_providers:\n  corp: {{ issuer: \"{}\" }}\n\
         agents:\n\
         \x20 a: {{ route: /a, upstream: \"{url}\", auth: {{ oauth: {{ identity_providers: [corp], audiences: [x], scopes: {{ any_of: [refunds:write] }} }} }} }}\n\
         \x20 h: {{ route: /h, upstream: \"{url}\", auth: {{ oauth: {{ identity_providers: [corp], audiences: [x], header: X-Token, prefix: \"\" }} }} }}\n\
         \x20 e: {{ route: /e, upstream: \"{url}\", auth: {{ oauth: {{ identity_providers: [corp], audiences: [x], also: [{{ query: t }}, {{ cookie: c }}] }} }} }}\n\
         \x20 k: {{ route: /k, upstream: \"{url}\", auth: {{ api_key: {{ header: X-API-Key }} }} }}\n{stored}",
        issuer.url,
        url = upstream.url(),
    );
    std::fs::write(folder.path().join("portcullis.yaml"), text).expect("it is written");
    Stage { issuer, key, upstream, folder, api_key: api_key.to_owned() }
}

impl Stage {
    fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.issuer.claims("x");
        change(&mut claims);
        self.key.token(&self.key.header("ES256"), &claims)
    }

    async fn explain(&self, agent: &str, args: &[&str], stdin: &str) -> Ran {
        let args = [&["explain", "--agent", agent], args].concat();
        portcullis_with(self.folder.path(), &args, stdin, &[]).await
    }

    /// The JSON report, whose shape is checked.
    async fn report(&self, agent: &str, args: &[&str], stdin: &str) -> (Option<i32>, Value) {
        let ran = self.explain(agent, &[args, &["--json"]].concat(), stdin).await;
        let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {ran:?}"));
        let names = |value: &Value| -> BTreeSet<String> {
            value.as_object().expect("an object").keys().cloned().collect()
        };
        let wanted = ["decision", "reason", "status", "agent", "provider", "checks"];
        assert_eq!(names(&report), wanted.map(ToOwned::to_owned).into(), "{report}");
        for check in report["checks"].as_array().expect("checks") {
            let wanted = ["check", "ok", "seen", "wanted", "fix"];
            assert_eq!(names(check), wanted.map(ToOwned::to_owned).into(), "{check}");
            assert_eq!(check["ok"] == true, check["fix"].is_null(), "a failed check has a fix: {check}");
        }
        (ran.code, report)
    }
}

#[tokio::test]
async fn it_decides_as_the_gateway_does_and_says_which_check_failed() {
    let stage = stage().await;
    let forger = Key::new("ES256", "k1");
    let good = stage.token(|_| {});
    let cases = [
        (good.clone(), 0, "allow", "ok", 200, None),
        (stage.token(|c| c["exp"] = 1000.into()), 1, "deny", "token_expired", 401, Some("expiry")),
        (stage.token(|c| c["aud"] = "y".into()), 1, "deny", "audience_mismatch", 401, Some("audience")),
        (stage.token(|c| c["cnf"]["jkt"] = "x".into()), 1, "deny", "binding_required", 401, Some("binding")),
        (
            stage.token(|c| c["iss"] = "https://i.test".into()),
            1,
            "deny",
            "issuer_unknown",
            401,
            Some("issuer"),
        ),
        (stage.token(|c| c["scope"] = "none".into()), 1, "deny", "scope_missing", 403, Some("scopes")),
        (
            forger.token(&forger.header("ES256"), &stage.issuer.claims("x")),
            1,
            "deny",
            "signature_invalid",
            401,
            Some("signature"),
        ),
        ("a.b".to_owned(), 1, "deny", "token_malformed", 401, Some("format")),
    ];
    for (token, code, decision, reason, status, failed) in cases {
        let (exit, report) = stage.report("a", &["--token-file", "-"], &format!("{token}\n")).await;
        assert_eq!(exit, Some(code), "{reason}: {report}");
        assert_eq!(report["decision"], decision, "{report}");
        assert_eq!(report["reason"], reason, "{report}");
        assert_eq!(report["status"], status, "{report}");
        assert_eq!(report["agent"], "a");
        let checks = report["checks"].as_array().expect("checks");
        let fails: Vec<&str> =
            checks.iter().filter(|c| c["ok"] == false).filter_map(|c| c["check"].as_str()).collect();
        assert_eq!(fails, failed.into_iter().collect::<Vec<_>>(), "{report}");
    }
    let (_, report) = stage.report("a", &["--token-file", "-"], &good).await;
    assert_eq!(report["provider"], "corp");
    assert!(report["checks"].as_array().is_some_and(|checks| checks.len() >= 8), "{report}");
    assert!(stage.upstream.seen().is_empty(), "nothing is forwarded");
}

#[tokio::test]
async fn a_token_is_explained_where_the_agent_reads_it() {
    let stage = stage().await;
    let good = stage.token(|_| {});
    let (target, cookie) = (format!("/e/x?a=b&t={good}"), format!("Cookie: c={good}"));
    for (agent, args, reason) in [
        ("e", vec!["GET", &target], "ok"),
        ("e", vec!["-H", &cookie], "ok"),
        ("e", vec!["-H", &cookie, "GET", &target], "multiple_tokens"),
        ("e", vec!["GET", "/e"], "token_missing"),
        ("a", vec!["-H", &cookie, "GET", &target], "token_missing"),
    ] {
        let (_, report) = stage.report(agent, &args, "").await;
        assert_eq!(report["reason"], reason, "{report}");
        assert!(!report.to_string().contains(&good), "{report}");
    }
}

#[tokio::test]
async fn the_text_shows_each_check_with_seen_wanted_and_the_fix() {
    let stage = stage().await;
    let expired = stage.token(|c| c["exp"] = 1000.into());
    std::fs::write(stage.folder.path().join("token"), &expired).expect("it is written");
    let ran = stage.explain("a", &["--token-file", "token"], "").await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    for word in ["FAIL expiry", "seen", "wanted", "fix", "deny: token_expired (status 401, agent a"] {
        assert!(ran.out.contains(word), "{word} in {}", ran.out);
    }
    assert!(!ran.out.contains(&expired), "the token itself is not printed");
}

#[tokio::test]
async fn the_credential_is_put_where_the_agent_reads_it_or_comes_as_a_header() {
    let stage = stage().await;
    let token = stage.token(|_| {});
    let bearer = format!("Authorization: Bearer {token}");
    let bare = format!("X-Token: {token}");
    let key = format!("X-API-Key: {}", stage.api_key);
    let cases: [(&str, &[&str], &str, &str); 9] = [
        ("a", &["-H", &bearer], "", "ok"),
        ("a", &["-H", &bearer, "-H", &bearer], "", "multiple_tokens"),
        ("a", &["-H", &bare], "", "token_missing"),
        ("a", &[], "", "token_missing"),
        ("h", &["--token-file", "-"], &token, "ok"),
        ("h", &["-H", &bare], "", "ok"),
        ("k", &["--token-file", "-"], &stage.api_key, "ok"),
        ("k", &["-H", &key], "", "ok"),
        ("k", &["-H", &bearer], "", "api_key_missing"),
    ];
    for (agent, args, stdin, reason) in cases {
        let (exit, report) = stage.report(agent, args, stdin).await;
        assert_eq!(report["reason"], reason, "{agent} {args:?}: {report}");
        assert_eq!(exit, Some(i32::from(reason != "ok")), "{report}");
        assert!(!report.to_string().contains(&stage.api_key), "the key is not printed");
    }
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_a_finding_and_an_unknown_agent_is_a_usage_error() {
    let stage = stage().await;
    stage.issuer.fail_with(Some(500));
    let (exit, report) = stage.report("a", &["--token-file", "-"], &stage.token(|_| {})).await;
    assert_eq!(
        (exit, &report["reason"], &report["status"]),
        (Some(1), &"keys_unavailable".into(), &503.into())
    );
    let ran = stage.explain("absent", &[], "").await;
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("absent") && ran.out.is_empty(), "{ran:?}");
}

#[tokio::test]
async fn a_path_of_another_agent_is_pointed_out() {
    let stage = stage().await;
    let token = stage.token(|_| {});
    for (path, note) in [("/a/b?c", ""), ("/k", "agent `k`"), ("/nowhere", "404"), ("/a/../k", "400")] {
        let ran = stage.explain("a", &["--token-file", "-", "GET", path], &token).await;
        assert_eq!(ran.err.contains("note: "), !note.is_empty(), "{path}: {ran:?}");
        assert!(ran.err.contains(note), "{path}: {ran:?}");
    }
}

/// A second configuration beside that of the stage: its listener asks for certificates of an authority, and a proxy names them. Returns
/// a client's certificate, what it is called in tokens, and one that nobody issued.
fn with_certificates(stage: &Stage) -> (rcgen::Certificate, String, rcgen::Certificate) {
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, generate_simple_self_signed,
    };
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "authority");
    let key = KeyPair::generate().expect("a key");
    let authority = params.self_signed(&key).expect("an authority");
    let issuer = Issuer::new(params, key);
    let leaf = CertificateParams::new(vec!["client.test".to_owned()]).expect("parameters");
    let leaf = leaf.signed_by(&KeyPair::generate().expect("a key"), &issuer).expect("a certificate");
    let gateway = generate_simple_self_signed(vec!["a.test".to_owned()]).expect("a certificate");
    let stranger = generate_simple_self_signed(vec!["b.test".to_owned()]).expect("a certificate");
    let text = format!(
        "version: 1\nserver:\n  listeners:\n    - address: 127.0.0.1:8443\n      tls:\n        \
         certificates: [{{ cert_file: gw.pem, key_file: gw.key }}]\n        client_certificates: {{ mode: optional, ca_file: ca.pem }}\n  \
         trusted_proxies: [127.0.0.1/32]\n  client_certificate_header: {{ name: Client-Cert, format: rfc9440 }}\n\
         identity_providers:\n  corp: {{ issuer: \"{}\" }}\nagents:\n  b: {{ route: /b, upstream: \"{}\", auth: {{ oauth: {{ \
         identity_providers: [corp], audiences: [x], sender_constraint: {{ mtls: optional }} }} }} }}\n",
        stage.issuer.url,
        stage.upstream.url(),
    );
    let files = [
        ("tls.yaml", text),
        ("ca.pem", authority.pem()),
        ("gw.pem", gateway.cert.pem()),
        ("gw.key", gateway.signing_key.serialize_pem()),
        ("client.pem", format!("{}{}", leaf.pem(), gateway.signing_key.serialize_pem())),
        ("stranger.pem", stranger.cert.pem()),
    ];
    for (name, text) in files {
        std::fs::write(stage.folder.path().join(name), text).expect("it is written");
    }
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, leaf.der());
    (leaf, testkit::token::encode(digest), stranger.cert)
}

#[tokio::test]
async fn a_client_certificate_comes_from_a_file_or_from_the_header_of_a_proxy() {
    let stage = stage().await;
    let (leaf, thumbprint, stranger) = with_certificates(&stage);
    let token = stage.token(|c| c["cnf"]["x5t#S256"] = thumbprint.clone().into());
    let field = |certificate: &rcgen::Certificate| {
        use base64::prelude::{BASE64_STANDARD, Engine as _};
        format!("Client-Cert: :{}:", BASE64_STANDARD.encode(certificate.der()))
    };
    let (good, other) = (field(&leaf), field(&stranger));
    // What is given, the reason, and whether the listener would let it in.
    for (args, reason, status, accepted) in [
        (&["--client-cert", "client.pem"][..], "ok", 200, Some(true)),
        (&["--client-cert", "stranger.pem"], "certificate_mismatch", 401, Some(false)),
        (&[], "certificate_missing", 401, None),
        (&["-H", &good], "ok", 200, None),
        (&["-H", &other], "certificate_mismatch", 401, None),
        (&["-H", "Client-Cert: junk"], "no_route", 400, None),
    ] {
        let args = [&["-c", "tls.yaml", "--token-file", "-", "--json"], args].concat();
        let ran = stage.explain("b", &args, &token).await;
        let said: Value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {ran:?}"));
        assert_eq!((&said["reason"], &said["status"]), (&reason.into(), &status.into()), "{args:?}: {said}");
        let ways = said["certificate"]["ways"].as_array();
        let listener = ways.into_iter().flatten().find(|way| way["setting"] == "tls of 127.0.0.1:8443");
        assert_eq!(listener.map(|way| way["accepted"] == true), accepted, "{said}");
    }
    let ran = stage
        .explain("b", &["-c", "tls.yaml", "--token-file", "-", "--client-cert", "stranger.pem"], &token)
        .await;
    for word in [&*thumbprint, "FAIL certificate", "refused by tls of 127.0.0.1:8443: no chain leads from it"]
    {
        assert!(ran.out.contains(word), "{word} in {}", ran.out);
    }
    for args in [
        &["--client-cert", "absent.pem"][..],
        &["--client-cert", "gw.key"],
        &["--client-cert", "client.pem", "-H", &good],
    ] {
        let args = [&["-c", "tls.yaml"], args].concat();
        assert_eq!(stage.explain("b", &args, "").await.code, Some(2), "{args:?}");
    }
    let ran = stage.explain("a", &["--client-cert", "client.pem"], "").await;
    assert!(ran.err.contains("no listener asks clients for certificates"), "{ran:?}");
}

#[tokio::test]
async fn the_text_says_when_a_stream_would_end() {
    let stage = stage().await;
    let token = stage.token(|_| {});
    let ran = stage.explain("a", &["--token-file", "-", "-H", "Accept: text/event-stream"], &token).await;
    for word in ["stream (sse)", "the right of the caller ends at ", "`streams.grace` of 5s"] {
        assert!(ran.out.contains(word), "{word} in {}", ran.out);
    }
}
