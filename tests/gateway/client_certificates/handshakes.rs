//! What a listener accepts: any certificate, those of an authority, or none; over each version of TLS and of HTTP.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use testkit::{Certificate, Gateway, Start, Upstream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::made::{Authority, Made};
use super::openssl::ask;
use super::{agents, curl, run, told};

/// What curl is told to speak.
const SPOKEN: [(&str, &[&str]); 4] = [
    ("TLS 1.3, HTTP/2", &["--tlsv1.3", "--http2"]),
    ("TLS 1.3, HTTP/1.1", &["--tlsv1.3", "--http1.1"]),
    ("TLS 1.2, HTTP/2", &["--tls-max", "1.2", "--http2"]),
    ("TLS 1.2, HTTP/1.1", &["--tls-max", "1.2", "--http1.1"]),
];

struct Stage {
    gateway: Gateway,
    upstream: Upstream,
    authority: Authority,
}

async fn stage(asked: &str) -> Stage {
    let (upstream, authority) = (Upstream::start().await, Authority::new("clients' authority"));
    let server = format!("        client_certificates: {{ {asked} }}\n");
    let start = Start {
        body: &agents(&upstream.url()),
        server: &server,
        certificate: Some(&Certificate::generate()),
        files: &[("clients.pem", &authority.pem)],
        ..Start::default()
    };
    Stage { gateway: start.ready().await, upstream, authority }
}

impl Stage {
    async fn failed(&self, cause: &str) -> f64 {
        let cause = format!("cause=\"{cause}\"");
        self.gateway.metric("portcullis_tls_handshakes_failed_total", &[&cause]).await
    }
}

#[tokio::test]
async fn any_certificate_is_accepted_whose_key_the_client_has() {
    let stage = stage("mode: optional, any: true").await;
    let (gateway, folder) = (&stage.gateway, stage.gateway.folder.path());
    let (own, expired) = (Made::alone(300), Made::alone(-2));
    own.write(folder, "own");
    expired.write(folder, "expired");
    for (what, spoken) in SPOKEN {
        for (client, wanted) in [(None, None), (Some("own"), Some(&own)), (Some("expired"), Some(&expired))] {
            let answer = curl(folder, gateway.tls_port, client, spoken).await.expect("an answer");
            told(gateway, &answer, (200, wanted), &format!("{what}, {client:?}")).await;
        }
    }

    // Keys of 1024 bits prove nothing.
    let weak = ["req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=weak", "-days", "2"];
    let made =
        run(folder, "openssl", &[&weak[..], &["-keyout", "weak.key", "-out", "weak.pem"]].concat()).await;
    assert!(made.status.success(), "{made:?}");
    let shown = ["-cert", "weak.pem", "-key", "weak.key", "-cipher", "DEFAULT@SECLEVEL=0"];
    assert_eq!(ask(folder, gateway, "-tls1_3", &shown).await.answer(), None);
    assert!(stage.failed("client_certificate_rejected").await >= 1.0);
}

#[tokio::test]
async fn a_certificate_that_pingora_cannot_read_ends_the_handshake_and_nothing_else() {
    let stage = stage("mode: optional, any: true").await;
    let made = Made::alone(300);
    let (good, mut bad) = (made.der.clone(), made.der.clone());
    // The month of a date, which nobody looks at who wants no dates.
    let zulu = bad.iter().position(|byte| *byte == b'Z').expect("a date");
    bad[zulu - 10..zulu - 8].copy_from_slice(b"77");
    let ask = async |der: Vec<u8>| {
        let roots = CertificateDer::from_pem_file(stage.gateway.folder.path().join("gateway.pem"));
        let mut trusted = rustls::RootCertStore::empty();
        trusted.add(roots.expect("PEM")).expect("a root");
        let key = PrivateKeyDer::from_pem_slice(made.key.as_bytes()).expect("a key");
        let config = rustls::ClientConfig::builder().with_root_certificates(trusted);
        let config = config.with_client_auth_cert(vec![der.into()], key).expect("the key's certificate");
        let tcp = TcpStream::connect(("127.0.0.1", stage.gateway.tls_port)).await.expect("a connection");
        let name = ServerName::try_from(testkit::certificate::NAME).expect("a name");
        let mut tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await.ok()?;
        let request = b"GET /open HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n";
        tls.write_all(request).await.ok()?;
        let mut answer = String::new();
        tls.read_to_string(&mut answer).await.ok()?;
        Some(answer)
    };
    assert_eq!(ask(bad).await, None);
    told(&stage.gateway, &ask(good).await.expect("an answer"), (200, Some(&made)), "unharmed").await;
    assert_eq!(stage.failed("client_certificate_rejected").await, 1.0);
    assert!(!stage.gateway.stderr().iter().any(|line| line.contains("panicked")));
}

#[tokio::test]
async fn a_chain_to_the_authority_and_valid_dates_are_wanted_where_there_is_one() {
    for (mode, without_one) in [("required", false), ("optional", true)] {
        let stage = stage(&format!("mode: {mode}, ca_file: clients.pem")).await;
        let (gateway, folder) = (&stage.gateway, stage.gateway.folder.path());
        let good = stage.authority.issue(300);
        good.write(folder, "good");
        stage.authority.issue(-2).write(folder, "expired");
        Authority::new("clients' authority").issue(300).write(folder, "stranger");
        Made::alone(300).write(folder, "alone");
        for (what, spoken) in SPOKEN {
            let answer = curl(folder, gateway.tls_port, Some("good"), spoken).await.expect("an answer");
            told(gateway, &answer, (200, Some(&good)), what).await;
            let answer = curl(folder, gateway.tls_port, None, spoken).await;
            assert_eq!(answer.is_some(), without_one, "{mode}, {what}");
            if let Some(answer) = answer {
                told(gateway, &answer, (200, None), what).await;
            }
        }
        let before = stage.upstream.count();
        for bad in ["expired", "stranger", "alone"] {
            for (what, spoken) in [SPOKEN[0], SPOKEN[3]] {
                assert_eq!(curl(folder, gateway.tls_port, Some(bad), spoken).await, None, "{bad}, {what}");
            }
        }
        assert_eq!(stage.upstream.count(), before, "nothing went on");
        assert_eq!(stage.failed("client_certificate_rejected").await, 6.0, "{mode}");
        assert_eq!(stage.failed("client_certificate_missing").await > 0.0, !without_one, "{mode}");
    }
}

#[tokio::test]
async fn a_chain_of_nearly_64_kib_is_read_and_a_longer_one_ends_the_handshake() {
    let stage = stage("mode: required, any: true").await;
    let (gateway, folder) = (&stage.gateway, stage.gateway.folder.path());
    let (own, other) = (Made::alone(300), Made::alone(300));
    let fits = (60 << 10) / (other.der.len() + 5);
    for (name, others, wanted) in [("fits", fits, true), ("long", fits * 5 / 4, false), ("own", 0, true)] {
        let chain =
            Made { pem: own.pem.clone() + &other.pem.repeat(others), key: own.key.clone(), der: Vec::new() };
        chain.write(folder, name);
        for (what, spoken) in [SPOKEN[0], SPOKEN[3]] {
            let answer = curl(folder, gateway.tls_port, Some(name), spoken).await;
            assert_eq!(answer.is_some(), wanted, "{name}, {what}");
            if let Some(answer) = answer {
                told(gateway, &answer, (200, Some(&own)), what).await;
            }
        }
    }
}
