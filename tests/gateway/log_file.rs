//! The access log in a file: rotated while it is written, and never felt by a caller when it cannot be written.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use testkit::{Gateway, Start, Upstream, client, eventually, portcullis};

const SOON: Duration = Duration::from_secs(10);

fn public(upstream: &Upstream) -> String {
    format!("agents:\n  p: {{ route: /p, upstream: \"{}\", auth: public }}\n", upstream.url())
}

async fn ask(gateway: &Gateway, times: usize) {
    for _ in 0..times {
        assert_eq!(client().get(gateway.url("/p")).send().await.expect("an answer").status(), 200);
    }
}

/// The ids of the requests in a file, once there are so many.
async fn ids(path: &Path, count: usize) -> BTreeSet<String> {
    eventually("the lines are there", SOON, async || {
        let text = fs::read_to_string(path).unwrap_or_default();
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("a whole line")).collect();
        let ids = lines.iter().map(|line| line["request_id"].as_str().expect("an id").to_owned());
        (lines.len() == count).then(|| ids.collect())
    })
    .await
}

#[tokio::test]
async fn a_file_that_was_moved_away_is_followed_by_another_at_sigusr1_and_no_line_is_lost() {
    let upstream = Upstream::start().await;
    let server = "  access_log: { file: access.log }\n";
    let mut gateway = Start { body: &public(&upstream), server, ..Start::default() }.ready().await;
    let (path, moved) =
        (gateway.folder.path().join("access.log"), gateway.folder.path().join("access.log.1"));
    let mode = fs::metadata(&path).expect("the file is there").permissions().mode() & 0o777;
    assert_eq!(mode, 0o640, "{mode:o}");
    ask(&gateway, 20).await;
    fs::rename(&path, &moved).expect("it is moved");
    ask(&gateway, 20).await;
    let before = ids(&moved, 40).await;
    gateway.signal("USR1").await;
    eventually("the file is made anew", SOON, async || path.exists().then_some(())).await;
    ask(&gateway, 20).await;
    let after = ids(&path, 20).await;
    assert_eq!(before.union(&after).count(), 60, "each request has a line of its own");
    ask(&gateway, 5).await;
    gateway.signal("TERM").await;
    assert!(gateway.ended(Duration::from_secs(20)).await.success());
    assert_eq!(ids(&path, 25).await.len(), 25, "what waits at the end is written");
    assert_eq!((ids(&moved, 40).await.len(), gateway.stdout()), (40, Vec::new()));
}

#[tokio::test]
async fn a_log_that_cannot_be_written_is_told_of_once_and_no_caller_notices() {
    let upstream = Upstream::start().await;
    for (file, is_removed, why) in
        [("logs/access.log", true, "No such file"), ("/dev/full", false, "No space")]
    {
        let server = format!("  access_log: {{ file: {file} }}\n");
        let start = Start {
            body: &public(&upstream),
            server: &server,
            files: &[("logs/other", "")],
            ..Start::default()
        };
        let gateway = start.ready().await;
        let logs = gateway.folder.path().join("logs");
        if is_removed {
            fs::remove_dir_all(&logs).expect("it is removed");
        }
        ask(&gateway, 10).await;
        eventually("what is lost is counted", SOON, async || {
            let lost = gateway.metric("portcullis_log_lines_dropped_total", &["log=\"access\""]).await;
            assert!(lost <= 10.0, "{lost}");
            (lost >= 10.0).then_some(())
        })
        .await;
        let told: Vec<_> =
            gateway.stderr().into_iter().filter(|line| line.contains("cannot be written")).collect();
        assert!(matches!(&told[..], [line] if line.contains(why) && line.contains(file)), "{told:?}");
        if is_removed {
            fs::create_dir(&logs).expect("a folder");
            ask(&gateway, 1).await;
            ids(&logs.join("access.log"), 1).await;
            let again = gateway.stderr().iter().filter(|line| line.contains("is written again")).count();
            assert_eq!(again, 1, "{:?}", gateway.stderr());
        }
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_again_keeps_its_lines() {
    let upstream = Upstream::start().await;
    let server = "  access_log: { file: logs/access.log }\n";
    let files = [("logs/other", "")];
    let gateway = Start { body: &public(&upstream), server, files: &files, ..Start::default() }.ready().await;
    let moved = gateway.folder.path().join("moved");
    fs::rename(gateway.folder.path().join("logs"), &moved).expect("it is moved");
    gateway.signal("USR1").await;
    eventually("it is told", SOON, async || {
        gateway.stderr().iter().any(|line| line.contains("cannot be opened again")).then_some(())
    })
    .await;
    ask(&gateway, 5).await;
    ids(&moved.join("access.log"), 5).await;
}

#[tokio::test]
async fn without_a_file_sigusr1_changes_nothing() {
    let upstream = Upstream::start().await;
    let gateway = Start { body: &public(&upstream), ..Start::default() }.ready().await;
    gateway.signal("USR1").await;
    eventually("it is told", SOON, async || {
        gateway.stderr().iter().any(|line| line.contains("SIGUSR1")).then_some(())
    })
    .await;
    ask(&gateway, 1).await;
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_said_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe")).status();
    assert!(made.expect("mkfifo runs").success());
    for (file, why) in
        [("absent/access.log", "its folder must be there"), ("pipe", "it is a pipe"), (".", "irectory")]
    {
        let text = format!(
            "version: 1\nserver: {{ listeners: [{{ address: \"127.0.0.1:0\" }}], ops: {{ address: \"127.0.0.1:0\" }}, access_log: {{ file: \"{file}\" }} }}\n"
        );
        fs::write(folder.path().join("c.yaml"), text).expect("the configuration is written");
        let ran = portcullis(folder.path(), &["run", "-c", "c.yaml"]).await;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let said = ran.err.contains("server.access_log") && ran.err.contains(file) && ran.err.contains(why);
        assert!(said && !ran.err.contains("panicked"), "{}", ran.err);
    }
}
