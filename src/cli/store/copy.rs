//! `portcullis store copy`: texts, history and numbers from one store to another.

use std::io::Write;

use crate::control::{Difference, Side};
use crate::store::{Past, Replacement, Writer};

use super::super::exit::Exit;
use super::super::place::{self, ConfigArg};
use super::{Failed, told};

#[derive(Debug, clap::Args)]
pub(in super::super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// The store to copy: `etcd`, as the configuration names it, or `directory:PATH`
    #[arg(long, value_name = "STORE")]
    from: Side,
    /// The store to fill: `etcd` or `directory:PATH`
    #[arg(long, value_name = "STORE")]
    to: Side,
    /// Say what would happen, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Replace what the store to fill holds
    #[arg(long)]
    replace: bool,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Failed> {
    if args.from == args.to {
        return Err(Failed::Because("--from and --to are the same store".to_owned()));
    }
    let runtime = place::runtime()?;
    let outline = told::settings(&args.config, &runtime, err)?;
    let writer = if args.dry_run { Writer::Never } else { Writer::Now };
    let open = |side: &Side, writer| runtime.block_on(side.open(&outline, writer)).map_err(Failed::because);
    let (from, to) = (open(&args.from, Writer::Never)?, open(&args.to, writer)?);
    let source = runtime.block_on(from.contents()).map_err(Failed::because)?;
    let target = runtime.block_on(to.contents()).map_err(Failed::because)?;
    told::is_free(&target, &to.describe(), args.replace, !target.is_empty())?;
    told::check(&args.config, &runtime, (to.as_ref(), &source.resources), err)?;
    let (here, there) = (told::name(&from.describe()), told::name(&to.describe()));
    let difference = Difference::between(&target.resources, &source.resources);
    let past = runtime.block_on(from.past(source.head)).map_err(Failed::because)?;
    let size = format!(
        "{}, {} of history",
        told::count(source.resources.len(), "resource"),
        told::count(past.len(), "revision")
    );
    let with = Replacement {
        resources: source.resources,
        past: Past::Of(source.head, past),
        over: target.head,
        at: jiff::Timestamp::now(),
        who: told::WHO.to_owned(),
        what: format!("copy {here}"),
    };
    let (done, number) = if args.dry_run {
        ("would copy", with.number())
    } else {
        ("copied", runtime.block_on(to.replace(with)).map_err(Failed::because)?)
    };
    told::print(&difference, out)?;
    writeln!(out, "{done} {here} to {there}: {size}; the last revision is {number}")?;
    Ok(Exit::Success)
}
