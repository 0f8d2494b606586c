//! `portcullis store import`: a store filled from a document.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::config::{Source, split};
use crate::control::{Difference, named, named_in_etcd};
use crate::model::ResourceId;
use crate::store::{Documents as _, FileDocuments, Past, Replacement, Writer};

use super::super::exit::Exit;
use super::super::place::{self, ConfigArg};
use super::wait::{self, Wait};
use super::{Failed, told};

#[derive(Debug, clap::Args)]
pub(in super::super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// The document, or a directory of them; what else stands there than agents, identity providers, API keys and
    /// limits is left out
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace what the store holds
    #[arg(long)]
    replace: bool,
    /// Wait, at most a minute, until all members run it; exit 3 not yet, 4 refused somewhere
    #[arg(long, value_name = "WHO")]
    wait: Option<Wait>,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Failed> {
    let runtime = place::runtime()?;
    let outline = told::settings(&args.config, &runtime, err)?;
    let resources = read(args, &runtime, err)?;
    let store = runtime.block_on(named(&outline, Writer::Now)).map_err(Failed::because)?;
    let now = runtime.block_on(store.contents()).map_err(Failed::because)?;
    told::is_free(&now, &store.describe(), args.replace, !now.resources.is_empty())?;
    told::check(&args.config, &runtime, (store.as_ref(), &resources), err)?;
    let difference = Difference::between(&now.resources, &resources);
    let (many, name) = (told::count(resources.len(), "resource"), told::name(&store.describe()));
    let with = Replacement {
        resources,
        past: Past::Kept,
        over: now.head,
        at: jiff::Timestamp::now(),
        who: told::WHO.to_owned(),
        what: format!("import {}", args.file.display()),
    };
    let number = runtime.block_on(store.replace(with)).map_err(Failed::because)?;
    told::print(&difference, out)?;
    writeln!(out, "imported {many} into {name}; the last revision is {number}")?;
    match named_in_etcd(&outline) {
        Ok(store) => wait::wait(args.wait, &runtime, (&store, number, Duration::ZERO), (out, err)),
        Err(_) => Ok(Exit::Success),
    }
}

/// The resources of the documents.
fn read(args: &Args, runtime: &Runtime, err: &mut dyn Write) -> Result<BTreeMap<ResourceId, String>, Failed> {
    let documents = FileDocuments::new(args.file.clone());
    let texts = runtime.block_on(documents.read()).map_err(Failed::because)?;
    let mut resources = BTreeMap::new();
    for text in texts {
        let source = Source::held(None, text.path, text.text, None);
        let found = split(&source).or_else(|findings| {
            write!(err, "{findings}")?;
            Err(Failed::Told)
        })?;
        for (id, text) in found {
            if resources.insert(id.clone(), text).is_some() {
                return Err(Failed::Because(format!("{id} stands in two documents; nothing was written")));
            }
        }
    }
    Ok(resources)
}
