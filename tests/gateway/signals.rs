//! Signals that come as early as they can: each does what it says, and none ends the process by itself.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use testkit::free_port;
use testkit::{Start, Upstream, client, eventually};

const WAIT: Duration = Duration::from_secs(20);

/// A gateway without anything behind it.
struct Started {
    child: Child,
    ops: u16,
    _folder: TempDir,
}

fn start() -> Started {
    let (port, ops) = (free_port(), free_port());
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("portcullis.yaml");
    let text = format!(
        "version: 1\nserver:\n  listeners: [{{ address: \"127.0.0.1:{port}\" }}]\n  ops: {{ address: \"127.0.0.1:{ops}\" }}\n"
    );
    std::fs::write(&config, text).expect("the configuration is written");
    let child = Command::new(testkit::binary())
        .args(["run", "-c"])
        .arg(&config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    Started { child, ops, _folder: folder }
}

impl Started {
    /// Asks without a pause until the gateway says that it is ready.
    fn ready(&self) {
        let deadline = Instant::now() + WAIT;
        while !self.says_ready() {
            assert!(Instant::now() < deadline, "it is not ready in time");
            std::thread::yield_now();
        }
    }

    fn says_ready(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.ops)) else { return false };
        let asked = stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let mut answer = String::new();
        asked.and_then(|()| stream.read_to_string(&mut answer)).is_ok() && answer.starts_with("HTTP/1.1 200")
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Signals that have a handler, as a mask.
    fn handled(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("its status");
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("a mask");
        u64::from_str_radix(mask.trim(), 16).expect("hexadecimal")
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _may_have_ended = self.child.kill();
        let _waited = self.child.wait();
    }
}

#[test]
fn a_signal_right_after_ready_ends_it_with_0_or_changes_nothing() {
    for round in 0..20 {
        let mut gateway = start();
        gateway.ready();
        let (before, last) =
            [("HUP", "TERM"), ("QUIT", "TERM"), ("TERM", "TERM"), ("USR1", "TERM"), ("HUP", "INT")]
                [round % 5];
        gateway.signal(before);
        gateway.signal(last);
        let status = gateway.child.wait().expect("it ends");
        let ended = (status.code(), status.signal());
        assert_eq!(ended, (Some(0), None), "round {round}: {before}, {last}");
    }
}

#[test]
fn whoever_can_connect_finds_every_signal_handled() {
    const ALL: u64 = 1 | 1 << 1 | 1 << 2 | 1 << 9 | 1 << 14;
    for round in 0..5 {
        let gateway = start();
        let deadline = Instant::now() + WAIT;
        while TcpStream::connect(("127.0.0.1", gateway.ops)).is_err() {
            assert!(Instant::now() < deadline, "it does not listen in time");
            std::thread::yield_now();
        }
        let handled = gateway.handled();
        assert_eq!(handled & ALL, ALL, "round {round}: {handled:x}");
    }
}

#[tokio::test]
async fn a_reload_right_after_the_first_connection_is_not_lost() {
    let upstream = Upstream::start().await;
    let agent = |route: &str| {
        format!("agents:\n  p: {{ route: {route}, upstream: \"{}\", auth: public }}\n", upstream.url())
    };
    let gateway = Start { body: &agent("/old"), ..Start::default() }.alive().await;
    gateway.write_body(&agent("/new"));
    gateway.signal("HUP").await;
    eventually("the change is live", Duration::from_secs(5), async || {
        let answer = client().get(gateway.url("/new")).send().await.ok()?;
        (answer.status() == 200).then_some(())
    })
    .await;
}
