//! The commands that need no running gateway, and `health`, which asks one.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use testkit::free_port;
use testkit::{Ran, Start, Upstream, portcullis, portcullis_with};

const GOOD: &str = "version: 1\nidentity_providers:\n  corp: { issuer: \"https://i.test\" }\nagents:\n  a: { route: /a, upstream: \"http://127.0.0.1:9\", auth: { oauth: { identity_providers: [corp], audiences: [x] } } }\n";
const PUBLIC: &str =
    "version: 1\nagents:\n  p: { route: /p, upstream: \"http://127.0.0.1:9\", auth: public }\n";

fn folder(text: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("c.yaml"), text).expect("it is written");
    folder
}

async fn check(text: &str, args: &[&str]) -> Ran {
    let folder = folder(text);
    portcullis(folder.path(), &[&["check", "-c", "c.yaml"], args].concat()).await
}

/// Whether a line is `FILE:LINE:COL: SEVERITY[CODE]: message`.
fn is_finding(line: &str, severity: &str) -> bool {
    let parts: Vec<&str> = line.splitn(4, ':').collect();
    let [file, at, column, rest] = parts.as_slice() else { return false };
    let rest = rest.trim_start().strip_prefix(severity).and_then(|rest| rest.strip_prefix('['));
    let Some((code, message)) = rest.and_then(|rest| rest.split_once("]: ")) else { return false };
    let named = code.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let placed = at.parse::<u32>().is_ok() && column.parse::<u32>().is_ok();
    placed && named && !code.is_empty() && file.ends_with("c.yaml") && !message.is_empty()
}

#[tokio::test]
async fn check_finds_every_error_with_its_place_its_line_and_a_mend() {
    let text = "version: 1\nidentity_providers:\n  corp: { issuer: \"https://i.test\", refesh: 5m }\nagents:\n  a: { route: /a, upstream: \"http://127.0.0.1:9\", auth: { oauth: { identity_providers: [crop] } } }\n  b: { route: /a, upstream: \"ftp://x\" }\n";
    let ran = check(text, &[]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let findings: Vec<&str> = ran.err.lines().filter(|line| line.contains(": error[")).collect();
    assert!(findings.len() >= 4, "{}", ran.err);
    assert!(findings.iter().all(|line| is_finding(line, "error")), "{findings:#?}");
    for (place, word) in [("c.yaml:3:", "refesh"), ("c.yaml:5:", "crop"), ("c.yaml:6:", "ftp")] {
        assert!(findings.iter().any(|f| f.contains(place)), "{place} in {findings:#?}");
        assert!(ran.err.contains(word), "{word} in {}", ran.err);
    }
    assert!(ran.err.contains("did you mean `refresh`?"), "{}", ran.err);
    assert!(ran.err.contains("did you mean `corp`?"), "{}", ran.err);
    assert!(ran.err.contains("  corp: { issuer: \"https://i.test\", refesh: 5m }"), "the line: {}", ran.err);
    assert_eq!(ran.out.lines().count(), 1, "a summary: {}", ran.out);
    assert!(ran.out.contains("errors"), "{}", ran.out);
}

#[tokio::test]
async fn check_says_valid_and_strict_minds_warnings() {
    let keyless = PUBLIC.replace("auth: public", "auth: { api_key: {} }");
    for (text, args, code, found) in [
        (GOOD, &[][..], 0, None),
        (GOOD, &["--strict"][..], 0, None),
        (PUBLIC, &[][..], 0, Some("note")),
        (PUBLIC, &["--strict"][..], 0, Some("note")),
        (&keyless, &[][..], 0, Some("warning")),
        (&keyless, &["--strict"][..], 1, Some("warning")),
    ] {
        let ran = check(text, args).await;
        assert_eq!(ran.code, Some(code), "{args:?} {ran:?}");
        let findings: Vec<&str> = ran.err.lines().filter(|line| line.contains("]: ")).collect();
        assert_eq!(!findings.is_empty(), found.is_some(), "{ran:?}");
        assert!(findings.iter().all(|line| is_finding(line, found.unwrap_or_default())), "{findings:#?}");
        assert_eq!(ran.out.lines().count(), 1, "{ran:?}");
    }
}

#[tokio::test]
async fn the_configuration_is_found_by_flag_then_variable_then_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let write =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it is written");
    let agents = async |args: &[&str], variables: &[(&str, &str)]| {
        let ran = portcullis_with(folder.path(), &[&["check"], args].concat(), "", variables).await;
        (ran.code, ran.out)
    };
    write(
        "two.yaml",
        &format!("{GOOD}  b: {{ route: /b, upstream: \"http://127.0.0.1:9\", auth: public }}\n"),
    );
    write("one.yaml", GOOD);
    let variable = [("PORTCULLIS_CONFIG", "two.yaml")];
    assert_eq!(agents(&[], &[]).await.0, Some(1), "there is none");
    let (code, out) = agents(&[], &variable).await;
    assert!(code == Some(0) && out.contains("2 agents"), "{out}");
    let (code, out) = agents(&["-c", "one.yaml"], &variable).await;
    assert!(code == Some(0) && out.contains("1 agent,"), "the flag wins: {out}");
    write("portcullis.yaml", GOOD);
    let (code, out) = agents(&[], &[]).await;
    assert!(code == Some(0) && out.contains("1 agent,"), "{out}");
    let (code, out) = agents(&[], &variable).await;
    assert!(code == Some(0) && out.contains("2 agents"), "the variable wins over the place: {out}");
    assert_eq!(agents(&[], &[("PORTCULLIS_CONFIG", "absent.yaml")]).await.0, Some(1));
}

