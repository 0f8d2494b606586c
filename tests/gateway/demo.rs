//! The demo: every line that it prints is pasted into a shell.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{client, eventually, free_port};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::Instant;
use url::Url;

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
async fn every_line_for_mcp_and_a2a_does_what_the_text_above_it_says() {
    let demo = start().await;
    for (word, status, parts) in [
        ("oauth-protected-resource", 200, &["/tools/mcp\"", "\"authorization_servers\""] as &[_]),
        ("tell_time", 200, &["It is 20"]),
        (
            "&scope=tools:use'",
            403,
            &["error=\"insufficient_scope\", scope=\"tools:use refunds:write\"", "-32011"],
        ),
        ("refunds:write'", 200, &["42 EUR", "alice@example.com"]),
        ("agent-card.json", 200, &["/planner/rpc\"", "openIdConnectUrl"]),
        ("\"SendMessage\"", 200, &["To Lisbon: by tram"]),
        (
            "\"SendStreamingMessage\"",
            200,
            &["To Lisbon: by tram", "the rest on foot", "TASK_STATE_COMPLETED"],
        ),
    ] {
        let line = demo.line(word);
        // With the head, whatever the line asks curl for.
        let answer = shell(&line.replacen("curl -", "curl -i -", 1)).await;
        let answer = answer.strip_prefix("HTTP/1.1 ").unwrap_or(&answer);
        assert!(answer.starts_with(&status.to_string()), "{line}: {answer}");
        for part in parts {
            assert!(answer.contains(part), "{part}: {line}: {answer}");
        }
    }
    let said = demo.said();
    for client in ["npx -y @modelcontextprotocol/inspector --cli", "claude mcp add --transport http"] {
        assert!(said.contains(client), "{client}: {said}");
    }
    for editor in [".vscode/mcp.json", ".cursor/mcp.json"] {
        let line = said.lines().find(|line| line.contains(editor)).expect("a line for the editor");
        let json = line.find('{').and_then(|at| line.get(at..)).expect("JSON");
        let json: Value = serde_json::from_str(json).expect("JSON");
        assert!(json.to_string().contains("/tools/mcp\""), "{json}");
    }
}

#[tokio::test]
async fn a_client_that_knows_only_the_url_logs_in_at_the_demo() {
    let demo = start().await;
    let url = format!("http://127.0.0.1:{}/tools/mcp", demo.port);
    let call =
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send_refund","arguments":{}}}"#;
    let post = || client().post(&url).header("content-type", "application/json").body(call);
    let refused = post().send().await.expect("an answer");
    assert_eq!(refused.status().as_u16(), 401);
    let challenge = refused.headers()["www-authenticate"].to_str().expect("ASCII").to_owned();
    let of_challenge = |name: &str| {
        let rest = challenge.split(&format!(" {name}=\"")).nth(1).expect("a parameter");
        rest.split('"').next().unwrap_or_default().to_owned()
    };
    let metadata = read(client().get(of_challenge("resource_metadata"))).await;
    let issuer = metadata["authorization_servers"][0].as_str().expect("an issuer");
    let server = read(client().get(format!("{issuer}/.well-known/oauth-authorization-server"))).await;
    assert_eq!(server["issuer"], issuer);
    assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
    let [first, second] = log_in(&server, &url, &of_challenge("scope")).await;
    let token = first["access_token"].as_str().expect("a token");
    let passed = post().bearer_auth(token).send().await.expect("an answer");
    assert_eq!(passed.status().as_u16(), 200, "{}", passed.text().await.unwrap_or_default());
    assert_eq!(second["error"], "invalid_grant", "a code is good once");
}

/// Registers, logs in and redeems the code, twice; gives both answers.
async fn log_in(server: &Value, resource: &str, scope: &str) -> [Value; 2] {
    let at = |name: &str| server[name].as_str().expect("a URL").to_owned();
    let redirect = "http://127.0.0.1:9/callback";
    let registered = client().post(at("registration_endpoint")).header("content-type", "application/json");
    let registered = read(registered.body(json!({"redirect_uris": [redirect]}).to_string())).await;
    let client_id = registered["client_id"].as_str().expect("an id");
    // RFC 7636 appendix B.
    let (verifier, challenge) =
        ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let asked = [
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", redirect),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
        ("scope", scope),
        ("resource", resource),
    ];
    let asked = Url::parse_with_params(&at("authorization_endpoint"), asked).expect("a URL");
    let sent_back = client().get(asked).send().await.expect("an answer");
    let place = sent_back.headers()["location"].to_str().expect("ASCII").to_owned();
    let code = place.split("code=").nth(1).and_then(|rest| rest.split('&').next()).expect("a code");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect),
        ("client_id", client_id),
        ("code_verifier", verifier),
    ];
    // The query of a URL is written as a form is.
    let form =
        Url::parse_with_params("http://form", form).expect("a URL").query().expect("a form").to_owned();
    let redeem = || {
        let request = client().post(at("token_endpoint")).body(form.clone());
        request.header("content-type", "application/x-www-form-urlencoded")
    };
    [read(redeem()).await, read(redeem()).await]
}

async fn read(request: reqwest::RequestBuilder) -> Value {
    let answer = request.send().await.expect("an answer").bytes().await.expect("a body");
    serde_json::from_slice(&answer).expect("JSON")
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
