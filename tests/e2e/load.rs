//! Steady traffic in the background: 200 requests a second, whatever comes back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use testkit::{client, eventually};
use tokio::task::{JoinHandle, JoinSet};

use super::gateway::Gateway;

const PACE: Duration = Duration::from_millis(5);

/// Traffic under way.
pub(crate) struct Load {
    tokens: Arc<Mutex<Vec<String>>>,
    answered: Arc<AtomicUsize>,
    task: JoinHandle<Outcome>,
}

/// What it came to.
pub(crate) struct Outcome {
    pub(crate) sent: usize,
    /// Status and body of each answer that was not 200; 0 when there was no answer.
    pub(crate) refused: Vec<(u16, String)>,
}

impl Load {
    /// Sends `count` requests, each with the next of the tokens, which are all good.
    pub(crate) fn start(gateway: &Gateway, path: &str, tokens: Vec<String>, count: usize) -> Self {
        let (tokens, answered) = (Arc::new(Mutex::new(tokens)), Arc::new(AtomicUsize::new(0)));
        let task = tokio::spawn(run(gateway.url(path), Arc::clone(&tokens), Arc::clone(&answered), count));
        Self { tokens, answered, task }
    }

    /// Waits until so many requests have been answered.
    pub(crate) async fn reaches(&self, count: usize) {
        let enough = async || (self.answered.load(Ordering::Relaxed) >= count).then_some(());
        eventually(&format!("{count} requests are answered"), Duration::from_secs(60), enough).await;
    }

    /// Sends these tokens as well from now on.
    pub(crate) fn mix_in(&self, tokens: &[String]) {
        self.tokens.lock().expect("the tokens").extend_from_slice(tokens);
    }

    /// Waits for the last answer.
    pub(crate) async fn ends(self) -> Outcome {
        self.task.await.expect("the load runs to its end")
    }
}

async fn run(
    url: String,
    tokens: Arc<Mutex<Vec<String>>>,
    answered: Arc<AtomicUsize>,
    count: usize,
) -> Outcome {
    let mut pace = tokio::time::interval(PACE);
    let mut requests = JoinSet::new();
    for i in 0..count {
        pace.tick().await;
        let token = {
            let tokens = tokens.lock().expect("the tokens");
            tokens[i % tokens.len()].clone()
        };
        let request = client().get(&url).header("authorization", format!("Bearer {token}"));
        let answered = Arc::clone(&answered);
        requests.spawn(async move {
            let outcome = match request.send().await {
                Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
                Err(error) => (0, error.to_string()),
            };
            answered.fetch_add(1, Ordering::Relaxed);
            outcome
        });
    }
    let outcomes = requests.join_all().await;
    Outcome {
        sent: outcomes.len(),
        refused: outcomes.into_iter().filter(|(status, _)| *status != 200).collect(),
    }
}
