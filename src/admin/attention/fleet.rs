//! The causes that only a fleet has: a store that is not in order, and members that do not run the last revision.

use std::time::Duration;

use crate::control::{FleetMember, MemberState, Overview};
use crate::store::StoreState;

use super::{Attention, Code, Level, Seen, Subject, SubjectKind};

/// A member is listed as behind when the last revision runs here for so long: a healthy one needs half a second, and one
/// that waits for its own regular look at the store needs five.
const BEHIND: Duration = Duration::from_secs(10);

/// The end of a state that does not end by itself.
const RESUME: &str = "a person decides which configuration is right: `portcullis store resume`";

/// Nothing of a gateway whose store nobody shares.
pub(super) fn all(seen: &Seen<'_>) -> Vec<Attention> {
    let Some(fleet) = seen.fleet else { return Vec::new() };
    let mut all: Vec<_> = store(fleet).into_iter().collect();
    for shown in &fleet.members {
        all.extend(name_shared(shown));
        all.extend(member(seen, fleet, shown));
    }
    all
}

fn store(fleet: &Overview) -> Option<Attention> {
    let (level, code, what, end) = match fleet.state {
        StoreState::Ok => return None,
        StoreState::Stale => {
            (Level::Warning, Code::StoreStale, "The store of the fleet does not answer", "it answers again")
        }
        StoreState::Torn => (
            Level::Warning,
            Code::StoreTorn,
            "What the store of the fleet holds does not fit its hash, and is not applied",
            "it does",
        ),
        StoreState::Vanished => {
            (Level::Error, Code::StoreVanished, "The store of the fleet has lost the configuration", RESUME)
        }
        StoreState::Foreign => {
            (Level::Error, Code::StoreForeign, "The store is not the one of this fleet", RESUME)
        }
        StoreState::Regressed => (
            Level::Error,
            Code::StoreRegressed,
            "The store of the fleet went back to an older revision",
            RESUME,
        ),
        StoreState::Forked => (
            Level::Error,
            Code::StoreForked,
            "The store of the fleet has another history than this gateway",
            RESUME,
        ),
    };
    let why = fleet.why.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
    let text = format!("{what}{why}. What runs goes on, and changes are refused until {end}.");
    Some(Attention::new(level, code, Subject::new(SubjectKind::Store, "etcd"), text))
}

fn name_shared(shown: &FleetMember) -> Option<Attention> {
    let name = &shown.member.name;
    let text =
        format!("Two gateways of the fleet are called {name}. Give each a `server.member.name` of its own.");
    shown.contested.then(|| of_member(Level::Warning, Code::MemberNameShared, name, text))
}

fn member(seen: &Seen<'_>, fleet: &Overview, shown: &FleetMember) -> Option<Attention> {
    let member = &shown.member;
    let (name, runs, last) = (&member.name, member.revision, fleet.revision);
    let (level, code, text) = match shown.state {
        MemberState::Running => return None,
        MemberState::Refused => {
            let findings = member.refused.iter().flat_map(|refused| &refused.findings);
            let first = findings.into_iter().next().map_or_else(String::new, |finding| {
                let resource = finding.resource.as_deref().unwrap_or("the configuration");
                format!(": {resource}: {}", finding.message)
            });
            let text =
                format!("{name} refuses revision {last}; the last that it runs whole is {runs}{first}.");
            (Level::Error, Code::MemberRefused, text)
        }
        // What is known of the others is as old as what is known of the store.
        MemberState::Behind | MemberState::Stale | MemberState::Vanished if fleet.state != StoreState::Ok => {
            return None;
        }
        MemberState::Behind if seen.now.since(seen.status.applied_at) < BEHIND => return None,
        MemberState::Behind => {
            let text = format!("{name} is behind: it runs revision {runs}, and {last} is the last one.");
            (Level::Warning, Code::MemberBehind, text)
        }
        MemberState::Stale => {
            let text = format!(
                "{name} is stale: it has not heard of the store for a while, and runs revision {runs}."
            );
            (Level::Warning, Code::MemberStale, text)
        }
        MemberState::Vanished => {
            let text = format!(
                "{name} has vanished: it did not say that it ends, or the store is out of its reach. It ran revision {runs}."
            );
            (Level::Warning, Code::MemberVanished, text)
        }
    };
    Some(of_member(level, code, name, text))
}

fn of_member(level: Level, code: Code, name: &str, text: String) -> Attention {
    Attention::new(level, code, Subject::new(SubjectKind::Member, name), text)
}
