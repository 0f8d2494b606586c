//! Good requests in the background, at a steady pace, until they are told to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use testkit::{Gateway, client};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use super::crowd::Member;

/// Traffic under way.
pub(crate) struct Traffic {
    enough: Arc<AtomicBool>,
    task: JoinHandle<Outcome>,
}

/// What it came to.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) sent: usize,
    /// What was not answered with 200: agent, status (0 for none) and words.
    pub(crate) failed: Vec<(String, u16, String)>,
    pub(crate) times: Vec<Duration>,
}

impl Traffic {
    /// Calls the agents of these providers in turn, one each `pace`.
    pub(crate) fn start(gateway: &Gateway, members: &[&Member], pace: Duration) -> Self {
        let calls: Vec<(String, String, String)> = members
            .iter()
            .map(|member| {
                let url = gateway.url(&format!("/{}", member.name));
                (member.name.clone(), url, format!("Bearer {}", member.token()))
            })
            .collect();
        let enough = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(run(calls, pace, Arc::clone(&enough)));
        Self { enough, task }
    }

    /// Ends it and waits for the last answer.
    pub(crate) async fn ends(self) -> Outcome {
        self.enough.store(true, Ordering::Relaxed);
        self.task.await.expect("the traffic runs to its end")
    }
}

impl Outcome {
    /// The time that one in a hundred exceeds.
    pub(crate) fn p99(&self) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        times.get(times.len() * 99 / 100).copied().unwrap_or_default()
    }

    pub(crate) fn longest(&self) -> Duration {
        self.times.iter().max().copied().unwrap_or_default()
    }
}

async fn run(calls: Vec<(String, String, String)>, pace: Duration, enough: Arc<AtomicBool>) -> Outcome {
    let mut pace = tokio::time::interval(pace);
    let mut requests = JoinSet::new();
    for (agent, url, credential) in calls.iter().cycle() {
        pace.tick().await;
        if enough.load(Ordering::Relaxed) {
            break;
        }
        let request = client().get(url).header("authorization", credential);
        let agent = agent.clone();
        requests.spawn(async move {
            let began = Instant::now();
            let (status, words) = match request.send().await {
                Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
                Err(error) => (0, error.to_string()),
            };
            (agent, status, words, began.elapsed())
        });
    }
    let mut outcome = Outcome::default();
    for (agent, status, words, took) in requests.join_all().await {
        outcome.sent += 1;
        outcome.times.push(took);
        if status != 200 {
            outcome.failed.push((agent, status, words));
        }
    }
    outcome
}
