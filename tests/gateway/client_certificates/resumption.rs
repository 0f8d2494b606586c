//! Sessions that are resumed: they keep the certificate of their first handshake, and end with the rules that let it in.

use std::time::Duration;

use testkit::{Certificate, Start, Upstream, eventually};

use super::made::Authority;
use super::openssl::ask;
use super::{agents, curl, told};

const SOON: Duration = Duration::from_secs(15);

#[tokio::test]
async fn a_resumed_session_keeps_its_certificate_until_the_authorities_change() {
    let upstream = Upstream::start().await;
    let (authority, next) = (Authority::new("clients' authority"), Authority::new("the next authority"));
    let start = Start {
        body: &agents(&upstream.url()),
        server: "        client_certificates: { mode: required, ca_file: clients.pem }\n",
        certificate: Some(&Certificate::generate()),
        files: &[("clients.pem", &authority.pem)],
        ..Start::default()
    };
    let gateway = start.ready().await;
    let folder = gateway.folder.path();
    let (made, of_next) = (authority.issue(300), next.issue(300));
    made.write(folder, "client");
    of_next.write(folder, "next");
    for version in ["-tls1_2", "-tls1_3"] {
        let shown = ["-cert", "client.pem", "-key", "client.key", "-sess_out", version];
        let first = ask(folder, &gateway, version, &shown).await;
        told(&gateway, first.answer().expect("an answer"), (200, Some(&made)), version).await;
        assert!(!first.is_resumed(), "{version}");
        // A change of something else.
        let applied =
            async || gateway.metric("portcullis_config_reloads_total", &["result=\"applied\""]).await;
        let before = applied().await;
        let config = folder.join("portcullis.yaml");
        let text = std::fs::read_to_string(&config).expect("the configuration");
        std::fs::write(&config, text + "# and more\n").expect("the configuration is written");
        eventually("it was read again", SOON, async || (applied().await > before).then_some(())).await;
        let again = ask(folder, &gateway, version, &["-sess_in", version, "-sess_out", version]).await;
        told(&gateway, again.answer().expect("an answer"), (200, Some(&made)), version).await;
        assert!(again.is_resumed(), "{version}: {again:?}");
        let none = ask(folder, &gateway, version, &[]).await;
        assert!(none.answer().is_none(), "{version}: the certificate is required of others");
    }

    std::fs::write(folder.join("clients.pem"), &next.pem).expect("the file is replaced");
    let of_next = eventually("a certificate of the next authority is accepted", SOON, async || {
        Some((curl(folder, gateway.tls_port, Some("next"), &[]).await?, &of_next))
    })
    .await;
    told(&gateway, &of_next.0, (200, Some(of_next.1)), "read again").await;
    for version in ["-tls1_2", "-tls1_3"] {
        for more in [&["-sess_in", version][..], &["-cert", "client.pem", "-key", "client.key"]] {
            let late = ask(folder, &gateway, version, more).await;
            assert!(late.answer().is_none() && !late.is_resumed(), "{version} {more:?}: {late:?}");
        }
    }
}
