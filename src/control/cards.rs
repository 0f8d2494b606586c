//! Fetches the cards of A2A agents, away from the request path, and publishes what is made of them.
//!
//! The last good card is served on while a fetch fails. A card that came whole and must not be served ends that: it is what
//! the agent says now.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::config::Snapshot;
use crate::model::{AgentName, Clock, Live, SigningAlgorithm};
use crate::protocol::a2a::card::{CardError, CardSeal};
use crate::routing::{A2aAgent, Agent, CardOrigin, CardSeen, CardState};
use crate::signing::{Header, KeyRing, SigningKey};
use crate::telemetry::{CardMetrics, Metrics};

use super::card_fetch::{CardFetch, Got, Place};
use super::own_task::OwnTask;

/// The time between two fetches of a card.
const REFRESH: Duration = Duration::from_secs(60);
/// The first wait after a failed fetch; it doubles up to [`REFRESH`], so that an agent that starts after the gateway is known
/// soon.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// One task for each A2A agent whose card comes from it; dropping it ends them.
pub(super) struct Cards {
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    following: HashMap<AgentName, Following>,
}

struct Following {
    agent: Arc<Agent>,
    /// The agent's own card, as it last came, for the next configuration of the same agent.
    last: Last,
    wake: Arc<Notify>,
    metrics: CardMetrics,
    /// Absent for a card that is not fetched.
    task: Option<OwnTask>,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task = None;
        self.metrics.gone();
    }
}

/// A card as it came, and where from.
type Last = Arc<Mutex<Option<(Place, Vec<u8>)>>>;

impl Cards {
    pub(super) fn new(clock: Arc<dyn Clock>, metrics: Metrics) -> Self {
        Self { clock, metrics, following: HashMap::new() }
    }

    /// Follows exactly the A2A agents of the snapshot. An agent whose configuration changed begins with the card that it had.
    pub(super) fn follow(&mut self, snapshot: &Snapshot) {
        let wanted = |name: &AgentName| snapshot.agents.get(name);
        let gone =
            |name: &AgentName, one: &Following| !wanted(name).is_some_and(|a| Arc::ptr_eq(a, &one.agent));
        let before: HashMap<AgentName, Following> =
            self.following.extract_if(|name, one| gone(name, one)).collect();
        let lasts: HashMap<AgentName, Before> =
            before.iter().map(|(name, one)| (name.clone(), Before::of(one))).collect();
        // The tasks and series of before end here.
        drop(before);
        for (name, agent) in &snapshot.agents {
            let Some(a2a) = agent.protocol.a2a().filter(|_| !self.following.contains_key(name)) else {
                continue;
            };
            let before = lasts.get(name).filter(|before| before.is_of(agent)).cloned().unwrap_or_default();
            let following = self.spawn(agent, a2a, before, &snapshot.signing);
            self.following.insert(name.clone(), following);
        }
    }

    /// Fetches every card now.
    pub(super) fn wake(&self) {
        for following in self.following.values() {
            following.wake.notify_one();
        }
    }

    fn spawn(
        &self,
        agent: &Arc<Agent>,
        a2a: &Arc<A2aAgent>,
        before: Before,
        keys: &Arc<Live<KeyRing>>,
    ) -> Following {
        let Before { last, seen } = before;
        let metrics = self.metrics.card(&agent.name);
        let (wake, kept) = (Arc::new(Notify::new()), Arc::new(Mutex::new(last.clone())));
        let mut keeper = Keeper {
            agent: Arc::clone(agent),
            a2a: Arc::clone(a2a),
            clock: Arc::clone(&self.clock),
            last: Arc::clone(&kept),
            metrics: metrics.clone(),
            keys: Arc::clone(keys),
            signed: None,
            said: None,
            seen,
        };
        if let Some((_, card)) = last {
            // What is wrong with it is said when it comes again.
            let _unusable = keeper.serve(&card);
            keeper.show();
        }
        let woken = Arc::clone(&wake);
        let task = match a2a.plan.origin {
            CardOrigin::File(_) => {
                keeper.serves();
                None
            }
            CardOrigin::Rewrite | CardOrigin::Passthrough => {
                Some(OwnTask::spawn(async move { keeper.run(&woken).await }))
            }
        };
        Following { agent: Arc::clone(agent), last: kept, wake, metrics, task }
    }
}

