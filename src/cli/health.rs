//! `portcullis health`: asks the gateway that runs with a configuration whether it is alive, or ready. For
//! container health checks, where no other client is at hand.

use std::io::Write;

use super::exit::Exit;
use super::gateway;
use super::place::ConfigArg;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// Ask whether it is ready for traffic, not only whether it is alive
    #[arg(long)]
    ready: bool,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<Exit> {
    let ops = match gateway::settings(&args.config) {
        Ok(outline) => outline.server.ops.address.value,
        Err(message) => {
            writeln!(err, "error: {message}")?;
            return Ok(Exit::Failure);
        }
    };
    let path = if args.ready { "/readyz" } else { "/livez" };
    match gateway::ask(ops, path) {
        Ok((200, body)) => {
            writeln!(out, "{}", body.trim())?;
            Ok(Exit::Success)
        }
        Ok((status, body)) => {
            writeln!(err, "{path} on {ops} answered {status}: {}", body.trim())?;
            Ok(Exit::Failure)
        }
        Err(error) => {
            writeln!(err, "{path} on {ops} cannot be asked: {error}")?;
            Ok(Exit::Failure)
        }
    }
}
