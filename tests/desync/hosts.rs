//! Two agents that differ in their host alone, with a key each: nothing but the one host of a request decides.

use portcullis::authn::ApiKeyText;
use portcullis::model::Digest;
use testkit::raw::{Wire, find};
use testkit::{Gateway, Start};

use super::case::is_ours;
use super::recorder::Recorder;

/// Target, header lines, the host that it is for: `a`, `b`, or none at all with this status.
const CASES: &[(&str, &str, Result<char, u16>)] = &[
    ("/", "Host: a.test", Ok('a')),
    ("/", "Host: A.TEST", Ok('a')),
    ("/", "Host: a.test.", Ok('a')),
    ("/", "Host: a.test:80", Ok('a')),
    ("/", "Host: a.test:8080", Ok('a')),
    ("/", "Host: a.test.:1", Ok('a')),
    ("/", "Host: a.test:", Ok('a')),
    ("/", "Host: b.test\r\nX-Forwarded-Host: a.test", Ok('b')),
    ("/", "X-Forwarded-Host: a.test\r\nHost: b.test", Ok('b')),
    ("/", "Host: b.test\r\nX-Host: a.test\r\nX-Original-Host: a.test\r\nX-Forwarded-Server: a.test", Ok('b')),
    ("/", "Host: b.test\r\nForwarded: host=a.test", Ok('b')),
    ("/", "Host: b.test\r\nX-HTTP-Host-Override: a.test\r\nX-Real-Host: a.test", Ok('b')),
    ("/", "Host: b.test\r\nHost_: a.test\r\nHOST-: a.test", Ok('b')),
    ("/", "Host: b.test\r\n:authority: a.test", Err(400)),
    ("http://a.test/", "Host: a.test", Ok('a')),
    ("http://a.test/", "Host: A.Test", Ok('a')),
    ("http://A.TEST/", "Host: a.test", Ok('a')),
    ("http://a.test./", "Host: a.test", Ok('a')),
    ("http://a.test:80/", "Host: a.test", Ok('a')),
    ("http://a.test/", "Host: a.test:80", Ok('a')),
    ("https://a.test/", "Host: a.test:443", Ok('a')),
    ("http://a.test", "Host: a.test", Ok('a')),
    ("HTTP://a.test/", "Host: a.test", Ok('a')),
    ("http://a.test:8080/", "Host: a.test:8080", Ok('a')),
    ("http://a.test/", "Host: b.test", Err(400)),
    ("http://b.test/", "Host: a.test", Err(400)),
    ("http://a.test:81/", "Host: a.test", Err(400)),
    ("http://a.test/", "Host: a.test:443", Err(400)),
    ("http://a.test/", "Host:", Err(400)),
    ("http://a.test@b.test/", "Host: b.test", Err(400)),
    ("http://b.test@a.test/", "Host: b.test", Err(400)),
    ("http://u:p@a.test/", "Host: a.test", Err(400)),
    ("http://a.test%00.b.test/", "Host: b.test", Err(400)),
    ("http://a.test%2fb.test/", "Host: b.test", Err(400)),
    ("http://a.test\\@b.test/", "Host: b.test", Err(400)),
    ("http://a.test#@b.test/", "Host: b.test", Err(400)),
    ("http://a.test?@b.test/", "Host: a.test", Err(400)),
    ("http:///a.test/", "Host: a.test", Err(400)),
    ("http:a.test/", "Host: a.test", Err(400)),
    ("http:/a.test/", "Host: a.test", Err(400)),
    ("//a.test/", "Host: b.test", Err(400)),
    ("a.test", "Host: b.test", Err(400)),
    ("a.test:80", "Host: a.test:80", Err(400)),
    ("ftp://a.test/", "Host: a.test", Err(400)),
    ("ws://a.test/", "Host: a.test", Err(400)),
    ("/", "Host: a.test\r\nHost: b.test", Err(400)),
    ("/", "Host: a.test\r\nHost: a.test", Err(400)),
    ("/", "Host: b.test\r\nhost: a.test", Err(400)),
    ("/", "Host: a.test, b.test", Err(400)),
    ("/", "Host: a.test b.test", Err(400)),
    ("/", "Host: a.test/b", Err(400)),
    ("/", "Host: a.test#b", Err(400)),
    ("/", "Host: a.test?b", Err(400)),
    ("/", "Host: a.test\\b", Err(400)),
    ("/", "Host: http://a.test", Err(400)),
    ("/", "Host: u@a.test", Err(400)),
    ("/", "Host: a.test@b.test", Err(400)),
    ("/", "Host: a.test:80:80", Err(400)),
    ("/", "Host: a.test:port", Err(400)),
    ("/", "Host: a.test:-1", Err(400)),
    ("/", "Host: a.test:999999", Err(400)),
    ("/", "Host: a.test: 80", Err(400)),
    ("/", "Host: [a.test]", Err(400)),
    ("/", "Host: [::1", Err(400)),
    ("/", "Host: [::1]a.test", Err(400)),
    ("/", "Host: a%2etest", Err(400)),
    ("/", "Host: \u{430}.test", Err(400)),
    ("/", "Host: a.test\u{0}", Err(400)),
    ("/", "Host: a.test\tb", Err(400)),
    ("/", "Host : a.test", Err(400)),
    ("/", " Host: a.test", Err(400)),
    ("/", "Host:", Err(400)),
    ("/", "X: y", Err(400)),
    ("/", "Host: .", Err(400)),
    ("/", "Host: a.test..", Err(400)),
    ("/", "Host: .a.test", Err(400)),
    ("/", "Host: c.test", Err(404)),
    ("/", "Host: .a.test", Err(400)),
    ("/", "Host: a.test.b.test", Err(404)),
];

