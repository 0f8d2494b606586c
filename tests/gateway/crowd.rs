//! Too many connections, too many requests under way, too many fields: what is turned away is told so at once, and
//! what rests makes room.

use std::time::Duration;

use testkit::{Gateway, Start, Upstream, client, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

const REQUEST: &[u8] = b"GET /p HTTP/1.1\r\nHost: a\r\n\r\n";

async fn gateway(upstream: &Upstream, server: &str, agent: &str) -> Gateway {
    let body = format!(
        "agents:\n\
         \x20 p: {{ route: /p, upstream: \"{0}\", auth: public{agent} }}\n\
         \x20 other: {{ route: /other, upstream: \"{0}\", auth: public }}\n",
        upstream.url()
    );
    Start { body: &body, server, ..Start::default() }.ready().await
}

async fn connect(gateway: &Gateway, from: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(format!("{from}:0").parse().expect("an address")).expect("it is bound");
    let to = format!("127.0.0.1:{}", gateway.port).parse().expect("an address");
    socket.connect(to).await.expect("it connects")
}

/// What comes until the gateway closes, or until a whole head has come.
async fn head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = async {
        while !bytes.windows(4).any(|w| w == b"\r\n\r\n") {
            if !matches!(stream.read_buf(&mut bytes).await, Ok(n) if n > 0) {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), read).await.expect("an answer in time");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn resting_connections_make_room_for_those_that_ask() {
    let upstream = Upstream::start().await;
    let gateway = gateway(&upstream, "  limits: { connections: 10 }\n", "").await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(connect(&gateway, "127.0.0.1").await);
    }
    for turn in 0..20 {
        let mut stream = connect(&gateway, "127.0.0.1").await;
        stream.write_all(REQUEST).await.expect("it is sent");
        assert!(head(&mut stream).await.starts_with("HTTP/1.1 200"), "{turn}");
    }
    assert!(gateway.metric("portcullis_connections_made_room_total", &[]).await >= 40.0);
    eventually("those that made room are gone", Duration::from_secs(10), async || {
        (gateway.metric("portcullis_connections", &[]).await <= 11.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn when_nobody_rests_a_new_connection_is_turned_away_with_503() {
    let upstream = Upstream::start().await;
    let gateway = gateway(&upstream, "  limits: { connections: 4, header_timeout: 20s }\n", "").await;
    let slow = std::sync::Mutex::new(Vec::new());
    let refused = &["limit=\"connections\""];
    let answer = eventually("all seats are taken", Duration::from_secs(10), async || {
        let mut stream = connect(&gateway, "127.0.0.1").await;
        stream.write_all(REQUEST).await.ok()?;
        let answer = head(&mut stream).await;
        if answer.starts_with("HTTP/1.1 503") {
            return Some(answer);
        }
        // One more that is in the middle of its head, and so does not rest.
        let mut stream = connect(&gateway, "127.0.0.1").await;
        stream.write_all(b"GET /p HT").await.ok()?;
        slow.lock().expect("the slow ones").push(stream);
        None
    })
    .await;
    let answer = answer.to_lowercase();
    for part in ["\r\nretry-after: 1\r\n", "\r\nconnection: close\r\n", "problem+json", "\r\nx-request-id: "]
    {
        assert!(answer.contains(part), "{part}: {answer}");
    }
    assert!(gateway.metric("portcullis_connections_refused_total", refused).await >= 1.0);
    drop(slow);
    eventually("there are seats again", Duration::from_secs(10), async || {
        let mut stream = connect(&gateway, "127.0.0.1").await;
        stream.write_all(REQUEST).await.ok()?;
        head(&mut stream).await.starts_with("HTTP/1.1 200").then_some(())
    })
    .await;
}

#[tokio::test]
async fn one_address_cannot_take_the_seats_of_another() {
    let upstream = Upstream::start().await;
    let gateway = gateway(&upstream, "  limits: { connections_per_address: 5 }\n", "").await;
    let mut kept = Vec::new();
    for _ in 0..5 {
        let mut stream = connect(&gateway, "127.0.0.2").await;
        stream.write_all(REQUEST).await.expect("it is sent");
        assert!(head(&mut stream).await.starts_with("HTTP/1.1 200"));
        kept.push(stream);
    }
    let mut sixth = connect(&gateway, "127.0.0.2").await;
    sixth.write_all(REQUEST).await.expect("it is sent");
    assert!(head(&mut sixth).await.starts_with("HTTP/1.1 503"));
    let mut other = connect(&gateway, "127.0.0.3").await;
    other.write_all(REQUEST).await.expect("it is sent");
    assert!(head(&mut other).await.starts_with("HTTP/1.1 200"));
    let refused = &["limit=\"connections_per_address\""];
    assert!(gateway.metric("portcullis_connections_refused_total", refused).await >= 1.0);
}

#[tokio::test]
async fn an_agent_that_has_its_fill_answers_503_and_others_do_not_notice() {
    let upstream = Upstream::start().await;
    let gateway = gateway(&upstream, "", ", max_in_flight: 3").await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        let answer = client().get(gateway.url("/p/sse")).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        streams.push(answer);
    }
    let full = client().get(gateway.url("/p")).send().await.expect("an answer");
    assert_eq!(full.status(), 503);
    assert_eq!(full.headers()["retry-after"], "1");
    let id = full.headers()["x-request-id"].to_str().expect("text").to_owned();
    assert_eq!(full.headers()["content-type"], "application/problem+json");
    let line = gateway.logged(&id).await;
    assert_eq!(line["upstream_error"], "too_many_in_flight", "{line}");
    assert_eq!(client().get(gateway.url("/other")).send().await.expect("an answer").status(), 200);
    // The requests that are under way are counted on after a change.
    let text = std::fs::read_to_string(gateway.config()).expect("the configuration");
    std::fs::write(gateway.config(), text.replace("max_in_flight: 3", "max_in_flight: 4")).expect("a change");
    let fourth = eventually("the change is in force", Duration::from_secs(5), async || {
        let answer = client().get(gateway.url("/p/sse")).send().await.ok()?;
        (answer.status() == 200).then_some(answer)
    })
    .await;
    assert_eq!(client().get(gateway.url("/p")).send().await.expect("an answer").status(), 503);
    drop((streams, fourth));
    eventually("there is place again", Duration::from_secs(10), async || {
        (client().get(gateway.url("/p")).send().await.ok()?.status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_head_with_more_fields_than_allowed_gets_431() {
    let upstream = Upstream::start().await;
    let gateway = gateway(&upstream, "  limits: { header_fields: 20 }\n", "").await;
    for (more, wanted) in [(19, "HTTP/1.1 200"), (20, "HTTP/1.1 431")] {
        let mut stream = connect(&gateway, "127.0.0.1").await;
        let fields: String = (0..more).map(|n| format!("X-{n}: 1\r\n")).collect();
        let request = format!("GET /p HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        stream.write_all(request.as_bytes()).await.expect("it is sent");
        let answer = head(&mut stream).await;
        assert!(answer.starts_with(wanted), "{more} more fields: {answer}");
    }
}
