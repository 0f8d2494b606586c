//! Four agents with a credential each, and every trick with a path that makes one server see another than the next:
//! no agent ever gets a request that was let through with the credential of another.

use portcullis::authn::ApiKeyText;
use portcullis::model::CanonicalPath;
use portcullis::model::Digest;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use testkit::raw::Wire;
use testkit::{Gateway, Issuer, Key, Start};

use super::recorder::{Arrived, Recorder};

/// Name, route, and the path that the agent sees in place of its route.
const AGENTS: [(&str, &str, &str); 4] = [
    ("alpha", "/alpha", "/alpha"),
    ("beta", "/beta", "/beta"),
    ("deep", "/beta/deep", "/base"),
    ("oauth", "/oauth/x", "/oauth/x"),
];

/// `{a}` is the route that is wanted, `{b}` the one that the credential is for.
const TRICKS: &[&str] = &[
    "{a}",
    "{a}/",
    "{a}/x",
    "{b}/..{a}",
    "{b}/../..{a}",
    "{b}/x/../..{a}",
    "{b}/%2e%2e{a}",
    "{b}/%2E%2E{a}",
    "{b}/.%2e{a}",
    "{b}/%2e.{a}",
    "{b}/%252e%252e{a}",
    "{b}/%25252e%25252e{a}",
    "{b}/%%32%65%%32%65{a}",
    "{b}/..;{a}",
    "{b}/..;x=y{a}",
    "{b}/.;{a}",
    "{b};/..{a}",
    "{b};x/..{a}",
    "{b}/%2e%2e;{a}",
    "{b}/..%3b{a}",
    "{b}/%2e%2e%3B{a}",
    "{b}/..%2f{a}",
    "{b}/..%2F{a}",
    "{b}%2f..{a}",
    "{b}%2f%2e%2e{a}",
    "{b}/%2e%2e%2f{a}",
    "{b}/..%252f{a}",
    "{b}/..%5c{a}",
    "{b}\\..{a}",
    "{b}/..\\{a}",
    "{b}%5c..%5c{a}",
    "\\{a}",
    "{b}\\{a}",
    "/{a}",
    "//{a}",
    "{b}/{a}",
    "{b}/{a}/..",
    "{b}//..{a}",
    "/.{a}",
    "/..{a}",
    "{b}/.{a}",
    "{b}/./..{a}",
    "{b}%00{a}",
    "{a}%00",
    "{b}/..%00{a}",
    "{b}/%00/..{a}",
    "{b}/%u002e%u002e{a}",
    "{b}/%u2215..{a}",
    "{b}/%c0%ae%c0%ae{a}",
    "{b}/%c0%2e%c0%2e{a}",
    "{b}/%e0%80%ae%e0%80%ae{a}",
    "{b}/%f0%80%80%ae%f0%80%80%ae{a}",
    "{b}%c0%af..{a}",
    "{b}/..%c0%af{a}",
    "{b}/..%c1%9c{a}",
    "{b}/%ef%bc%8e%ef%bc%8e{a}",
    "{b}%ef%bc%8f..{a}",
    "{b}/\u{2025}{a}",
    "{b}/..?{a}",
    "{b}?/..{a}",
    "{b}?x=..{a}",
    "{b}?{a}",
    "{b}#{a}",
    "{b}#/..{a}",
    "{a}#{b}",
    "{b}%23/..{a}",
    "{b}%3f/..{a}",
    "{b}/...{a}",
    "{b}/....//{a}",
    "{b}/....{a}",
    "{b}/.. {a}",
    "{b}/..%20{a}",
    "{b}/%20..{a}",
    "{b}/..%09{a}",
    "{b}/..%0d%0a{a}",
    "{b}/.%0a.{a}",
    "{b}/..%7f{a}",
    "{a}.",
    "{a}..",
    "{a}%2e",
    "{a}%20",
    "{a} ",
    "{a}%09",
    "{a}%2f",
    "{a}%5c",
    "{a}%2fx",
    "{a};x",
    "{a};/..{b}",
    "{a}/..{b}",
    "{a}/%2e%2e{b}",
    "{a}x",
    "{a}-x",
    "{a}_",
    "{a}~",
    "{a}%7e",
    "{a}%",
    "{a}%2",
    "{a}%zz",
    "%2f{a}",
    "/%2e{a}",
    "{b}/http://gateway.test{a}",
    "http://gateway.test{a}",
    "http://gateway.test{b}/..{a}",
    "http://gateway.test/{a}",
    "http://gateway.test\\{a}",
    "http://gateway.test?{a}",
    "http:/{a}",
    "http://gateway.test{b}?http://gateway.test{a}",
    "{b}/%2e/..{a}",
    "{b}/%2e%2e/%2e%2e{a}",
    "{b}/.%00.{a}",
    "{b}/%2%65%2%65{a}",
    "{b}/x%2f..%2f..{a}",
    "{b}/x;/..;/..;{a}",
    "{b}/.;/..{a}",
    "{b}/;{a}",
    "{b}/;/..{a}",
];

