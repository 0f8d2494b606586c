//! Endpoints that fail in every way: each is a 503 for its own callers, and nothing for those of others.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use testkit::scripted::{Peer, Scripted};
use testkit::{Gateway, Start, Upstream, client, eventually};

use super::endpoint::{Endpoint, answer, question};
use super::{active, ask, is, said};

/// What an endpoint does with each question.
#[derive(Debug, Clone)]
enum Fault {
    /// It says these bytes, and waits for the next one.
    Says(Vec<u8>),
    /// It says these bytes, and closes.
    Closes(Vec<u8>),
    /// It says nothing.
    Silent,
}

async fn play(mut peer: Peer, fault: Fault) -> Option<()> {
    loop {
        question(&mut peer).await?;
        match &fault {
            Fault::Says(bytes) => peer.send(bytes).await?,
            Fault::Closes(bytes) => return peer.send(bytes).await,
            Fault::Silent => {}
        }
    }
}

/// 100 MiB of JSON in under 200 KB.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(br#"{"active":true,"x":""#).expect("memory");
    let piece = vec![b'x'; 1 << 20];
    (0..100).for_each(|_| encoder.write_all(&piece).expect("memory"));
    encoder.write_all(br#""}"#).expect("memory");
    let body = encoder.finish().expect("memory");
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.into_bytes(), body].concat()
}

