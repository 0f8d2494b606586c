//! The header of a trusted proxy: what it says counts, what others say in it reaches nobody, and a bad one is refused.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use portcullis::authn::ApiKeyText;
use portcullis::model::{Digest, reduced};
use testkit::{Certificate, Gateway, Issuer, Key, Start, Upstream, raw};

use super::made::Made;
use super::{agents, curl, told};

const TRUSTED: &str = "  trusted_proxies: [127.0.0.1]\n";
const STRANGERS: &str = "  trusted_proxies: [192.0.2.1]\n";

/// The spellings that an agent could take for the header, or for that of a chain.
const SPELLINGS: [&str; 14] = [
    "Client-Cert",
    "client-cert",
    "CLIENT-CERT",
    "Client_Cert",
    "client_cert",
    "Client.Cert",
    "ClientCert",
    "Client--Cert",
    "-Client-Cert",
    "Client-Cert-",
    "Client-Cert*",
    "_client__cert_",
    "Client-Cert-Chain",
    "client_cert_chain",
];

async fn start(upstream: &Upstream, trusted: &str, header: &str) -> Gateway {
    started(&agents(&upstream.url()), trusted, header).await
}

async fn started(body: &str, trusted: &str, header: &str) -> Gateway {
    let server = format!(
        "        client_certificates: {{ mode: optional, any: true }}\n{trusted}  client_certificate_header: {{ {header} }}\n"
    );
    let certificate = Certificate::generate();
    Start { body, server: &server, certificate: Some(&certificate), ..Start::default() }.ready().await
}

/// An agent of each kind, as the path and the header with which it is called, and their configuration.
fn kinds(issuer: &Issuer, key: &Key, url: &str) -> ([(&'static str, String); 3], String) {
    let (id, api_key) = ApiKeyText::generate().expect("random numbers");
    let hash = Digest::of(api_key.expose_secret().as_bytes()).to_hex();
    let body = format!(
        "identity_providers:\n  corp: {{ issuer: \"{}\" }}\n{}  \
         keyed: {{ route: /keyed, upstream: \"{url}\", auth: {{ api_key: {{}} }} }}\n  \
         keep: {{ route: /keep, upstream: \"{url}\", auth: {{ oauth: {{ identity_providers: [corp], forward_token: true }} }} }}\n\
         api_keys:\n  {id}: {{ agent: keyed, sha256: \"{hash}\" }}\n",
        issuer.url,
        agents(url),
    );
    let token = key.token(&key.header("ES256"), &issuer.claims("x"));
    let kinds = [
        ("/open", "Accept: */*".to_owned()),
        ("/keyed", format!("X-API-Key: {}", api_key.expose_secret())),
        ("/keep", format!("Authorization: Bearer {token}")),
    ];
    (kinds, body)
}

fn rfc9440(made: &Made) -> String {
    format!(":{}:", BASE64_STANDARD.encode(&made.der))
}

fn escaped(made: &Made) -> String {
    utf8_percent_encode(&made.pem, NON_ALPHANUMERIC).to_string()
}

#[tokio::test]
async fn a_trusted_proxy_names_the_certificate_in_each_format_and_a_bad_header_is_refused() {
    let upstream = Upstream::start().await;
    let made = Made::alone(300);
    let (base64, hash) = (BASE64_STANDARD.encode(&made.der), made.hash());
    for (header, good, bad) in [
        ("name: Client-Cert, format: rfc9440", rfc9440(&made), base64.clone()),
        ("name: X-Cert, format: der_base64", base64.clone(), escaped(&made)),
        ("name: X-SSL-Client-Cert, format: pem_escaped", escaped(&made), base64.clone()),
        (
            "name: X-Forwarded-Client-Cert, format: xfcc",
            format!("By=spiffe://a/b;Hash={hash};Cert=\"{}\";Subject=\"\"", escaped(&made)),
            format!("Hash={hash},Hash={hash}"),
        ),
    ] {
        let gateway = start(&upstream, TRUSTED, header).await;
        let name = header.split([' ', ',']).nth(1).expect("the name");
        let line = |value: &str| format!("{name}: {value}");
        for (what, lines, status, wanted) in [
            ("one", vec![line(&good)], 200, Some(&made)),
            ("none", vec![], 200, None),
            ("an empty one", vec![line("")], 200, None),
            ("a bad one", vec![line(&bad)], 400, None),
            ("junk", vec![line("junk")], 400, None),
            ("two", vec![line(&good), line(&good)], 400, None),
            ("two, one of them empty", vec![line(&good), line("")], 400, None),
            ("one in another spelling", vec![line(&good).replacen("-", "_", 1)], 200, None),
        ] {
            let before = upstream.count();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let answer = raw::get(gateway.port, "/open", &lines).await;
            told(&gateway, &answer, (status, wanted), &format!("{header}: {what}")).await;
            if status == 400 {
                assert!(answer.contains("client certificate"), "{answer}");
                assert_eq!(upstream.count(), before, "nothing went on");
            } else {
                let there = upstream.last().headers.iter().any(|(sent, _)| reduced(sent) == reduced(name));
                assert!(!there, "{header}: {what}: it goes no further");
            }
        }
    }
}

#[tokio::test]
async fn nobody_else_names_one_in_any_spelling_at_any_agent() {
    let upstream = Upstream::start().await;
    let made = Made::alone(300);
    let value = rfc9440(&made);
    let key = Key::new("ES256", "k1");
    let issuer = Issuer::start(&[&key]).await;
    let (kinds, body) = kinds(&issuer, &key, &upstream.url());
    for trusted in [STRANGERS, TRUSTED] {
        let gateway = started(&body, trusted, "name: Client-Cert, format: rfc9440").await;
        for spelling in SPELLINGS {
            let line = format!("{spelling}: {value}");
            let is_it = trusted == TRUSTED && spelling.eq_ignore_ascii_case("client-cert");
            for (path, credential) in &kinds {
                let answer = raw::get(gateway.port, path, &[&line, credential]).await;
                told(&gateway, &answer, (200, is_it.then_some(&made)), &format!("{path}, {spelling}")).await;
                let kept = upstream.last();
                let kept = kept.headers.iter().find(|(name, _)| reduced(name).starts_with("clientcert"));
                assert_eq!(kept, None, "{path}, {spelling}");
            }
        }
        // What a stranger says is not even looked at.
        if trusted == STRANGERS {
            let lines = ["Client-Cert: junk", "Client-Cert: junk"];
            told(&gateway, &raw::get(gateway.port, "/open", &lines).await, (200, None), "junk").await;
        }
    }
}

#[tokio::test]
async fn the_certificate_of_a_handshake_counts_only_where_no_header_could() {
    let upstream = Upstream::start().await;
    let (own, other) = (Made::alone(300), Made::alone(300));
    let line = format!("Client-Cert: {}", rfc9440(&other));
    for (trusted, without, with) in [(STRANGERS, Some(&own), Some(&own)), (TRUSTED, None, Some(&other))] {
        let gateway = start(&upstream, trusted, "name: Client-Cert, format: rfc9440").await;
        let folder = gateway.folder.path();
        own.write(folder, "own");
        for http in ["--http1.1", "--http2"] {
            let answer = curl(folder, gateway.tls_port, Some("own"), &[http]).await.expect("an answer");
            told(&gateway, &answer, (200, without), http).await;
            let answer = curl(folder, gateway.tls_port, Some("own"), &[http, "-H", &line]).await;
            told(&gateway, &answer.expect("an answer"), (200, with), http).await;
        }
    }
}
