//! What a request may say: each rule of RFC 9113 section 8, and what must come of a head that breaks it.

use super::wire::{DATA, END_HEADERS, END_STREAM, Fate, HEADERS, block, frame};
use super::world::{SOON, World};

const M: (&str, &str) = (":method", "GET");
const POST: (&str, &str) = (":method", "POST");
const S: (&str, &str) = (":scheme", "https");
const A: (&str, &str) = (":authority", "gateway.test");
/// `$` is a path of the case's own.
const P: (&str, &str) = (":path", "$");

#[derive(Clone, Copy)]
enum Want {
    /// It reaches the agent once and is answered with 200.
    Passes,
    /// It is answered with this and reaches no agent.
    Answered(u16),
    /// It is answered with 400, or reset, or ends the connection; it reaches no agent.
    Refused,
    /// It passes, but what breaks the rule reaches nobody: the library overlooks it, and leaves it out.
    LeftOut,
    /// The agent never gets a whole request: it is reset, or ends the connection.
    Broken,
}
use Want::{Answered, Broken, LeftOut, Passes, Refused};

/// What comes after the head.
#[derive(Clone, Copy)]
enum Then {
    /// The head ends the request.
    Nothing,
    /// Pieces of a body, the last of which ends it.
    Body(&'static [&'static str]),
    /// A body, and trailers which end the request if that is said.
    Trailers(&'static str, &'static [(&'static str, &'static str)], bool),
}
use Then::{Body, Nothing, Trailers};

struct Case(&'static str, &'static [(&'static str, &'static str)], Then, Want);

