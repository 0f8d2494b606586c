//! A Sentinel on loopback, which lets the replica of a Redis take over when that one is gone.

use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::eventually::eventually;
use crate::gateway::{Output, Process};
use crate::ports::free_port;
use crate::redis::Redis;

/// How long it may take to listen, and to make another one the master: two seconds, on a machine that does much else.
const SOON: Duration = Duration::from_secs(40);

/// The Sentinel; it ends when this is dropped.
pub struct Sentinel {
    port: u16,
    _folder: TempDir,
    _process: Process,
}

impl Sentinel {
    /// One that watches this Redis and knows its replicas, which are up to date.
    pub async fn over(master: &Redis) -> Self {
        let folder = tempfile::Builder::new().prefix("testkit-sentinel-").tempdir().expect("a folder");
        let (port, path) = (free_port(), folder.path());
        // It writes into its own configuration what it learns.
        let config = path.join("sentinel.conf");
        let lines = [
            format!("port {port}"),
            "bind 127.0.0.1".to_owned(),
            format!("dir {}", path.display()),
            format!("logfile {}", path.join("sentinel.log").display()),
            format!("sentinel monitor main 127.0.0.1 {} 1", master.port),
            "sentinel down-after-milliseconds main 500".to_owned(),
            "sentinel failover-timeout main 5000".to_owned(),
        ];
        std::fs::write(&config, lines.join("\n") + "\n").expect("its configuration");
        let mut command = Command::new("redis-server");
        command.arg(&config).arg("--sentinel");
        let process = Process::spawn(command, Output::Log(path.join("sentinel.err")));
        let sentinel = Self { port, _folder: folder, _process: process };
        eventually("the Sentinel listens", SOON, async || TcpStream::connect(("127.0.0.1", port)).await.ok())
            .await;
        eventually("the Sentinel knows a replica", SOON, async || {
            let known = ask(port, "SENTINEL REPLICAS main").await?;
            known.contains("master-link-status\r\n$2\r\nok").then_some(())
        })
        .await;
        sentinel
    }

    /// Waits until the Redis at this port is the master.
    pub async fn follows(&self, port: u16) {
        eventually("the other one has taken over", SOON, async || {
            let answer = ask(self.port, "SENTINEL GET-MASTER-ADDR-BY-NAME main").await?;
            answer.contains(&format!("\r\n{port}\r\n")).then_some(())
        })
        .await;
    }
}

/// Asks it, and gives its answer as it comes. It knows no QUIT, so something is asked whose answer is known.
async fn ask(port: u16, command: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    stream.write_all(format!("{command}\r\nPING\r\n").as_bytes()).await.ok()?;
    let (mut answer, mut piece) = (String::new(), [0; 4_096]);
    while !answer.ends_with("+PONG\r\n") {
        let read = stream.read(&mut piece).await.ok().filter(|read| *read > 0)?;
        answer += &String::from_utf8_lossy(&piece[..read]);
    }
    Some(answer)
}
