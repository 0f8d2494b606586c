//! `portcullis run`: the gateway, in the foreground.

use std::io::Write;

use crate::control;
use crate::gateway::{self, Options, StartError};

use super::exit::Exit;
use super::place::{self, ConfigArg};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// Take the listeners over from a running gateway, which then gets SIGQUIT
    #[arg(long)]
    upgrade: bool,
}

/// Runs it. `json`: why it does not start is said in the log, whose reader may read nothing else.
pub(super) fn run(args: Args, json: bool, err: &mut dyn Write) -> std::io::Result<Exit> {
    let documents = match place::documents(&args.config) {
        Ok(documents) => documents,
        Err(message) => {
            if json {
                tracing::error!("{message}");
            } else {
                writeln!(err, "error: {message}")?;
            }
            return Ok(Exit::Failure);
        }
    };
    let options = Options { documents, upgrade: args.upgrade, access_log: Box::new(std::io::stdout()) };
    match gateway::run(options) {
        Ok(()) => Ok(Exit::Success),
        Err(error) => {
            if json {
                log(&error)
            } else {
                report(&error, err)?
            }
            Ok(Exit::Failure)
        }
    }
}

/// The same as lines of the log.
fn log(error: &StartError) {
    match error {
        StartError::Config(findings) => {
            control::tell(findings);
            let errors = findings.errors();
            tracing::error!(errors, "the configuration is not valid; nothing was started");
        }
        other => tracing::error!("{other}; nothing was started"),
    }
}

/// One clear message for a gateway that does not start.
pub(super) fn report(error: &StartError, err: &mut dyn Write) -> std::io::Result<()> {
    match error {
        StartError::Config(findings) => {
            write!(err, "{findings}")?;
            writeln!(
                err,
                "error: the configuration is not valid ({} to fix); nothing was started",
                findings.errors()
            )
        }
        other => writeln!(err, "error: {other}; nothing was started"),
    }
}