const CASES: &[Case] = &[
    Case("a plain request", &[M, S, A, P], Nothing, Passes),
    Case("pseudo fields in another order", &[P, A, S, M], Nothing, Passes),
    Case("an upper-case name", &[M, S, A, P, ("X-Upper", "1")], Nothing, Refused),
    Case("one upper-case letter", &[M, S, A, P, ("x-uppeR", "1")], Nothing, Refused),
    Case("an upper-case pseudo field", &[(":Method", "GET"), S, A, P], Nothing, Refused),
    Case("connection: close", &[M, S, A, P, ("connection", "close")], Nothing, Refused),
    Case("connection names a field", &[M, S, A, P, ("x-a", "1"), ("connection", "x-a")], Nothing, Refused),
    Case("keep-alive", &[M, S, A, P, ("keep-alive", "timeout=5")], Nothing, Refused),
    Case("proxy-connection", &[M, S, A, P, ("proxy-connection", "keep-alive")], Nothing, Refused),
    Case("transfer-encoding: chunked", &[M, S, A, P, ("transfer-encoding", "chunked")], Nothing, Refused),
    Case(
        "chunked with a body",
        &[POST, S, A, P, ("transfer-encoding", "chunked")],
        Body(&["0\r\n\r\n"]),
        Refused,
    ),
    Case("transfer-encoding: identity", &[M, S, A, P, ("transfer-encoding", "identity")], Nothing, Refused),
    Case("upgrade: h2c", &[M, S, A, P, ("upgrade", "h2c")], Nothing, Refused),
    Case("upgrade: websocket", &[M, S, A, P, ("upgrade", "websocket")], Nothing, Refused),
    Case("te: gzip", &[M, S, A, P, ("te", "gzip")], Nothing, Refused),
    Case("te: trailers, gzip", &[M, S, A, P, ("te", "trailers, gzip")], Nothing, Refused),
    Case("te: trailers", &[M, S, A, P, ("te", "trailers")], Nothing, Passes),
    Case("no method", &[S, A, P], Nothing, Refused),
    Case("no scheme", &[M, A, P], Nothing, Refused),
    Case("no path", &[M, S, A], Nothing, Refused),
    Case("no authority and no host", &[M, S, P], Nothing, Answered(400)),
    Case("no pseudo fields", &[("host", "gateway.test")], Nothing, Refused),
    Case("nothing at all", &[], Nothing, Refused),
    Case("an empty method", &[(":method", ""), S, A, P], Nothing, Refused),
    Case("an empty scheme", &[M, (":scheme", ""), A, P], Nothing, Refused),
    Case("an empty authority", &[M, S, (":authority", ""), P], Nothing, Refused),
    Case("an empty path", &[M, S, A, (":path", "")], Nothing, Refused),
    Case("two methods", &[M, M, S, A, P], Nothing, Refused),
    Case("two schemes", &[M, S, S, A, P], Nothing, Refused),
    Case("two authorities", &[M, S, A, A, P], Nothing, Refused),
    Case("two paths", &[M, S, A, P, P], Nothing, Refused),
    Case("a second path that differs", &[M, S, A, P, (":path", "/shut")], Nothing, Refused),
    Case("a method after a field", &[S, A, P, ("x-a", "1"), M], Nothing, Refused),
    Case("a path after a field", &[M, S, A, ("x-a", "1"), P], Nothing, Refused),
    Case(
        "a second authority after a field",
        &[M, S, A, P, ("x-a", "1"), (":authority", "b")],
        Nothing,
        Refused,
    ),
    Case("an unknown pseudo field", &[M, S, A, P, (":foo", "1")], Nothing, Refused),
    Case("a status in a request", &[M, S, A, P, (":status", "200")], Nothing, Refused),
    Case("a protocol on GET", &[M, S, A, P, (":protocol", "websocket")], Nothing, Refused),
    Case("a nameless pseudo field", &[M, S, A, P, (":", "1")], Nothing, Refused),
    Case("CONNECT", &[(":method", "CONNECT"), (":authority", "gateway.test:443")], Nothing, Answered(405)),
    Case("CONNECT with a path", &[(":method", "CONNECT"), A, P], Nothing, Refused),
    Case("CONNECT with all", &[(":method", "CONNECT"), S, A, P], Nothing, Refused),
    Case(
        "extended CONNECT, which was not offered",
        &[(":method", "CONNECT"), S, A, P, (":protocol", "websocket")],
        Nothing,
        Refused,
    ),
    Case("TRACE", &[(":method", "TRACE"), S, A, P], Nothing, Answered(405)),
    Case("a method with a blank", &[(":method", "GET /x"), S, A, P], Nothing, Refused),
    Case("a method with a line end", &[(":method", "GET\r\nX: y"), S, A, P], Nothing, Refused),
    Case("a method of its own", &[(":method", "PURGE"), S, A, P], Nothing, Passes),
    Case("scheme http", &[M, (":scheme", "http"), A, P], Nothing, Passes),
    Case("scheme ftp", &[M, (":scheme", "ftp"), A, P], Nothing, Refused),
    Case("a scheme with a line end", &[M, (":scheme", "https\r\n"), A, P], Nothing, Refused),
    Case("a scheme that is a URL", &[M, (":scheme", "https://b/x?"), A, P], Nothing, Refused),
    Case("a path without a slash", &[M, S, A, (":path", "open/a")], Nothing, Refused),
    Case("a star", &[M, S, A, (":path", "*")], Nothing, Refused),
    Case("OPTIONS of a star", &[(":method", "OPTIONS"), S, A, (":path", "*")], Nothing, Refused),
    Case("a URL as path", &[M, S, A, (":path", "https://gateway.test/open/a")], Nothing, Refused),
    Case("another host's URL as path", &[M, S, A, (":path", "http://b.test/open/a")], Nothing, Refused),
    Case("a blank in the path", &[M, S, A, (":path", "/open/a b")], Nothing, Refused),
    Case("a version in the path", &[M, S, A, (":path", "/open/a HTTP/1.1")], Nothing, Refused),
    Case("a line end in the path", &[M, S, A, (":path", "/open/a\r\nX: y")], Nothing, Refused),
    Case("a line feed in the path", &[M, S, A, (":path", "/open/a\nb")], Nothing, Refused),
    Case("NUL in the path", &[M, S, A, (":path", "/open/a\0b")], Nothing, Refused),
    Case("a tab in the path", &[M, S, A, (":path", "/open/a\tb")], Nothing, Refused),
    Case("DEL in the path", &[M, S, A, (":path", "/open/a\x7fb")], Nothing, Refused),
    Case("letters beyond ASCII in the path", &[M, S, A, (":path", "/open/ä")], Nothing, Refused),
    Case("a fragment", &[M, S, A, (":path", "$#b")], Nothing, LeftOut),
    Case("two slashes", &[M, S, A, (":path", "//open/a")], Nothing, Refused),
    Case("dots", &[M, S, A, (":path", "/shut/../open/a")], Nothing, Refused),
    Case("encoded dots", &[M, S, A, (":path", "/shut/%2e%2e/open/a")], Nothing, Refused),
    Case("a backslash", &[M, S, A, (":path", "/shut\\..\\open")], Nothing, Refused),
    Case(
        "quotes in the query, which the library refuses",
        &[M, S, A, (":path", "/open/a?b=\"c\"")],
        Nothing,
        Refused,
    ),
    Case("a blank in the query", &[M, S, A, (":path", "/open/a?b c")], Nothing, Refused),
    Case("a host alone", &[M, S, P, ("host", "gateway.test")], Nothing, Passes),
    Case("a host that agrees", &[M, S, A, P, ("host", "gateway.test")], Nothing, Passes),
    Case("a host in capitals", &[M, S, A, P, ("host", "GATEWAY.test")], Nothing, Answered(400)),
    Case("a host that differs", &[M, S, A, P, ("host", "other.test")], Nothing, Refused),
    Case("a host that differs by its port", &[M, S, A, P, ("host", "gateway.test:8443")], Nothing, Refused),
    Case("two hosts", &[M, S, A, P, ("host", "gateway.test"), ("host", "gateway.test")], Nothing, Refused),
    Case("an empty host", &[M, S, A, P, ("host", "")], Nothing, Refused),
    Case("a user in the authority", &[M, S, (":authority", "u@gateway.test"), P], Nothing, Refused),
    Case("a blank in the authority", &[M, S, (":authority", "gateway.test b"), P], Nothing, Refused),
    Case("a path in the authority", &[M, S, (":authority", "gateway.test/x"), P], Nothing, Refused),
    Case("two names in the authority", &[M, S, (":authority", "a.test,b.test"), P], Nothing, Refused),
    Case("a port that is none", &[M, S, (":authority", "gateway.test:x"), P], Nothing, Refused),
    Case("a port", &[M, S, (":authority", "gateway.test:443"), P], Nothing, Passes),
    Case("a nameless field", &[M, S, A, P, ("", "1")], Nothing, Refused),
    Case("a blank in a name", &[M, S, A, P, ("x a", "1")], Nothing, Refused),
    Case("a colon in a name", &[M, S, A, P, ("x:a", "1")], Nothing, Refused),
    Case("a line end in a name", &[M, S, A, P, ("x\r\ny", "1")], Nothing, Refused),
    Case("NUL in a name", &[M, S, A, P, ("x\0", "1")], Nothing, Refused),
    Case("letters beyond ASCII in a name", &[M, S, A, P, ("xä", "1")], Nothing, Refused),
    Case("a line end in a value", &[M, S, A, P, ("x-a", "1\r\nx-b: 2")], Nothing, Refused),
    Case("a line feed in a value", &[M, S, A, P, ("x-a", "1\n2")], Nothing, Refused),
    Case("a carriage return in a value", &[M, S, A, P, ("x-a", "1\r2")], Nothing, Refused),
    Case("NUL in a value", &[M, S, A, P, ("x-a", "1\x002")], Nothing, Refused),
    Case("DEL in a value", &[M, S, A, P, ("x-a", "1\x7f2")], Nothing, Refused),
    Case("an empty value", &[M, S, A, P, ("x-a", "")], Nothing, Passes),
    Case("letters beyond ASCII in a value", &[M, S, A, P, ("x-a", "grün")], Nothing, Passes),
    Case("cookies in parts", &[M, S, A, P, ("cookie", "a=1"), ("cookie", "b=2")], Nothing, Passes),
    Case(
        "expect",
        &[POST, S, A, P, ("expect", "100-continue"), ("content-length", "1")],
        Body(&["x"]),
        Passes,
    ),
    Case("a length of nothing", &[POST, S, A, P, ("content-length", "0")], Nothing, Passes),
    Case("a length that fits", &[POST, S, A, P, ("content-length", "5")], Body(&["ab", "cde"]), Passes),
    Case(
        "the same length twice",
        &[POST, S, A, P, ("content-length", "1"), ("content-length", "1")],
        Body(&["x"]),
        Passes,
    ),
    Case("no length", &[POST, S, A, P], Body(&["ab", "cde"]), Passes),
    Case("a length without a body", &[POST, S, A, P, ("content-length", "5")], Nothing, Refused),
    Case("a body shorter than its length", &[POST, S, A, P, ("content-length", "5")], Body(&["ab"]), Broken),
    Case("a body longer than its length", &[POST, S, A, P, ("content-length", "2")], Body(&["abc"]), Broken),
    Case(
        "a body beyond its length",
        &[POST, S, A, P, ("content-length", "2")],
        Body(&["ab", "GET /"]),
        Broken,
    ),
    Case("a body where none was said", &[POST, S, A, P, ("content-length", "0")], Body(&["x"]), Broken),
    Case(
        "two lengths",
        &[POST, S, A, P, ("content-length", "1"), ("content-length", "2")],
        Body(&["x"]),
        Refused,
    ),
    Case("lengths in a list", &[POST, S, A, P, ("content-length", "1, 2")], Body(&["x"]), Refused),
    Case("a negative length", &[POST, S, A, P, ("content-length", "-1")], Body(&["x"]), Refused),
    Case("a length with a sign", &[POST, S, A, P, ("content-length", "+1")], Body(&["x"]), Refused),
    Case("a length in hex", &[POST, S, A, P, ("content-length", "0x1")], Body(&["x"]), Refused),
    Case("a length with a blank", &[POST, S, A, P, ("content-length", "1 ")], Body(&["x"]), Refused),
    Case("an empty length", &[POST, S, A, P, ("content-length", "")], Body(&["x"]), Refused),
    Case(
        "an endless length",
        &[POST, S, A, P, ("content-length", "18446744073709551617")],
        Body(&["x"]),
        Refused,
    ),
    Case("trailers", &[POST, S, A, P], Trailers("abc", &[("x-checksum", "1")], true), Passes),
    Case("no fields as trailers", &[POST, S, A, P], Trailers("abc", &[], true), Passes),
    Case("a path in trailers", &[POST, S, A, P], Trailers("abc", &[(":path", "/shut")], true), LeftOut),
    Case("a status in trailers", &[POST, S, A, P], Trailers("abc", &[(":status", "200")], true), LeftOut),
    Case(
        "chunked in trailers",
        &[POST, S, A, P],
        Trailers("abc", &[("transfer-encoding", "chunked")], true),
        Broken,
    ),
    Case("connection in trailers", &[POST, S, A, P], Trailers("abc", &[("connection", "x")], true), Broken),
    Case("capitals in trailers", &[POST, S, A, P], Trailers("abc", &[("X-A", "1")], true), Broken),
    Case("trailers that end nothing", &[POST, S, A, P], Trailers("abc", &[("x-a", "1")], false), Broken),
];

