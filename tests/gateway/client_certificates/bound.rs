//! Tokens that are bound to the certificate of their holder (RFC 8705): over the gateway's own TLS, and behind a proxy that says
//! which certificate it saw.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use portcullis::model::Digest;
use serde_json::json;
use testkit::{Certificate, Issuer, Key, Start, Upstream, client, raw};

use super::curl;
use super::made::Made;

const AGENT: &str = "auth: { oauth: { identity_providers: [corp], sender_constraint: { mtls: required } } }";

/// The configuration of one agent, and a token for each certificate: bound to it, or to none.
async fn issued(upstream: &Upstream, certificates: [Option<&Made>; 2]) -> (String, [String; 2], Issuer) {
    let key = Key::new("ES256", "k1");
    let issuer = Issuer::start(&[&key]).await;
    let tokens = certificates.map(|certificate| {
        let mut claims = issuer.claims("x");
        if let Some(made) = certificate {
            let digest = URL_SAFE_NO_PAD.encode(Digest::of(&made.der).as_bytes());
            claims["cnf"] = json!({ "x5t#S256": digest });
        }
        key.signed(&claims)
    });
    let body = format!(
        "identity_providers:\n  corp: {{ issuer: \"{}\" }}\nagents:\n  open: {{ route: /open, upstream: \"{}\", {AGENT} }}\n",
        issuer.url,
        upstream.url()
    );
    (body, tokens, issuer)
}

#[tokio::test]
async fn a_token_that_names_a_certificate_is_good_with_that_one_alone() {
    let (upstream, own, other) = (Upstream::start().await, Made::alone(300), Made::alone(300));
    let (body, [bound, bare], _issuer) = issued(&upstream, [Some(&own), None]).await;
    let start = Start {
        body: &body,
        server: "        client_certificates: { mode: optional, any: true }\n",
        certificate: Some(&Certificate::generate()),
        ..Start::default()
    };
    let gateway = start.ready().await;
    let folder = gateway.folder.path();
    own.write(folder, "own");
    other.write(folder, "other");
    for (client, token, status, reason) in [
        (Some("own"), &bound, 200, "ok"),
        // The token is remembered by now, and must be shown anew.
        (Some("other"), &bound, 401, "certificate_mismatch"),
        (None, &bound, 401, "certificate_missing"),
        (Some("own"), &bare, 401, "binding_required"),
        (Some("own"), &bound, 200, "ok"),
    ] {
        let header = format!("Authorization: Bearer {token}");
        let answer = curl(folder, gateway.tls_port, client, &["--header", &header]).await.expect("an answer");
        assert_eq!(raw::status(&answer), status, "{client:?} {reason}: {answer}");
        let id = answer.lines().find_map(|line| line.strip_prefix("x-request-id: ")).expect("an id");
        assert_eq!(gateway.logged(id.trim()).await["auth"]["reason"], reason);
    }
    assert_eq!(upstream.count(), 2, "what was refused reached no agent");
}

#[tokio::test]
async fn behind_a_trusted_proxy_its_header_says_which_certificate_it_is() {
    let (upstream, own, other) = (Upstream::start().await, Made::alone(300), Made::alone(300));
    let (body, [bound, _], _issuer) = issued(&upstream, [Some(&own), None]).await;
    let server = "  trusted_proxies: [127.0.0.1/32]\n  client_certificate_header: { name: Client-Cert, format: rfc9440 }\n";
    let gateway = Start { body: &body, server, ..Start::default() }.ready().await;
    for (shown, status) in [(Some(&own), 200), (Some(&other), 401), (None, 401)] {
        let mut request = client().get(gateway.url("/open")).bearer_auth(&bound);
        if let Some(made) = shown {
            request = request.header("Client-Cert", format!(":{}:", STANDARD.encode(&made.der)));
        }
        assert_eq!(request.send().await.expect("an answer").status(), status);
    }
}
