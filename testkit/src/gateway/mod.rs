//! The gateway under test: the real binary, a folder with its configuration, and everything that it says.

mod place;
mod process;
mod start;

use std::ops::Deref;
use std::process::ExitStatus;
use std::time::Duration;

use serde_json::Value;

pub use place::Place;
pub use process::{Output, Process, Said};
pub use start::{Start, shards};

use crate::eventually::eventually;

/// A running gateway at its place; it ends when this is dropped.
pub struct Gateway {
    place: Place,
    process: Process,
}

impl Deref for Gateway {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.place
    }
}

impl Gateway {
    /// The access log line of a request, by its id.
    pub async fn logged(&self, request_id: &str) -> Value {
        eventually("the request is logged", Duration::from_secs(10), async || {
            self.process.line(|line| {
                let line = serde_json::from_str::<Value>(line).ok()?;
                (line["request_id"] == request_id).then_some(line)
            })
        })
        .await
    }

    /// Every line on standard output so far.
    pub fn stdout(&self) -> Vec<String> {
        self.process.stdout()
    }

    /// Every line on standard error so far.
    pub fn stderr(&self) -> Vec<String> {
        self.process.stderr()
    }

    /// Sends a signal by name (`TERM`, `HUP`, …).
    pub async fn signal(&self, name: &str) {
        self.process.signal(name).await;
    }

    /// Ends the process with SIGKILL, at this very moment.
    pub async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// Starts the same binary again on the same folder and the same ports, and waits until it listens.
    pub async fn start_again(&mut self) {
        self.process = self.place.launch(&[], Output::Kept(self.process.said()));
        self.place.listens(&mut self.process).await;
    }

    /// The same, and waits until its ops listener answers: nothing may be live.
    pub async fn start_at_all(&mut self) {
        self.process = self.place.launch(&[], Output::Kept(self.process.said()));
        self.place.lives(&mut self.process).await;
    }

    /// Waits until it is ready.
    pub async fn is_ready(&mut self) {
        self.place.ready(&mut self.process).await;
    }

    /// How it ended, if it has.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.process.has_ended()
    }

    /// The number of the process.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Waits for the process to end by itself.
    pub async fn ended(&mut self, within: Duration) -> ExitStatus {
        self.process.ended(within).await
    }
}