#[tokio::test]
async fn a_head_that_breaks_a_rule_reaches_no_agent_and_a_good_one_does() {
    only_good_ones_pass(&World::start().await).await;
}

/// Sends all cases.
pub(crate) async fn only_good_ones_pass(world: &World) {
    let mut wrong = Vec::new();
    for (nth, Case(name, fields, then, want)) in CASES.iter().enumerate() {
        let path = format!("/open/case{nth}");
        let fields: Vec<(&str, String)> = fields.iter().map(|(n, v)| (*n, v.replace('$', &path))).collect();
        let mut wire = world.connect().await;
        let end = if matches!(then, Nothing) { END_STREAM } else { 0 };
        let mut bytes = frame(HEADERS, END_HEADERS | end, 1, &block(&fields));
        match then {
            Nothing => {}
            Body(pieces) => {
                for (i, piece) in pieces.iter().enumerate() {
                    let end = if i + 1 == pieces.len() { END_STREAM } else { 0 };
                    bytes.extend(frame(DATA, end, 1, piece.as_bytes()));
                }
            }
            Trailers(body, fields, ends) => {
                bytes.extend(frame(DATA, 0, 1, body.as_bytes()));
                let end = if *ends { END_STREAM } else { 0 };
                bytes.extend(frame(HEADERS, END_HEADERS | end, 1, &block(fields)));
            }
        }
        wire.send(&bytes).await;
        let fate = wire.fate(1, SOON).await;
        let body = if fate == Fate::Status(200) { wire.body(1).await } else { None };
        // What has no path of a case's own belongs to this one: nothing else is sent.
        let seen = world.upstream.seen();
        let reached = seen.iter().filter(|s| s.target == path || !s.target.starts_with("/open/case")).count();
        let holds = match want {
            Passes | LeftOut => fate == Fate::Status(200) && reached == 1 && body.is_some(),
            Answered(status) => fate == Fate::Status(*status) && reached == 0,
            Refused => reached == 0 && (fate.is_end() || matches!(fate, Fate::Status(400) | Fate::Reset(_))),
            // The head may have gone on before the fault came; a whole request never does.
            Broken => body.is_none() && (fate.is_end() || matches!(fate, Fate::Status(400) | Fate::Reset(_))),
        };
        if !holds {
            wrong.push(format!("{name}: {fate:?}, {reached} reached the agent"));
        }
    }
    eprintln!("heads: {} cases, {} wrong", CASES.len(), wrong.len());
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_query_with_what_no_uri_has_goes_on_encoded() {
    let world = World::start().await;
    let mut wire = world.connect().await;
    wire.send(&super::wire::get(1, "/open/query?q={a|b}^`gr\u{fc}n&d=100%&[e]")).await;
    assert_eq!(wire.fate(1, SOON).await, Fate::Status(200));
    let wanted = "/open/query?q=%7Ba%7Cb%7D%5E%60gr%C3%BCn&d=100%&[e]";
    assert_eq!(world.upstream.last().target, wanted);
}

/// Fields that must not be merged into the head from the trailers (RFC 9110 section 6.5.1).
#[tokio::test]
async fn trailers_never_become_fields_of_the_head() {
    const FIELDS: [(&str, &str); 7] = [
        ("host", "other.test"),
        ("authorization", "Bearer x"),
        ("content-length", "1"),
        ("x-auth-subject", "root"),
        ("x-forwarded-for", "10.0.0.1"),
        ("cookie", "a=1"),
        ("x-plain", "1"),
    ];
    let world = World::start().await;
    for (nth, (name, value)) in FIELDS.iter().enumerate() {
        let path = format!("/open/trailer{nth}");
        let mut wire = world.connect().await;
        let mut bytes = super::wire::post(1, &path, &[]);
        bytes.extend(frame(DATA, 0, 1, b"abc"));
        bytes.extend(frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(&[(name, value)])));
        wire.send(&bytes).await;
        let fate = wire.fate(1, SOON).await;
        assert!(
            fate == Fate::Status(200) || fate.is_end() || matches!(fate, Fate::Reset(_)),
            "{name}: {fate:?}"
        );
        for seen in world.upstream.seen().iter().filter(|seen| seen.target == path) {
            assert!(!seen.all(name).contains(value), "{name} came from the trailers");
        }
    }
    eprintln!("trailers: {} fields, 0 merged", FIELDS.len());
}

#[tokio::test]
async fn a_refusal_of_the_library_alone_is_logged_and_counted() {
    let world = World::start().await;
    let counted = async || {
        world.gateway.metric("portcullis_http_requests_total", &[r#"agent="_none""#, r#"code="400""#]).await
    };
    let before = counted().await;
    let lines = world.gateway.stdout().len();
    let mut wire = world.connect().await;
    // Two names for the host, which Pingora answers by itself.
    let fields = [M, S, A, (":path", "/open/x"), ("host", "other.test")];
    wire.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(&fields))).await;
    assert_eq!(wire.fate(1, SOON).await, Fate::Status(400));
    testkit::eventually("it is logged", SOON, async || {
        world.gateway.stdout()[lines..].iter().find(|line| line.contains(r#""status":400"#)).cloned()
    })
    .await;
    testkit::eventually("it is counted", SOON, async || (counted().await > before).then_some(())).await;
    assert!((counted().await - before - 1.0).abs() < 0.5, "it is counted once");
}