#[tokio::test]
async fn the_schema_is_json_and_knows_every_key() {
    let ran = portcullis(Path::new("/"), &["schema"]).await;
    assert_eq!(ran.code, Some(0));
    let schema: Value = serde_json::from_str(&ran.out).expect("JSON");
    for key in ["version", "server", "identity_providers", "agents", "api_keys"] {
        assert!(schema["properties"].get(key).is_some(), "{key}");
    }
    assert_eq!(schema["additionalProperties"], false);
    assert!(
        schema["$schema"].as_str().is_some_and(|s| s.contains("json-schema.org")),
        "{}",
        schema["$schema"]
    );
    for key in [
        "listeners",
        "workers",
        "ops",
        "admin",
        "state_dir",
        "token_cache",
        "limits",
        "trusted_proxies",
        "shutdown",
        "access_log",
        "issuer",
        "jwks_uri",
        "jwks_file",
        "jwks",
        "public_key_file",
        "public_key",
        "ca_file",
        "algorithms",
        "leeway",
        "refresh",
        "max_stale",
        "insecure_http",
        "display_name",
        "route",
        "upstream",
        "auth",
        "oauth",
        "api_key",
        "audiences",
        "header",
        "prefix",
        "forward_token",
        "scopes",
        "claims",
        "claim_headers",
        "max_token_lifetime",
        "cors",
        "max_body",
        "websocket",
        "enforcement",
        "sha256",
        "expires_at",
        "revoked_at",
    ] {
        assert!(ran.out.contains(&format!("\"{key}\"")), "{key} is not in the schema");
    }
}

#[tokio::test]
async fn what_helps_at_a_shell_is_printed() {
    for (args, wanted) in [
        (&["completions", "bash"][..], "complete -F _portcullis"),
        (&["completions", "zsh"], "#compdef portcullis"),
        (&["completions", "fish"], "complete -c portcullis"),
        (&["manpage"], ".TH portcullis"),
        (&["--version"], concat!("portcullis ", env!("CARGO_PKG_VERSION"))),
        (&["--help"], "explain"),
    ] {
        let ran = portcullis(Path::new("/"), args).await;
        assert_eq!(ran.code, Some(0), "{args:?}");
        assert!(ran.out.contains(wanted), "{wanted:?} of {args:?} in {}", ran.out);
        assert_eq!(ran.err, "", "{args:?}");
    }
}

