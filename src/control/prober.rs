//! Active checks of targets: one task for each target that an agent wants to have checked, whatever the number of agents that
//! share it. Of several agents with other checks of the same target, those of the first by name are made.
//!
//! `upstream` has what a check asks and what so many of them say; this asks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::header::HOST;
use http::{HeaderMap, HeaderValue};
use tokio::task::JoinHandle;
use url::Url;

use crate::config::Snapshot;
use crate::model::Clock;
use crate::net::{Direct, FetchError, Fetcher, Limits, Speaks};
use crate::routing::Agent;
use crate::upstream::{Health, Member, Row, Target, TargetKey, UpstreamProtocol};

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
    task: JoinHandle<()>,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What is asked, and on which way: another one is another task.
#[derive(Clone, PartialEq, Eq)]
struct Plan {
    health: Health,
    url: Url,
    host: HeaderValue,
    authorities: Option<Vec<Vec<u8>>>,
    identity: Option<Vec<u8>>,
    speaks: Speaks,
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
                following.target.standing.checked(true, self.clock.now());
            }
            stays
        });
        for (key, (target, plan)) in wanted {
            self.tasks.entry(key.clone()).or_insert_with(|| {
                let (asked, clock) = (Arc::clone(target), Arc::clone(&self.clock));
                let task = tokio::spawn(check(asked, plan.clone(), clock));
                Following { target: Arc::clone(target), plan, task }
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
            if let Some(plan) = plan(agent, member, health) {
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

fn plan(agent: &Agent, member: &Member, health: &Health) -> Option<Plan> {
    let upstream = &agent.upstream;
    let (tls, authority) = (upstream.tls.as_ref(), member.authority.to_str().ok()?);
    let text = match tls {
        Some(tls) if member.server_name.is_none() => {
            // The name that is verified is that of the URL, and the addresses are known without it.
            let authority = member.target.endpoint.authority_of(&tls.server_name);
            format!("https://{authority}{}", health.path)
        }
        Some(_) => format!("https://{authority}{}", health.path),
        None => format!("http://{authority}{}", health.path),
    };
    Some(Plan {
        url: Url::parse(&text).ok()?,
        host: health.host.clone().unwrap_or_else(|| member.host.clone()),
        health: health.clone(),
        authorities: tls.and_then(|tls| tls.trust.as_ref()).map(|trust| trust.certificates.to_vec()),
        identity: tls.and_then(|tls| tls.certificate.as_ref()).map(|shown| shown.pem().to_vec()),
        speaks: match upstream.protocol {
            UpstreamProtocol::Auto | UpstreamProtocol::H1 => Speaks::Http1,
            UpstreamProtocol::H2 => Speaks::Http2,
            UpstreamProtocol::H2c => Speaks::Http2Plain,
        },
    })
}

/// Checks one target for ever.
async fn check(target: Arc<Target>, plan: Plan, clock: Arc<dyn Clock>) {
    let fetcher = match fetcher(&target, &plan) {
        Ok(fetcher) => fetcher,
        Err(error) => {
            tracing::warn!(target_url = &*target.name, %error, "a target cannot be checked");
            return;
        }
    };
    let mut row = Row::default();
    // The first one comes within an interval, at random.
    tokio::time::sleep(plan.health.interval.mul_f64(rand::random())).await;
    loop {
        let seen = look(&fetcher, &plan).await;
        let now = clock.now();
        if let Err(error) = &seen {
            target.standing.note(format!("health check: {error}"), now);
        }
        if let Some(well) = row.note(seen.is_ok(), &plan.health)
            && target.standing.checked(well, now)
        {
            match &seen {
                Ok(()) => {
                    tracing::info!(target_url = &*target.name, "a target passes its health checks again")
                }
                Err(error) => {
                    tracing::warn!(
                        target_url = &*target.name,
                        error,
                        "a target fails its health checks and is taken out"
                    );
                }
            }
        }
        tokio::time::sleep(pause(plan.health.interval)).await;
    }
}

/// One check.
async fn look(fetcher: &Fetcher, plan: &Plan) -> Result<(), String> {
    let status = fetcher.status(&plan.url).await.map_err(|error| error.to_string())?;
    let passes = plan.health.status.contains(&status.as_u16());
    if passes { Ok(()) } else { Err(format!("it answered {}", status.as_u16())) }
}

fn pause(interval: Duration) -> Duration {
    interval.mul_f64(1.0 - JITTER * rand::random::<f64>())
}

fn fetcher(target: &Target, plan: &Plan) -> Result<Fetcher, FetchError> {
    let mut headers = HeaderMap::new();
    headers.insert(HOST, plan.host.clone());
    let endpoint = Arc::clone(&target.endpoint);
    let way = Direct {
        addresses: Arc::new(move || endpoint.addresses()),
        socket: target.endpoint.socket.as_deref().map(Into::into),
        authorities: plan.authorities.clone(),
        identity: plan.identity.clone(),
        speaks: plan.speaks,
        headers,
    };
    Fetcher::direct(way, Limits { connect: plan.health.timeout, total: plan.health.timeout, body: 0 })
}
