//! A certified provider that knows its clients by their certificates (RFC 8705): the gateway shows it its own to ask about tokens, and
//! the provider's tokens are good with the certificate of their holder alone.

use std::path::Path;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use testkit::client::install_tls;
use testkit::{Certificate, Gateway, Start, Upstream, eventually, free_port};
use tokio::process::Child;

use super::provider::launch;

const OPAQUE: &str = "urn:portcullis:opaque";
const JWT: &str = "urn:portcullis:jwt";
const SCOPES: &str = "scopes: { all_of: [\"refunds:write\"] }";

/// `certified.mjs` in a process of its own, and the certificates of those who call it.
struct Certified {
    port: u16,
    mtls: u16,
    own: Certificate,
    /// One of an authority that it trusts.
    issued: Certificate,
    /// One that signed itself, which it knows.
    alone: Certificate,
    /// One that signed itself, which it does not know.
    stranger: Certificate,
    _folder: TempDir,
    _child: Child,
}

impl Certified {
    async fn start() -> Self {
        let (own, stranger) = (Certificate::for_name("127.0.0.1"), Certificate::for_name("client.test"));
        let (authority, issued) = issued();
        let alone = Certificate::for_name("alone.test");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
        write("idp.pem", &own.pem);
        write("idp.key", &own.key);
        write("clients.pem", &authority);
        write("alone.pem", &alone.pem);
        let (port, mtls) = (free_port(), free_port());
        let place = folder.path().to_str().expect("a path");
        let child = launch("certified.mjs", &[&port.to_string(), &mtls.to_string(), place]).await;
        Self { port, mtls, own, issued, alone, stranger, _folder: folder, _child: child }
    }

    /// A client that trusts it, and shows this certificate.
    fn client(&self, shown: &Certificate) -> reqwest::Client {
        client_of(&self.own, Some(shown)).build().expect("a client")
    }

    /// A token for `resource` that is bound to this certificate.
    async fn token(&self, shown: &Certificate, resource: &str) -> String {
        let form = format!(
            "grant_type=client_credentials&client_id=holder&client_secret=not-a-secret&scope=refunds:write&resource={resource}"
        );
        let answer = self.post(shown, "/token", form).await;
        let answer = answer.bytes().await.expect("its body");
        let answer: serde_json::Value = serde_json::from_slice(&answer).expect("JSON from the provider");
        answer["access_token"].as_str().unwrap_or_else(|| panic!("no token in {answer}")).to_owned()
    }

    async fn revoke(&self, token: &str) {
        let form = format!("client_id=holder&client_secret=not-a-secret&token={token}");
        assert_eq!(self.post(&self.issued, "/token/revocation", form).await.status(), 200);
    }

    async fn post(&self, shown: &Certificate, path: &str, form: String) -> reqwest::Response {
        let request = self.client(shown).post(format!("https://127.0.0.1:{}{path}", self.mtls)).body(form);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.send().await.expect("the provider answers")
    }

    /// A gateway that is `client_id` at the provider, and shows this certificate; its agent takes tokens with the certificate of
    /// their holder, or all as bearer tokens.
    async fn gateway(&self, client_id: &str, shown: &Certificate, upstream: &Upstream) -> Gateway {
        let asked = format!(
            "{{ auth: {{ client_id: {client_id}, tls: {{ cert_file: client.pem, key_file: client.key }} }}, max_ttl: 0s, negative_ttl: 0s }}"
        );
        let oauth = format!(
            "{{ identity_providers: [one], audiences: [\"{OPAQUE}\", \"{JWT}\"], {SCOPES}, sender_constraint: {{ mtls: required }} }}"
        );
        let body = format!(
            "identity_providers:\n  one: {{ issuer: \"https://127.0.0.1:{}\", ca_file: idp.pem, introspection: {asked} }}\n\
             agents:\n  a: {{ route: /a, upstream: \"{}\", auth: {{ oauth: {oauth} }} }}\n",
            self.port,
            upstream.url(),
        );
        let start = Start {
            body: &body,
            server: "        client_certificates: { mode: optional, any: true }\n",
            files: &[("client.pem", &shown.pem), ("client.key", &shown.key), ("idp.pem", &self.own.pem)],
            certificate: Some(&self.own),
            ..Start::default()
        };
        start.ready().await
    }
}

