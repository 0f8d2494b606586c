//! What the other tests stand on: etcd and the proxies do what they are told.

use std::time::Duration;

use serde_json::json;
use testkit::cut::Direction;
use testkit::etcd::Authority;
use testkit::{Cut, Etcd, EtcdStart, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Sends back what it gets.
async fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                let _copied = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    port
}

/// One byte there and back; `None` when it does not come within the time.
async fn comes_back(stream: &mut TcpStream) -> Option<std::io::Result<u8>> {
    let turn = async {
        stream.write_u8(7).await?;
        stream.read_u8().await
    };
    tokio::time::timeout(Duration::from_millis(200), turn).await.ok()
}

#[tokio::test]
async fn a_proxy_passes_cuts_refuses_holds_back_and_lets_die() {
    let cut = Cut::to(echo().await).await;
    let connect = async || TcpStream::connect(("127.0.0.1", cut.port)).await;
    let mut first = connect().await.expect("it passes");
    assert_eq!(comes_back(&mut first).await.expect("in time").expect("a byte"), 7);
    cut.swallow_one(Direction::Back);
    assert!(comes_back(&mut first).await.is_none(), "held back");
    cut.pass();
    assert_eq!(first.read_u8().await.expect("what was held is delivered"), 7);
    assert_eq!((cut.bytes(Direction::There), cut.bytes(Direction::Back)), (2, 2));
    cut.refuse();
    eventually("it refuses", Duration::from_secs(5), async || connect().await.is_err().then_some(())).await;
    assert_eq!(comes_back(&mut first).await.expect("in time").expect("an open one goes on"), 7);
    cut.pass();
    let mut second =
        eventually("it passes again", Duration::from_secs(5), async || connect().await.ok()).await;
    assert_eq!(comes_back(&mut second).await.expect("in time").expect("a byte"), 7);
    cut.let_die();
    assert!(comes_back(&mut first).await.is_none() && comes_back(&mut second).await.is_none(), "dead");
    let mut third = connect().await.expect("new ones pass");
    assert_eq!(comes_back(&mut third).await.expect("in time").expect("a byte"), 7);
    cut.cut();
    assert!(comes_back(&mut third).await.expect("at once").is_err(), "cut");
    assert!(cut.connections() >= 3);
}

#[tokio::test]
async fn an_etcd_keeps_what_it_is_told_through_a_kill_and_forgets_it_when_it_is_wiped() {
    let etcd = Etcd::start().await;
    let revision = etcd.put("a/1", "one").await;
    assert_eq!(etcd.put("a/2", "two").await, revision + 1);
    etcd.kill().await;
    etcd.start_again().await;
    let all = etcd.all("a/").await;
    assert_eq!(all.keys().collect::<Vec<_>>(), ["a/1", "a/2"]);
    assert_eq!((all["a/1"].value.as_str(), all["a/1"].revision), ("one", revision));
    assert!(etcd.delete("a/2").await && etcd.delete_all("a/").await == 1);
    let saved = etcd.save("before").await;
    etcd.put("a/3", "three").await;
    etcd.restore(&saved).await;
    assert!(etcd.all("a/").await.is_empty());
    etcd.wipe().await;
    assert!(etcd.revision().await < revision + 2);
}

#[tokio::test]
async fn users_and_certificates_are_asked_for() {
    let authority = Authority::new();
    let etcd = EtcdStart { tls: Some(&authority), ..EtcdStart::default() }.start().await;
    etcd.add_user("reader", "secret", &[("READ", "p/")]).await;
    etcd.auth_on().await;
    etcd.put("p/a", "one").await;
    let put = json!({"key": testkit::etcd::coded("p/a"), "value": ""});
    assert_eq!(etcd.call_with(None, "/v3/kv/put", &put).await.expect_err("no user").status, 400);
    let login = json!({"name": "reader", "password": "secret"});
    let told = etcd.call_with(None, "/v3/auth/authenticate", &login);
    let token = told.await.expect("a user")["token"].as_str().expect("a token").to_owned();
    let refused = etcd.call_with(Some(&token), "/v3/kv/put", &put).await.expect_err("a reader");
    assert!(refused.text.contains("permission denied"), "{refused:?}");
}

#[tokio::test]
async fn a_member_that_is_cut_off_has_no_leader_and_the_others_go_on() {
    let etcd = Etcd::of_three().await;
    etcd.isolate(0).await;
    let alone =
        reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build().expect("a client");
    let url = format!("{}/v3/kv/range", etcd.endpoints()[0]);
    let ask = async || {
        let asked = alone.post(&url).body(json!({"key": testkit::etcd::coded("a")}).to_string()).send().await;
        asked.is_ok_and(|answer| answer.status() == 200)
    };
    eventually("it answers no linearizable read", Duration::from_secs(10), async || {
        (!ask().await).then_some(())
    })
    .await;
    etcd.healthy().await;
    etcd.join_again();
    eventually("it answers again", Duration::from_secs(20), async || ask().await.then_some(())).await;
}
