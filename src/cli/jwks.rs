//! `portcullis jwks`: the gateway's own keys. It reads and writes where a running gateway does, and needs none.

use std::collections::BTreeSet;
use std::io::Write;

use crate::config::{Snapshot, show_duration};
use crate::control::load;
use crate::model::{Clock as _, SigningAlgorithm, SystemClock};
use crate::signing::{KeyPlan, KeyRing, KeyStore, NextKey, SigningFrom, new_set};
use crate::telemetry::Metrics;

use super::exit::Exit;
use super::place::{self, ConfigArg};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make the next key of each algorithm now, in `server.state_dir`; it signs once it was published for `publish_before`
    Rotate {
        /// Of this algorithm alone
        #[arg(long, value_name = "ALG", value_parser = algorithm)]
        alg: Option<SigningAlgorithm>,
    },
    /// Print a private key set with one new key, for `server.signing.key_file`; no configuration is read
    New {
        /// What it signs by: ES256 or EdDSA; several make a set with a key for each
        #[arg(long, value_name = "ALG", value_parser = algorithm, default_value = "ES256")]
        alg: Vec<SigningAlgorithm>,
    },
}

fn algorithm(text: &str) -> Result<SigningAlgorithm, String> {
    let words: Vec<&str> = SigningAlgorithm::ALL.iter().map(|algorithm| algorithm.as_str()).collect();
    SigningAlgorithm::parse(text).ok_or_else(|| format!("expected one of {}", words.join(", ")))
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<Exit> {
    let printed = match &args.command {
        Some(Command::New { alg }) => new_set(alg, SystemClock.now())
            .map(|set| set.expose_secret().to_owned())
            .map_err(|error| error.to_string()),
        Some(Command::Rotate { alg }) => read(args, err)?.and_then(|snapshot| rotate(&snapshot, *alg)),
        None => read(args, err)?.and_then(|snapshot| published(&snapshot)),
    };
    match printed {
        Ok(text) => {
            writeln!(out, "{}", text.trim_end())?;
            Ok(Exit::Success)
        }
        Err(message) => {
            writeln!(err, "error: {message}")?;
            Ok(Exit::Failure)
        }
    }
}

/// The configuration, or why there is none.
fn read(args: &Args, err: &mut dyn Write) -> std::io::Result<Result<Snapshot, String>> {
    let runtime = place::runtime()?;
    let stores = match place::stores(&args.config, &runtime) {
        Ok(stores) => stores,
        Err(message) => return Ok(Err(message)),
    };
    let metrics = Metrics::new().map_err(std::io::Error::other)?;
    match runtime.block_on(load(&stores, &metrics)) {
        Ok((compiled, _)) => Ok(Ok(compiled.snapshot)),
        Err(error) => {
            write!(err, "{}", error.into_diagnostics())?;
            Ok(Err("the configuration is not valid".to_owned()))
        }
    }
}

/// The key set that a gateway with this configuration publishes.
fn published(snapshot: &Snapshot) -> Result<String, String> {
    match signing(snapshot)? {
        SigningFrom::File(ring) => Ok(ring.published().to_owned()),
        SigningFrom::Own(plan) => {
            let keys = store(snapshot)?.read().map_err(|error| error.to_string())?;
            if keys.is_empty() {
                return Err("there is no key yet: a gateway makes one when it starts, and `jwks rotate` too"
                    .to_owned());
            }
            Ok(KeyRing::planned(&keys, plan, SystemClock.now()).published().to_owned())
        }
    }
}

/// Makes the next key of this algorithm, or of each that is in use.
fn rotate(snapshot: &Snapshot, algorithm: Option<SigningAlgorithm>) -> Result<String, String> {
    let plan = match signing(snapshot)? {
        SigningFrom::Own(plan) => plan,
        SigningFrom::File(_) => {
            return Err(
                "the keys are in `server.signing.key_file`: add a key of `jwks new` at the end of its \
                 list, and move it to the front once the set was published for a day"
                    .to_owned(),
            );
        }
    };
    let algorithms = chosen(plan, algorithm)?;
    let added = store(snapshot)?.add_next(plan, &algorithms, SystemClock.now());
    let added = added.map_err(|error| error.to_string())?;
    if added.is_empty() {
        return Err("a next key is published already, and does not sign yet".to_owned());
    }
    let lines: Vec<String> = added.iter().map(line).collect();
    Ok(lines.join("\n"))
}

fn chosen(plan: &KeyPlan, algorithm: Option<SigningAlgorithm>) -> Result<BTreeSet<SigningAlgorithm>, String> {
    match algorithm {
        None => Ok(plan.algorithms.clone()),
        Some(algorithm) if plan.algorithms.contains(&algorithm) => Ok(BTreeSet::from([algorithm])),
        Some(algorithm) => {
            Err(format!("nothing is signed by {algorithm}: no agent has `assertion: {{ alg: {algorithm} }}`"))
        }
    }
}

fn line(next: &NextKey) -> String {
    let (kid, algorithm) = (next.key.kid(), next.key.algorithm());
    if next.signs_in.is_zero() {
        return format!("{kid} ({algorithm}) is the first one, and signs within a minute");
    }
    let wait = show_duration(next.signs_in);
    format!("{kid} ({algorithm}) is published within a minute, and signs in {wait}")
}

fn signing(snapshot: &Snapshot) -> Result<&SigningFrom, String> {
    let nothing = "this gateway signs nothing: no agent has `assertion` or `signatures: resign`, and `server.signing` is not written";
    snapshot.signing_from.as_ref().ok_or_else(|| nothing.to_owned())
}

fn store(snapshot: &Snapshot) -> Result<KeyStore, String> {
    let nowhere =
        "the keys are in the memory of the gateway: set `server.state_dir` or `server.signing.key_file`";
    let folder = snapshot.server.state_dir.as_deref().ok_or_else(|| nowhere.to_owned())?;
    Ok(KeyStore::of(Some(folder)))
}
