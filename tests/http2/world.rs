//! The gateway with a TLS listener, an agent behind it, and what can be asked of both.

use std::path::{Path, PathBuf};
use std::time::Duration;

use testkit::{Certificate, Gateway, Since, Start, Upstream};

use super::wire::{CLIENT_SETTINGS, Fate, Wire, get};

/// The longest that an answer on loopback may take.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// What carries the connections of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    Tls,
    /// Nothing: the client knows that the listener speaks HTTP/2 in plain text.
    Clear,
}

/// What stands around a connection.
pub(crate) struct World {
    over: Over,
    pub(crate) gateway: Gateway,
    pub(crate) upstream: Upstream,
    pub(crate) pem: String,
}

impl World {
    /// An agent for everybody at `/open`, one for nobody at `/shut`.
    pub(crate) async fn start() -> Self {
        Self::with("", "").await
    }

    /// The same with further lines of `server`, and further agents.
    pub(crate) async fn with(server: &str, agents: &str) -> Self {
        Self::of(Start { server, ..Start::default() }, agents).await
    }

    /// The same, asked over this.
    pub(crate) async fn over(over: Over, server: &str) -> Self {
        Self::over_with(over, server, "").await
    }

    /// The same with further agents.
    pub(crate) async fn over_with(over: Over, server: &str, agents: &str) -> Self {
        let layout: fn(&Path, &str) -> PathBuf = |folder, text| {
            let (plain, clear) = ("    - address: 127.0.0.1:", "    - h2c: true\n      address: 127.0.0.1:");
            let config = folder.join("portcullis.yaml");
            std::fs::write(&config, text.replacen(plain, clear, 1)).expect("the configuration is written");
            config
        };
        let layout = (over == Over::Clear).then_some(layout);
        Self { over, ..Self::of(Start { server, layout, ..Start::default() }, agents).await }
    }

    /// The same with an admin listener.
    pub(crate) async fn operated(agents: &str) -> Self {
        Self::of(Start { admin: Some(""), ..Start::default() }, agents).await
    }

    /// Any other start, with further agents.
    pub(crate) async fn of(start: Start<'_>, agents: &str) -> Self {
        let upstream = Upstream::start().await;
        let certificate = Certificate::generate();
        let body = format!("{}{agents}", agents_of(&upstream));
        let start = Start { body: &body, certificate: Some(&certificate), ..start };
        Self { over: Over::Tls, gateway: start.ready().await, upstream, pem: certificate.pem }
    }

    /// Has the first two agents alone from now on.
    pub(crate) async fn removes_the_others(&self) -> Since {
        Since::reload(&self.gateway, &agents_of(&self.upstream)).await
    }

    /// A connection on which the client has begun.
    pub(crate) async fn connect(&self) -> Wire {
        let mut wire = self.open().await;
        wire.begin(&CLIENT_SETTINGS).await;
        wire
    }

    /// A connection on which nothing was sent, but for what TLS needs.
    pub(crate) async fn open(&self) -> Wire {
        match self.over {
            Over::Tls => Wire::open(self.gateway.tls_port, &self.pem).await,
            Over::Clear => Wire::in_clear(self.gateway.port).await,
        }
    }

    /// How often a path has reached the agent.
    pub(crate) fn reached(&self, path: &str) -> usize {
        self.upstream.seen().iter().filter(|seen| seen.target == path).count()
    }

    /// Asserts that a new connection is served.
    pub(crate) async fn serves(&self) {
        let mut wire = self.connect().await;
        wire.send(&get(1, "/open/still")).await;
        assert_eq!(wire.fate(1, SOON).await, Fate::Status(200), "others are served");
    }

    /// The gateway's memory, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.gateway.pid())).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
    }

    /// Whether the gateway has said that it ended a connection for this reason.
    pub(crate) fn has_said(&self, reason: &str) -> bool {
        let wanted = format!(r#""reason":"{reason}""#);
        self.gateway.stderr().iter().any(|line| line.contains(&wanted))
    }
}

fn agents_of(upstream: &Upstream) -> String {
    let url = upstream.url();
    format!(
        "agents:\n  open: {{ route: /open, upstream: \"{url}\", auth: public }}\n  \
         shut: {{ route: /shut, upstream: \"{url}\", auth: {{ api_key: {{}} }} }}\n"
    )
}
