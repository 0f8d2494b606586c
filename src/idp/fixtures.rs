//! Shared by the tests of this room: signers, specs, a clock that follows tokio's time, a scripted source.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use testkit::Key;
use tokio::sync::Notify;

use crate::model::{Algorithm, AlgorithmSet, Clock, Instant, Issuer, ProviderName};
use crate::net::{EgressProxy, FetchError};
use crate::telemetry::Metrics;

use super::source::{Answer, Format, Source, SourceError, Validator};
use super::{KeySource, Provider, ProviderSpec};

pub(super) const ISSUER: &str = "https://idp.test/realms/a";
const START: u64 = 1_700_000_000;

/// A new key for this algorithm, with an arbitrary id.
pub(super) fn signer(algorithm: Algorithm) -> Key {
    Key::new(algorithm.as_str(), "k")
}

/// `key` with additional members, which replace those of the same name.
pub(super) fn with(mut key: Value, members: Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        key[name] = value.clone();
    }
    key
}

/// A key set with new Ed25519 keys of these ids.
pub(super) fn set_of(kids: &[&str]) -> String {
    let key = |kid: &&str| Key::new("EdDSA", kid).jwk();
    json!({"keys": kids.iter().map(key).collect::<Vec<_>>()}).to_string()
}

pub(super) fn spec(source: KeySource) -> ProviderSpec {
    ProviderSpec {
        tokens: crate::idp::TokenKind::Jwt,
        name: ProviderName::parse("corp").unwrap(),
        issuer: Issuer::new(ISSUER),
        source,
        algorithms: AlgorithmSet::all(),
        leeway: Duration::from_secs(30),
        refresh: Duration::from_secs(600),
        max_stale: Duration::from_secs(24 * 3600),
        insecure_http: false,
        egress_proxy: EgressProxy::Direct,
        extra_ca: None,
        implied_scopes: Default::default(),
        client_claim: None,
        introspection: None,
    }
}

pub(super) fn jwks_uri() -> KeySource {
    KeySource::JwksUri("https://idp.test/keys".parse().unwrap())
}

pub(super) fn provider(spec: ProviderSpec) -> Arc<Provider> {
    let metrics = Metrics::new().unwrap();
    let handles = metrics.provider(&spec.name);
    Provider::new(spec, handles)
}

/// A wall clock that follows tokio's time, paused or not, and that can be set.
pub(super) struct TokioClock {
    began: tokio::time::Instant,
    ahead: AtomicI64,
}

impl TokioClock {
    pub(super) fn start() -> Arc<Self> {
        Arc::new(Self { began: tokio::time::Instant::now(), ahead: AtomicI64::new(0) })
    }

    /// Sets it ahead of the real time by this many seconds.
    pub(super) fn set_ahead(&self, seconds: i64) {
        self.ahead.store(seconds, Ordering::SeqCst);
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Instant {
        let set = START.saturating_add_signed(self.ahead.load(Ordering::SeqCst));
        Instant::from_unix(set).plus(self.began.elapsed())
    }
}

/// The reaction of a scripted source to one fetch.
pub(super) enum Step {
    Give {
        body: String,
        etag: Option<&'static str>,
        max_age: Option<u64>,
    },
    Unchanged {
        max_age: Option<u64>,
    },
    Fail,
    /// Responds 429 with `Retry-After` in seconds.
    Busy(u64),
    /// Panics.
    Stumble,
    /// Waits for [`Script::release`], then runs the next step.
    Hold,
}

impl Step {
    pub(super) fn give(body: impl Into<String>) -> Self {
        Self::Give { body: body.into(), etag: None, max_age: None }
    }
}

/// The script of a source, and the fetches that it received.
pub(super) struct Script {
    steps: Mutex<VecDeque<Step>>,
    /// The step for every fetch after the scripted ones.
    last: Box<dyn Fn() -> Step + Send + Sync>,
    fetches: Mutex<Vec<(tokio::time::Instant, Option<Validator>)>>,
    held: Notify,
}

impl Script {
    pub(super) fn new(
        steps: impl IntoIterator<Item = Step>,
        last: impl Fn() -> Step + Send + Sync + 'static,
    ) -> Arc<Self> {
        let steps = Mutex::new(steps.into_iter().collect());
        Arc::new(Self { steps, last: Box::new(last), fetches: Mutex::default(), held: Notify::new() })
    }

    pub(super) fn source(self: &Arc<Self>) -> Box<dyn Source> {
        Box::new(Scripted(Arc::clone(self)))
    }

    pub(super) fn count(&self) -> usize {
        self.fetches.lock().unwrap().len()
    }

    /// The times between the fetches.
    pub(super) fn gaps(&self) -> Vec<Duration> {
        self.fetches.lock().unwrap().windows(2).map(|pair| pair[1].0 - pair[0].0).collect()
    }

    /// Whether the last fetch carried a validator.
    pub(super) fn last_was_conditional(&self) -> bool {
        self.fetches.lock().unwrap().last().is_some_and(|(_, validator)| validator.is_some())
    }

    pub(super) fn release(&self) {
        self.held.notify_one();
    }

    fn next(&self) -> Step {
        self.steps.lock().unwrap().pop_front().unwrap_or_else(|| (self.last)())
    }
}

struct Scripted(Arc<Script>);

#[async_trait]
impl Source for Scripted {
    async fn fetch(&mut self, known: Option<&Validator>) -> Result<Answer, SourceError> {
        self.0.fetches.lock().unwrap().push((tokio::time::Instant::now(), known.cloned()));
        let seconds = |max_age: Option<u64>| max_age.map(Duration::from_secs);
        loop {
            return match self.0.next() {
                Step::Hold => {
                    self.0.held.notified().await;
                    continue;
                }
                Step::Fail => Err(FetchError::Status {
                    url: "https://idp.test/keys".to_owned(),
                    status: 500,
                    retry_after: None,
                }
                .into()),
                Step::Busy(seconds) => {
                    let url = "https://idp.test/keys".to_owned();
                    let retry_after = Some(Duration::from_secs(seconds));
                    Err(FetchError::Status { url, status: 429, retry_after }.into())
                }
                Step::Stumble => panic!("this document is too much"),
                Step::Unchanged { max_age } => Ok(Answer::Unchanged { max_age: seconds(max_age) }),
                Step::Give { body, etag, max_age } => Ok(Answer::Document {
                    body: body.into(),
                    format: Format::KeySet,
                    validator: etag.map(|tag| Validator { place: ISSUER.to_owned(), tag: tag.to_owned() }),
                    max_age: seconds(max_age),
                }),
            };
        }
    }
}
