//! Three gateways over one Redis, which agree on nothing else.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::api::Api;
use testkit::{Gateway, Redis, Start, Upstream, client, eventually};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::stage::Got;

/// How long the members may take to see each other, or that Redis has gone or come: a second, on a machine that does much else.
const SOON: Duration = Duration::from_secs(20);

pub(super) struct Trio {
    pub(super) gateways: Vec<Gateway>,
    pub(super) redis: Redis,
    _upstream: Upstream,
}

/// A limit of these members at one agent, counted together by address.
pub(super) fn together(counting: &str, rate: &str, more: &Value) -> Value {
    let mut limit =
        json!({"name": "one", "per": "address", "scope": "agent", "counting": counting, "rate": rate});
    let members = limit.as_object_mut().expect("an object");
    members.extend(more.as_object().expect("an object").clone());
    limit
}

impl Trio {
    /// Gateways with a public agent of each of these names, with a limit each, which see each other in Redis. `timeout` is how long
    /// a request may wait for it.
    pub(super) async fn of(agents: &[(&str, Value)], timeout: &str) -> Self {
        let redis = Redis::with(&["--requirepass", "hunter2"]).await;
        let trio = Self::unlinked(agents, redis, timeout).await;
        trio.linked(true).await;
        for member in 0..trio.gateways.len() {
            eventually("all members are seen", SOON, async || {
                let path = format!("/agents/{}/limits", agents[0].0);
                let limits = trio.api(member).get(&path).await.is(200).json();
                (limits["items"][0]["members"] == 3).then_some(())
            })
            .await;
        }
        trio
    }

    /// The same, whether Redis is there or not.
    pub(super) async fn unlinked(agents: &[(&str, Value)], redis: Redis, timeout: &str) -> Self {
        let upstream = Upstream::start().await;
        let agent = |(name, limit): &(&str, Value)| {
            let agent = json!({"route": format!("/{name}"), "upstream": upstream.url(), "auth": "public", "limits": [limit]});
            ((*name).to_owned(), agent)
        };
        let all: serde_json::Map<String, Value> = agents.iter().map(agent).collect();
        let body = format!("agents: {}\n", Value::from(all));
        let members = format!("url: \"{}\", password_file: redis.password, timeout: {timeout}", redis.url());
        let server =
            format!("  trusted_proxies: [127.0.0.1]\n  shared_state: {{ redis: {{ {members} }} }}\n");
        let files = [("redis.password", "hunter2\n")];
        let start =
            Start { body: &body, server: &server, admin: Some(""), files: &files, ..Start::default() };
        let (one, two, three) = tokio::join!(start.ready(), start.ready(), start.ready());
        Self { gateways: vec![one, two, three], redis, _upstream: upstream }
    }

    /// Waits until each member says that Redis is there, or that it is not.
    pub(super) async fn linked(&self, is_linked: bool) {
        let wanted = if is_linked { 1.0 } else { 0.0 };
        for gateway in &self.gateways {
            eventually(&format!("Redis is there: {is_linked}"), SOON, async || {
                let (_, page) = gateway.ops_get("/metrics").await;
                let line = page.lines().find_map(|line| line.strip_prefix("portcullis_shared_state_up "))?;
                (line.parse() == Ok(wanted)).then_some(())
            })
            .await;
        }
    }

    /// The admin API of one member.
    pub(super) fn api(&self, member: usize) -> Api {
        let gateway = &self.gateways[member];
        Api { origin: format!("http://127.0.0.1:{}", gateway.admin), token: gateway.admin_token() }
    }

    /// A request of this address to this agent at one member.
    pub(super) async fn get(&self, member: usize, agent: &str, address: &str) -> Got {
        let url = self.gateways[member].url(&format!("/{agent}"));
        let answer = client().get(url).header("X-Forwarded-For", address).send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Got { status, headers, text: answer.text().await.expect("text") }
    }

    /// How many of so many requests one after the other are let in.
    pub(super) async fn burst(&self, member: usize, agent: &str, address: &str, count: usize) -> usize {
        let mut admitted = 0;
        for _ in 0..count {
            admitted += usize::from(self.get(member, agent, address).await.status == 200);
        }
        admitted
    }

    /// How many requests are let in of so many at each member in turn, one every so many milliseconds; and in how many seconds.
    pub(super) async fn paced(
        &self,
        (members, agent, address): (&[usize], &str, &str),
        every: u64,
        count: usize,
    ) -> (usize, f64) {
        let mut ticks = interval(Duration::from_millis(every));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let (began, mut admitted) = (Instant::now(), 0);
        for nth in 0..count {
            ticks.tick().await;
            let member = members[nth % members.len()];
            admitted += usize::from(self.get(member, agent, address).await.status == 200);
        }
        (admitted, began.elapsed().as_secs_f64())
    }
}
