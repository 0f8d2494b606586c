//! `/api/v1/session`: logging in, the cookie, logging out; and what wrong tokens cost.

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::Start;
use testkit::api::{Api, If, Reply, WithJson as _};

use super::world::World;

#[tokio::test]
async fn a_stranger_gets_401_and_learns_how_to_log_in() {
    let world = World::empty().await;
    world
        .refuses_strangers(&[
            ("GET", "/session"),
            ("DELETE", "/session"),
            ("GET", "/status"),
            ("GET", "/nothing-here"),
        ])
        .await;
    let wrong = ["", "x", "portcullis", "Bearer", " "].map(str::to_owned);
    let near =
        [format!("{}x", world.api.token), world.api.token[1..].to_owned(), world.api.token.to_uppercase()];
    for token in wrong.iter().chain(&near) {
        let reply = login(&world.api, &json!({"token": token})).await;
        reply.problem(401, "unauthorized");
        assert_eq!(reply.header("set-cookie"), "", "{token:?}");
    }
    for (name, value) in [
        ("authorization", format!("Basic {}", world.api.token)),
        ("authorization", world.api.token.clone()),
        ("x-api-key", world.api.token.clone()),
        ("cookie", "portcullis_session=".to_owned()),
        ("cookie", format!("portcullis_session={}", world.api.token)),
        ("cookie", format!("portcullis_session={}", "A".repeat(43))),
    ] {
        let reply = Reply::to(world.api.stranger("GET", "/session").header(name, &value)).await;
        reply.problem(401, "unauthorized");
    }
    let query = Reply::to(world.api.stranger("GET", &format!("/session?token={}", world.api.token))).await;
    query.problem(401, "unauthorized");
}

async fn login(api: &Api, body: &Value) -> Reply {
    Reply::to(api.stranger("POST", "/session").json(body)).await
}

/// `name=value` of the cookie of an answer, and its attributes in small letters, in order.
fn cookie(reply: &Reply) -> (String, Vec<String>) {
    let mut parts = reply.header("set-cookie").split(';').map(|part| part.trim().to_owned());
    let pair = parts.next().expect("a cookie");
    let mut attributes: Vec<String> = parts.map(|part| part.to_ascii_lowercase()).collect();
    attributes.sort();
    (pair, attributes)
}

#[tokio::test]
async fn the_session_cookie_is_for_this_page_alone_and_for_twelve_hours() {
    let world = World::empty().await;
    let reply = login(&world.api, &json!({"token": world.api.token})).await.is(204);
    let (pair, attributes) = cookie(&reply);
    assert_eq!(attributes, ["httponly", "max-age=43200", "path=/", "samesite=strict"]);
    let value = pair.strip_prefix("portcullis_session=").expect("its name");
    assert!(value.len() >= 32 && !value.contains(&world.api.token), "the cookie is not the token");
    let seen = Reply::to(world.api.stranger("GET", "/session").header("cookie", &pair)).await.is(200).json();
    assert_eq!(seen["by"], "session");
    let until: jiff::Timestamp = seen["expires_at"].as_str().expect("a time").parse().expect("RFC 3339");
    let hours = (until.as_second() - testkit::now().cast_signed()) / 3600;
    assert!((11..=12).contains(&hours), "{until}");
    let by_token = world.api.get("/session").await.is(200).json();
    assert_eq!(by_token, json!({"by": "token", "expires_at": null}));
    let another = login(&world.api, &json!({"token": world.api.token})).await.is(204);
    assert_ne!(cookie(&another).0, pair, "each log-in has its own");
}

#[tokio::test]
async fn a_session_ends_with_the_log_out_also_for_a_copy_of_its_cookie() {
    let world = World::empty().await;
    let (pair, _) = cookie(&login(&world.api, &json!({"token": world.api.token})).await.is(204));
    let (other, _) = cookie(&login(&world.api, &json!({"token": world.api.token})).await.is(204));
    let own = &world.api.origin;
    let out = world.api.stranger("DELETE", "/session").header("cookie", &pair).header("origin", own);
    let out = Reply::to(out).await.is(204);
    let (cleared, attributes) = cookie(&out);
    assert_eq!(cleared, "portcullis_session=");
    assert!(
        attributes.contains(&"max-age=0".to_owned()) && attributes.contains(&"path=/".to_owned()),
        "{attributes:?}"
    );
    let status = async |pair: &str| {
        Reply::to(world.api.stranger("GET", "/session").header("cookie", pair)).await.status
    };
    assert_eq!((status(&pair).await, status(&other).await), (401, 200), "that session alone");
}