fn faults(elsewhere: &str) -> Vec<(&'static str, Fault)> {
    let json = |body: &str| Fault::Says(answer("200 OK", "application/json", body).into_bytes());
    let status =
        |status: &str| Fault::Says(answer(status, "application/json", r#"{"active":true}"#).into_bytes());
    let redirect =
        format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n");
    vec![
        ("silent", Fault::Silent),
        ("half", Fault::Closes(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"active\":tr".to_vec())),
        ("closes", Fault::Closes(Vec::new())),
        ("text", json(r#"{"active":"true"}"#)),
        ("number", json(r#"{"active":1}"#)),
        ("twice", json(r#"{"active":false,"active":true}"#)),
        ("exp", json(r#"{"active":true,"exp":"soon"}"#)),
        ("large", json(&format!(r#"{{"active":true,"x":"{}"}}"#, "x".repeat(64 * 1024)))),
        ("html", Fault::Says(answer("200 OK", "text/html", "<html>").into_bytes())),
        ("bomb", Fault::Says(bomb())),
        ("redirect", Fault::Says(redirect.into_bytes())),
        ("busy", status("429 Too Many Requests")),
        ("broken", status("500 Internal Server Error")),
        ("created", status("201 Created")),
        ("unauthorized", status("401 Unauthorized")),
        ("forbidden", status("403 Forbidden")),
    ]
}

const KEYS: &str =
    r#"jwks: { keys: [{ kty: OKP, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo }] }"#;

/// A gateway with an agent for each of these endpoints.
async fn gateway(endpoints: &[(&str, String)], more: &str, upstream: &Upstream) -> Gateway {
    let mut body = "identity_providers:\n".to_owned();
    for (name, url) in endpoints {
        body += &format!(
            "  {name}: {{ issuer: 'https://{name}.example', {KEYS}, introspection: {{ endpoint: '{url}', \
             auth: {{ client_id: g, secret_file: s }}{more} }} }}\n"
        );
    }
    body += "agents:\n";
    for (name, _) in endpoints {
        body += &format!(
            "  {name}: {{ route: {{ path: /{name}, strip_path: true }}, upstream: '{}', auth: {{ oauth: {{ \
             identity_providers: [{name}], audiences: [x] }} }} }}\n",
            upstream.url()
        );
    }
    Start { body: &body, files: &[("s", "secret")], ..Start::default() }.ready().await
}

#[tokio::test]
async fn an_endpoint_that_fails_is_a_503_and_never_a_401_and_is_left_alone_after_five_failures() {
    let (upstream, elsewhere) = (Upstream::start().await, Endpoint::start().await);
    elsewhere.says("t", active());
    let mut servers = Vec::new();
    for (name, fault) in faults(&elsewhere.url()) {
        servers.push((name, Scripted::start(move |peer| play(peer, fault.clone())).await));
    }
    let endpoints: Vec<_> = servers.iter().map(|(name, server)| (*name, server.url())).collect();
    let gateway = gateway(&endpoints, ", timeout: 300ms", &upstream).await;
    for (name, server) in &servers {
        for nth in 0..7 {
            let got = ask(&gateway, &format!("/{name}"), &format!("t{nth}")).await;
            let wanted = (503, "introspection_unavailable", Some("1"));
            assert_eq!((got.status, &*got.reason, got.retry_after.as_deref()), wanted, "{name}");
            assert_eq!(got.challenge, "", "{name}");
        }
        // A request that found a connection closed may have been sent again.
        let count = server.count("POST ");
        assert!((5..=10).contains(&count), "{name}: {count}");
        let open =
            gateway.metric("portcullis_introspection_breaker_open", &[&format!("provider=\"{name}\"")]).await;
        assert_eq!(open.to_bits(), 1.0_f64.to_bits(), "{name}");
    }
    assert_eq!(elsewhere.asked().len(), 0, "redirects are not followed");
}

/// Says of one token that it is active, and rejects all others.
async fn picky(mut peer: Peer) -> Option<()> {
    loop {
        let (_, form) = question(&mut peer).await?;
        let said = match form.starts_with("token=good&") {
            true => answer("200 OK", "application/json", &active().to_string()),
            false => answer("400 Bad Request", "application/json", r#"{"error":"invalid_request"}"#),
        };
        peer.say(&said).await?;
    }
}

#[tokio::test]
async fn tokens_that_an_endpoint_rejects_keep_nobody_else_from_asking() {
    let (upstream, server) = (Upstream::start().await, Scripted::start(picky).await);
    let gateway = gateway(&[("picky", server.url())], "", &upstream).await;
    for nth in 0..7 {
        let got = ask(&gateway, "/picky", &format!("odd{nth}")).await;
        let wanted = (503, "introspection_unavailable", Some("1"));
        assert_eq!((got.status, &*got.reason, got.retry_after.as_deref()), wanted);
    }
    assert_eq!(said(&gateway, "/picky", "good").await, is(200, "ok"));
    let open = gateway.metric("portcullis_introspection_breaker_open", &["provider=\"picky\""]).await;
    assert_eq!(open.to_bits(), 0.0_f64.to_bits());
}

#[tokio::test]
async fn a_flood_at_one_agent_leaves_others_at_the_same_provider_their_questions_and_is_no_failure() {
    let (upstream, endpoint) = (Upstream::start().await, Endpoint::start().await);
    let oauth = "oauth: { identity_providers: [corp], audiences: [x] }";
    let agent = |name: &str| {
        format!("  {name}: {{ route: /{name}, upstream: '{}', auth: {{ {oauth} }} }}\n", upstream.url())
    };
    let body = format!(
        "identity_providers:\n  corp: {{ issuer: 'https://corp.example', {KEYS}, introspection: {{ endpoint: '{}', \
         auth: {{ client_id: g, secret_file: s }}, max_in_flight: 8, timeout: 6s }} }}\nagents:\n{}{}",
        endpoint.url(),
        agent("flooded"),
        agent("quiet"),
    );
    let gateway = Start { body: &body, files: &[("s", "secret")], ..Start::default() }.ready().await;
    endpoint.says("own", active());
    endpoint.hold(true);
    let asks: Vec<_> = (0..32)
        .map(|nth| {
            let request = client().get(gateway.url("/flooded")).bearer_auth(format!("t{nth}"));
            tokio::spawn(async move { request.send().await.map_or(0, |answer| answer.status().as_u16()) })
        })
        .collect();
    eventually("the flooded agent asks", Duration::from_secs(10), async || {
        (endpoint.asked().len() == 7).then_some(())
    })
    .await;
    let own = client().get(gateway.url("/quiet")).bearer_auth("own");
    let own = tokio::spawn(async move { own.send().await.map_or(0, |answer| answer.status().as_u16()) });
    eventually("the other one asks as well", Duration::from_secs(10), async || {
        (endpoint.count("own") == 1).then_some(())
    })
    .await;
    // Those that get no place in half of the time are not sent with what is left of it, to fail for that alone.
    let labels = ["provider=\"corp\"", "result=\"timeout\""];
    eventually("the others give up", Duration::from_secs(10), async || {
        (gateway.metric("portcullis_introspection_total", &labels).await.to_bits() == 25.0_f64.to_bits())
            .then_some(())
    })
    .await;
    endpoint.hold(false);
    let mut ends = Vec::new();
    for ask in asks {
        ends.push(ask.await.expect("an end"));
    }
    let count = |status: u16| ends.iter().filter(|end| **end == status).count();
    assert_eq!((count(401), count(503), own.await.expect("an end")), (7, 25, 200));
    assert_eq!(endpoint.asked().len(), 8);
}

#[tokio::test]
async fn an_outage_slows_nobody_else_and_what_was_known_counts_on() {
    let (upstream, ill, well) = (Upstream::start().await, Endpoint::start().await, Endpoint::start().await);
    for endpoint in [&ill, &well] {
        endpoint.says("known", active());
        endpoint.says("new", active());
    }
    let gateway = gateway(&[("ill", ill.url()), ("well", well.url())], ", max_in_flight: 4", &upstream).await;
    assert_eq!(said(&gateway, "/ill", "known").await, is(200, "ok"));
    ill.hold(true);
    let asks: Vec<_> = (0..40)
        .map(|nth| {
            let request = client().get(gateway.url("/ill")).bearer_auth(format!("t{nth}"));
            tokio::spawn(async move { request.send().await.map_or(0, |answer| answer.status().as_u16()) })
        })
        .collect();
    let began = Instant::now();
    assert_eq!(said(&gateway, "/well", "new").await, is(200, "ok"));
    assert_eq!(said(&gateway, "/ill", "known").await, is(200, "ok"));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    for ask in asks {
        assert_eq!(ask.await.expect("an end"), 503);
    }
    ill.hold(false);
    // The known one, and at most those of the sixteen that may wait: four for each question at once.
    assert!(ill.asked().len() <= 17, "{}", ill.asked().len());
}
