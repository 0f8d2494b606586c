//! Calls to an agent at every gateway, in the background, until they are told to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use testkit::eventually::scripted_pause;
use testkit::{Fleet, client};
use tokio::task::JoinHandle;

/// A call at each gateway every so often: constant, and little beside what the test does.
const PACE: Duration = Duration::from_millis(25);

/// Traffic under way.
pub(crate) struct Traffic {
    enough: Arc<AtomicBool>,
    task: JoinHandle<(usize, Vec<String>)>,
}

impl Traffic {
    /// Calls a public agent, which each gateway serves already.
    pub(crate) fn start(fleet: &Fleet, agent: &str) -> Self {
        let urls: Vec<String> = fleet.members.iter().map(|member| member.url(&format!("/{agent}"))).collect();
        let enough = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(run(urls, Arc::clone(&enough)));
        Self { enough, task }
    }

    /// Ends it; panics unless every call was answered by the agent.
    pub(crate) async fn ends_without_a_failure(self) {
        self.enough.store(true, Ordering::Relaxed);
        let (sent, failed) = self.task.await.expect("the traffic runs to its end");
        assert!(sent > 0 && failed.is_empty(), "{} of {sent} calls failed: {failed:?}", failed.len());
    }
}

async fn run(urls: Vec<String>, enough: Arc<AtomicBool>) -> (usize, Vec<String>) {
    let (mut sent, mut failed) = (0, Vec::new());
    while !enough.load(Ordering::Relaxed) {
        for url in &urls {
            sent += 1;
            match client().get(url).send().await {
                Ok(answer) if answer.status() == 200 => {}
                Ok(answer) => failed.push(format!("{url}: {}", answer.status())),
                Err(error) => failed.push(format!("{url}: {error}")),
            }
        }
        scripted_pause(PACE).await;
    }
    (sent, failed)
}
