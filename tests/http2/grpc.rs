//! How a gRPC call ends whose right a change takes away, or that an operator ends: after the message under way, with
//! trailers that say so.

use testkit::grpc::{Agent, Call, End, Upload, message};
use testkit::raw;
use testkit::scripted::{Peer, Scripted};
use testkit::{Certificate, Since, Start, eventually};

use super::world::{SOON, World};

/// `UNAUTHENTICATED`: the client's right is gone.
const UNAUTHENTICATED: &str = "16";
/// `UNAVAILABLE`: the client may call again.
const UNAVAILABLE: &str = "14";

/// Who ends a call.
#[derive(Debug, Clone, Copy)]
enum By {
    Removal,
    Operator,
}

impl By {
    async fn ends(self, world: &World) -> Since {
        match self {
            Self::Removal => world.removes_the_others().await,
            Self::Operator => {
                let (since, count) = Since::an_operator_ends(&world.gateway, "gone").await;
                assert_eq!(count, 1);
                since
            }
        }
    }

    fn trailers(self) -> End {
        let (status, words) = match self {
            Self::Removal => (UNAUTHENTICATED, "revoked"),
            Self::Operator => (UNAVAILABLE, "ended by an operator"),
        };
        End::Trailers(status.to_owned(), words.to_owned())
    }
}

/// A gateway with an agent at `/gone` that has said this to each caller.
async fn before(first: &[u8]) -> (Agent, World) {
    let certificate = Certificate::for_name("localhost");
    let agent = Agent::start(&certificate, first.to_vec()).await;
    let world = world_of(&agent, &certificate).await;
    (agent, world)
}

/// A gateway with this agent at `/gone`.
async fn world_of(agent: &Agent, certificate: &Certificate) -> World {
    let more = format!(
        "  gone: {{ route: /gone, auth: public, upstream: {{ url: \"{}\", ca_file: ca.pem }} }}\n",
        agent.url()
    );
    let start = Start { admin: Some(""), files: &[("ca.pem", &certificate.pem)], ..Start::default() };
    World::of(start, &more).await
}

#[tokio::test]
async fn a_call_ends_after_the_message_under_way_with_trailers() {
    let (one, two) = (message("one"), message("two"));
    let (begin, rest) = two.split_at(6);
    let cases = [
        ("between two messages", one.clone(), vec![], one.clone()),
        (
            "within a message",
            [&one[..], begin].concat(),
            [rest, &message("three")[..]].concat(),
            [&one[..], &two[..]].concat(),
        ),
        ("within a message that never ends", [&one[..], begin].concat(), vec![], [&one[..], begin].concat()),
    ];
    for by in [By::Removal, By::Operator] {
        for (what, first, later, wanted) in &cases {
            let (agent, world) = before(first).await;
            let mut call = Call::begin(world.gateway.tls_port, &world.pem, "/gone/a.B/C").await;
            let mut came = call.read(first.len()).await;
            let since = by.ends(&world).await;
            if !later.is_empty() {
                agent.say(later.clone());
            }
            let (rest, end) = call.end().await;
            since.has_ended(what);
            came.extend(rest);
            assert_eq!((&came, end), (wanted, by.trailers()), "{what}, {by:?}");
            let given_up = async || (agent.given_up() == 1).then_some(());
            eventually("the agent's call is given up as well", SOON, given_up).await;
        }
    }
}

#[tokio::test]
async fn a_call_that_nobody_ends_has_the_trailers_of_its_agent() {
    let (agent, world) = before(&message("one")).await;
    let mut call = Call::begin(world.gateway.tls_port, &world.pem, "/gone/a.B/C").await;
    call.read(message("one").len()).await;
    agent.finish();
    assert_eq!(call.end().await, (vec![], End::Trailers("0".to_owned(), String::new())));
}

#[tokio::test]
async fn a_call_that_goes_on_without_an_answer_is_ended_as_well() {
    let certificate = Certificate::for_name("localhost");
    let agent = Agent::silent(&certificate).await;
    let world = world_of(&agent, &certificate).await;
    let mut call = Upload::begin(world.gateway.tls_port, &world.pem, "/gone/a.B/C").await;
    let since = eventually("it is listed", SOON, async || {
        call.say("more");
        let (since, count) = Since::an_operator_ends(&world.gateway, "gone").await;
        (count == 1).then_some(since)
    })
    .await;
    let end = call.end().await;
    since.has_ended("the call");
    assert_eq!(end, End::Trailers(UNAVAILABLE.to_owned(), "The agent is busy. Try again later.".to_owned()));
    let given_up = async || (agent.given_up() == 1).then_some(());
    eventually("the agent's call is given up as well", SOON, given_up).await;
}

#[tokio::test]
async fn a_call_over_http_1_is_cut_for_want_of_trailers() {
    let begin = "4\r\n\0\0\0\0\r\n";
    let agent = Scripted::start(move |mut peer: Peer| async move {
        peer.head().await?;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n";
        peer.say(&format!("{head}{begin}")).await?;
        peer.until("never").await.map(drop)
    })
    .await;
    let more = format!("  gone: {{ route: /gone, auth: public, upstream: \"{}\" }}\n", agent.url());
    let world = World::operated(&more).await;
    let mut caller = raw::Wire::connect(world.gateway.port).await;
    caller.send(&["GET /gone HTTP/1.1\r\nHost: gateway.test\r\n\r\n"]).await;
    assert_eq!(caller.response(true).await.map(|response| response.status), Some(200));
    caller.until(begin, SOON).await;
    let since = By::Removal.ends(&world).await;
    let rest = caller.remainder().await;
    since.has_ended("a call over HTTP/1.1");
    assert_eq!(rest, b"", "it is not said to be whole");
}
