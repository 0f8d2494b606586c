//! One process of the gateway, and what it says.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

type Lines = Arc<Mutex<Vec<String>>>;

/// How long the last lines of a process that has ended may take: they are in the pipe, and the machine may be busy.
const LAST_LINES: Duration = Duration::from_secs(5);

/// Where standard output and the log go.
pub enum Output {
    /// Both are kept, line by line, behind what this has kept already.
    Kept(Said),
    /// Standard output goes nowhere, and the log into this file: for processes that say much.
    Log(PathBuf),
    /// Into pipes of which nobody ever reads a byte.
    Unheard,
}

/// What processes have said, line by line.
#[derive(Clone, Default)]
pub struct Said {
    out: Lines,
    err: Lines,
}

/// A process; it is killed when this is dropped.
pub struct Process {
    /// The process itself.
    pub child: Child,
    heard: Heard,
    /// What takes its lines in, to the end of its output.
    readers: Vec<JoinHandle<()>>,
}

enum Heard {
    Lines(Said),
    File(PathBuf),
    Nothing,
}

impl Process {
    /// Starts a command.
    pub(crate) fn spawn(mut command: Command, output: Output) -> Self {
        let log = |path: &PathBuf| Stdio::from(std::fs::File::create(path).expect("a log"));
        let (out, err, heard) = match output {
            Output::Kept(said) => (Stdio::piped(), Stdio::piped(), Heard::Lines(said)),
            Output::Log(path) => (Stdio::null(), log(&path), Heard::File(path)),
            Output::Unheard => (Stdio::piped(), Stdio::piped(), Heard::Nothing),
        };
        command.stdin(Stdio::null()).stdout(out).stderr(err).kill_on_drop(true);
        let mut child = command.spawn().expect("the gateway starts");
        let mut readers = Vec::new();
        if let Heard::Lines(said) = &heard {
            readers.push(collect(child.stdout.take().expect("its output"), &said.out));
            readers.push(collect(child.stderr.take().expect("its log"), &said.err));
        }
        Self { child, heard, readers }
    }

    /// The number of the process.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Every line on standard output so far, if they are kept.
    pub fn stdout(&self) -> Vec<String> {
        match &self.heard {
            Heard::Lines(said) => said.out.lock().expect("the lines").clone(),
            Heard::File(_) | Heard::Nothing => Vec::new(),
        }
    }

    /// Every line on standard error so far.
    pub fn stderr(&self) -> Vec<String> {
        match &self.heard {
            Heard::Lines(said) => said.err.lock().expect("the lines").clone(),
            Heard::File(path) => {
                std::fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
            }
            Heard::Nothing => Vec::new(),
        }
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.stderr().join("\n")
    }

    /// The line on standard output that `fits`, if it is there.
    pub(super) fn line<T>(&self, fits: impl FnMut(&String) -> Option<T>) -> Option<T> {
        let Heard::Lines(said) = &self.heard else { return None };
        said.out.lock().expect("the lines").iter().find_map(fits)
    }

    /// Sends a signal by name (`TERM`, `HUP`, …).
    pub async fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().await.expect("kill runs");
        assert!(sent.success(), "SIG{name} is sent");
    }

    /// Ends it with SIGKILL, at this very moment.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// How it ended, if it has.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("its state")
    }

    /// What it was started with, for one that follows it.
    pub(super) fn said(&self) -> Said {
        match &self.heard {
            Heard::Lines(said) => said.clone(),
            Heard::File(_) | Heard::Nothing => Said::default(),
        }
    }

    /// Waits for it to end by itself, and until its last lines have been read.
    pub async fn ended(&mut self, within: Duration) -> ExitStatus {
        let ended = tokio::time::timeout(within, self.child.wait()).await;
        let ended = ended.unwrap_or_else(|_| panic!("it does not end: {}", self.log()));
        for reader in self.readers.drain(..) {
            // A process that it has started may hold its output open.
            let _read = tokio::time::timeout(LAST_LINES, reader).await;
        }
        ended.expect("it can be waited for")
    }
}

fn collect(from: impl AsyncRead + Unpin + Send + 'static, lines: &Lines) -> JoinHandle<()> {
    let sink = Arc::clone(lines);
    tokio::spawn(async move {
        let mut from = BufReader::new(from).lines();
        while let Ok(Some(line)) = from.next_line().await {
            sink.lock().expect("the lines").push(line);
        }
    })
}
