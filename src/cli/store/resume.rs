//! `portcullis store resume`: what a fleet follows from now on, after its store vanished, was replaced or went back.

use std::io::Write;

use crate::config::Outline;
use crate::control::{member_name, named_in_etcd};
use crate::store::{Commit, SnapshotFile, StoreSnapshot, Truth};

use super::super::exit::Exit;
use super::super::place::{self, ConfigArg};
use super::wait::{self, ALL_HEARD, Wait};
use super::{Failed, told};

#[derive(Debug, clap::Args)]
pub(in super::super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[command(flatten)]
    truth: TruthArg,
    /// Wait, at most a minute, until all members run it; exit 3 not yet, 4 refused somewhere
    #[arg(long, value_name = "WHO")]
    wait: Option<Wait>,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct TruthArg {
    /// Publish again what this member ran last, from the snapshot in its `server.state_dir`; run this with the
    /// configuration of that member, where it runs
    #[arg(long, value_name = "NAME")]
    from_member: Option<String>,
    /// Take what stands in etcd, whose head has this number
    #[arg(long, value_name = "REVISION")]
    accept: Option<u64>,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Failed> {
    let runtime = place::runtime()?;
    let outline = told::settings(&args.config, &runtime, err)?;
    let store = named_in_etcd(&outline).map_err(Failed::because)?;
    let snapshot = snapshot(&outline, store.prefix());
    let (truth, what) = match (&args.truth.from_member, args.truth.accept) {
        (Some(name), _) => {
            is_this_member(name, &outline)?;
            (Truth::Member(Box::new(snapshot.map_err(Failed::Because)?)), format!("resume from {name}"))
        }
        (None, Some(number)) => {
            let ran = snapshot.ok().map(|snapshot| snapshot.head);
            (Truth::Accept { number, ran }, format!("resume: accept revision {number}"))
        }
        (None, None) => return Err(Failed::Because("expected --from-member or --accept".to_owned())),
    };
    let at = jiff::Timestamp::now();
    let commit = Commit { at, who: told::WHO.to_owned(), what, changes: Vec::new() };
    let resumed = runtime.block_on(store.resume(truth, commit)).map_err(Failed::because)?;
    let before = match resumed.before {
        Some(before) => format!("it was at revision {before}"),
        None => "it was empty".to_owned(),
    };
    writeln!(
        out,
        "resumed {} with {} as revision {}; {before}",
        told::name(&crate::store::Movable::describe(&store)),
        told::count(resumed.resources, "resource"),
        resumed.revision
    )?;
    wait::wait(args.wait, &runtime, (&store, resumed.revision, ALL_HEARD), (out, err))
}

/// What ran here last.
fn snapshot(outline: &Outline, prefix: &str) -> Result<StoreSnapshot, String> {
    let folder = outline.server.state_dir.as_ref();
    let folder = folder.ok_or("the configuration has no `server.state_dir`, so that no snapshot was kept")?;
    SnapshotFile::in_folder(folder).load(prefix, None).map_err(|error| error.to_string())
}

/// A member keeps its snapshot beside it, where others cannot read it.
fn is_this_member(name: &str, outline: &Outline) -> Result<(), Failed> {
    let own = member_name(&outline.server.member);
    if own == name {
        return Ok(());
    }
    Err(Failed::Because(format!(
        "this is the configuration of {own}; the snapshot of {name} is in its own `server.state_dir`: run this where \
         {name} runs, with its configuration"
    )))
}