fn taken(last: &Last) -> Option<(Place, Vec<u8>)> {
    last.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// What was had of an agent's card under the configuration before.
#[derive(Clone, Default)]
struct Before {
    last: Option<(Place, Vec<u8>)>,
    seen: CardSeen,
}

impl Before {
    fn of(one: &Following) -> Self {
        let seen = one.agent.protocol.a2a().map(|a2a| CardSeen::clone(&a2a.seen.get()));
        Self { last: taken(&one.last), seen: seen.unwrap_or_default() }
    }

    /// Whether it came from where this agent is.
    fn is_of(&self, agent: &Agent) -> bool {
        self.last.as_ref().is_some_and(|(place, _)| *place == Place::of(agent))
    }
}

/// Keeps the card of one agent.
struct Keeper {
    agent: Arc<Agent>,
    a2a: Arc<A2aAgent>,
    clock: Arc<dyn Clock>,
    last: Last,
    metrics: CardMetrics,
    keys: Arc<Live<KeyRing>>,
    /// The agent's card that was signed last, and the key: two signatures over one text differ, and clients would take the
    /// card for a new one.
    signed: Option<(Vec<u8>, String)>,
    /// What was logged last, so that each change is logged once.
    said: Option<String>,
    /// What is shown of it.
    seen: CardSeen,
}

impl Keeper {
    async fn run(mut self, wake: &Notify) {
        let mut fetch = match CardFetch::new(&self.agent) {
            Ok(fetch) => fetch,
            Err(error) => {
                self.seen.failure = Some(error.to_string().into());
                self.show();
                return self.say(Some(error.to_string()));
            }
        };
        let mut retry = FIRST_RETRY;
        loop {
            let pause = if self.look(&mut fetch).await {
                retry = FIRST_RETRY;
                REFRESH
            } else {
                let pause = retry;
                retry = (retry * 2).min(REFRESH);
                pause
            };
            // Either is a reason to look again.
            let _woken = tokio::time::timeout(pause, wake.notified()).await;
        }
    }

    /// Fetches the card once, and publishes what is made of it; whether there is one.
    async fn look(&mut self, fetch: &mut CardFetch) -> bool {
        let failed = match fetch.get().await {
            Ok(Got::Unchanged) => self.sign_again().err().map(|error| error.to_string()),
            Ok(Got::Card(card)) => match self.came(&card) {
                Ok(()) => {
                    let place = Place::of(&self.agent);
                    *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((place, card));
                    None
                }
                Err(error) => {
                    fetch.forget();
                    Some(error.to_string())
                }
            },
            Err(error) => Some(error.to_string()),
        };
        let is_good = failed.is_none();
        self.seen.failure = failed.as_deref().map(Into::into);
        if is_good {
            let now = self.clock.now();
            self.metrics.fetched(now);
            self.seen.at = Some(now);
        } else {
            self.metrics.failed();
        }
        self.show();
        self.say(failed);
        is_good
    }

    /// Signs the last card with the key of now, if another one signed it.
    fn sign_again(&mut self) -> Result<(), CardError> {
        match self.signed.clone() {
            Some((card, _)) => self.serve(&card),
            None => Ok(()),
        }
    }

    /// A card came.
    fn came(&mut self, card: &[u8]) -> Result<(), CardError> {
        self.seen.upstream = Some(card.into());
        self.serve(card)
    }

    /// Shows operators what is known.
    fn show(&self) {
        self.a2a.seen.publish(Arc::new(self.seen.clone()));
    }

    /// Publishes what is made of the agent's card.
    fn serve(&mut self, card: &[u8]) -> Result<(), CardError> {
        let keys = self.keys.get();
        let key = keys.signer(SigningAlgorithm::Es256);
        let kid = key.map(SigningKey::kid);
        if self.signed.as_ref().is_some_and(|(last, by)| last == card && Some(by.as_str()) == kid) {
            return Ok(());
        }
        let sign = |payload: &[u8]| {
            let header = Header { kind: "JOSE", keys_url: self.a2a.plan.policy.keys_url.as_deref() };
            let signed = key?.sign(header, payload)?;
            Some(CardSeal { protected: signed.protected, signature: signed.signature })
        };
        match self.a2a.plan.made_from(card, &sign) {
            Ok((served, warnings)) => {
                let signed = self.a2a.plan.policy.keys_url.as_ref().and(kid);
                self.signed = signed.map(|kid| (card.to_vec(), kid.to_owned()));
                self.seen.warnings = warnings.iter().map(ToString::to_string).collect();
                let state = CardState::Served(served);
                if self.a2a.card.with(|before| *before != state) {
                    for warning in warnings {
                        tracing::warn!(agent = %self.agent.name, %warning, "the agent's card was rewritten");
                    }
                    self.a2a.card.publish(Arc::new(state));
                }
                self.serves();
                Ok(())
            }
            Err(error) => {
                if error.is_refusal() {
                    self.a2a.card.publish(Arc::new(CardState::Refused));
                }
                Err(error)
            }
        }
    }

    fn serves(&self) {
        let signature = self.a2a.card.with(|card| match card {
            CardState::Served(served) => Some(served.signature),
            CardState::Absent | CardState::Refused => None,
        });
        if let Some(signature) = signature {
            self.metrics.serves(self.a2a.plan.source(), signature);
        }
    }

    fn say(&mut self, error: Option<String>) {
        if error == self.said {
            return;
        }
        match &error {
            Some(error) => tracing::warn!(agent = %self.agent.name, error, "the agent's card cannot be had"),
            None => tracing::info!(agent = %self.agent.name, "the agent's card is there again"),
        }
        self.said = error;
    }
}
