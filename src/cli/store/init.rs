//! `portcullis store init`: the head of an empty store in etcd, and its id.

use std::io::Write;

use crate::control::named_in_etcd;

use super::super::exit::Exit;
use super::super::place::{self, ConfigArg};
use super::{Failed, told};

#[derive(Debug, clap::Args)]
pub(in super::super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Failed> {
    let runtime = place::runtime()?;
    let outline = told::settings(&args.config, &runtime, err)?;
    let store = named_in_etcd(&outline).map_err(Failed::because)?;
    let (id, is_new) = runtime.block_on(store.init()).map_err(Failed::because)?;
    let name = told::name(&crate::store::Movable::describe(&store));
    let said = if is_new { "was made" } else { "was there already; nothing was changed" };
    writeln!(err, "note: {name} {said}")?;
    writeln!(out, "{id}")?;
    Ok(Exit::Success)
}