struct World {
    gateway: Gateway,
    recorders: [Recorder; 2],
    keys: [String; 2],
}

impl World {
    async fn new() -> Self {
        let recorders = [Recorder::start().await, Recorder::start().await];
        let (mut agents, mut table) = ("agents:\n".to_owned(), "api_keys:\n".to_owned());
        let keys = ["a", "b"].map(|name| {
            let (id, text) = ApiKeyText::generate().expect("random numbers");
            let hash = Digest::of(text.expose_secret().as_bytes()).to_hex();
            table += &format!("  {id}: {{ agent: {name}, sha256: \"{hash}\" }}\n");
            let port = recorders[usize::from(name == "b")].port;
            agents += &format!(
                "  {name}: {{ route: {{ path: /, host: {name}.test }}, upstream: \"http://127.0.0.1:{port}\", auth: {{ api_key: {{}} }} }}\n"
            );
            text.expose_secret().to_owned()
        });
        let gateway = Start { body: &(agents + &table), ..Start::default() }.ready().await;
        Self { gateway, recorders, keys }
    }
}

#[tokio::test]
async fn the_one_host_decides_and_nothing_else() {
    let world = World::new().await;
    let mut cases = 0;
    for (target, lines, wanted) in CASES {
        for (whose, key) in ["a", "b"].iter().zip(&world.keys) {
            let what = format!("{target} {lines:?} with the key of {whose}");
            let head =
                format!("GET {target} HTTP/1.1\r\n{lines}\r\nX-API-Key: {key}\r\nConnection: close\r\n\r\n");
            let mut caller = Wire::connect(world.gateway.port).await;
            caller.send(&[head]).await;
            let answer = caller.response(false).await.unwrap_or_else(|| panic!("{what}: an answer"));
            let status = match wanted {
                Ok(host) if whose.starts_with(*host) => 200,
                Ok(_) => 401,
                Err(status) => *status,
            };
            assert_eq!(answer.status, status, "{what}: {answer:?}");
            if status != 200 {
                is_ours(&what, &answer);
            }
            let came = world.recorders.each_ref().map(|recorder| recorder.take().concat());
            for (name, came) in ["a", "b"].iter().zip(&came) {
                let reached = status == 200 && name == whose;
                assert_eq!(!came.is_empty(), reached, "{what}: {}", came.escape_ascii());
                assert!(find(came, b"X-API-Key").is_none(), "{what}: {}", came.escape_ascii());
            }
            cases += 1;
        }
    }
    assert!(cases >= 140, "{cases}");
    eprintln!("{cases} hosts, 0 at the wrong agent");
}
