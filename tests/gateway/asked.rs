//! `portcullis why` and `portcullis status`, which ask the gateway that runs, and what it says without an admin listener.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::free_port;
use testkit::{Gateway, Ran, Start, Upstream, client, eventually, portcullis};

fn keyed(upstream: &Upstream) -> String {
    format!("agents:\n  a: {{ route: /a, upstream: \"{}\", auth: {{ api_key: {{}} }} }}\n", upstream.url())
}

/// Runs a command beside the gateway.
async fn run(gateway: &Gateway, args: &[&str]) -> Ran {
    let config = gateway.config().display().to_string();
    portcullis(Path::new("/"), &[args, &["-c", &config]].concat()).await
}

/// The id of a request that is refused.
async fn refused(gateway: &Gateway) -> String {
    let answer = client().get(gateway.url("/a/b?c=d")).send().await.expect("an answer");
    assert_eq!(answer.status(), 401);
    answer.headers()["x-request-id"].to_str().expect("text").to_owned()
}

/// The answer to `why`, as soon as the refusal is kept.
async fn why(gateway: &Gateway, id: &str) -> Ran {
    eventually("the refusal is kept", Duration::from_secs(5), async || {
        let ran = run(gateway, &["why", id]).await;
        (ran.code == Some(0)).then_some(ran)
    })
    .await
}

const WHY: [&str; 6] = [
    "deny: api_key_missing, status 401\n",
    "  request   GET /a/b from 127.0.0.1\n",
    "  agent     a\n",
    "  check     credential\n",
    "  seen      no key in x-api-key",
    "  fix       send the API key in the header",
];

#[tokio::test]
async fn why_asks_the_admin_listener_with_the_token_file_of_the_configuration() {
    let upstream = Upstream::start().await;
    let gateway = Start { body: &keyed(&upstream), admin: Some(""), ..Start::default() }.ready().await;
    let id = refused(&gateway).await;
    let ran = why(&gateway, &id).await;
    assert!(WHY.iter().all(|line| ran.out.contains(line)) && ran.err.is_empty(), "{ran:?}");
    let ran = run(&gateway, &["why", "--json", &id]).await;
    let decision: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!((&decision["request_id"], &decision["status"]), (&json!(id), &json!(401)), "{ran:?}");
    let ran = run(&gateway, &["why", "nobody/of that id"]).await;
    assert!(ran.code == Some(1) && ran.err.contains("404") && ran.err.contains("kept since"), "{ran:?}");
    std::fs::write(gateway.folder.path().join("admin.token"), "x".repeat(40)).expect("it is written");
    let ran = run(&gateway, &["why", &id]).await;
    assert!(ran.code == Some(1) && ran.err.contains("401") && !ran.err.contains("xxxx"), "{ran:?}");
}

#[tokio::test]
async fn why_reads_what_is_kept_when_nobody_can_be_asked() {
    let upstream = Upstream::start().await;
    for admin in [None, Some("")] {
        let body = keyed(&upstream);
        let start = Start { body: &body, admin, server: "  state_dir: state\n", ..Start::default() };
        let mut gateway = start.ready().await;
        let id = refused(&gateway).await;
        let ran = why(&gateway, &id).await;
        assert!(WHY.iter().all(|line| ran.out.contains(line)), "{ran:?}");
        assert_eq!(ran.err.contains("no admin listener"), admin.is_none(), "{ran:?}");
        eventually("it is on disk", Duration::from_secs(5), async || {
            let files = std::fs::read_dir(gateway.folder.path().join("state/refusals")).ok()?;
            let texts =
                files.filter_map(Result::ok).filter_map(|file| std::fs::read_to_string(file.path()).ok());
            texts.into_iter().any(|text| text.contains(&id)).then_some(())
        })
        .await;
        gateway.kill().await;
        let ran = run(&gateway, &["why", &id]).await;
        assert!(ran.code == Some(0) && WHY.iter().all(|line| ran.out.contains(line)), "{ran:?}");
        assert!(ran.err.contains("reading the refusals kept in"), "{ran:?}");
        let ran = run(&gateway, &["why", "0000"]).await;
        assert!(
            ran.code == Some(1) && ran.err.contains("no refused or failed request of that id"),
            "{ran:?}"
        );
    }
}

#[tokio::test]
async fn why_says_clearly_that_there_is_nobody_to_ask() {
    let upstream = Upstream::start().await;
    let gateway = Start { body: &keyed(&upstream), ..Start::default() }.ready().await;
    let id = refused(&gateway).await;
    let ran = run(&gateway, &["why", &id]).await;
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.err.contains("no admin listener") && ran.err.contains("state_dir"), "{ran:?}");
}

