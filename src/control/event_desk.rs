//! Takes security events, however they came: verifies them, with one fetch of keys where a new one signed, and sees that each
//! is acted on once.
//!
//! What an event comes to is in `events`; how that is done in `event_action`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::HeaderMap;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::events::{
    Carrier, Delivery, EventAnswer, EventReceiver, Expected, NotTold, ReceiveEvents, Rejection, Told,
};
use crate::model::{Clock, Fetched, SecurityEventKind, SecurityEventResult};

use super::event_action::act;
use super::handle::Control;

/// Tokens that are worked on at once: each may cost a signature, a wait for keys, and a write to the disk. Anybody can send
/// some, so others are asked to come again.
const AT_ONCE: usize = 64;
/// The longest wait for the keys of a provider, as of a request with an unknown `kid`.
const KEYS_WAIT: Duration = Duration::from_secs(1);

/// Takes security events. Cheap to clone.
#[derive(Clone)]
pub struct EventDesk(Arc<Parts>);

struct Parts {
    control: Control,
    clock: Arc<dyn Clock>,
    slots: Semaphore,
}

/// A token that came in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Brought<'a> {
    pub(super) carrier: Carrier,
    pub(super) text: &'a str,
    /// Of these audiences it must name one.
    pub(super) audiences: &'a [String],
    /// The name that it has beside it, which must be its own.
    pub(super) name: Option<&'a str>,
}

/// What became of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is in force, or needs nothing.
    Done,
    /// It is rejected for good.
    Rejected(Rejection),
    /// It could not be acted on now.
    NotNow,
}

impl std::fmt::Debug for EventDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EventDesk")
    }
}

impl EventDesk {
    /// That of a gateway.
    #[must_use]
    pub fn new(control: Control, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Parts { control, clock, slots: Semaphore::new(AT_ONCE) }))
    }

    /// Takes a token that was sent to, or had from, this provider.
    pub(super) async fn take(&self, receiver: &Arc<EventReceiver>, brought: Brought<'_>) -> Taken {
        let Parts { control, clock, .. } = &*self.0;
        let told = match self.read(receiver, brought).await {
            Ok(told) => told,
            Err(NotTold::Rejected(rejection)) => return self.reject(receiver, brought.carrier, rejection),
            Err(NotTold::KeysUnavailable | NotTold::KeysNeeded) => {
                receiver.count(SecurityEventKind::None, SecurityEventResult::Failed, clock.now());
                return Taken::NotNow;
            }
        };
        if brought.name.is_some_and(|name| name != &*told.jti) {
            let rejection = Rejection::form("`jti` is not the name under which the token came");
            return self.reject(receiver, brought.carrier, rejection);
        }
        if receiver.memory.knows(brought.carrier, &told.jti) {
            for event in &told.events {
                receiver.count(event.kind, SecurityEventResult::Repeated, clock.now());
            }
            return Taken::Done;
        }
        for event in &told.events {
            let result = act(control, receiver, (&told, event), clock.now()).await;
            receiver.count(event.kind, result, clock.now());
            if result == SecurityEventResult::Failed {
                return Taken::NotNow;
            }
        }
        receiver.memory.acted_on(brought.carrier, &told.jti);
        Taken::Done
    }

    /// Reads a token. Where a key is unknown, the keys of the provider are fetched once, unless they were a moment ago.
    async fn read(&self, receiver: &EventReceiver, brought: Brought<'_>) -> Result<Told, NotTold> {
        let Brought { carrier, text, audiences, .. } = brought;
        let (provider, scope) = (&*receiver.provider, receiver.scope);
        let read = |keys| {
            let now = self.0.clock.now();
            Told::read(carrier, text, &Expected { provider, audiences, scope, keys, now })
        };
        let first = read(Fetched::NotAsked);
        if first != Err(NotTold::KeysNeeded) {
            return first;
        }
        let fetched = match provider.join_refetch(self.0.clock.now()) {
            Some(fetched) => timeout(KEYS_WAIT, fetched).await.is_ok(),
            None => false,
        };
        // Whoever sends tokens with any key id can keep a fetch away for half a minute, but must not have an event rejected.
        if fetched || !provider.spec().source.is_fetched() { read(Fetched::Here(())) } else { first }
    }

    fn reject(&self, receiver: &EventReceiver, carrier: Carrier, rejection: Rejection) -> Taken {
        let now = self.0.clock.now();
        receiver.count(SecurityEventKind::None, SecurityEventResult::Rejected, now);
        if receiver.memory.may_tell(now) {
            let (provider, typ) = (&receiver.provider.spec().name, carrier.typ());
            let (code, why) = (rejection.code.as_str(), rejection.why);
            tracing::warn!(%provider, typ, code, why, "a token about security events was rejected");
        }
        Taken::Rejected(rejection)
    }
}

#[async_trait]
impl ReceiveEvents for EventDesk {
    fn admit(&self, provider: &str, headers: &HeaderMap) -> Result<Delivery, EventAnswer> {
        let live = self.0.control.live();
        let Some(receiver) = live.events.get(provider) else { return Err(EventAnswer::Gone) };
        match receiver.admit(headers) {
            Ok(carrier) => Ok(Delivery { receiver: Arc::clone(receiver), carrier }),
            Err((carrier, rejection)) => {
                let result = if rejection == Rejection::UNAUTHORIZED {
                    SecurityEventResult::Unauthorized
                } else {
                    SecurityEventResult::Rejected
                };
                receiver.count(SecurityEventKind::None, result, self.0.clock.now());
                Err(EventAnswer::Rejected(carrier, rejection))
            }
        }
    }

    async fn receive(&self, delivery: Delivery, body: &[u8]) -> EventAnswer {
        let Delivery { receiver, carrier } = delivery;
        let Ok(_slot) = self.0.slots.try_acquire() else { return EventAnswer::Busy(carrier) };
        let text = match carrier.token(body) {
            Ok(text) => text,
            Err(rejection) => {
                let _rejected = self.reject(&receiver, carrier, rejection);
                return EventAnswer::Rejected(carrier, rejection);
            }
        };
        let audiences = receiver.audiences(carrier);
        match self.take(&receiver, Brought { carrier, text: &text, audiences, name: None }).await {
            Taken::Done => EventAnswer::Accepted(carrier),
            Taken::Rejected(rejection) => EventAnswer::Rejected(carrier, rejection),
            Taken::NotNow => EventAnswer::Unavailable(carrier),
        }
    }
}
