//! `portcullis deny`, `undeny` and `denied`: credentials that are refused, whatever the configuration says of them. The running
//! gateway is asked where it can be; else the change is made where denials are kept, and a gateway that runs takes it up.

mod denied;
mod deny;
mod undeny;

use std::io::Write;

use serde_json::Value;
use tokio::runtime::Runtime;

use crate::config::{Outline, Snapshot};
use crate::control::{NO_PLACE, Stores, load};
use crate::model::inert;
use crate::store::Writer;
use crate::telemetry::Metrics;

use super::exit::Exit;
use super::gateway::{self, Reply, Request};
use super::place::{self, ConfigArg};

pub(super) use denied::Args as Denied;
pub(super) use deny::Args as Deny;
pub(super) use undeny::Args as Undeny;
pub(super) use {denied::run as denied, deny::run as deny, undeny::run as undeny};

/// The longest text of a line, in characters.
const LONGEST: usize = 2000;

/// Why a command could not do what it was asked for.
enum Failed {
    /// In words for an operator, and how the command ends.
    Because(String, Exit),
    /// Its own output cannot be written.
    Output(std::io::Error),
}

impl From<std::io::Error> for Failed {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error)
    }
}

fn failed<T>(error: impl std::fmt::Display) -> Result<T, Failed> {
    Err(Failed::Because(error.to_string(), Exit::Failure))
}

/// Tells why a command failed.
fn told(done: Result<(), Failed>, err: &mut dyn Write) -> std::io::Result<Exit> {
    match done {
        Ok(()) => Ok(Exit::Success),
        Err(Failed::Because(message, exit)) => {
            writeln!(err, "error: {message}")?;
            Ok(exit)
        }
        Err(Failed::Output(error)) => Err(error),
    }
}

/// Asks the gateway that runs with the configuration; `None` when there is none, or it cannot be asked.
fn ask(outline: &Outline, request: &Request<'_>, err: &mut dyn Write) -> Result<Option<Reply>, Failed> {
    let Some(admin) = &outline.server.admin else { return Ok(None) };
    match gateway::send_admin(admin, request) {
        Ok(reply) => Ok(Some(reply)),
        Err(message) => {
            writeln!(err, "note: {message}; the denials themselves are used, where a gateway finds them")?;
            Ok(None)
        }
    }
}

/// The document of a successful reply.
fn document((status, body): &Reply) -> Result<Value, Failed> {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    if (200..300).contains(status) {
        return Ok(value);
    }
    let detail =
        inert(value.get("detail").and_then(Value::as_str).unwrap_or("the answer is not JSON"), LONGEST);
    let exit = if *status == 422 { Exit::Usage } else { Exit::Failure };
    let member =
        value.pointer("/diagnostics/0/path").and_then(Value::as_str).map(|path| inert(path, LONGEST));
    let member = member.map(|path| format!("`{}`: ", path.trim_start_matches('/'))).unwrap_or_default();
    Err(Failed::Because(format!("{member}{detail}"), exit))
}

/// The stores of a configuration, for a process that changes denials and nothing else.
fn open(config: &ConfigArg) -> Result<(Runtime, Stores, Snapshot), Failed> {
    crate::gateway::install_crypto();
    let runtime = place::runtime()?;
    let documents = place::documents(config).or_else(failed)?;
    let stores = runtime.block_on(Stores::open(documents, Writer::Later)).or_else(failed)?;
    if stores.denials().is_none() {
        return failed(NO_PLACE);
    }
    let metrics = Metrics::new().or_else(failed)?;
    let loaded = runtime.block_on(load(&stores, &metrics));
    match loaded {
        Ok((compiled, _)) => Ok((runtime, stores, compiled.snapshot)),
        Err(error) => failed(error.into_diagnostics()),
    }
}

/// Who makes or lifts a denial without a gateway.
fn user() -> String {
    format!("user {} at the command line", rustix::process::geteuid().as_raw())
}

/// Prints a document.
fn print(value: &Value, out: &mut dyn Write) -> Result<(), Failed> {
    let text = serde_json::to_string_pretty(value).or_else(failed)?;
    writeln!(out, "{text}")?;
    Ok(())
}