#[tokio::test]
async fn usage_errors_exit_2() {
    let folder = folder(GOOD);
    for args in [
        &[][..],
        &["ruin"],
        &["run", "--quick"],
        &["check", "--strict", "--strict=maybe"],
        &["--log-level", "loud", "check"],
        &["--log-format", "xml", "check"],
        &["completions", "tcl"],
        &["api-key"],
        &["api-key", "create"],
        &["api-key", "create", "--agent", "Not A Name"],
        &["api-key", "create", "--agent", "a", "--expires", "soon"],
        &["explain", "-c", "c.yaml"],
        &["explain", "-c", "c.yaml", "--agent", "absent"],
        &["explain", "-c", "c.yaml", "--agent", "a", "-H", "no colon"],
        &["explain", "-c", "c.yaml", "--agent", "a", "--token-file", "absent"],
        &["explain", "-c", "c.yaml", "--agent", "a", "GET"],
        &["demo", "--port", "65536"],
    ] {
        let ran = portcullis(folder.path(), args).await;
        assert_eq!(ran.code, Some(2), "{args:?}: {ran:?}");
        assert!(!ran.err.is_empty() && ran.out.is_empty(), "{args:?}: {ran:?}");
    }
}

#[tokio::test]
async fn health_asks_the_gateway_that_runs() {
    let upstream = Upstream::start().await;
    let body = format!(
        "identity_providers:\n  slow: {{ issuer: \"https://192.0.2.1\" }}\nagents:\n  a: {{ route: /a, upstream: \"{}\", auth: {{ oauth: {{ identity_providers: [slow] }} }} }}\n",
        upstream.url()
    );
    let gateway = Start { body: &body, ..Start::default() }.alive().await;
    let config = gateway.config().display().to_string();
    let alive = portcullis(Path::new("/"), &["health", "-c", &config]).await;
    assert_eq!(alive.code, Some(0), "{alive:?}");
    let unready = portcullis(Path::new("/"), &["health", "--ready", "-c", &config]).await;
    let ready_now = gateway.ops_get("/readyz").await.0 == 200;
    assert!(unready.code == Some(1) || ready_now, "{unready:?}");
    gateway.write_body(&format!(
        "agents:\n  p: {{ route: /p, upstream: \"{}\", auth: public }}\n",
        upstream.url()
    ));
    testkit::eventually("it is ready", std::time::Duration::from_secs(2), async || {
        let ran = portcullis(Path::new("/"), &["health", "--ready", "-c", &config]).await;
        (ran.code == Some(0)).then_some(())
    })
    .await;
    let nobody =
        folder(&format!("version: 1\nserver: {{ ops: {{ address: \"127.0.0.1:{}\" }} }}\n", free_port()));
    let ran = portcullis(nobody.path(), &["health", "-c", "c.yaml"]).await;
    assert!(ran.code == Some(1) && !ran.err.is_empty(), "{ran:?}");
}

#[tokio::test]
async fn check_says_what_it_does_not_try_and_tries_it_when_it_is_asked_to() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("file"), "no folder").expect("it is written");
    let listeners = format!(
        "listeners: [{{ address: \"127.0.0.1:{port}\" }}], ops: {{ address: \"127.0.0.1:{}\" }}",
        free_port()
    );
    let text =
        |rest: &str| GOOD.replace("version: 1\n", &format!("version: 1\nserver: {{ {listeners}{rest} }}\n"));
    for (rest, args, code, told) in [
        ("", &[][..], 0, "note: not tried: whether the ports are free (--bind does)"),
        (", state_dir: file/below", &["--strict"][..], 0, "note: server.state_dir: "),
        ("", &["--bind"][..], 1, "error: server.listeners: cannot listen on 127.0.0.1:"),
        (", state_dir: file/below", &["--bind"][..], 1, "error: server.state_dir: "),
    ] {
        std::fs::write(folder.path().join("c.yaml"), text(rest)).expect("it is written");
        let ran = portcullis(folder.path(), &[&["check", "-c", "c.yaml"], args].concat()).await;
        assert_eq!(ran.code, Some(code), "{args:?} {ran:?}");
        assert!(ran.err.contains(told), "{told:?} in {}", ran.err);
        assert!(ran.out.starts_with("valid") && ran.out.lines().count() == 1, "{ran:?}");
    }
}