struct World {
    gateway: Gateway,
    recorders: Vec<Recorder>,
    /// A header line for each agent.
    credentials: Vec<String>,
}

impl World {
    async fn new() -> Self {
        let key = Key::new("ES256", "k1");
        let issuer = Issuer::start(&[&key]).await;
        let mut recorders = Vec::new();
        let mut credentials = Vec::new();
        let mut agents = format!("identity_providers:\n  corp: {{ issuer: \"{}\" }}\nagents:\n", issuer.url);
        let mut keys = "api_keys:\n".to_owned();
        for (name, route, seen) in AGENTS {
            let recorder = Recorder::start().await;
            let strip = route != seen;
            let base = if strip { seen } else { "" };
            let auth = if name == "oauth" {
                credentials.push(format!(
                    "Authorization: Bearer {}",
                    key.token(&key.header("ES256"), &issuer.claims("x"))
                ));
                "oauth: { identity_providers: [corp] }"
            } else {
                let (id, text) = ApiKeyText::generate().expect("random numbers");
                let hash = Digest::of(text.expose_secret().as_bytes()).to_hex();
                keys += &format!("  {id}: {{ agent: {name}, sha256: \"{hash}\" }}\n");
                credentials.push(format!("X-API-Key: {}", text.expose_secret()));
                "api_key: {}"
            };
            agents += &format!(
                "  {name}: {{ route: {{ path: {route}, strip_path: {strip} }}, upstream: \"http://127.0.0.1:{}{base}\", auth: {{ {auth} }} }}\n",
                recorder.port
            );
            recorders.push(recorder);
        }
        let gateway = Start { body: &(agents + &keys), ..Start::default() }.ready().await;
        Self { gateway, recorders, credentials }
    }

    /// Asks for a target with the credential of an agent; true when it was let through.
    async fn ask(&self, target: &str, whose: usize) -> bool {
        let head = format!(
            "GET {target} HTTP/1.1\r\nHost: gateway.test\r\n{}\r\nX-Whose: {}\r\nX-Original-URL: /alpha\r\n\
             X-Rewrite-URL: /alpha\r\nX-Forwarded-Uri: /alpha\r\nX-Forwarded-Path: /alpha\r\nX-Forwarded-Prefix: /alpha\r\n\
             X-HTTP-Method-Override: POST\r\nForwarded: host=alpha\r\nConnection: close\r\n\r\n",
            self.credentials[whose], AGENTS[whose].0
        );
        let mut caller = Wire::connect(self.gateway.port).await;
        caller.send(&[head]).await;
        let answer = caller.response(false).await.unwrap_or_else(|| panic!("{target}: an answer"));
        assert!(matches!(answer.status, 200 | 400 | 401 | 404), "{target}: {answer:?}");
        let through = answer.status == 200;
        let came: Vec<Vec<Vec<u8>>> = self.recorders.iter().map(Recorder::take).collect();
        let reached: usize = came.iter().map(Vec::len).sum();
        assert_eq!(reached, usize::from(through), "{target} with that of {}", AGENTS[whose].0);
        for (nth, came) in came.iter().enumerate() {
            for bytes in came {
                let arrived = Arrived::read(bytes).unwrap_or_else(|e| panic!("{target}: {e}"));
                held(target, &arrived, nth, whose);
            }
        }
        through
    }
}

/// Holds that what reached an agent was let through with its own credential, and in the one form of a path.
fn held(target: &str, arrived: &Arrived, agent: usize, whose: usize) {
    let (name, _, seen) = AGENTS[agent];
    let field = |name: &str| arrived.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!(field("x-whose"), Some(name), "{target}: {arrived:?}");
    assert_eq!(whose, agent, "{target}: {arrived:?}");
    assert!(field("x-api-key").is_none() && field("authorization").is_none(), "{target}: {arrived:?}");
    let mut words = arrived.line.split(' ');
    assert_eq!(words.next(), Some("GET"), "{target}: {arrived:?}");
    let forwarded = words.next().expect("a target");
    let path = forwarded.split('?').next().unwrap_or_default();
    let again =
        CanonicalPath::parse(path.as_bytes()).unwrap_or_else(|e| panic!("{target}: {forwarded}: {e}"));
    assert!(again.is_as_sent(), "{target}: {forwarded} is not in its one form");
    // What a server makes of it that decodes first and looks then.
    let decoded = decoded(path);
    let twice = self::decoded(&decoded);
    let dots = twice.split(['/', '\\']).map(|s| s.split(';').next().unwrap_or_default());
    assert!(
        !dots.map(str::trim_end).any(|s| matches!(s, "." | "..")),
        "{target}: {forwarded} leads elsewhere in the end"
    );
    let mut segments = decoded.split(['/', '\\']).skip(1).map(|s| s.split(';').next().unwrap_or_default());
    let odd = segments.any(|s| matches!(s, "." | "..")) || decoded.contains("//") || decoded.contains('\\');
    assert!(!odd && !decoded.chars().any(char::is_control), "{target}: {forwarded} leads elsewhere");
    assert_eq!(
        decoded.matches('/').count(),
        path.matches('/').count(),
        "{target}: {forwarded} hides a segment"
    );
    let rest = path.strip_prefix(seen).unwrap_or_else(|| panic!("{target}: {forwarded} is not of {name}"));
    assert!(rest.is_empty() || rest.starts_with('/'), "{target}: {forwarded} crosses a segment");
    // The longer route wins, whichever way the path was written.
    assert!(
        name != "beta" || !(path == "/beta/deep" || path.starts_with("/beta/deep/")),
        "{target}: {forwarded}"
    );
}

