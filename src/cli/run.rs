//! `portcullis run`: the gateway, in the foreground.

use std::io::Write;

use crate::gateway::{self, Options, StartError};

use super::{ConfigArg, Exit, place};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// Take the listeners over from a running gateway, which then gets SIGQUIT
    #[arg(long)]
    upgrade: bool,
}

pub(super) fn run(args: Args, err: &mut dyn Write) -> std::io::Result<Exit> {
    let store = match place::documents(&args.config) {
        Ok(store) => store,
        Err(message) => {
            writeln!(err, "error: {message}")?;
            return Ok(Exit::Failure);
        }
    };
    let options = Options { store, upgrade: args.upgrade, access_log: Box::new(std::io::stdout()) };
    match gateway::run(options) {
        Ok(()) => Ok(Exit::Success),
        Err(error) => {
            report(&error, err)?;
            Ok(Exit::Failure)
        }
    }
}

/// One clear message for a gateway that does not start.
pub(super) fn report(error: &StartError, err: &mut dyn Write) -> std::io::Result<()> {
    match error {
        StartError::Config(findings) => {
            write!(err, "{findings}")?;
            writeln!(
                err,
                "error: the configuration is not valid ({} to mend); nothing was started",
                findings.errors()
            )
        }
        other => writeln!(err, "error: {other}; nothing was started"),
    }
}