#[tokio::test]
async fn a_cookie_does_not_outlive_the_process_that_gave_it() {
    let mut world = World::empty().await;
    let (pair, _) = cookie(&login(&world.api, &json!({"token": world.api.token})).await.is(204));
    world.gateway.kill().await;
    std::fs::remove_file(world.gateway.folder.path().join("admin.token")).expect("the token file");
    world.gateway.start_again().await;
    // Another token: whoever had the old one is out.
    let reply = Reply::to(world.api.stranger("GET", "/session").header("cookie", &pair)).await;
    reply.problem(401, "unauthorized");
    world.api.get("/session").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn the_token_is_made_on_the_first_start_for_its_owner_alone_and_only_its_path_is_logged() {
    let mut world = World::empty().await;
    let path = world.gateway.folder.path().join("admin.token");
    let mode = std::fs::metadata(&path).expect("the token file").permissions().mode() & 0o777;
    assert_eq!(format!("{mode:o}"), "600");
    assert!(world.api.token.len() >= 43, "256 bits in base64url");
    assert!(world.api.token.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)));
    let log = world.gateway.stderr().join("\n");
    assert!(log.contains("admin.token") && !log.contains(&world.api.token), "{log}");
    world.gateway.kill().await;
    world.gateway.start_again().await;
    assert_eq!(super::world::token(&world.gateway), world.api.token, "a file that is there is kept");
    world.api.get("/session").await.is(200);
}

#[tokio::test]
async fn a_token_file_that_says_nothing_is_no_token_and_nothing_starts() {
    for text in ["", "\n", "short\n"] {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("portcullis.yaml");
        let admin = testkit::free_port();
        let port = testkit::free_port();
        let yaml = format!(
            "version: 1\nserver:\n  listeners: [{{ address: \"127.0.0.1:{port}\" }}]\n  ops: {{ address: \"127.0.0.1:0\" }}\n  \
             admin: {{ address: \"127.0.0.1:{admin}\", token_file: admin.token }}\nagents:\n  a: {{ route: /a, upstream: \"http://127.0.0.1:9\", auth: public }}\n"
        );
        std::fs::write(&config, yaml).expect("the configuration");
        let file = folder.path().join("admin.token");
        std::fs::write(&file, text).expect("the token file");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("its mode");
        let ran = testkit::portcullis(folder.path(), &["run", "-c", "portcullis.yaml"]).await;
        assert_eq!(ran.code, Some(1), "{text:?}: {ran:?}");
        assert!(ran.err.contains("admin.token"), "{text:?}: {}", ran.err);
    }
}

#[tokio::test]
async fn wrong_tokens_are_slowed_down_and_the_right_one_is_not() {
    let world = World::empty().await;
    let mut wrong = tokio::task::JoinSet::new();
    let began = Instant::now();
    for i in 0..8 {
        let api = Api { token: format!("wrong-{i}"), ..world.api.clone() };
        wrong.spawn(async move {
            api.get("/session").await.problem(401, "unauthorized");
        });
    }
    let (mut slowest, mut asked) = (Duration::ZERO, 0);
    while wrong.try_join_next().is_some() || !wrong.is_empty() {
        let sent = Instant::now();
        world.api.get("/session").await.is(200);
        login(&world.api, &json!({"token": world.api.token})).await.is(204);
        slowest = slowest.max(sent.elapsed());
        asked += 1;
    }
    // 50 ms, doubling, one at a time: 50 + 100 + ... + 1600 for the first six alone.
    assert!(began.elapsed() > Duration::from_secs(3), "eight wrong tokens took {:?}", began.elapsed());
    assert!(slowest < Duration::from_millis(500), "a right one took {slowest:?} of {asked}");
}

#[tokio::test]
async fn under_tls_the_cookie_never_goes_in_the_clear() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let files = [("admin.pem", made.cert.pem()), ("admin.key", made.signing_key.serialize_pem())];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, &**text)).collect();
    let more = ", tls: { cert_file: admin.pem, key_file: admin.key }";
    let start = Start { store: Some("store"), admin: Some(more), files: &files, ..Start::default() };
    let world = World::of(start, |_| String::new()).await;
    let root = reqwest::Certificate::from_pem(files[0].1.as_bytes()).expect("a certificate");
    let tls = reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().expect("a client");
    let url = format!("https://localhost:{}/api/v1/session", world.gateway.admin);

    let stranger = Reply::to(tls.get(&url)).await;
    stranger.problem(401, "unauthorized");
    let reply = Reply::to(tls.post(&url).json(&json!({"token": world.api.token}))).await.is(204);
    let (pair, attributes) = cookie(&reply);
    assert_eq!(attributes, ["httponly", "max-age=43200", "path=/", "samesite=strict", "secure"]);
    Reply::to(tls.get(&url).header("cookie", &pair)).await.is(200);
    let own = format!("https://localhost:{}", world.gateway.admin);
    let agent = If::Absent.on(tls.put(format!("{own}/api/v1/agents/a")).header("cookie", &pair));
    let spec = world.open("/a");
    Reply::to(agent.header("origin", own.replace("https", "http")).json(&spec))
        .await
        .problem(403, "forbidden_origin");
    let agent = If::Absent.on(tls.put(format!("{own}/api/v1/agents/a")).header("cookie", &pair));
    Reply::to(agent.header("origin", &own).json(&spec)).await.is(201);
    assert!(testkit::client().get(world.api.url("/session")).send().await.is_err(), "no plain text there");
}
