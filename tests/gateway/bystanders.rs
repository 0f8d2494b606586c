//! A thousand streams of others while one is ended: each gets every byte that its agent sends, to the end.

use std::path::Path;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;
use reqwest::{Client, RequestBuilder, Response, Version};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use testkit::raw::Wire;
use testkit::scripted::{Peer, Scripted};
use testkit::{Certificate, Gateway, Key, Since, Start, client, eventually, now, portcullis};
use tokio::sync::watch;

/// Streams that nobody ends.
const BYSTANDERS: usize = 1_000;
/// So many of them come over one HTTP/2 connection; the gateway allows 100.
const OVER_ONE: usize = 50;
/// What this process holds at most: a connection for each stream at the agent, and for each of those over HTTP/1.1.
const DESCRIPTORS: u64 = 2 * BYSTANDERS as u64 + 200;
/// How many connections begin at once: well under the backlog of a listener.
const AT_ONCE: usize = 32;
/// Events of each stream: the first half before the change and during it, the others after it.
const EVENTS: usize = 8;
/// The longest that a stream takes from its request to its end, on a machine that is busy.
const MOST: Duration = Duration::from_secs(100);
const SOON: Duration = Duration::from_secs(30);

/// An agent that sends to each caller as many events as it is told, each with the path, and ends well after the last.
struct Agent {
    scripted: Scripted,
    events: watch::Sender<usize>,
}

impl Agent {
    async fn start() -> Self {
        let (events, told) = watch::channel(1);
        let scripted = Scripted::start(move |mut peer: Peer| {
            let mut told = told.clone();
            async move {
                let head = peer.head().await?;
                let path = head.split(' ').nth(1)?;
                let begin = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
                peer.say(begin).await?;
                let mut said = 0;
                while said < EVENTS {
                    let wanted = *told.wait_for(|events| *events > said).await.ok()?;
                    while said < wanted {
                        said += 1;
                        let event = event(path, said);
                        peer.say(&format!("{:x}\r\n{event}\r\n", event.len())).await?;
                    }
                }
                peer.say("0\r\n\r\n").await
            }
        })
        .await;
        Self { scripted, events }
    }

    /// Every stream has so many events from now on.
    fn says(&self, events: usize) {
        self.events.send_replace(events);
    }
}

fn event(path: &str, number: usize) -> String {
    format!("data: {path} {number}\n\n")
}

/// Whose a stream is.
struct Crowd {
    /// The header lines of each kind of client: of another agent, with another key, of one provider and of another.
    kinds: [(&'static str, &'static str, String); 4],
    /// The key of the one that is ended.
    key: String,
    /// What the configuration has before and after that.
    before: String,
    after: String,
}

impl Crowd {
    async fn of(agent: &Agent) -> Self {
        let made = async || portcullis(Path::new("/"), &["api-key", "create", "--agent", "k"]).await.out;
        let (mine, others) = (made().await, made().await);
        let parts = |made: &str| {
            let (key, entry) = made.split_once('\n').expect("a key and what to store");
            (key.to_owned(), entry.trim_start().to_owned())
        };
        let ((key, entry), (other, other_entry)) = (parts(&mine), parts(&others));
        let (signer, url) = (Key::new("ES256", "k1"), agent.scripted.url());
        let issuer = |name: &str| format!("https://{name}.example");
        let bearer = |name: &str| {
            let claims = json!({"iss": issuer(name), "sub": "alice", "aud": "x", "exp": now() + 600});
            format!("Bearer {}", signer.signed(&claims))
        };
        let provider = |name: &str| json!({"issuer": issuer(name), "jwks": {"keys": [signer.jwk()]}});
        let providers = json!({"corp": provider("corp"), "partner": provider("partner")});
        let oauth = json!({"identity_providers": ["corp", "partner"], "audiences": ["x"]});
        let agents = json!({
            "k": {"route": "/k", "upstream": url, "auth": {"api_key": {}}},
            "o": {"route": "/o", "upstream": url, "auth": "public"},
            "t": {"route": "/t", "upstream": url, "auth": {"oauth": oauth}},
        });
        let common = format!("identity_providers: {providers}\nagents: {agents}\n");
        // Each entry stands below a key of its own; here both stand below one.
        let below = other_entry.split_once("api_keys:\n").expect("an entry").1;
        let revoked = entry.trim_end().to_owned() + "\n    revoked_at: 2020-01-01T00:00:00Z\n";
        Self {
            kinds: [
                ("/o", "x-note", "none".to_owned()),
                ("/k", "x-api-key", other),
                ("/t", "authorization", bearer("corp")),
                ("/t", "authorization", bearer("partner")),
            ],
            key,
            before: format!("{common}{}\n{below}", entry.trim_end()),
            after: format!("{common}{revoked}{below}"),
        }
    }

