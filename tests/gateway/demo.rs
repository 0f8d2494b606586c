//! The demo: every line that it prints is pasted into a shell.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use testkit::eventually;
use testkit::free_port;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::Instant;

struct Demo {
    child: Child,
    port: u16,
    said: Arc<Mutex<Vec<String>>>,
}

async fn start() -> Demo {
    let port = free_port();
    let mut child = Command::new(testkit::binary())
        .args(["demo", "--port", &port.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the demo starts");
    let said = Arc::<Mutex<Vec<String>>>::default();
    let (sink, out) = (Arc::clone(&said), child.stdout.take().expect("its output"));
    tokio::spawn(async move {
        let mut lines = BufReader::new(out).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            sink.lock().expect("the lines").push(line);
        }
    });
    let demo = Demo { child, port, said };
    eventually("the demo has said everything", Duration::from_secs(20), async || {
        demo.said().contains("Ctrl-C").then_some(())
    })
    .await;
    let verbose = demo.line("readyz");
    eventually("the demo is ready", Duration::from_secs(20), async || {
        shell(&verbose).await.contains("\"ready\": true").then_some(())
    })
    .await;
    demo
}

impl Demo {
    fn said(&self) -> String {
        self.said.lock().expect("the lines").join("\n")
    }

    /// The printed lines for the shell.
    fn lines(&self) -> Vec<String> {
        let said = self.said();
        said.lines().map(str::trim).filter(|line| line.starts_with("curl ")).map(ToOwned::to_owned).collect()
    }

    /// The only line with this word; of several, the shortest.
    fn line(&self, word: &str) -> String {
        let mut found: Vec<String> = self.lines().into_iter().filter(|line| line.contains(word)).collect();
        found.sort_by_key(String::len);
        found.first().cloned().unwrap_or_else(|| panic!("no line with {word}: {}", self.said()))
    }
}

async fn shell(line: &str) -> String {
    let output = Command::new("bash").args(["-c", line]).output();
    let output = tokio::time::timeout(Duration::from_secs(20), output).await.expect("it ends");
    let output = output.expect("bash runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn every_line_does_what_the_text_above_it_says() {
    let mut demo = start().await;
    let said = demo.said();
    assert!(said.to_lowercase().contains("not for production"), "{said}");
    assert!(demo.lines().len() >= 6, "{said}");
    let good: Vec<String> = demo.lines().into_iter().filter(|l| l.contains("/fresh-token'")).collect();
    let (stream, allowed): (Vec<_>, Vec<_>) = good.into_iter().partition(|line| line.contains("/stream"));

    let answer = shell(&allowed[0].replacen("curl -s ", "curl -si ", 1)).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.to_lowercase().contains("x-caller-sub"), "the agent sees the caller: {answer}");
    assert!(!answer.to_lowercase().contains("bearer "), "and not the token: {answer}");

    let bare = demo.lines().into_iter().find(|l| !l.contains("-H ") && l.contains("/agents/"));
    for (line, why) in [
        (bare.expect("a line without a token"), ""),
        (demo.line("expired=true"), "expired"),
        (demo.line("audience="), "invalid_token"),
    ] {
        let answer = shell(&line).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{line}: {answer}");
        assert!(answer.to_lowercase().contains("www-authenticate: bearer"), "{line}: {answer}");
        assert!(answer.contains("\"detail\"") && answer.contains(why), "it says why: {answer}");
    }

    let key = shell(&demo.line("X-API-Key").replacen("curl -s ", "curl -si ", 1)).await;
    assert!(key.starts_with("HTTP/1.1 200") && !key.contains("pck_"), "{key}");
    let metrics = shell(&demo.line("/metrics")).await;
    for series in ["reason=\"ok\"", "reason=\"token_missing\"", "reason=\"token_expired\""] {
        assert!(metrics.contains(series), "{series} in {metrics}");
    }

    assert_streams(&stream[0]).await;

    eventually("each request shows up", Duration::from_secs(5), async || {
        let said = demo.said();
        ["token_missing", "token_expired", "audience_mismatch", "(ok)"]
            .iter()
            .all(|word| said.contains(word))
            .then_some(())
    })
    .await;

    let pid = demo.child.id().expect("it runs").to_string();
    let sent = Command::new("kill").args(["-s", "INT", &pid]).status().await.expect("kill runs");
    assert!(sent.success());
    let ended = tokio::time::timeout(Duration::from_secs(5), demo.child.wait()).await.expect("it ends");
    assert_eq!(ended.expect("its status").code(), Some(0), "Ctrl-C ends it well");
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", demo.port)).await.is_err());
}

/// Its words come one after the other, not all at the end.
async fn assert_streams(line: &str) {
    let mut child = Command::new("bash")
        .args(["-c", line])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("bash runs");
    let mut words = BufReader::new(child.stdout.take().expect("its output")).lines();
    let (mut first, mut last, mut count) = (None, Instant::now(), 0);
    while let Some(word) = words.next_line().await.expect("text") {
        if word.starts_with("data:") {
            last = Instant::now();
            first.get_or_insert(last);
            count += 1;
        }
    }
    let took = last - first.expect("a word");
    assert!(count >= 3 && took > Duration::from_millis(500), "{count} words in {took:?}");
}

#[tokio::test]
async fn two_demos_stand_side_by_side() {
    let (one, two) = (start().await, start().await);
    for demo in [&one, &two] {
        let key = demo.line("X-API-Key");
        assert!(key.contains(&format!(":{}/", demo.port)), "{key}");
        assert!(shell(&key).await.contains("\"agent\""));
    }
}
