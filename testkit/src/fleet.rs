//! Gateways that share one etcd, each behind proxies of its own, so that each can be cut off alone.
//!
//! What a test deploys is its own; this starts the fleet, asks its members, and waits until they agree.

use std::fmt::Write as _;
use std::ops::Deref;
use std::time::Duration;

use serde_json::{Value, json};

use crate::api::{Api, If, Reply};
use crate::client::client;
use crate::cut::Cut;
use crate::etcd::Etcd;
use crate::eventually::eventually;
use crate::gateway::{Gateway, Start};
use crate::upstream::Upstream;

/// How long a test waits for what the gateway promises within half a second, on a machine that does much else.
pub const SOON: Duration = Duration::from_secs(20);

/// How a fleet is started; what is not said is not configured.
pub struct FleetStart<'a> {
    /// How many gateways.
    pub gateways: usize,
    /// Further members of `store.etcd`, besides `endpoints` (`username: a, password_file: b`).
    pub etcd: &'a str,
    /// Further lines of `server` of each, indented by two; `{n}` is the number of the member.
    pub server: &'a str,
    /// Files beside each configuration.
    pub files: &'a [(&'a str, &'a str)],
    /// The command that starts each, as in [`Start::through`].
    pub through: &'a [&'a str],
    /// Variables of each.
    pub env: &'a [(&'a str, &'a str)],
}

impl Default for FleetStart<'_> {
    fn default() -> Self {
        Self {
            gateways: 3,
            etcd: "",
            server: "  member: { name: gateway-{n} }\n  state_dir: state\n",
            files: &[],
            through: &[],
            env: &[],
        }
    }
}

/// An etcd, gateways, and one agent behind all of them; everything ends when this is dropped.
pub struct Fleet {
    /// The gateways, `gateway-0` first.
    pub members: Vec<FleetMember>,
    /// What they share.
    pub etcd: Etcd,
    /// The agent that all of them reach.
    pub upstream: Upstream,
}

/// A gateway of the fleet.
pub struct FleetMember {
    /// Its name in the fleet.
    pub name: String,
    /// The gateway.
    pub gateway: Gateway,
    /// What stands between it and each member of etcd, in their order.
    pub cuts: Vec<Cut>,
}

impl Fleet {
    /// So many gateways at an etcd of one member, which is empty; all of them are ready.
    pub async fn of(gateways: usize) -> Self {
        Self::on(Etcd::start().await, FleetStart { gateways, ..FleetStart::default() }).await
    }

    /// Gateways at this etcd; all of them are ready.
    pub async fn on(etcd: Etcd, start: FleetStart<'_>) -> Self {
        let mut fleet = Self::unready(etcd, start).await;
        for member in &mut fleet.members {
            member.gateway.is_ready().await;
        }
        fleet
    }

    /// The same, and each has answered `/livez`: it may have nothing to run.
    pub async fn unready(etcd: Etcd, start: FleetStart<'_>) -> Self {
        let mut members = Vec::new();
        for number in 0..start.gateways {
            members.push(FleetMember::start(&etcd, number, &start).await);
        }
        Self { members, etcd, upstream: Upstream::start().await }
    }

    /// One more gateway, which is ready.
    pub async fn join(&mut self, start: FleetStart<'_>) -> &mut FleetMember {
        let mut member = FleetMember::start(&self.etcd, self.members.len(), &start).await;
        member.gateway.is_ready().await;
        self.members.push(member);
        self.members.last_mut().expect("the new one")
    }

    /// A public agent of this name at the route of the same name.
    pub fn open(&self, name: &str) -> Value {
        json!({"route": format!("/{name}"), "upstream": self.upstream.url(), "auth": "public"})
    }

    /// Creates a public agent at a member, and says which revision that made.
    pub async fn deploy(&self, at: usize, name: &str) -> u64 {
        self.members[at].create(&format!("/agents/{name}"), &self.open(name)).await
    }

    /// Waits until each member runs this revision, or a later one.
    pub async fn all_run(&self, revision: u64) {
        for (number, member) in self.members.iter().enumerate() {
            eventually(&format!("gateway-{number} runs {revision}"), SOON, async || {
                (member.runs().await >= revision).then_some(())
            })
            .await;
        }
    }

    /// Waits until each member lets a call to this agent through, or none does.
    pub async fn all_serve(&self, name: &str, status: u16) {
        for (number, member) in self.members.iter().enumerate() {
            let what = format!("gateway-{number} answers {status} at /{name}");
            eventually(&what, SOON, async || (member.status(name).await == status).then_some(())).await;
        }
    }
}

