//! Counts the members of the fleet for those who look at metrics, and says in the log who came, went or shares a name.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::Fleet;
use super::member_state::MemberState;
use super::overview::Overview;
use crate::store::StoreState;
use crate::telemetry::StoreMetrics;

/// How often the members are counted when none of them says anything: they grow stale by silence.
const EVERY: Duration = Duration::from_secs(1);
/// The least time between two counts, so that a large fleet that starts costs little.
const REST: Duration = Duration::from_millis(100);

/// What was said of the fleet so far.
#[derive(Debug, Default)]
struct Told {
    contested: BTreeSet<String>,
    vanished: BTreeSet<String>,
}

/// News that is worth a line of the log.
#[derive(Debug, PartialEq, Eq)]
enum News {
    /// Two processes go by this name.
    Contested(String),
    /// This member ended without having left.
    Vanished(String),
    /// It is there again.
    Back(String),
}

/// Counts and tells, for ever.
pub(super) async fn run(fleet: &Fleet, metrics: &StoreMetrics) {
    let Some(presence) = fleet.presence() else { return };
    let (mut changes, mut told) = (presence.changes(), Told::default());
    loop {
        let overview = fleet.overview();
        count(&overview, metrics);
        for news in told.news(&overview) {
            match news {
                News::Contested(name) => {
                    tracing::warn!(
                        name,
                        "two gateways go by this name in the fleet; give each its own `server.member.name`"
                    );
                }
                News::Vanished(name) => {
                    tracing::warn!(name, "a member of the fleet has vanished: it did not say that it ends");
                }
                News::Back(name) => tracing::info!(name, "a member of the fleet is there again"),
            }
        }
        let now = Instant::now();
        sleep_until(now + REST).await;
        tokio::select! {
            () = sleep_until(now + EVERY) => {}
            _ = changes.changed() => {}
        }
    }
}

fn count(overview: &Overview, metrics: &StoreMetrics) {
    let mut counts: BTreeMap<&'static str, usize> =
        MemberState::ALL.iter().map(|state| (state.as_str(), 0)).collect();
    for member in &overview.members {
        *counts.entry(member.state.as_str()).or_default() += 1;
    }
    counts.into_iter().for_each(|(state, number)| metrics.members(state, number));
    metrics.state(overview.state.as_str(), StoreState::ALL.iter().map(|state| state.as_str()));
}

impl Told {
    fn news(&mut self, overview: &Overview) -> Vec<News> {
        let names = |wanted: &dyn Fn(&super::FleetMember) -> bool| -> BTreeSet<String> {
            let members = overview.members.iter().filter(|member| wanted(member));
            members.map(|member| member.member.name.clone()).collect()
        };
        let contested = names(&|member| member.contested);
        let vanished = names(&|member| member.state == MemberState::Vanished);
        let present = names(&|member| member.state != MemberState::Vanished);
        let mut news = Vec::new();
        news.extend(contested.difference(&self.contested).cloned().map(News::Contested));
        news.extend(vanished.difference(&self.vanished).cloned().map(News::Vanished));
        news.extend(self.vanished.intersection(&present).cloned().map(News::Back));
        (self.contested, self.vanished) = (contested, vanished);
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::fleet::FleetMember;
    use crate::store::{Member, StoreKind};

    fn overview(members: &[(&str, MemberState, bool)]) -> Overview {
        let member = |(name, state, contested): &(&str, MemberState, bool)| FleetMember {
            member: Member { name: (*name).to_owned(), ..Member::default() },
            state: *state,
            confirmed_age_ms: None,
            contested: *contested,
        };
        Overview {
            revision: 1,
            kind: StoreKind::Directory,
            state: StoreState::Ok,
            why: None,
            store_id: None,
            members: members.iter().map(member).collect(),
        }
    }

    #[test]
    fn each_thing_is_told_once_while_it_lasts() {
        use MemberState::{Running, Vanished};
        let mut told = Told::default();
        let name = |name: &str| name.to_owned();
        for (members, expected) in [
            (&[("a", Running, false), ("b", Running, false)][..], vec![]),
            (&[("a", Running, true), ("a", Running, true)], vec![News::Contested(name("a"))]),
            (&[("a", Running, true), ("a", Running, true)], vec![]),
            (&[("a", Running, false), ("b", Vanished, false)], vec![News::Vanished(name("b"))]),
            (
                &[("a", Running, true), ("b", Running, false)],
                vec![News::Contested(name("a")), News::Back(name("b"))],
            ),
        ] {
            assert_eq!(told.news(&overview(members)), expected, "{members:?}");
        }
    }
}
