//! A real Redis on loopback, without anything on disk, and what can happen to it.

use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::eventually::eventually;
use crate::gateway::{Output, Process};
use crate::ports::free_port;

/// How long the process may take to listen.
const LISTENS: Duration = Duration::from_secs(20);
/// How long an answer may take.
const ANSWERS: Duration = Duration::from_secs(5);

/// A Redis: a port, and the process there while one runs. It ends when this is dropped.
pub struct Redis {
    /// Its port at 127.0.0.1.
    pub port: u16,
    args: Vec<String>,
    folder: TempDir,
    process: Mutex<Option<Process>>,
}

impl Redis {
    /// One without a password, which listens.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// One with these further arguments (`--requirepass`, `--maxmemory`, …).
    pub async fn with(args: &[&str]) -> Self {
        let redis = Self::stopped(args);
        redis.start_again().await;
        redis
    }

    /// A port, and no process yet.
    pub fn stopped(args: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("testkit-redis-").tempdir().expect("a folder for Redis");
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        Self { port: free_port(), args, folder, process: Mutex::default() }
    }

    /// Its URL, as a configuration has it.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Ends it with SIGKILL: all that it knows is gone.
    pub async fn kill(&self) {
        if let Some(mut process) = self.process.lock().await.take() {
            process.kill().await;
        }
    }

    /// Starts it, empty, and waits until it listens; nothing, if it runs.
    pub async fn start_again(&self) {
        let mut running = self.process.lock().await;
        if running.is_some() {
            return;
        }
        let (port, folder) = (self.port.to_string(), self.folder.path().display().to_string());
        let mut command = Command::new("redis-server");
        command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command
            .args(["--dir", &folder, "--logfile", &self.log_file().display().to_string()])
            .args(&self.args);
        let mut process = Process::spawn(command, Output::Log(self.log_file().with_extension("err")));
        eventually("Redis listens", LISTENS, async || {
            let ended = process.has_ended();
            assert!(ended.is_none(), "Redis ends with {ended:?}: {}", self.log());
            TcpStream::connect(("127.0.0.1", self.port)).await.ok()
        })
        .await;
        *running = Some(process);
    }

    /// SIGSTOP: its connections stay open, and it says nothing.
    pub async fn pause(&self) {
        self.signal("STOP").await;
    }

    /// SIGCONT, after [`Redis::pause`].
    pub async fn resume(&self) {
        self.signal("CONT").await;
    }

    /// Sends a command of words without blanks, and gives the answer as it comes (RESP2); of one that it has no answer to, nothing.
    pub async fn call(&self, command: &str) -> String {
        call(self.port, command).await
    }

    /// The same of one that has to say that it is done.
    pub async fn done(&self, command: &str) {
        let answer = self.call(command).await;
        assert!(answer.starts_with("+OK") || answer.starts_with(':'), "{command}: {answer}");
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("redis.log")
    }

    async fn signal(&self, name: &str) {
        let process = self.process.lock().await;
        process.as_ref().expect("Redis runs").signal(name).await;
    }
}

async fn call(port: u16, command: &str) -> String {
    let asked = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    match timeout(ANSWERS, asked).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => panic!("Redis does not answer {command}: {error}"),
        Err(_) => panic!("Redis does not answer {command}"),
    }
}