/// With every escape decoded, once; each byte a character.
fn decoded(path: &str) -> String {
    let mut pieces = path.split('%');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let byte = piece.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        // Not a control character of Latin-1, which no server reads there.
        out.push(byte.map_or('\0', |byte| if byte < 0x80 { char::from(byte) } else { '\u{fffd}' }));
        out += piece.get(2..).unwrap_or_default();
    }
    out
}

#[tokio::test]
async fn no_trick_with_a_path_brings_a_credential_to_another_agent() {
    let world = World::new().await;
    let (mut asked, mut through) = (0, 0);
    for (wanted, (_, a, _)) in AGENTS.iter().enumerate() {
        for (other, (_, b, _)) in AGENTS.iter().enumerate().filter(|(other, _)| *other != wanted) {
            for trick in TRICKS {
                let target = trick.replace("{a}", a).replace("{b}", b);
                // In another case and with escapes that need not be.
                let upper = trick.replace("{a}", &a.to_uppercase()).replace("{b}", b);
                let escaped =
                    trick.replace("{a}", &a.replace('a', "%61").replace('e', "%65")).replace("{b}", b);
                for target in [target, upper, escaped] {
                    for whose in [wanted, other] {
                        asked += 1;
                        through += usize::from(world.ask(&target, whose).await);
                    }
                }
            }
        }
    }
    assert!(through > asked / 20, "{through} of {asked}: the good ones pass");
    eprintln!("{asked} tricks, {through} let through to the agent of the credential, 0 to another");
}

#[tokio::test]
async fn own_paths_are_reached_however_they_are_escaped() {
    let world = World::new().await;
    let mut cases = 0;
    for (nth, (_, route, _)) in AGENTS.iter().enumerate() {
        let letters: String = route
            .chars()
            .map(|c| if c == '/' { "/".to_owned() } else { format!("%{:02x}", u32::from(c)) })
            .collect();
        for path in [*route, &letters, &letters.to_uppercase()] {
            for more in [
                "",
                "/",
                "/x",
                "/x/",
                "/a;b=c",
                "/%20",
                "/...",
                "/.x",
                "/x.",
                "?",
                "?a=/../b",
                "/%E2%82%AC",
                "/%252fx",
            ] {
                let target = format!("{path}{more}");
                assert!(world.ask(&target, nth).await, "{target}");
                cases += 1;
            }
        }
    }
    eprintln!("{cases} own paths, 0 refused");
}

#[tokio::test]
async fn random_paths_reach_their_own_agent_in_their_one_form_or_none() {
    const PIECES: &[&str] = &[
        "/",
        "/",
        "/",
        "/alpha",
        "/beta",
        "/beta/deep",
        "/oauth/x",
        "..",
        ".",
        "%2e",
        "%2E",
        "%2f",
        "%5C",
        ";",
        "%3b",
        "a",
        "%61",
        "alpha",
        "beta",
        "%25",
        "%20",
        "x",
        "~",
        "%7e",
        "%C3%A4",
        "%c3",
        "\\",
        "?",
        "%00",
        "//",
        "%2",
        "=",
        "@",
        ":",
    ];
    let world = World::new().await;
    let seed: u64 = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    eprintln!("seed {seed}");
    let mut through = 0;
    const ROUNDS: usize = 2000;
    for round in 0..ROUNDS {
        let mut target = AGENTS[round % AGENTS.len()].1.to_owned();
        if round % 5 == 0 {
            target = "/".to_owned();
        }
        for _ in 0..random.random_range(0..6) {
            target += PIECES[random.random_range(0..PIECES.len())];
        }
        let whose = random.random_range(0..AGENTS.len());
        through += usize::from(world.ask(&target, whose).await);
    }
    assert!(through > ROUNDS / 50, "{through} of {ROUNDS}: some pass");
    eprintln!("{ROUNDS} random paths, {through} let through, 0 to another agent, 0 in another form");
}
