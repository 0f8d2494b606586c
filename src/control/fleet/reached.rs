//! How far a revision got in the fleet.

use schemars::JsonSchema;
use serde::Serialize;

use super::member_state::MemberState;
use super::overview::{FleetMember, Overview};

/// How far a revision got. Members that have vanished are not counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "FleetReached")]
pub struct Reached {
    /// The revision.
    pub revision: u64,
    /// The number of members.
    pub members: usize,
    /// How many of them serve it, or a later one.
    pub running: usize,
    /// Those that do not serve it yet.
    pub behind: Vec<String>,
    /// Those that refused it.
    pub refused: Vec<String>,
}

impl Reached {
    pub(super) fn of(revision: u64, overview: &Overview) -> Self {
        let present = || overview.members.iter().filter(|member| member.state != MemberState::Vanished);
        let runs = |one: &&FleetMember| one.member.revision >= revision;
        let refuses = |one: &&FleetMember| {
            one.member.refused.as_ref().is_some_and(|refused| refused.revision >= revision)
        };
        let name = |one: &FleetMember| one.member.name.clone();
        Self {
            revision,
            members: present().count(),
            running: present().filter(runs).count(),
            behind: present().filter(|one| !runs(one) && !refuses(one)).map(name).collect(),
            refused: present().filter(|one| !runs(one) && refuses(one)).map(name).collect(),
        }
    }
}