    /// The request of one of them, by its number.
    fn request(&self, number: usize, clients: &[(Client, String)]) -> (String, RequestBuilder) {
        let (route, header, value) = &self.kinds[number % self.kinds.len()];
        let path = format!("{route}/{number}");
        let over_http_1 = (number / self.kinds.len()).is_multiple_of(2);
        let (client, base) = &clients[if over_http_1 { 0 } else { 1 + number / 2 / OVER_ONE }];
        (path.clone(), client.get(format!("{base}{path}")).header(*header, value).timeout(MOST))
    }
}

/// A client for HTTP/1.1, and then as many of HTTP/2 as are needed.
fn clients(gateway: &Gateway) -> Vec<(Client, String)> {
    let many = BYSTANDERS / 2 / OVER_ONE;
    let mut clients = vec![(client(), gateway.url(""))];
    clients.extend((0..many).map(|_| gateway.http2()));
    clients
}

/// Begins a stream, and waits for its first event.
async fn begin((path, request): (String, RequestBuilder)) -> (String, Response, Vec<u8>) {
    let mut response = request.send().await.unwrap_or_else(|error| panic!("{path}: {error:?}"));
    assert_eq!(response.status(), 200, "{path}");
    let came = response.chunk().await.expect("it stands").unwrap_or_default();
    (path, response, came.to_vec())
}

/// Reads a stream to its end, which is a good one, and compares each byte.
async fn is_whole((path, mut response, mut came): (String, Response, Vec<u8>)) {
    while let Some(piece) =
        response.chunk().await.unwrap_or_else(|error| panic!("{path}: it was cut: {error:?}"))
    {
        came.extend_from_slice(&piece);
    }
    let wanted: String = (1..=EVENTS).map(|number| event(&path, number)).collect();
    assert_eq!(String::from_utf8_lossy(&came), wanted, "{path}");
}

/// Lets this process hold as many descriptors as it needs.
fn make_room() {
    let limit = getrlimit(Resource::Nofile);
    let needed = limit.current.map(|now| now.max(DESCRIPTORS));
    let maximum = limit.maximum;
    assert!(maximum.is_none_or(|most| most >= DESCRIPTORS), "it takes {DESCRIPTORS} descriptors: {limit:?}");
    setrlimit(Resource::Nofile, Rlimit { current: needed, maximum }).expect("the limit is raised");
}

#[tokio::test]
async fn a_thousand_streams_of_others_lose_no_byte_while_one_is_ended() {
    make_room();
    let agent = Agent::start().await;
    let crowd = Crowd::of(&agent).await;
    let certificate = Certificate::generate();
    let start = Start { body: &crowd.before, certificate: Some(&certificate), ..Start::default() };
    let gateway = start.ready().await;
    let clients = clients(&gateway);
    let requests = (0..BYSTANDERS).map(|number| crowd.request(number, &clients));
    let others: Vec<_> = stream::iter(requests.map(begin)).buffer_unordered(AT_ONCE).collect().await;
    let over_http_2 = others.iter().filter(|(_, response, _)| response.version() == Version::HTTP_2).count();
    assert_eq!(over_http_2, BYSTANDERS / 2);
    let mut judged = Wire::connect(gateway.port).await;
    let request = format!("GET /k/judged HTTP/1.1\r\nHost: a\r\nX-API-Key: {}\r\n\r\n", crowd.key);
    assert!(judged.say(request.as_bytes()).await, "it is sent");
    judged.until("1\n\n\r\n", SOON).await;

    // Events are on their way while the change comes.
    for events in 2..EVENTS / 2 {
        agent.says(events);
    }
    let since = Since::reload(&gateway, &crowd.after).await;
    agent.says(EVENTS / 2);
    let rest = judged.remainder().await;
    since.has_ended("one among a thousand");
    let rest = String::from_utf8_lossy(&rest);
    assert!(rest.contains(": revoked\n") && rest.ends_with("0\r\n\r\n"), "{rest:?}");

    for events in EVENTS / 2 + 1..=EVENTS {
        agent.says(events);
    }
    let whole = stream::iter(others.into_iter().map(is_whole)).buffer_unordered(BYSTANDERS).count().await;
    assert_eq!(whole, BYSTANDERS);
    let logged = eventually("all are logged", SOON, async || {
        let lines = gateway.stdout();
        (lines.len() > BYSTANDERS).then_some(lines)
    })
    .await;
    let ended: Vec<_> = logged.iter().filter(|line| line.contains("ended_by")).collect();
    assert!(ended.len() == 1 && ended[0].contains("/k/judged"), "{ended:?}");
    let counted = gateway.metric("portcullis_streams_ended_total", &[]).await;
    assert!((counted - 1.0).abs() < f64::EPSILON, "{counted}");
}
