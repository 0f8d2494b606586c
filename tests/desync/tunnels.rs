//! Tunnels to an agent that opens them at once and then says nothing: none closes by itself.
//!
//! Without the wait in `src/proxy/tunnel.rs`, two to twenty in a thousand do.

use futures::future::join_all;
use testkit::raw::Wire;
use testkit::{Gateway, Start, Upstream};

use super::case::World;
use super::recorder::Recorder;

const TUNNELS: usize = 4000;
const AT_ONCE: usize = 100;
const HANDSHAKE: &str = "GET /open HTTP/1.1\r\nHost: gateway.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

async fn open(gateway: &Gateway) -> Wire {
    let mut caller = Wire::connect(gateway.port).await;
    caller.send(&[HANDSHAKE]).await;
    let answer = caller.response(false).await.expect("an answer");
    assert_eq!(answer.status, 101, "{answer:?}");
    caller
}

/// How many of some tunnels, all open and silent until then, carry a byte each way.
async fn carry(gateway: &Gateway, tunnels: usize) -> usize {
    let mut carried = 0;
    for _ in 0..tunnels / AT_ONCE {
        let mut callers = join_all((0..AT_ONCE).map(|_| open(gateway))).await;
        let asked = callers.iter_mut().map(async |caller| {
            caller.send(&["x"]).await;
            caller.bytes(1).await == Some(vec![b'x'])
        });
        carried += join_all(asked).await.into_iter().filter(|carried| *carried).count();
    }
    carried
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_tunnel_stays_open() {
    let world = World::new().await;
    let carried = carry(&world.gateway, TUNNELS).await;
    assert_eq!(carried, TUNNELS, "tunnels that closed by themselves: {}", TUNNELS - carried);
    eprintln!("{TUNNELS} silent tunnels, 0 closed by themselves");
}

/// The agent is another gateway, which is reached through TLS and has the silent one behind it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_tunnel_through_tls_stays_open() {
    const THROUGH_TLS: usize = 500;
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let (pem, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let recorder = Recorder::start().await;
    let body = format!(
        "agents:\n  open: {{ route: /, upstream: \"http://127.0.0.1:{}\", auth: public }}\n",
        recorder.port
    );
    let files = [("c.pem", &*pem), ("c.key", &*key)];
    let inner = Start { body: &body, files: &files, tls: &[("c.pem", "c.key")], ..Start::default() };
    let inner = inner.ready().await;
    let body = format!(
        "agents:\n  open: {{ route: /, upstream: {{ url: \"https://localhost:{}\", ca_file: c.pem }}, auth: public }}\n",
        inner.tls_port
    );
    let outer = Start { body: &body, files: &[("c.pem", &*pem)], ..Start::default() }.ready().await;
    let carried = carry(&outer, THROUGH_TLS).await;
    assert_eq!(carried, THROUGH_TLS, "tunnels that closed by themselves: {}", THROUGH_TLS - carried);
    eprintln!("{THROUGH_TLS} silent tunnels through TLS, 0 closed by themselves");
}

#[tokio::test]
async fn a_handshake_that_the_agent_denies_leaves_nothing_behind() {
    let upstream = Upstream::start().await;
    let world = World::new().await;
    let head = HANDSHAKE.replacen("/open", "/open/denies", 1);
    for _ in 0..50 {
        let mut caller = world.caller().await;
        for _ in 0..2 {
            caller.send(&[head.as_str()]).await;
            let answer = caller.response(false).await.expect("an answer");
            assert_eq!((answer.status, answer.is_last()), (200, false), "{answer:?}");
        }
    }
    // An agent that cannot be reached is told apart as for any request.
    let body = format!(
        "agents:\n  gone: {{ route: /open, upstream: \"http://127.0.0.1:9\", auth: public }}\n  \
         here: {{ route: /here, upstream: \"{}\", auth: public }}\n",
        upstream.url()
    );
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let mut caller = Wire::connect(gateway.port).await;
    caller.send(&[HANDSHAKE]).await;
    let answer = caller.response(false).await.expect("an answer");
    assert_eq!(answer.status, 502, "{answer:?}");
    let logged = gateway.logged(answer.field("x-request-id")).await;
    assert_eq!(logged["upstream_error"], "connect_refused", "{logged}");
    eprintln!("100 denied handshakes, 100 answered");
}
