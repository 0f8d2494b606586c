//! `portcullis check`: everything that is wrong with a configuration, at once.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{Diagnostics, Snapshot};
use crate::control::{NO_PLACE, load};
use crate::routing::{Agent, AtExpiry};
use crate::telemetry::Metrics;

use super::exit::Exit;
use super::place::{self, ConfigArg};
use super::surroundings;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// Fail on warnings, too; notes, about what was written on purpose, are none
    #[arg(long)]
    strict: bool,
    /// Try here and now what a start needs: ports that are free, folders that this user may write, and a shared store
    #[arg(long)]
    bind: bool,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<Exit> {
    let runtime = place::runtime()?;
    let opened = if args.bind {
        place::stores(&args.config, &runtime).map(|stores| (stores, false))
    } else {
        place::stores_here(&args.config, &runtime)
    };
    let (stores, left_out) = match opened {
        Ok(opened) => opened,
        Err(message) => {
            writeln!(err, "error: {message}")?;
            return Ok(Exit::Failure);
        }
    };
    let metrics = Metrics::new().map_err(std::io::Error::other)?;
    match runtime.block_on(load(&stores, &metrics)) {
        Ok((compiled, _)) => {
            write!(err, "{}", compiled.warnings)?;
            if compiled.snapshot.store.is_none() && compiled.snapshot.server.state_dir.is_none() {
                writeln!(err, "warning: {NO_PLACE}")?;
            }
            if let Some(grace) = default_grace(&compiled.snapshot) {
                let grace = grace.as_secs();
                writeln!(
                    err,
                    "note: streams end {grace} s after the credential of their caller where an agent's `streams` do not say `on_expiry` or `grace` (docs/STREAMS.md)"
                )?;
            }
            let tried = try_surroundings(args, &compiled.snapshot, err)?;
            if left_out {
                writeln!(err, "note: not read: what the store in etcd holds (--bind does)")?;
            }
            let (agents, providers) = (compiled.snapshot.agents.len(), compiled.snapshot.providers.len());
            let refused = args.strict && compiled.warnings.warnings() > 0;
            let verdict = match (refused, tried) {
                (true, _) => "refused (--strict)",
                (false, true) => "valid",
                (false, false) => "valid, and would not start here (--bind)",
            };
            writeln!(
                out,
                "{verdict}: {agents} {}, {providers} {}; {}",
                plural(agents, "agent"),
                plural(providers, "identity provider"),
                counts(&compiled.warnings)
            )?;
            Ok(if refused || !tried { Exit::Failure } else { Exit::Success })
        }
        Err(error) => {
            let findings = error.into_diagnostics();
            write!(err, "{findings}")?;
            writeln!(out, "not valid: {}", counts(&findings))?;
            Ok(Exit::Failure)
        }
    }
}

/// The grace of streams by default, where an agent whose callers have credentials leaves it at that.
fn default_grace(snapshot: &Snapshot) -> Option<Duration> {
    let default = AtExpiry::default();
    let is_default = |agent: &Arc<Agent>| {
        let AtExpiry { on_expiry, grace, .. } = agent.at_expiry;
        !agent.is_public() && on_expiry == default.on_expiry && grace == default.grace
    };
    snapshot.agents.values().any(is_default).then_some(default.grace)
}

/// Tells what would keep a start from succeeding here; whether nothing would, as far as that is asked.
fn try_surroundings(args: &Args, snapshot: &Snapshot, err: &mut dyn Write) -> std::io::Result<bool> {
    let mut found = surroundings::unwritable(snapshot);
    if args.bind {
        found.extend(surroundings::taken(snapshot));
    }
    // The user of the check may be another one than that of the gateway.
    let level = if args.bind { "error" } else { "note" };
    for complaint in &found {
        writeln!(err, "{level}: {complaint}")?;
    }
    let ports = if args.bind { "" } else { "whether the ports are free (--bind does), " };
    writeln!(err, "note: not tried: {ports}{}", surroundings::NOT_TRIED)?;
    Ok(!args.bind || found.is_empty())
}

fn counts(findings: &Diagnostics) -> String {
    let (errors, warnings, notes) = (findings.errors(), findings.warnings(), findings.notes());
    let told = format!("{errors} {}, {warnings} {}", plural(errors, "error"), plural(warnings, "warning"));
    if notes == 0 { told } else { format!("{told}, {notes} {}", plural(notes, "note")) }
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}
