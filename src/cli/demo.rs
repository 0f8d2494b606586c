//! `portcullis demo`: everything in one process, to try it out.

use std::io::Write;

use super::exit::Exit;
use super::run;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The gateway's port; the ones behind it are taken for the other parts
    #[arg(long, default_value_t = 8080, value_name = "PORT")]
    port: u16,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<Exit> {
    match crate::demo::run(args.port, out) {
        Ok(()) => Ok(Exit::Success),
        Err(error) => {
            run::report(&error, err)?;
            Ok(Exit::Failure)
        }
    }
}
