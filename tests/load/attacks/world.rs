//! What stands around an attack: the gateway with small limits, its agents, good traffic beside it, and what it costs.

use std::time::Duration;

use serde_json::json;
use testkit::now;
use testkit::{Certificate, Gateway, Key, Start, eventually};

use crate::ask::Ask;
use crate::report::Report;
use crate::steady::{Carrier, Steady};
use crate::tally::Tally;
use crate::vitals::Vitals;

use super::origin::{Mood, Origin};

/// Good requests a second, and how many of them at the same time.
const RATE: u32 = 100;
const AT_ONCE: usize = 32;
/// A machine with two cores has pauses of its own; twice nothing is still nothing.
const NOISE: Duration = Duration::from_millis(20);
/// Attackers and the gateway share these cores; this is for a gateway that stands still.
const STALL: Duration = Duration::from_secs(1);

/// The gateway under attack.
pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) origin: Origin,
    key: Key,
    certificate: Certificate,
}

/// How it is set up.
#[derive(Default)]
pub(crate) struct Setup<'a> {
    /// Members of `server.limits`.
    pub(crate) limits: &'a str,
    /// More agents: lines of YAML, indented by two.
    pub(crate) agents: &'a str,
    /// Whether there is a listener with TLS as well.
    pub(crate) tls: bool,
    /// The command that starts it, with its arguments.
    pub(crate) through: &'a [&'a str],
}

/// What good traffic came to before the attack and beside it.
pub(crate) struct Beside {
    pub(crate) before: Tally,
    pub(crate) during: Tally,
}

impl Setup<'_> {
    pub(crate) async fn start(&self) -> World {
        let origin = Origin::start(Mood::Well);
        let key = Key::new("ES256", "good");
        let (url, jwk, more) = (origin.url(), key.jwk(), self.agents);
        let body = format!(
            "identity_providers:\n  corp: {{ issuer: \"https://idp.test\", jwks: {{ keys: [{jwk}] }} }}\n\
             agents:\n  good:\n    route: /good\n    upstream: {url}\n    auth: {{ oauth: {{ \
             identity_providers: [corp], audiences: [good] }} }}\n  \
             open: {{ route: /open, upstream: \"{url}\", auth: public }}\n  \
             capped: {{ route: /capped, upstream: \"{url}\", auth: public, max_body: 1MiB }}\n  \
             keyed: {{ route: /keyed, upstream: \"{url}\", auth: {{ api_key: {{ header: X-API-Key }} }} }}\n{more}"
        );
        let server = format!("  access_log: off\n  limits: {{ {} }}\n", self.limits);
        let certificate = Certificate::generate();
        let start = Start {
            body: &body,
            server: &server,
            certificate: self.tls.then_some(&certificate),
            through: self.through,
            ..Start::default()
        };
        World { gateway: start.ready().await, origin, key, certificate }
    }
}

impl World {
    /// A token that the agent `good` takes.
    pub(crate) fn token(&self) -> String {
        let now = now();
        let claims =
            json!({"iss": "https://idp.test", "sub": "alice", "aud": "good", "iat": now, "exp": now + 3600});
        self.key.token(&self.key.header("ES256"), &claims)
    }

    /// Good traffic on kept connections: a request with a token each time.
    pub(crate) fn good(&self) -> Steady {
        self.good_over(Carrier::Kept)
    }

    /// The same, carried in another way.
    pub(crate) fn good_over(&self, carrier: Carrier) -> Steady {
        let token = self.token();
        let asks = move |n| Ask::get(format!("/good/{n}")).bearer(&token);
        Steady::start(self.gateway.port, RATE, AT_ONCE, carrier, asks)
    }

    /// A client of its own that speaks HTTP/2 to the TLS listener on one connection, and the beginning of its URLs.
    pub(crate) fn http2(&self) -> (reqwest::Client, String) {
        self.certificate.http2(self.gateway.tls_port)
    }

    pub(crate) fn vitals(&self) -> Vitals {
        Vitals::of(self.gateway.pid())
    }

    /// Runs an attack while good traffic flows; no good request may fail.
    pub(crate) async fn beside<T>(
        &self,
        report: &mut Report,
        good: Steady,
        attack: impl AsyncFnOnce() -> T,
    ) -> (T, Beside) {
        good.sends(u64::from(RATE)).await;
        let _warm = good.take();
        good.sends(u64::from(RATE) * 2).await;
        let before = good.take();
        report.line("at rest", self.vitals());
        let outcome = attack().await;
        good.sends(u64::from(RATE)).await;
        report.line("under attack", self.vitals());
        let during = good.stop().await;
        report.line("good traffic before", &before);
        report.line("good traffic beside", &during);
        before.must_be_clean(u64::from(RATE));
        during.must_be_clean(u64::from(RATE));
        (outcome, Beside { before, during })
    }

    /// Requests under way, good ones among them.
    pub(crate) async fn in_flight(&self) -> usize {
        self.gateway.metric("portcullis_requests_in_flight", &[]).await as usize
    }

    /// Waits until requests under way are as many as that.
    pub(crate) async fn in_flight_is(&self, what: &str, within: Duration, holds: impl Fn(usize) -> bool) {
        eventually(what, within, async || holds(self.in_flight().await).then_some(())).await;
    }

    /// Waits until the process holds no more descriptors than this.
    pub(crate) async fn closes_down_to(&self, descriptors: u64, within: Duration) {
        eventually(&format!("{descriptors} descriptors or fewer"), within, async || {
            (self.vitals().descriptors <= descriptors).then_some(())
        })
        .await;
    }
}

impl Beside {
    /// Panics when the slowest hundredth of good requests waited.
    pub(crate) fn must_not_stall(&self) {
        let during = self.during.latency.quantile(0.99);
        assert!(during <= STALL, "p99 {during:?} under attack");
    }

    /// Panics unless the slowest hundredth took at most twice its time at rest, or as long as a pause of the machine.
    pub(crate) fn must_be_as_fast(&self) {
        let (before, during) = (self.before.latency.quantile(0.99), self.during.latency.quantile(0.99));
        assert!(during <= before * 2 + NOISE, "p99 {before:?} at rest, {during:?} under attack");
    }
}
