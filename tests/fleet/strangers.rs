//! What stands at the endpoints, and under the prefix, is not what a member expects: it waits, says why, and spins not.

use std::time::Duration;

use testkit::api::If;
use testkit::etcd::Authority;
use testkit::eventually::scripted_pause;
use testkit::{Etcd, EtcdStart, Fleet, FleetStart, Gateway, Start, Upstream, eventually, free_port};

use super::measure::processor_time;

/// A gateway at this store, alive.
async fn at(members: &str, files: &[(&str, &str)]) -> Gateway {
    Start { admin: Some(""), etcd: Some(members), files, ..Start::default() }.at_all().await
}

/// It lives, is not ready, says this in its log, and uses next to nothing of the processor.
async fn waits(gateway: &mut Gateway, said: &[&str]) {
    const WATCHED: Duration = Duration::from_secs(3);
    eventually(&format!("its log says one of {said:?}"), Duration::from_secs(10), async || {
        let log = gateway.stderr().join("\n").to_lowercase();
        said.iter().any(|words| log.contains(words)).then_some(())
    })
    .await;
    let used = processor_time(gateway);
    scripted_pause(WATCHED).await;
    let used = processor_time(gateway).saturating_sub(used);
    assert!(gateway.has_ended().is_none(), "it goes on trying");
    assert!(used < WATCHED / 5, "{used:?} of processor in {WATCHED:?}");
    let (status, why) = gateway.ops_get("/readyz").await;
    assert_eq!((status, gateway.ops_get("/livez").await.0), (503, 200), "{why}");
    assert!(why.contains("etcd"), "{why}");
    let closed = tokio::net::TcpStream::connect(("127.0.0.1", gateway.port)).await.is_err();
    assert!(closed, "nothing is live, and it listens");
}

#[tokio::test]
async fn endpoints_that_are_no_etcd_are_tried_again_until_one_is() {
    let web = Upstream::start().await;
    let closed = free_port();
    let mut nobody = at(&format!("endpoints: [\"http://127.0.0.1:{closed}\"]"), &[]).await;
    let mut stranger = at(&format!("endpoints: [\"{}\"]", web.url()), &[]).await;
    tokio::join!(waits(&mut nobody, &["etcd"]), waits(&mut stranger, &["etcd"]));
    let etcd = Etcd::start().await;
    let both = format!("endpoints: [\"http://127.0.0.1:{closed}\", \"{}\"]", etcd.endpoints()[0]);
    at(&both, &[]).await.is_ready().await;
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_not_trusted_and_tls_with_a_client_certificate_works() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let etcd = EtcdStart { tls: Some(&ours), ..EtcdStart::default() }.start().await;
    let client = ours.issue("portcullis");
    let files = "ca_file: ca.pem, cert_file: client.pem, key_file: client.key";
    let endpoints = format!("endpoints: [\"{}\"], {files}", etcd.endpoints()[0]);
    let wrong = [("ca.pem", &*theirs.pem), ("client.pem", &client.pem), ("client.key", &client.key)];
    waits(&mut at(&endpoints, &wrong).await, &["certificate", "unknownissuer", "tls"]).await;
    let stranger = theirs.issue("portcullis");
    let wrong = [("ca.pem", &*ours.pem), ("client.pem", &stranger.pem), ("client.key", &stranger.key)];
    waits(&mut at(&endpoints, &wrong).await, &["etcd"]).await;
    let right = [("ca.pem", &*ours.pem), ("client.pem", &client.pem), ("client.key", &client.key)];
    let start = FleetStart { gateways: 2, etcd: files, files: &right, ..FleetStart::default() };
    let fleet = Fleet::on(etcd, start).await;
    fleet.deploy(0, "a").await;
    fleet.all_serve("a", 200).await;
}

#[tokio::test]
async fn a_wrong_password_is_said_and_the_right_one_is_taken_without_a_restart() {
    let etcd = Etcd::start().await;
    etcd.add_user("portcullis", "secret", &[("READWRITE", "/portcullis/")]).await;
    etcd.auth_on().await;
    let user = "username: portcullis, password_file: etcd.password";
    let members = format!("endpoints: [\"{}\"], {user}", etcd.endpoints()[0]);
    let mut gateway = at(&members, &[("etcd.password", "wrong-guess")]).await;
    waits(&mut gateway, &["user", "password"]).await;
    assert!(!gateway.stderr().join("\n").contains("wrong-guess"), "the password is in the log");
    std::fs::write(gateway.folder.path().join("etcd.password"), "secret").expect("the password is written");
    gateway.is_ready().await;
}

#[tokio::test]
async fn other_things_under_the_prefix_are_left_alone() {
    let etcd = Etcd::start().await;
    for key in ["/portcullis/notes", "/portcullis/g/0/agents/old", "/portcullis/rev/x", "/portcullis/members"]
    {
        etcd.put(key, "not ours").await;
    }
    let fleet = Fleet::on(etcd, FleetStart { gateways: 2, ..FleetStart::default() }).await;
    fleet.deploy(0, "a").await;
    fleet.deploy(1, "b").await;
    fleet.all_serve("b", 200).await;
    fleet.members[0].api().delete("/agents/a", If::Any).await.is(200);
    fleet.all_serve("a", 404).await;
    for key in ["/portcullis/notes", "/portcullis/rev/x", "/portcullis/members"] {
        assert_eq!(fleet.etcd.get(key).await.as_deref(), Some("not ours"), "{key}");
    }
}
