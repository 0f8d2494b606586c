//! `portcullis completions SHELL`.

use std::io::Write;

use super::exit::Exit;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which shell
    shell: clap_complete::Shell,
}

pub(super) fn run(args: &Args, mut command: clap::Command, out: &mut dyn Write) -> std::io::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "portcullis", &mut script);
    out.write_all(&script)?;
    Ok(Exit::Success)
}
