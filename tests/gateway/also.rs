//! Tokens where browsers can put them: in the query, in a cookie, among the subprotocols of a WebSocket. The agent gets
//! none of them, and no log has one.

use futures::{SinkExt as _, StreamExt as _};
use serde_json::json;
use testkit::{Gateway, Issuer, Key, Start, Upstream, raw};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

struct Stage {
    gateway: Gateway,
    upstream: Upstream,
    issuer: Issuer,
    key: Key,
}

/// `all` reads every place, `none` the header alone, `shadow` every place and lets all through.
async fn stage(socket: u16) -> Stage {
    let key = Key::new("ES256", "k1");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let also = json!(["websocket_protocol", {"query": "access_token"}, {"cookie": "session"}]);
    let agent = |path: &str, also: &serde_json::Value, upstream: &str| {
        let oauth = json!({"identity_providers": ["corp"], "audiences": ["x"], "also": also});
        json!({"route": path, "upstream": upstream, "auth": {"oauth": oauth}})
    };
    let mut agents = json!({
        "all": agent("/all", &also, &upstream.url()),
        "none": agent("/none", &json!([]), &upstream.url()),
        "shadow": agent("/shadow", &also, &upstream.url()),
        "socket": agent("/socket", &also, &format!("http://127.0.0.1:{socket}")),
    });
    agents["shadow"]["enforcement"] = "shadow".into();
    let body = format!("identity_providers: {}\nagents: {agents}\n", json!({"corp": {"issuer": issuer.url}}));
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    Stage { gateway, upstream, issuer, key }
}

impl Stage {
    fn token(&self) -> String {
        self.key.token(&self.key.header("ES256"), &self.issuer.claims("x"))
    }

    /// Asserts that nothing that was written holds a part of the token.
    fn assert_not_logged(&self, token: &str) {
        let parts: Vec<&str> = token.split('.').collect();
        for line in self.gateway.stdout().iter().chain(&self.gateway.stderr()) {
            assert!(parts.iter().all(|part| !line.contains(part)), "a token in {line}");
        }
    }
}

#[tokio::test]
async fn a_token_opens_the_agent_from_each_place_that_it_names_and_stays_behind() {
    let stage = stage(9).await;
    let t = stage.token();
    let auth = format!("Authorization: Bearer {t}");
    let cookie = format!("Cookie: a=b; session={t}; c=d");
    let protocol = format!("Sec-WebSocket-Protocol: bearer, {t}, chat");
    for (target, lines, status, arrives) in [
        (format!("/all?access_token={t}"), vec![], 200, "/all"),
        (format!("/all/x?a=%41&access_token={t}&b"), vec![], 200, "/all/x?a=%41&b"),
        (format!("/all/x?a={{&access%5Ftoken={t}"), vec![], 200, "/all/x?a=%7B"),
        ("/all?".to_owned(), vec![&cookie], 200, "/all?"),
        ("/all".to_owned(), vec![&protocol], 200, "/all"),
        ("/all".to_owned(), vec![&auth], 200, "/all"),
        ("/all".to_owned(), vec![], 401, ""),
        ("/all?access_token=nonsense".to_owned(), vec![], 401, ""),
        (format!("/all?access_token={t}"), vec![&auth], 400, ""),
        ("/all".to_owned(), vec![&auth, &cookie], 400, ""),
        (format!("/all?access_token={t}"), vec![&protocol], 400, ""),
        (format!("/all?access_token={t}&access_token={t}"), vec![], 400, ""),
        (format!("/none?access_token={t}"), vec![], 401, ""),
        ("/none".to_owned(), vec![&cookie], 401, ""),
        ("/none".to_owned(), vec![&protocol], 401, ""),
        (format!("/shadow?access_token={t}&a"), vec![&auth, &cookie, &protocol], 200, "/shadow?a"),
    ] {
        let before = stage.upstream.seen().len();
        let lines: Vec<&str> = lines.into_iter().map(String::as_str).collect();
        let answer = raw::get(stage.gateway.port, &target, &lines).await;
        let shown = (target.split('?').next(), lines.len());
        assert_eq!(raw::status(&answer), status, "{shown:?}: {answer}");
        let seen = stage.upstream.seen();
        let Some(seen) = seen.get(before) else {
            assert_ne!(status, 200, "{shown:?}");
            continue;
        };
        assert_eq!((status, seen.target.as_str()), (200, arrives), "{shown:?}");
        assert!(!format!("{seen:?}").contains(&t), "the agent got the token: {seen:?}");
        if lines.contains(&cookie.as_str()) {
            assert_eq!(seen.all("cookie"), ["a=b; c=d"]);
        }
        if lines.contains(&protocol.as_str()) {
            assert_eq!(seen.all("sec-websocket-protocol"), ["chat"]);
        }
        let id = seen.all("x-request-id").concat();
        assert!(!stage.gateway.logged(&id).await.to_string().contains(&t));
    }
    stage.assert_not_logged(&t);
}

/// A WebSocket agent that chooses the subprotocol `chat` where it is offered, and echoes what it was offered.
#[expect(clippy::result_large_err, reason = "what the library wants of a callback")]
async fn sockets() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut offered = String::new();
                let choose = |request: &Request, mut response: Response| {
                    let offer = request.headers().get("sec-websocket-protocol");
                    offered = offer.map(|o| o.to_str().expect("text").to_owned()).unwrap_or_default();
                    if offered.split(", ").any(|one| one == "chat") {
                        let chosen = "chat".parse().expect("a value");
                        response.headers_mut().insert("sec-websocket-protocol", chosen);
                    }
                    Ok(response)
                };
                let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, choose).await else {
                    return;
                };
                let _ = socket.send(Message::text(offered)).await;
            });
        }
    });
    port
}

#[tokio::test]
async fn a_websocket_brings_its_token_among_the_subprotocols_and_gets_one_of_its_own_back() {
    let stage = stage(sockets().await).await;
    let t = stage.token();
    for (offer, offered, chosen) in [
        (format!("bearer, {t}"), "", "bearer"),
        (format!("bearer, {t}, chat"), "chat", "chat"),
        (format!("v2, chat, bearer, {t}"), "v2, chat", "chat"),
    ] {
        let stream = TcpStream::connect(("127.0.0.1", stage.gateway.port)).await.expect("it connects");
        let url = format!("ws://127.0.0.1:{}/socket", stage.gateway.port);
        let mut request = url.into_client_request().expect("a request");
        request.headers_mut().insert("sec-websocket-protocol", offer.parse().expect("a value"));
        // The client refuses an answer with a subprotocol that it has not offered, and one without any.
        let (mut socket, answer) =
            tokio_tungstenite::client_async(request, stream).await.expect("the handshake");
        assert_eq!(answer.headers()["sec-websocket-protocol"], chosen, "{offered}");
        let came = socket.next().await.expect("a message").expect("a sound one");
        assert_eq!(came, Message::text(offered));
    }
    stage.assert_not_logged(&t);
}
