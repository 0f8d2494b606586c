//! openssl as a client, which says whether it has resumed a session, and shows weak certificates where curl refuses to.

use std::path::Path;
use std::process::Stdio;

use testkit::Gateway;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// What openssl said of one request, and the answer in it.
#[derive(Debug)]
pub(super) struct Said(String);

impl Said {
    pub(super) fn is_resumed(&self) -> bool {
        self.0.contains("\nReused, TLSv1")
    }

    pub(super) fn answer(&self) -> Option<&str> {
        self.0.find("HTTP/1.1 ").and_then(|at| self.0.get(at..))
    }
}

/// Asks once with openssl.
pub(super) async fn ask(folder: &Path, gateway: &Gateway, version: &str, more: &[&str]) -> Said {
    let address = format!("127.0.0.1:{}", gateway.tls_port);
    let mut process = Command::new("openssl")
        .args(["s_client", "-connect", &address, "-servername", "gateway.test", version, "-ign_eof"])
        .args(more)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("openssl starts");
    let mut input = process.stdin.take().expect("its input");
    // One that was refused may not take it.
    let _ = input.write_all(b"GET /open HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n").await;
    let ran = process.wait_with_output().await.expect("its end");
    drop(input);
    Said(String::from_utf8_lossy(&ran.stdout).into_owned())
}