#[tokio::test]
async fn status_says_what_needs_attention_by_its_exit_code_and_in_sentences() {
    let upstream = Upstream::start().await;
    for admin in [Some(""), None] {
        let body = keyed(&upstream);
        let mut gateway = Start { body: &body, admin, ..Start::default() }.ready().await;
        let ran = run(&gateway, &["status"]).await;
        assert!(ran.code == Some(0) && ran.out.starts_with("Nothing needs attention.\n"), "{ran:?}");
        assert!(ran.out.contains("\nagents       1\n"), "{ran:?}");
        gateway.write_body(&format!("{body}  b: {{ rout: /b }}\n"));
        let ran = eventually("the change is rejected", Duration::from_secs(5), async || {
            let ran = run(&gateway, &["status"]).await;
            (ran.code == Some(1)).then_some(ran)
        })
        .await;
        assert!(ran.out.starts_with("error    A change of the configuration was rejected"), "{ran:?}");
        assert!(ran.out.contains("portcullis.yaml:") && ran.out.contains("rout"), "{ran:?}");
        let ran = run(&gateway, &["status", "--json"]).await;
        let status: Value = serde_json::from_str(&ran.out).expect("JSON");
        assert_eq!(
            (ran.code, &status["attention"][0]["code"]),
            (Some(1), &json!("change_refused")),
            "{ran:?}"
        );
        gateway.kill().await;
        let ran = run(&gateway, &["status"]).await;
        assert!(ran.code == Some(3) && ran.err.contains("cannot be asked"), "{ran:?}");
    }
}

#[tokio::test]
async fn a_listener_with_tls_is_known_by_the_certificate_of_the_configuration() {
    let upstream = Upstream::start().await;
    let made = rcgen::generate_simple_self_signed(["console.example".to_owned()]).expect("a certificate");
    let files = [("s.pem", made.cert.pem()), ("s.key", made.signing_key.serialize_pem())];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let admin = Some(", tls: { cert_file: s.pem, key_file: s.key }");
    let gateway = Start { body: &keyed(&upstream), admin, files: &files, ..Start::default() }.ready().await;
    let ran = run(&gateway, &["status"]).await;
    assert!(ran.code == Some(0), "{ran:?}");
    let other = rcgen::generate_simple_self_signed(["console.example".to_owned()]).expect("a certificate");
    std::fs::write(gateway.folder.path().join("s.pem"), other.cert.pem()).expect("it is written");
    let ran = run(&gateway, &["status"]).await;
    assert!(ran.code == Some(3) && ran.err.contains("cannot be asked"), "{ran:?}");
}

#[tokio::test]
async fn an_absent_token_file_is_named_and_not_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "version: 1\nserver: {{ admin: {{ address: \"127.0.0.1:{}\", token_file: no.token }} }}\n",
        free_port()
    );
    std::fs::write(folder.path().join("c.yaml"), text).expect("it is written");
    let ran = portcullis(folder.path(), &["status", "-c", "c.yaml"]).await;
    assert!(ran.code == Some(3) && ran.err.contains("no.token"), "{ran:?}");
    assert!(!folder.path().join("no.token").exists());
}

#[tokio::test]
async fn readiness_says_that_a_change_was_rejected_and_why() {
    let upstream = Upstream::start().await;
    let body = keyed(&upstream);
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let config = async || {
        let (status, page) = gateway.ops_get("/readyz?verbose").await;
        assert_eq!(status, 200, "the configuration before goes on");
        serde_json::from_str::<Value>(&page).expect("JSON")["config"].clone()
    };
    let before = config().await;
    assert_eq!((&before["refused_at"], &before["errors"]), (&Value::Null, &json!([])), "{before}");
    gateway.write_body(&format!(
        "{body}  open: {{ route: /o, upstream: \"{}\", auth: public, x: 1 }}\n",
        upstream.url()
    ));
    let refused = eventually("the change is rejected", Duration::from_secs(5), async || {
        let config = config().await;
        config["refused_at"].is_string().then_some(config)
    })
    .await;
    let errors = refused["errors"].as_array().expect("a list");
    let first = errors[0].as_str().expect("a sentence");
    assert!(errors.len() == 1 && first.contains("portcullis.yaml:") && first.contains("`x`"), "{refused}");
    gateway.write_body(&body);
    eventually("it is fixed", Duration::from_secs(5), async || {
        config().await["refused_at"].is_null().then_some(())
    })
    .await;
}
