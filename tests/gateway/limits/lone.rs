//! One gateway at a Redis, with an agent for each way of counting there, and what callers and operators see of both.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Gateway, Start, Upstream, client, eventually};

use super::trio::together;

/// How long it may take to see that Redis has gone or come: a second or two, on a machine that does much else.
pub(super) const SOON: Duration = Duration::from_secs(30);

pub(super) struct Lone {
    pub(super) gateway: Gateway,
    outages: AtomicUsize,
    _upstream: Upstream,
}

impl Lone {
    /// A gateway at this Redis, with these members of `redis` besides, and files; Redis may be away.
    pub(super) async fn at(url: &str, members: &str, files: &[(&str, &str)]) -> Self {
        let upstream = Upstream::start().await;
        let agent = |(name, counting, on_loss): (&str, &str, &str)| {
            let limit = together(counting, "100/1h", &json!({"per": "agent", "on_loss": on_loss}));
            let agent = json!({"route": format!("/{name}"), "upstream": upstream.url(), "auth": "public", "limits": [limit]});
            (name.to_owned(), agent)
        };
        let agents = [("share", "shared", "share"), ("deny", "shared", "deny"), ("strict", "strict", "deny")];
        let all: serde_json::Map<String, Value> = agents.into_iter().map(agent).collect();
        let body = format!("agents: {}\n", Value::from(all));
        let server = format!("  shared_state: {{ redis: {{ url: \"{url}\", {members} }} }}\n");
        let gateway = Start { body: &body, server: &server, files, ..Start::default() }.ready().await;
        Self { gateway, outages: AtomicUsize::new(0), _upstream: upstream }
    }

    /// Waits until it counts in Redis, and sees that it does.
    pub(super) async fn counts(&self, now: &str) {
        let what = format!("{now}: it counts in Redis; {:?}", self.warnings());
        eventually(&what, SOON, async || self.is_up().await.then_some(())).await;
        assert_eq!((self.status("deny").await, self.status("strict").await), (200, 200), "{now}");
    }

    /// Waits until it counts alone, sees that nobody waits and that each limit does what it says for that, and that one warning
    /// has said why.
    pub(super) async fn is_alone(&self, now: &str, says: &str) {
        let what = format!("{now}: it counts alone");
        let outages = self.outages.fetch_add(1, Ordering::Relaxed) + 1;
        eventually(&what, SOON, async || {
            (!self.is_up().await && self.warnings().len() >= outages).then_some(())
        })
        .await;
        let began = Instant::now();
        assert_eq!(self.statuses("share", 3).await, [200; 3], "{now}");
        assert_eq!(self.statuses("deny", 3).await, [503; 3], "{now}");
        assert_eq!(self.statuses("strict", 3).await, [503; 3], "{now}");
        // Nobody waits, even for the second that a request may wait for an answer here.
        assert!(began.elapsed() < Duration::from_secs(1), "{now}: {:?} for nine", began.elapsed());
        let warnings = self.warnings();
        assert_eq!(warnings.len(), outages, "{now}: {warnings:?}");
        // How a connection ended may say less than why there is no other one.
        let said = || self.gateway.stderr().into_iter().filter(|line| line.contains("server.shared_state"));
        eventually(&format!("{now}: it says {says}"), SOON, async || said().find(|line| line.contains(says)))
            .await;
        assert!(said().all(|line| !line.contains("hunter2")), "{now}: {:?}", said().collect::<Vec<_>>());
    }

    /// Whether its metric says that Redis is there.
    pub(super) async fn is_up(&self) -> bool {
        self.gateway.metric("portcullis_shared_state_up", &[]).await > 0.0
    }

    /// The warnings about Redis.
    pub(super) fn warnings(&self) -> Vec<String> {
        let lines = self.gateway.stderr().into_iter();
        lines.filter(|line| line.contains("server.shared_state") && line.contains("WARN")).collect()
    }

    /// The statuses of so many requests to this agent, one after the other.
    pub(super) async fn statuses(&self, agent: &str, count: usize) -> Vec<u16> {
        let mut statuses = Vec::new();
        for _ in 0..count {
            statuses.push(self.status(agent).await);
        }
        statuses
    }

    async fn status(&self, agent: &str) -> u16 {
        let answer = client().get(self.gateway.url(&format!("/{agent}"))).send().await;
        answer.expect("an answer").status().as_u16()
    }
}
