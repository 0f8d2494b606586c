//! What becomes of one request: refused, with nothing of it behind the gateway, or forwarded in its one form.

use testkit::raw::{Response, Wire};
use testkit::{Gateway, Start};

use super::body::Body;
use super::recorder::{Arrived, Recorder};

const NEXT: &str = "GET /open/next HTTP/1.1\r\nHost: gateway.test\r\n\r\n";

/// A gateway with a few agents, all of them the same recorder.
pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) recorder: Recorder,
}

/// How a good request arrives.
pub(crate) struct Wanted {
    pub(crate) line: String,
    /// Beside those that the gateway sets.
    pub(crate) fields: Vec<(&'static str, String)>,
    pub(crate) host: Option<&'static str>,
    pub(crate) body: Body,
    /// Whether the connection stands for another request.
    pub(crate) kept: bool,
}

impl Wanted {
    pub(crate) fn of(line: &str, body: Body) -> Self {
        Self { line: line.to_owned(), fields: Vec::new(), host: Some("gateway.test"), body, kept: true }
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        let recorder = Recorder::start().await;
        let url = format!("http://127.0.0.1:{}", recorder.port);
        let body = format!(
            "agents:\n  open: {{ route: /open, upstream: \"{url}\", auth: public }}\n  \
             never: {{ route: /never, upstream: \"{url}\", auth: public, websocket: false }}\n  \
             keyed: {{ route: /keyed, upstream: \"{url}\", auth: {{ api_key: {{ header: X-API-Key }} }} }}\n"
        );
        let gateway = Start { body: &body, ..Start::default() }.ready().await;
        Self { gateway, recorder }
    }

    pub(crate) async fn caller(&self) -> Wire {
        Wire::connect(self.gateway.port).await
    }

    /// Sends a request, alone and behind a good one on the same connection, and holds that it is refused with one of
    /// these statuses, that the connection ends, and that no byte of it went further. Counts as two cases.
    pub(crate) async fn refuses<P: AsRef<[u8]>>(&self, what: &str, pieces: &[P], statuses: &[u16]) -> usize {
        for later in [false, true] {
            let what = format!("{what}{}", if later { ", later" } else { "" });
            let mut caller = self.caller().await;
            if later {
                self.next(&mut caller, &what).await;
            }
            caller.send(pieces).await;
            let answer = caller.response(false).await;
            let answer = answer.unwrap_or_else(|| panic!("{what}: no answer"));
            assert!(statuses.contains(&answer.status), "{what}: {answer:?}");
            is_ours(&what, &answer);
            assert!(answer.is_last(), "{what}: {answer:?}");
            let more = caller.remainder().await;
            assert!(more.is_empty(), "{what}: more than one answer: {}", String::from_utf8_lossy(&more));
            assert_eq!(self.went_on(), Vec::<String>::new(), "{what}: nothing goes further");
        }
        2
    }

    /// Sends a request and holds that it arrives in this form, and that the connection stands or ends as it should.
    pub(crate) async fn forwards<P: AsRef<[u8]>>(&self, what: &str, pieces: &[P], wanted: &Wanted) -> usize {
        let mut caller = self.caller().await;
        caller.send(pieces).await;
        let answer = caller.response(wanted.line.starts_with("HEAD ")).await;
        let answer = answer.unwrap_or_else(|| panic!("{what}: no answer"));
        assert_eq!(answer.status, 200, "{what}: {answer:?}");
        self.arrived(what, wanted);
        assert_eq!(answer.is_last(), !wanted.kept, "{what}: {answer:?}");
        if wanted.kept {
            self.next(&mut caller, what).await;
        } else {
            assert!(caller.remainder().await.is_empty(), "{what}: nothing comes behind the answer");
        }
        1
    }

    /// Holds that exactly one request has arrived, in this form.
    pub(crate) fn arrived(&self, what: &str, wanted: &Wanted) {
        let came = self.recorder.take();
        let [bytes] = came.as_slice() else { panic!("{what}: one request arrives: {:?}", text(&came)) };
        let arrived = Arrived::read(bytes).unwrap_or_else(|e| panic!("{what}: {e}: {:?}", text(&came)));
        let mut fields: Vec<(String, String)> =
            wanted.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let host = format!("127.0.0.1:{}", self.recorder.port);
        for (name, value) in [
            ("host", Some(host.as_str())),
            ("x-forwarded-for", Some("127.0.0.1")),
            ("x-forwarded-host", wanted.host),
            ("x-forwarded-proto", Some("http")),
        ] {
            fields.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        }
        fields.sort();
        let mut others = arrived.fields.clone();
        let ids = others.extract_if(.., |(name, _)| name == "x-request-id").count();
        assert_eq!(ids, 1, "{what}: {arrived:?}");
        assert_eq!((&arrived.line, &others), (&wanted.line, &fields), "{what}");
        assert_eq!(arrived.body, wanted.body, "{what}");
    }

    /// Holds that the connection carries another request.
    pub(crate) async fn next(&self, caller: &mut Wire, what: &str) {
        caller.send(&[NEXT]).await;
        let answer = caller.response(false).await;
        let answer = answer.unwrap_or_else(|| panic!("{what}: the connection stands"));
        assert_eq!((answer.status, answer.is_last()), (200, false), "{what}: {answer:?}");
        self.arrived(what, &Wanted::of("GET /open/next HTTP/1.1", Body::None));
    }

    /// What has reached the agent since the last look, as text.
    pub(crate) fn went_on(&self) -> Vec<String> {
        text(&self.recorder.take())
    }
}

/// Holds that an answer is the gateway's own, and no library's.
pub(crate) fn is_ours(what: &str, answer: &Response) {
    assert_eq!(answer.field("content-type"), "application/problem+json", "{what}: {answer:?}");
    assert!(!answer.field("x-request-id").is_empty(), "{what}: {answer:?}");
}

fn text(came: &[Vec<u8>]) -> Vec<String> {
    came.iter().map(|bytes| bytes.escape_ascii().to_string()).collect()
}

/// A request for `/open` with these lines between `Host` and the end of the head, and this body.
pub(crate) fn post(lines: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Vec<u8> {
    let start = b"POST /open HTTP/1.1\r\nHost: gateway.test\r\n".as_slice();
    [start, lines.as_ref(), b"\r\n\r\n", body.as_ref()].concat()
}

/// What a smuggler would have another server take for a request.
pub(crate) const SMUGGLED: &str = "0\r\n\r\nGET /open/smuggled HTTP/1.1\r\nHost: gateway.test\r\n\r\n";
