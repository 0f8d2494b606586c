//! The fleet at one point in time, for operators.

use tokio::time::Instant;

use super::member_state::{MemberState, age};
use crate::control::status::Status;
use crate::store::{Health, Member, Seen, Sight, StoreKind, StoreState};

/// The fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// The last revision.
    pub revision: u64,
    /// The kind of store.
    pub kind: StoreKind,
    /// The state of the store, as this member sees it.
    pub state: StoreState,
    /// Why that is not `ok`, as a sentence.
    pub why: Option<String>,
    /// The id of the store, where it is shared and has one.
    pub store_id: Option<String>,
    /// Everybody, in the order of their names.
    pub members: Vec<FleetMember>,
}

/// A member with its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetMember {
    /// What it says of itself.
    pub member: Member,
    /// Its state.
    pub state: MemberState,
    /// How old what it knows of the store is, in milliseconds; `None` when it never heard of it, or vanished.
    pub confirmed_age_ms: Option<u64>,
    /// Whether another process goes by the same name.
    pub contested: bool,
}

impl Overview {
    /// `health` is that of a shared store.
    pub(super) fn of(status: &Status, health: Option<Health>, seen: Vec<Seen>, now: Instant) -> Self {
        let (state, why, store_id, revision) = match health {
            // There is nobody who could know better.
            None => (StoreState::Ok, None, None, status.runs.revision),
            Some(health) => {
                let revision = match health.state {
                    StoreState::Ok | StoreState::Stale | StoreState::Torn => health.head,
                    // What such a store says is not what the fleet is to run.
                    StoreState::Vanished
                    | StoreState::Foreign
                    | StoreState::Regressed
                    | StoreState::Forked => health.held,
                };
                (health.state, health.why, health.store_id, revision)
            }
        };
        let member = |seen: Seen| FleetMember {
            state: MemberState::of(&seen, revision, now),
            confirmed_age_ms: age(&seen, now).map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
            contested: matches!(seen.sight, Sight::Present { contested: true, .. }),
            member: seen.member,
        };
        let members = seen.into_iter().map(member).collect();
        Self { revision, kind: status.store.kind, state, why, store_id, members }
    }
}
