//! `portcullis completions SHELL`.

use std::io::Write;

use clap::CommandFactory as _;

use super::{Cli, Exit};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which shell
    shell: clap_complete::Shell,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> std::io::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "portcullis", &mut script);
    out.write_all(&script)?;
    Ok(Exit::Success)
}
