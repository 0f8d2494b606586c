//! From what has been opened to a gateway that serves.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::config::{Server, Snapshot};
use crate::control::{EventDesk, Reconciler, Resolver};
use crate::limits::{MessageMemory, Slots};
use crate::model::{Clock, Live, SystemClock};
use crate::proxy::{EventEntrance, GatewayParts};
use crate::spans::SpansGuard;
use crate::telemetry::{AccessLogGuard, LimitTableReading, Metrics, RefusalsGuard, tell_of_lost_lines};
use crate::upstream::Running;

use super::begin::Process;
use super::companions::Companions;
use super::life::Life;
use super::opened::Opened;
use super::pages::Pages;
use super::shards::Shards;
use super::{listeners, records, successor};

/// How long the start waits for the first addresses of upstream names: a resolver answers sooner or is down, and then
/// the requests of other agents must not wait for it.
const FIRST_ADDRESSES: Duration = Duration::from_secs(1);

/// Writes out what is left when dropped.
pub(super) type Guards = (AccessLogGuard, Option<RefusalsGuard>, Option<SpansGuard>);

/// Puts a gateway together. It serves as soon as its life is lived.
pub(super) fn start(
    opened: Opened,
    access_log: Box<dyn Write + Send>,
    process: &Process<'_>,
) -> (Life, Guards) {
    let Opened { stores, files, snapshot, room, signals, listeners, pages, state, console, .. } = opened;
    let (tracer, spans_guard) = opened.tracing.unzip();
    let Process { runtime, metrics, drain, upgrade } = *process;
    let (settings, shards) = (Arc::clone(&snapshot.server), Shards::of(&snapshot.server));
    runtime.block_on(Resolver::first_answers(snapshot.endpoints.values(), FIRST_ADDRESSES));
    let live = Arc::new(Live::from_arc(Arc::clone(&snapshot)));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (access_log, log_guard) = records::access_log(&settings, opened.log_file, access_log);
    let (decisions, refusals_guard) = records::noted(&snapshot, &clock, console.is_some(), runtime);
    let running = Running::default();
    let reconciler =
        Reconciler::new(stores, files, Arc::clone(&live), metrics.clone(), Arc::clone(&clock), state);
    let reconciler = runtime.block_on(reconciler).with_running(running.clone());
    let parts = GatewayParts {
        snapshot: Arc::clone(&live),
        access_log,
        trusted_proxies: settings.trusted_proxies.clone(),
        certificate_header: settings.client_certificate_header.clone().map(Arc::new),
        open_ports: open_ports(&settings),
        health_path: settings.health_path.as_ref().map(|path| path.value.as_str().into()),
        limits: settings.limits,
        slots: Slots::new(room.requests),
        messages: MessageMemory::new(settings.limits.message_memory),
        running,
        drain: drain.clone(),
        decisions: decisions.clone(),
        tracer,
        events: Some(EventEntrance::new(Arc::new(EventDesk::new(reconciler.control(), Arc::clone(&clock))))),
    };
    let (accepts, accepting) = watch::channel(false);
    let listeners = (listeners, accepts);
    let (server, stop) = listeners::server(&settings, parts, &clock, metrics, (&shards, room), listeners);
    let companions = Companions {
        control: reconciler.control(),
        clock,
        metrics: metrics.clone(),
        live,
        drain: drain.clone(),
        accepting,
        upgrade,
    };
    if let Some((console, decisions)) = console.zip(decisions) {
        companions.open_console(console, decisions, runtime);
    }
    let control = reconciler.control();
    companions.attend_fleet(runtime);
    runtime.spawn(reconciler.run());
    runtime.spawn(tell_of_lost_lines());
    let (notifier, reload) = companions.notify(runtime);
    go_live(pages, companions, process, (&snapshot, &shards));
    (
        Life { server, stop, signals, reload, drain: drain.clone(), settings, notifier, control },
        (log_guard, refusals_guard, spans_guard),
    )
}

/// Lets metrics read how targets stand, and how full the table of limits is. They must not keep the configuration alive, which
/// has handles of theirs.
fn show_state(live: &Arc<Live<Snapshot>>, clock: &Arc<dyn Clock>, metrics: &Metrics) {
    let now = {
        let (live, clock) = (Arc::downgrade(live), Arc::clone(clock));
        move || live.upgrade().map(|live| (live.get(), clock.now()))
    };
    let (of_targets, of_agents, of_proofs) = (now.clone(), now.clone(), now.clone());
    metrics
        .read_targets(move || of_targets().map(|(live, now)| live.target_readings(now)).unwrap_or_default());
    metrics.read_agent_targets(move || {
        of_agents().map(|(live, now)| live.agent_targets(now)).unwrap_or_default()
    });
    metrics.read_replay_tables(move || {
        of_proofs().map(|(live, now)| live.remembered_proofs(now)).unwrap_or_default()
    });
    metrics.read_limit_table(move || {
        let Some((live, _)) = now() else { return LimitTableReading::default() };
        let limits = live.limits.state();
        LimitTableReading { buckets: limits.buckets(), crowded: limits.crowded() }
    });
}

/// Shows the pages for operations that a configuration is live, begins to end streams with their credentials, and tells
/// the process before this one, if there is one, and the log.
fn go_live(
    mut pages: Pages,
    companions: Companions,
    process: &Process<'_>,
    (snapshot, shards): (&Snapshot, &Shards),
) {
    show_state(&companions.live, &companions.clock, process.metrics);
    companions.end_expired_streams(process.runtime);
    companions.recheck_streams(process.runtime);
    pages.is_live(companions.gateway());
    pages.serve(process.drain, process.metrics, process.runtime);
    if process.upgrade {
        successor::sign(&successor::socket(&snapshot.server));
    }
    announce(snapshot, shards);
}

fn announce(snapshot: &Snapshot, shards: &Shards) {
    let settings = &snapshot.server;
    let listeners: Vec<String> = settings.listeners.iter().map(|l| l.address.value.to_string()).collect();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        revision = snapshot.revision.short(),
        agents = snapshot.agents.len(),
        providers = snapshot.providers.len(),
        listeners = listeners.join(", "),
        shards = shards.count(),
        workers = shards.threads(),
        ops = %settings.ops.address.value,
        "portcullis is starting"
    );
}

/// The ports of the listeners that take connections to every address of the machine.
fn open_ports(settings: &Server) -> Vec<u16> {
    let addresses = settings.listeners.iter().map(|listener| listener.address.value);
    addresses.filter(|address| address.ip().is_unspecified()).map(|address| address.port()).collect()
}
