//! Opaque tokens of a certified provider: the gateway finds its introspection endpoint, proves who it is in each way, and
//! learns of a revocation, while a stream runs as well.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use testkit::raw::Wire;
use testkit::scripted::Scripted;
use testkit::{Gateway, Start, Upstream, client};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::provider::Provider;

const OPAQUE: &str = "urn:portcullis:opaque";
const SOON: Duration = Duration::from_secs(20);

async fn gateway(provider: &Provider, auth: &str, upstream: &Upstream) -> Gateway {
    let body = format!(
        "identity_providers:\n  one:\n    issuer: \"{}\"\n    introspection: {{ auth: {{ {auth} }}, max_ttl: 0s, negative_ttl: 0s{} }}\n\
         agents:\n  a: {{ route: /a, upstream: \"{}\", auth: {{ oauth: {{ identity_providers: [one], audiences: [\"{OPAQUE}\"], \
         scopes: {{ all_of: [\"refunds:write\"] }} }} }} }}\n",
        provider.site().issuer(),
        if auth.contains("private_key_jwt") { ", signed: true" } else { "" },
        upstream.url(),
    );
    Start { body: &body, files: &[("secret", "a secret+\n")], ..Start::default() }.ready().await
}

async fn said(gateway: &Gateway, token: &str) -> (u16, String) {
    said_of(gateway, "/a", token).await
}

async fn said_of(gateway: &Gateway, path: &str, token: &str) -> (u16, String) {
    let answer = client().get(gateway.url(path)).bearer_auth(token).send().await.expect("an answer");
    let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
    let line = gateway.logged(&id).await;
    (answer.status().as_u16(), line["auth"]["reason"].as_str().expect("a reason").to_owned())
}

#[tokio::test]
async fn an_opaque_token_passes_until_it_is_revoked_however_the_gateway_proves_who_it_is() {
    let (provider, upstream) = (Provider::start().await, Upstream::start().await);
    let key = format!(
        "client_id: key, private_key_jwt: {{ key_file: '{}', alg: ES256 }}",
        provider.client_key().display()
    );
    for auth in
        ["client_id: basic, secret_file: secret", "client_id: post, secret_file: secret, method: post", &key]
    {
        let gateway = gateway(&provider, auth, &upstream).await;
        let token = provider.token("rs256", OPAQUE).await;
        assert!(!token.contains('.'), "{token}");
        assert_eq!(said(&gateway, &token).await, (200, "ok".to_owned()), "{auth}");
        assert_eq!(provider.revoke("rs256", &token).await, 200);
        assert_eq!(said(&gateway, &token).await, (401, "token_inactive".to_owned()), "{auth}");
    }
    // The provider refuses the gateway itself: nobody's token is to blame.
    let stranger = gateway(&provider, "client_id: stranger, secret_file: secret", &upstream).await;
    let token = provider.token("es256", OPAQUE).await;
    assert_eq!(said(&stranger, &token).await, (503, "introspection_unavailable".to_owned()));
}

/// An agent that accepts WebSockets and says nothing.
async fn sockets() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
                while let Some(Ok(_)) = socket.next().await {}
            });
        }
    });
    port
}

/// An agent that begins a stream of events and says no second one.
async fn events() -> Scripted {
    Scripted::start(|mut peer| async move {
        peer.head().await?;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        peer.say(&format!("{head}9\r\ndata: 1\n\n\r\n")).await?;
        peer.until("never").await.map(drop)
    })
    .await
}

#[tokio::test]
async fn a_revocation_at_the_provider_ends_the_running_streams_of_the_token_within_max_ttl() {
    const MAX_TTL: Duration = Duration::from_secs(3);
    let (provider, events, sockets) = (Provider::start().await, events().await, sockets().await);
    let oauth = format!("auth: {{ oauth: {{ identity_providers: [one], audiences: [\"{OPAQUE}\"] }} }}");
    let body = format!(
        "identity_providers:\n  one:\n    issuer: \"{}\"\n    introspection: {{ auth: {{ client_id: basic, secret_file: secret }}, max_ttl: {}s }}\n\
         agents:\n  events: {{ route: /events, upstream: \"{}\", {oauth} }}\n  \
         sockets: {{ route: /sockets, upstream: \"http://127.0.0.1:{sockets}\", {oauth} }}\n",
        provider.site().issuer(),
        MAX_TTL.as_secs(),
        events.url(),
    );
    let gateway =
        Start { body: &body, files: &[("secret", "a secret+\n")], ..Start::default() }.ready().await;
    let token = provider.token("rs256", OPAQUE).await;
    let mut wire = Wire::connect(gateway.port).await;
    let head = format!("GET /events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n");
    assert!(wire.say(head.as_bytes()).await, "it is sent");
    assert!(!wire.until("data: 1\n\n\r\n", SOON).await.ended, "it runs");
    let mut request =
        format!("ws://127.0.0.1:{}/sockets", gateway.port).into_client_request().expect("a request");
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().expect("a value"));
    let stream = TcpStream::connect(("127.0.0.1", gateway.port)).await.expect("it connects");
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("the handshake");
    assert!(
        timeout(MAX_TTL + Duration::from_secs(1), socket.next()).await.is_err(),
        "it runs while it is active"
    );
    assert_eq!(provider.revoke("rs256", &token).await, 200);
    let since = Instant::now();
    let last = timeout(SOON, socket.next()).await.expect("soon").expect("a message").expect("a sound one");
    let Message::Close(Some(frame)) = last else { panic!("{last:?}") };
    assert_eq!((u16::from(frame.code), frame.reason.as_str()), (1008, "revoked"));
    let came = wire.until("\0", SOON).await;
    assert_eq!((&*String::from_utf8_lossy(&came.bytes), came.ended), ("A\r\n: revoked\n\r\n0\r\n\r\n", true));
    // A busy machine has a second more.
    assert!(since.elapsed() < MAX_TTL + Duration::from_secs(1), "{:?}", since.elapsed());
    assert_eq!(said_of(&gateway, "/events", &token).await, (401, "token_inactive".to_owned()));
}
