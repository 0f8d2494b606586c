//! `portcullis store export`: one document with all that a store holds.

use std::io::Write;
use std::path::PathBuf;

use crate::config::gather;
use crate::control::{Stores, load, named};
use crate::private_file;
use crate::store::{FileDocuments, Writer};
use crate::telemetry::Metrics;

use super::super::exit::Exit;
use super::super::place::{self, ConfigArg};
use super::{Failed, told};

#[derive(Debug, clap::Args)]
pub(in super::super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// The document to write; one that is there is replaced
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Failed> {
    let runtime = place::runtime()?;
    let outline = told::settings(&args.config, &runtime, err)?;
    let store = runtime.block_on(named(&outline, Writer::Never)).map_err(Failed::because)?;
    let contents = runtime.block_on(store.contents()).map_err(Failed::because)?;
    let texts = contents.resources.iter().map(|(id, text)| (id, text.as_str()));
    let gathered = gather(texts).map_err(|id| {
        Failed::Because(format!("{} is not YAML; fix it, then export", store.place(&id).display()))
    })?;
    let file = args.output.display();
    private_file::replace(&args.output, gathered.text.as_bytes())
        .map_err(|error| Failed::Because(format!("{file} cannot be written: {error}")))?;
    for id in &gathered.rewritten {
        writeln!(
            err,
            "note: {id} was written anew, without its comments: its text cannot stand under a name"
        )?;
    }
    // Resources may name files, which a document elsewhere looks for elsewhere, or resources of other documents.
    let documents = Box::new(FileDocuments::new(args.output.clone()));
    let metrics = Metrics::new().map_err(Failed::because)?;
    let alone = runtime.block_on(async {
        let stores = Stores::open(documents, Writer::Never).await.map_err(|error| error.to_string())?;
        load(&stores, &metrics).await.map(drop).map_err(|error| error.into_diagnostics().to_string())
    });
    if let Err(findings) = alone {
        write!(err, "{findings}")?;
        writeln!(err, "warning: {file} is complete, and not valid by itself")?;
    }
    writeln!(
        out,
        "exported {} of {} at revision {} to {file}",
        told::count(contents.resources.len(), "resource"),
        told::name(&store.describe()),
        contents.head
    )?;
    Ok(Exit::Success)
}
