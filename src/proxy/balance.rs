//! The choice of a target for a request, where its agent has several: by what the request says, and by what is under way there.
//!
//! `upstream` chooses; this asks it, and waits where all places are taken and the agent lets requests wait.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant as Tick};

use pingora::proxy::Session;
use pingora::{Error, ErrorType};
use tokio::time::sleep;

use crate::model::cookies;
use crate::routing::Agent;
use crate::upstream::{Ask, HashBy, NoTarget, Targets, text_hash};

use super::context::Context;
use super::passage::Passage;
use super::place::{DRAINING, FULL, Place};
use super::service::Gateway;

/// How often a request that waits looks for a place: often enough that nobody notices, and seldom enough that thousands of them
/// cost nothing.
const LOOK: Duration = Duration::from_millis(5);

impl Gateway {
    /// Takes a place at a target for the first attempt of a request.
    pub(super) async fn place(&self, key: Option<u64>, ctx: &mut Context) -> pingora::Result<()> {
        let now = ctx.now;
        let passage = ctx.passage_mut()?;
        let agent = passage.agent();
        let Some(targets) = &agent.upstream.targets else { return Ok(()) };
        targets.budget.requested(now, &targets.spread.retry);
        let only = passage.session_place.as_ref().map(|place| place.target);
        let ask = Ask { now, key, only, tried: None };
        let place = match take(agent, targets, ask) {
            Err(NoTarget::Full) => self.wait(agent, targets, ask).await,
            other => other,
        };
        passage.place = Some(place.map_err(no_target)?);
        Ok(())
    }

    /// Waits until a target has a place, for as long as connecting to it may take.
    async fn wait(&self, agent: &Arc<Agent>, targets: &Targets, ask: Ask) -> Result<Place, NoTarget> {
        let Some(_waiting) = Waiting::begin(targets) else { return Err(NoTarget::Full) };
        let end = Tick::now() + agent.upstream.connect_timeout;
        loop {
            sleep(LOOK).await;
            match take(agent, targets, Ask { now: self.clock.now(), ..ask }) {
                Err(NoTarget::Full) if Tick::now() < end => {}
                other => return other,
            }
        }
    }
}

/// One of the requests that wait.
struct Waiting<'a>(&'a Targets);

impl<'a> Waiting<'a> {
    fn begin(targets: &'a Targets) -> Option<Self> {
        targets.wait().then_some(Self(targets))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.stop_waiting();
    }
}

impl Passage {
    /// Whether a place at a target is to be taken first.
    pub(super) fn wants_place(&self) -> bool {
        self.agent().upstream.targets.is_some() && self.place.is_none()
    }
}

/// Takes a place at the target that is chosen.
pub(super) fn take(agent: &Arc<Agent>, targets: &Targets, ask: Ask) -> Result<Place, NoTarget> {
    let index = targets.pick(ask)?;
    Place::take(agent, index).ok_or(NoTarget::Full)
}

/// The hash of what a request is placed by, where its agent places them so.
pub(super) fn key(session: &Session, ctx: &Context) -> pingora::Result<Option<u64>> {
    let agent = ctx.passage()?.agent();
    let Some(spread) = agent.upstream.targets.as_ref().map(|targets| &targets.spread) else {
        return Ok(None);
    };
    let headers = &session.req_header().headers;
    let hashed = |by: &HashBy| match by {
        HashBy::Principal => principal(agent, ctx),
        HashBy::Address => ctx.remote.map(address),
        HashBy::Header(name) => headers.get(name).map(|value| text_hash(value.as_bytes())),
        HashBy::Cookie(name) => cookies(headers, name).next().map(text_hash),
    };
    Ok(spread.affinity.by().and_then(hashed).or_else(|| spread.hash.as_ref().and_then(hashed)))
}

/// Provider and subject, or the API key.
fn principal(agent: &Agent, ctx: &Context) -> Option<u64> {
    let identity = ctx.verdict.identity.as_deref()?;
    match agent.provider_name(identity.provider) {
        Some(provider) => {
            let subject = text_hash(identity.sub.as_deref()?.as_bytes());
            Some(subject ^ text_hash(provider.as_str().as_bytes()).rotate_left(1))
        }
        None => identity.key_id.as_deref().map(|key| text_hash(key.as_bytes())),
    }
}

fn address(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(address) => text_hash(&address.octets()),
        IpAddr::V6(address) => text_hash(&address.octets()),
    }
}

fn no_target(none: NoTarget) -> Box<Error> {
    match none {
        NoTarget::Full => Error::explain(FULL, "all places at the targets are taken").into_up(),
        NoTarget::Draining => Error::explain(DRAINING, "all targets drain").into_up(),
        NoTarget::None => Error::explain(ErrorType::ConnectNoRoute, "no target takes requests").into_up(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_in_both_of_its_forms() {
        let of = |text: &str| address(text.parse().unwrap());
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
    }
}
