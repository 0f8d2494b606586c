//! The console in a real browser: `console.mjs` walks the story of an operator against the real gateway, an identity
//! provider and an agent.
//!
//! Needs Chromium (`make setup` installs Debian's) and a console that is built in. With `CONSOLE_SHOTS` set to a
//! folder, a picture of each page is left there.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::provider::Provider;
use super::support::{Start, Upstream, client};

#[tokio::test]
async fn an_operator_finds_the_way_from_the_log_in_to_the_roll_back() {
    let (provider, upstream) = (Provider::start().await, Upstream::start().await);
    let start = Start { admin: Some(""), store: Some("store"), ..Start::default() };
    let gateway = start.alive().await;
    let token = std::fs::read_to_string(gateway.folder.path().join("admin.token")).expect("the token file");
    let page = format!("http://127.0.0.1:{}", gateway.admin);
    let shown = client().get(&page).send().await.expect("an answer").text().await.expect("a page");
    assert!(
        shown.contains("<div id=\"root\">"),
        "the console is not built in: run `make console`, then build"
    );

    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e");
    let story = Command::new("node")
        .arg(suite.join("console.mjs"))
        .env("CONSOLE_URL", &page)
        .env("ADMIN_TOKEN", token.trim_end())
        .env("GATEWAY_URL", gateway.url(""))
        .env("ISSUER_URL", provider.site().issuer())
        .env("UPSTREAM_URL", upstream.url())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let ran = tokio::time::timeout(Duration::from_secs(280), story).await.expect("it ends in time");
    let ran = ran.expect("node starts; `make setup` says what is missing");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    eprintln!("{said}");
    assert!(ran.status.success(), "{said}\nthe gateway: {:?}", gateway.stderr());
    assert!(said.lines().last().is_some_and(|line| line.starts_with("the story ends well")), "{said}");

    // What the browser was given to hold is nowhere in what the gateway wrote.
    let log = gateway.stderr().join("\n") + &gateway.stdout().join("\n");
    for secret in [token.trim_end(), "not-a-secret"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