/// An authority of clients, and a certificate that it issued.
fn issued() -> (String, Certificate) {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // Of one name with what it issues, it would be taken for one that signed itself.
    params.distinguished_name.push(DnType::CommonName, "authority");
    let key = KeyPair::generate().expect("a key");
    let pem = params.self_signed(&key).expect("a certificate").pem();
    let authority = Issuer::new(params, key);
    let (params, key) = (CertificateParams::new(vec!["client.test".to_owned()]), KeyPair::generate());
    let (params, key) = (params.expect("parameters"), key.expect("a key"));
    let made = params.signed_by(&key, &authority).expect("a certificate");
    (pem, Certificate { pem: made.pem(), key: key.serialize_pem() })
}

/// A client that trusts this certificate and shows that one.
fn client_of(trusted: &Certificate, shown: Option<&Certificate>) -> reqwest::ClientBuilder {
    install_tls();
    let root = reqwest::Certificate::from_pem(trusted.pem.as_bytes()).expect("a certificate");
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only([root]);
    match shown {
        Some(Certificate { pem, key }) => {
            let both = format!("{pem}{key}");
            builder.identity(reqwest::Identity::from_pem(both.as_bytes()).expect("a certificate and its key"))
        }
        None => builder,
    }
}

/// What a caller that shows this certificate gets with a token.
async fn said(
    gateway: &Gateway,
    own: &Certificate,
    shown: Option<&Certificate>,
    token: &str,
) -> (u16, String) {
    let caller = client_of(own, shown).build().expect("a client");
    let url = format!("https://127.0.0.1:{}/a", gateway.tls_port);
    let answer = caller.get(url).bearer_auth(token).send().await.expect("an answer");
    let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
    let line = gateway.logged(&id).await;
    (answer.status().as_u16(), line["auth"]["reason"].as_str().expect("a reason").to_owned())
}

fn write(folder: &Path, shown: &Certificate) {
    std::fs::write(folder.join("client.key"), &shown.key).expect("the key is written");
    std::fs::write(folder.join("client.pem"), &shown.pem).expect("the certificate is written");
}

#[tokio::test]
async fn a_provider_knows_the_gateway_by_its_certificate_and_tokens_are_good_with_that_of_their_holder_alone()
{
    let (provider, upstream) = (Certified::start().await, Upstream::start().await);
    let holder = &provider.stranger;
    for (client_id, shown) in [("issued", &provider.issued), ("alone", &provider.alone)] {
        let gateway = provider.gateway(client_id, shown, &upstream).await;
        let said = async |shown: Option<&Certificate>, token: &str| {
            let (status, reason) = said(&gateway, &provider.own, shown, token).await;
            format!("{status} {reason}")
        };
        for resource in [OPAQUE, JWT] {
            let token = provider.token(holder, resource).await;
            assert_eq!(token.contains('.'), resource == JWT, "{token}");
            assert_eq!(said(Some(holder), &token).await, "200 ok", "{client_id} {resource}");
            assert_eq!(said(Some(&provider.alone), &token).await, "401 certificate_mismatch", "{resource}");
            assert_eq!(said(None, &token).await, "401 certificate_missing", "{resource}");
        }
        let token = provider.token(holder, OPAQUE).await;
        assert_eq!(said(Some(holder), &token).await, "200 ok");
        provider.revoke(&token).await;
        assert_eq!(said(Some(holder), &token).await, "401 token_inactive", "{client_id}");
    }
}

#[tokio::test]
async fn a_certificate_that_the_provider_does_not_know_is_nobodys_token_to_blame_and_another_one_is_taken_up()
{
    let (provider, upstream) = (Certified::start().await, Upstream::start().await);
    let gateway = provider.gateway("alone", &provider.stranger, &upstream).await;
    let token = provider.token(&provider.stranger, OPAQUE).await;
    let said = async || said(&gateway, &provider.own, Some(&provider.stranger), &token).await;
    assert_eq!(said().await, (503, "introspection_unavailable".to_owned()));
    write(gateway.folder.path(), &provider.alone);
    eventually("the new certificate is shown", Duration::from_secs(20), async || {
        (said().await == (200, "ok".to_owned())).then_some(())
    })
    .await;
}