impl FleetMember {
    async fn start(etcd: &Etcd, number: usize, start: &FleetStart<'_>) -> Self {
        let mut cuts = Vec::new();
        for member in &etcd.members {
            cuts.push(Cut::to(member.port).await);
        }
        let mut settings = format!("endpoints: [{}]", endpoints(etcd.scheme(), &cuts));
        if !start.etcd.is_empty() {
            let _ = write!(settings, ", {}", start.etcd);
        }
        let server = start.server.replace("{n}", &number.to_string());
        let start = Start {
            server: &server,
            admin: Some(""),
            etcd: Some(&settings),
            files: start.files,
            through: start.through,
            env: start.env,
            ..Start::default()
        };
        Self { name: format!("gateway-{number}"), gateway: start.at_all().await, cuts }
    }

    /// Its admin API; the token is there once the gateway has something live.
    pub fn api(&self) -> Api {
        Api { origin: format!("http://127.0.0.1:{}", self.gateway.admin), token: self.gateway.admin_token() }
    }

    /// Creates or replaces a resource, whatever stands there, and gives the answer.
    pub async fn apply(&self, path: &str, document: &Value) -> Reply {
        let there = self.api().get(path).await.status == 200;
        self.api().put(path, if there { If::Any } else { If::Absent }, document).await
    }

    /// Creates a resource, and says which revision that made.
    pub async fn create(&self, path: &str, document: &Value) -> u64 {
        self.api().put(path, If::Absent, document).await.is(201);
        self.runs().await
    }

    /// The number of the revision that it runs; 0 before it has any, or when it does not answer.
    pub async fn runs(&self) -> u64 {
        self.status_page().await.map_or(0, |status| status["live"]["number"].as_u64().unwrap_or_default())
    }

    /// The hash of what it runs, as it tells the fleet: that of the head, where it runs that. Empty when it does not answer.
    pub async fn hash(&self) -> String {
        let fleet = self.ask("/fleet").await.unwrap_or_default();
        let members = fleet["members"].as_array().into_iter().flatten();
        let mut own = members.filter(|member| member["name"] == self.name.as_str());
        own.next().and_then(|own| own["hash"].as_str()).unwrap_or_default().to_owned()
    }

    /// What `GET /status` says; nothing, when the admin listener does not answer.
    pub async fn status_page(&self) -> Option<Value> {
        self.ask("/status").await
    }

    async fn ask(&self, path: &str) -> Option<Value> {
        let token = std::fs::read_to_string(self.gateway.folder.path().join("admin.token")).ok()?;
        let url = format!("http://127.0.0.1:{}/api/v1{path}", self.gateway.admin);
        let answer = client().get(url).bearer_auth(token.trim_end()).send().await.ok()?;
        serde_json::from_str(&answer.text().await.ok()?).ok()
    }

    /// Which of the states of `portcullis_store_state` is 1.
    pub async fn store_state(&self) -> String {
        let (_, page) = self.gateway.ops_get("/metrics").await;
        let samples = page.lines().filter_map(|line| line.strip_prefix("portcullis_store_state{state=\""));
        let mut set = samples.filter_map(|rest| rest.strip_suffix("\"} 1"));
        set.next().unwrap_or_default().to_owned()
    }

    /// Waits until its store is in this state.
    pub async fn is_in_state(&self, state: &str) {
        eventually(&format!("the store is {state}"), SOON, async || {
            (self.store_state().await == state).then_some(())
        })
        .await;
    }

    /// The status of a call to an agent without a credential; 0 when nobody answers.
    pub async fn status(&self, agent: &str) -> u16 {
        let answer = client().get(self.gateway.url(&format!("/{agent}"))).send().await;
        answer.map_or(0, |answer| answer.status().as_u16())
    }

    /// Ends its connections with etcd, and refuses new ones.
    pub fn cut_off(&self) {
        self.cuts.iter().for_each(Cut::cut);
    }

    /// Holds back every byte between it and etcd, silently.
    pub fn swallowed(&self) {
        self.cuts.iter().for_each(Cut::swallow);
    }

    /// It reaches etcd again.
    pub fn reaches_again(&self) {
        self.cuts.iter().for_each(Cut::pass);
    }

    /// How many connections with etcd it has opened.
    pub fn connections(&self) -> u64 {
        self.cuts.iter().map(Cut::connections).sum()
    }
}

impl Deref for FleetMember {
    type Target = Gateway;

    fn deref(&self) -> &Gateway {
        &self.gateway
    }
}

fn endpoints(scheme: &str, cuts: &[Cut]) -> String {
    let all = cuts.iter().map(|cut| format!("\"{scheme}://127.0.0.1:{}\"", cut.port));
    all.collect::<Vec<_>>().join(", ")
}
