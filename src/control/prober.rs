//! Active checks of targets: one task for each target that an agent wants to have checked, whatever the number of agents that
//! share it. Of several agents with other checks of the same target, those of the first by name are made.
//!
//! `check_plan` has what is asked and on which way, `upstream` what so many checks say; `checks` asks each address.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Snapshot;
use crate::model::Clock;
use crate::upstream::{Target, TargetKey};

use super::check_plan::Plan;
use super::checks::Checks;
use super::own_task::OwnTask;

/// The part of an interval that is left out by chance, so that the members of a fleet do not all ask at once.
const JITTER: f64 = 0.1;

/// The checks of the live snapshot; dropping it ends them.
pub(super) struct Prober {
    clock: Arc<dyn Clock>,
    tasks: BTreeMap<TargetKey, Following>,
}

struct Following {
    target: Arc<Target>,
    plan: Plan,
    _task: OwnTask,
}

impl Prober {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, tasks: BTreeMap::new() }
    }

    /// Checks exactly the targets of the snapshot whose agents want that. What is asked as before goes on.
    pub(super) fn follow(&mut self, snapshot: &Snapshot) {
        let wanted: BTreeMap<&TargetKey, (&Arc<Target>, Plan)> = wanted(snapshot);
        self.tasks.retain(|key, following| {
            let stays = wanted.get(key).is_some_and(|(target, plan)| {
                Arc::ptr_eq(target, &following.target) && *plan == following.plan
            });
            if !wanted.contains_key(key) {
                // Nobody looks any more, so nothing is known against it.
                following.target.unchecked(self.clock.now());
            }
            stays
        });
        for (key, (target, plan)) in wanted {
            self.tasks.entry(key.clone()).or_insert_with(|| {
                let (asked, clock) = (Arc::clone(target), Arc::clone(&self.clock));
                let task = OwnTask::spawn(check(asked, plan.clone(), clock));
                Following { target: Arc::clone(target), plan, _task: task }
            });
        }
    }
}

/// The targets that are to be checked, each once.
fn wanted(snapshot: &Snapshot) -> BTreeMap<&TargetKey, (&Arc<Target>, Plan)> {
    let mut plans: BTreeMap<*const Target, Plan> = BTreeMap::new();
    for agent in snapshot.agents.values() {
        let Some(targets) = &agent.upstream.targets else { continue };
        let Some(health) = &targets.spread.health else { continue };
        for member in &targets.members {
            if let Some(plan) = Plan::of(agent, member, health) {
                plans.entry(Arc::as_ptr(&member.target)).or_insert(plan);
            }
        }
    }
    let of = |(key, target): (_, _)| {
        let target: &Arc<Target> = target;
        plans.get(&Arc::as_ptr(target)).map(|plan| (key, (target, plan.clone())))
    };
    snapshot.targets.iter().filter_map(of).collect()
}

/// Checks one target for ever.
async fn check(target: Arc<Target>, plan: Plan, clock: Arc<dyn Clock>) {
    let mut checks = Checks::default();
    // The first one comes within an interval, at random.
    tokio::time::sleep(plan.health.interval.mul_f64(rand::random())).await;
    loop {
        if let Err(error) = checks.make(&target, &plan, &*clock).await {
            tracing::warn!(target_url = &*target.name, %error, "a target cannot be checked");
            return;
        }
        tokio::time::sleep(pause(plan.health.interval)).await;
    }
}

fn pause(interval: Duration) -> Duration {
    interval.mul_f64(1.0 - JITTER * rand::random::<f64>())
}
