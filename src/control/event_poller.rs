//! Asks providers for security events (RFC 8936): one task for each provider that wants to be asked.
//!
//! What is acted on is acknowledged with the next question, which follows at once; what is rejected is told of with it; and what
//! could not be acted on is left with the provider, which has it until it is acknowledged.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::config::Snapshot;
use crate::events::{Carrier, EventReceiver, LANGUAGE, Poll, Polled, SetError, poll_request};
use crate::idp::options_of;
use crate::model::{Clock, ProviderName, doubled};
use crate::net::{Fetcher, Json, Limits, excerpt};

use super::event_desk::{Brought, EventDesk, Taken};
use super::handle::Control;
use super::own_task::OwnTask;

/// The limits of a question. An answer may hold a hundred tokens.
const LIMITS: Limits =
    Limits { connect: Duration::from_secs(2), total: Duration::from_secs(15), body: 4 * 1024 * 1024 };
/// The longest token.
const LONGEST: usize = 64 * 1024;
/// Questions without a pause, at most: a provider whose answers are never empty must not keep a core busy.
const IN_A_ROW: usize = 50;
/// The wait after the first failure.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait after a failure, unless the provider asks for a longer one.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The longest that it can ask for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);
/// The part of a wait that is left out by chance, so that the members of a fleet do not all ask at once.
const JITTER: f64 = 0.1;

/// The tasks of the live snapshot; dropping it ends them.
#[derive(Default)]
pub(super) struct EventPollers(HashMap<ProviderName, Following>);

struct Following {
    receiver: Arc<EventReceiver>,
    _task: OwnTask,
}

impl EventPollers {
    /// Asks exactly the providers of the snapshot that want to be asked. A task of which nothing changed goes on.
    pub(super) fn follow(&mut self, snapshot: &Snapshot, control: &Control, clock: &Arc<dyn Clock>) {
        self.0.retain(|name, following| {
            snapshot.events.get(name).is_some_and(|receiver| receiver.asks_like(&following.receiver))
        });
        for (name, receiver) in &snapshot.events {
            let Some(poll) = receiver.poll.clone() else { continue };
            self.0.entry(name.clone()).or_insert_with(|| {
                let poller = Poller {
                    desk: EventDesk::new(control.clone(), Arc::clone(clock)),
                    clock: Arc::clone(clock),
                    receiver: Arc::clone(receiver),
                    poll,
                    acknowledged: Vec::new(),
                    errors: BTreeMap::new(),
                    said: None,
                };
                Following { receiver: Arc::clone(receiver), _task: OwnTask::spawn(poller.run()) }
            });
        }
    }
}

struct Poller {
    desk: EventDesk,
    clock: Arc<dyn Clock>,
    receiver: Arc<EventReceiver>,
    poll: Poll,
    /// What is still to be told of the tokens of the answer before.
    acknowledged: Vec<String>,
    errors: BTreeMap<String, SetError>,
    /// The failure that was logged last, so that each is logged once.
    said: Option<String>,
}

/// Why there was no answer, or not all of it could be acted on.
struct Failure {
    why: String,
    retry_after: Option<Duration>,
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self { why, retry_after: None }
    }
}

impl Poller {
    async fn run(mut self) {
        let fetcher = match Fetcher::new(&options_of(self.receiver.provider.spec()), LIMITS) {
            Ok(fetcher) => fetcher,
            Err(error) => return self.ended(Some(error.to_string())),
        };
        let mut failures: u32 = 0;
        loop {
            let wait = match self.ask_for_all(&fetcher).await {
                Ok(()) => {
                    failures = 0;
                    self.ended(None);
                    self.poll.interval
                }
                Err(Failure { why, retry_after }) => {
                    failures = failures.saturating_add(1);
                    self.ended(Some(why));
                    wait_after(failures, retry_after)
                }
            };
            tokio::time::sleep(wait.mul_f64(1.0 - JITTER * rand::random::<f64>())).await;
        }
    }

    /// Asks until there is nothing more to have and to tell.
    async fn ask_for_all(&mut self, fetcher: &Fetcher) -> Result<(), Failure> {
        for _ in 0..IN_A_ROW {
            if !self.ask(fetcher).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Asks once; whether there is something to tell of the answer, or more to have.
    async fn ask(&mut self, fetcher: &Fetcher) -> Result<bool, Failure> {
        let question = Json {
            body: poll_request(&self.acknowledged, &self.errors),
            authorization: self.poll.authorization.clone(),
            language: (!self.errors.is_empty()).then_some(LANGUAGE),
        };
        let asked = fetcher.post_json(&self.poll.endpoint, question).await;
        let posted = asked.map_err(|error| excerpt(&error.to_string()))?;
        if !posted.status.is_success() {
            let why = format!("the transmitter answered {}", posted.status.as_u16());
            return Err(Failure { why, retry_after: posted.retry_after });
        }
        // It was told.
        self.acknowledged.clear();
        self.errors.clear();
        let polled = match posted.body.is_empty() {
            true => Polled::default(),
            false => Polled::read(&posted.body).map_err(str::to_owned)?,
        };
        let held = self.take(&polled.sets).await;
        if held > 0 {
            return Err(
                format!("{held} events could not be acted on, and are left with the transmitter").into()
            );
        }
        Ok(polled.more || !polled.sets.is_empty())
    }

    /// Takes the tokens of an answer; how many could not be acted on.
    async fn take(&mut self, sets: &BTreeMap<String, String>) -> usize {
        let mut held = 0;
        for (name, text) in sets {
            if text.len() > LONGEST {
                self.errors.insert(name.clone(), SetError::form("the token has over 64 KiB"));
                continue;
            }
            let audiences = &self.poll.audiences;
            let brought = Brought { carrier: Carrier::Event, text, audiences, name: Some(name.as_str()) };
            match self.desk.take(&self.receiver, brought).await {
                Taken::Done => self.acknowledged.push(name.clone()),
                Taken::Rejected(rejection) => {
                    self.errors.insert(name.clone(), rejection);
                }
                Taken::NotNow => held += 1,
            }
        }
        held
    }

    /// Tells of a round that has ended.
    fn ended(&mut self, failure: Option<String>) {
        let (provider, metrics) = (&self.receiver.provider.spec().name, &self.receiver.metrics);
        metrics.polled(failure.is_none());
        match &failure {
            Some(why) if self.said.as_ref() != Some(why) => {
                tracing::warn!(%provider, why, "the provider could not be asked for security events");
            }
            None if self.said.is_some() => {
                tracing::info!(%provider, "the provider can be asked for security events again");
            }
            Some(_) | None => {}
        }
        self.receiver.memory.polled(failure.clone(), self.clock.now());
        self.said = failure;
    }
}

/// How long to wait after so many failures in a row.
fn wait_after(failures: u32, retry_after: Option<Duration>) -> Duration {
    doubled(FIRST_WAIT, failures, LONGEST_WAIT).max(retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_after_failures_doubles_within_a_minute_and_a_provider_can_ask_for_more() {
        let wait =
            |failures, asked: Option<u64>| wait_after(failures, asked.map(Duration::from_secs)).as_secs();
        for (failures, asked, wanted) in [
            (1, None, 1),
            (2, None, 2),
            (6, None, 32),
            (7, None, 60),
            (64, None, 60),
            (65, None, 60),
            (u32::MAX, None, 60),
            (1, Some(120), 120),
            (7, Some(5), 60),
            (1, Some(86_400), 3600),
        ] {
            assert_eq!(wait(failures, asked), wanted, "{failures} {asked:?}");
        }
    }
}
