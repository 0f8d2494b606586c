//! One process of etcd, and what can happen to it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::sync::Mutex;

use crate::eventually::eventually;
use crate::gateway::{Output, Process};

/// How long a process may take to listen.
const LISTENS: Duration = Duration::from_secs(20);
/// How long it may take to end by itself.
const ENDS: Duration = Duration::from_secs(20);

/// A member: a place with data and ports, and the process there while one runs.
pub struct Member {
    /// Its name in the cluster.
    pub name: String,
    /// Its port for clients, at 127.0.0.1.
    pub port: u16,
    folder: PathBuf,
    args: Vec<String>,
    process: Mutex<Option<Process>>,
}

impl Member {
    pub(super) fn new(nth: usize, port: u16, folder: &Path, mut args: Vec<String>) -> Self {
        let name = name(nth);
        let data = folder.join(&name);
        args.extend(["--name".to_owned(), name.clone(), "--data-dir".to_owned(), data.display().to_string()]);
        Self { name, port, folder: data, args, process: Mutex::default() }
    }

    /// Ends it with SIGKILL.
    pub async fn kill(&self) {
        if let Some(mut process) = self.process.lock().await.take() {
            process.kill().await;
        }
    }

    /// Ends it with SIGTERM: what it knows is written, and it gives its leadership away.
    pub async fn stop(&self) {
        if let Some(mut process) = self.process.lock().await.take() {
            process.signal("TERM").await;
            process.ended(ENDS).await;
        }
    }

    /// SIGSTOP: its connections stay open, and it says nothing.
    pub async fn pause(&self) {
        self.signal("STOP").await;
    }

    /// SIGCONT, after [`Member::pause`].
    pub async fn resume(&self) {
        self.signal("CONT").await;
    }

    /// Starts it on the data that is there and waits until it listens; nothing, if it runs.
    pub async fn start_again(&self) {
        let mut running = self.process.lock().await;
        if running.is_some() {
            return;
        }
        let mut command = Command::new("etcd");
        command.args(&self.args).env("ETCD_UNSUPPORTED_ARCH", std::env::consts::ARCH);
        let mut process = Process::spawn(command, Output::Log(self.folder.with_extension("log")));
        eventually("etcd listens", LISTENS, async || {
            let ended = process.has_ended();
            assert!(ended.is_none(), "etcd ends with {ended:?}: {}", process.log());
            TcpStream::connect(("127.0.0.1", self.port)).await.ok()
        })
        .await;
        *running = Some(process);
    }

    /// What the process has logged since it was started last.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.with_extension("log")).unwrap_or_default()
    }

    /// Where its data is.
    pub fn data(&self) -> &Path {
        &self.folder
    }

    pub(super) fn delete_data(&self) {
        if self.folder.exists() {
            std::fs::remove_dir_all(&self.folder).expect("the data of etcd can be deleted");
        }
    }

    async fn signal(&self, name: &str) {
        let process = self.process.lock().await;
        process.as_ref().expect("the member runs").signal(name).await;
    }
}

/// The name of a member.
pub(super) fn name(nth: usize) -> String {
    format!("etcd-{nth}")
}
