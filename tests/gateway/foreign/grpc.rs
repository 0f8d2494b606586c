//! Calls of grpcio, through the gateway, to a server of grpcio: what passes, what ends them, and how refusals look to a caller.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use testkit::{Certificate, Start, eventually, free_port};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::SOON;

/// The server, and the lines that it has written.
pub(super) struct Server {
    lines: Arc<Mutex<Vec<String>>>,
    _process: Child,
}

pub(super) fn peer() -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join(".tools/venv-grpc/bin/python");
    assert!(python.exists(), "{} is missing; scripts/setup.sh test makes it", python.display());
    let mut command = Command::new(python);
    command.arg(root.join("tests/gateway/foreign/grpc_peer.py"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    for proxy in ["http_proxy", "https_proxy", "grpc_proxy"] {
        command.env_remove(proxy);
    }
    command
}

impl Server {
    pub(super) async fn start() -> Self {
        let mut process = peer().arg("serve").spawn().expect("Python starts");
        let mut output = BufReader::new(process.stdout.take().expect("its output")).lines();
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let said = Arc::clone(&lines);
        tokio::spawn(async move {
            while let Ok(Some(line)) = output.next_line().await {
                said.lock().expect("its lines").push(line);
            }
        });
        Self { lines, _process: process }
    }

    pub(super) async fn port(&self) -> u16 {
        let port = async || self.lines.lock().expect("its lines").first().map(|line| line.parse());
        eventually("the server listens", SOON, port).await.expect("a port")
    }

    pub(super) fn says(&self, line: &str) -> bool {
        self.lines.lock().expect("its lines").iter().any(|said| said == line)
    }
}

/// What became of each call of the client, by its name.
async fn calls(port: u16, root: &Path) -> BTreeMap<String, Value> {
    let run = peer().args(["call", &port.to_string()]).arg(root).output().await.expect("Python runs");
    let said = String::from_utf8(run.stdout).expect("text");
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    let line = |line: &str| {
        let said: Value = serde_json::from_str(line).expect("JSON");
        (said["call"].as_str().expect("a name").to_owned(), said)
    };
    said.lines().map(line).collect()
}

fn agents(server: u16) -> String {
    let agent = |name: &str, port: u16, more: &str| {
        format!(
            "  {name}: {{ route: {{ path: /{name}, strip_path: true }}, {more} \
             upstream: {{ url: \"http://127.0.0.1:{port}\", protocol: h2c, response_timeout: 500ms }} }}\n"
        )
    };
    format!(
        "agents:\n\
         \x20 echo: {{ route: /echo.Echo, auth: public, upstream: {{ url: \"http://127.0.0.1:{server}\", protocol: h2c }} }}\n\
         \x20 plain: {{ route: /plain, auth: public, upstream: \"http://127.0.0.1:{server}\" }}\n{}{}{}{}",
        agent("keyed", server, "auth: { api_key: {} },"),
        agent("dead", free_port(), "auth: public,"),
        agent("small", server, "auth: public, max_body: 1,"),
        agent("slow", server, "auth: public,"),
    )
}

#[tokio::test]
async fn calls_of_grpcio_pass_and_their_refusals_have_the_codes_that_it_knows() {
    let server = Server::start().await;
    let certificate = Certificate::generate();
    let body = agents(server.port().await);
    let start = Start { body: &body, certificate: Some(&certificate), ..Start::default() };
    let gateway = start.ready().await;
    let folder = tempfile::tempdir().expect("a folder");
    let root: PathBuf = folder.path().join("root.pem");
    std::fs::write(&root, &certificate.pem).expect("the certificate is written");
    let calls = calls(gateway.tls_port, &root).await;
    let of = |name: &str| calls.get(name).unwrap_or_else(|| panic!("no call {name}: {calls:?}"));
    for (name, code) in [
        ("unary", "OK"),
        ("without a deadline", "OK"),
        ("large", "OK"),
        ("stream", "OK"),
        ("the agent's own status", "FAILED_PRECONDITION"),
        ("cancelled", "CANCELLED"),
        ("late", "DEADLINE_EXCEEDED"),
        ("nowhere", "UNIMPLEMENTED"),
        ("keyed", "UNAUTHENTICATED"),
        ("dead", "UNAVAILABLE"),
        ("plain", "UNAVAILABLE"),
        ("small", "RESOURCE_EXHAUSTED"),
        ("slow", "DEADLINE_EXCEEDED"),
    ] {
        assert_eq!(of(name)["code"], code, "{name}: {}", of(name));
    }

    let answer = |name: &str| -> Value {
        serde_json::from_str(of(name)["answer"].as_str().expect("an answer")).expect("JSON")
    };
    assert_eq!(answer("unary")["said"], "hi");
    let left = answer("unary")["left"].as_f64().expect("the deadline is passed on");
    assert!(left > 1.0 && left <= 10.0, "{left}");
    assert_eq!(answer("without a deadline")["left"], Value::Null);
    assert_eq!(answer("large")["said"].as_str().map(str::len), Some(1_000_000));
    assert_eq!(of("unary")["fields"]["x-trailer"], "last", "trailers pass");
    assert_eq!(of("stream")["answers"], json!(["part0", "part1", "part2"]));
    assert_eq!(of("the agent's own status")["details"], "not now: 100 %");
    assert_eq!(of("cancelled")["answers"], json!(["begun"]));
    assert_eq!(of("late")["in_time"], true);
    for line in ["ended cancelled", "ended late"] {
        eventually(&format!("the server hears: {line}"), SOON, async || server.says(line).then_some(()))
            .await;
    }

    let challenge = of("keyed")["fields"]["www-authenticate"].as_str();
    assert!(challenge.is_some_and(|challenge| challenge.starts_with("ApiKey")), "{}", of("keyed"));
    for name in ["nowhere", "keyed", "dead", "plain", "small", "slow"] {
        assert!(of(name)["details"].as_str().is_some_and(|text| !text.is_empty()), "{}", of(name));
        assert!(of(name)["fields"]["x-request-id"].is_string(), "{}", of(name));
    }
}
