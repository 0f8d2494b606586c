//! The certificates of clients: what a listener accepts in a handshake, what a trusted proxy may say in a header, and what reaches
//! nobody. The certificate that counts is seen in the access log.

mod bound;
mod handshakes;
mod headers;
mod made;
mod openssl;
mod proxies;
mod resumption;

use std::path::Path;
use std::process::Output;

use serde_json::Value;
use testkit::{Gateway, raw};
use tokio::process::Command;

use made::Made;

/// A public agent.
fn agents(url: &str) -> String {
    format!("agents:\n  open: {{ route: /open, upstream: \"{url}\", auth: public }}\n")
}

/// Runs a program in a folder, and waits for its end.
async fn run(folder: &Path, program: &str, arguments: &[&str]) -> Output {
    let command = Command::new(program).args(arguments).current_dir(folder).kill_on_drop(true).output();
    command.await.unwrap_or_else(|error| panic!("{program}: {error}; scripts/setup.sh test installs it"))
}

/// Asks by TLS with curl, in a folder with the client's `NAME.pem` and `NAME.key`. The head of the answer; `None` when there is
/// none.
async fn curl(folder: &Path, port: u16, client: Option<&str>, more: &[&str]) -> Option<String> {
    let (resolve, url) =
        (format!("gateway.test:{port}:127.0.0.1"), format!("https://gateway.test:{port}/open"));
    let (pem, key) = (client.map(|name| format!("{name}.pem")), client.map(|name| format!("{name}.key")));
    let mut arguments = vec!["--silent", "--include", "--max-time", "10", "--cacert", "gateway.pem"];
    if let Some((pem, key)) = pem.as_deref().zip(key.as_deref()) {
        arguments.extend(["--cert", pem, "--key", key]);
    }
    arguments.extend(["--resolve", &resolve]);
    arguments.extend(more);
    arguments.push(&url);
    let ran = run(folder, "curl", &arguments).await;
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    (ran.status.success() && !text.is_empty()).then_some(text)
}

/// What the access log says of the client's certificate in the request with this answer.
async fn logged(gateway: &Gateway, answer: &str) -> Option<String> {
    let id = answer.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("x-request-id").then(|| value.trim().to_owned())
    });
    let line: Value = gateway.logged(&id.expect("the id of the request")).await;
    line.get("client_certificate").map(|digits| digits.as_str().expect("text").to_owned())
}

/// Asks that the answer has this status, and that this certificate was the client's.
async fn told(gateway: &Gateway, answer: &str, (status, made): (u16, Option<&Made>), what: &str) {
    assert_eq!(raw::status(answer), status, "{what}: {answer}");
    assert_eq!(logged(gateway, answer).await, made.map(Made::digits), "{what}");
}
