//! Where the configuration is: `-c`, then the environment, then the usual places.

use std::path::{Path, PathBuf};

use tokio::runtime::{Builder, Runtime};

use crate::config::Store;
use crate::control::{Stores, outline};
use crate::store::{Documents, FileDocuments, NoStore, Writer};

/// Where the configuration is.
#[derive(Debug, clap::Args)]
pub(crate) struct ConfigArg {
    /// A configuration file, or a directory of them [default: ./portcullis.yaml, then
    /// /etc/portcullis/portcullis.yaml]
    #[arg(short, long, env = "PORTCULLIS_CONFIG", value_name = "PATH")]
    config: Option<PathBuf>,
}

const PLACES: [&str; 2] = ["portcullis.yaml", "/etc/portcullis/portcullis.yaml"];

/// The documents that the arguments name, or why there are none.
pub(super) fn documents(arg: &ConfigArg) -> Result<Box<dyn Documents>, String> {
    Ok(Box::new(FileDocuments::new(path(arg)?)))
}

/// The whole configuration that the arguments name, to be read alone, or why there is none.
pub(super) fn stores(arg: &ConfigArg, runtime: &Runtime) -> Result<Stores, String> {
    let opened = runtime.block_on(Stores::open(documents(arg)?, Writer::Never));
    opened.map_err(|error| format!("error: {error}"))
}

/// The same without contacting a store that several gateways share, which is as if it were empty, and whether there is one.
pub(super) fn stores_here(arg: &ConfigArg, runtime: &Runtime) -> Result<(Stores, bool), String> {
    let documents = documents(arg)?;
    // What keeps the outline from being read is told by who reads the whole.
    let outline = runtime.block_on(outline(documents.as_ref())).ok().flatten();
    match outline.and_then(|outline| outline.store) {
        Some(Store::Etcd(_)) => {
            let nothing = NoStore::new("it was not contacted".to_owned());
            Ok((Stores::new(documents, Box::new(nothing), None), true))
        }
        Some(Store::Directory(_)) | None => Ok((stores(arg, runtime)?, false)),
    }
}

/// What waits for the stores. A command needs one thread for that.
pub(super) fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

fn path(arg: &ConfigArg) -> Result<PathBuf, String> {
    if let Some(path) = &arg.config {
        return Ok(path.clone());
    }
    PLACES.iter().map(Path::new).find(|path| path.exists()).map(Path::to_owned).ok_or_else(|| {
        format!(
            "no configuration: neither ./{} nor {} is there; name one with `-c PATH` or PORTCULLIS_CONFIG, \
             or try `portcullis demo`",
            PLACES.first().copied().unwrap_or_default(),
            PLACES.last().copied().unwrap_or_default(),
        )
    })
}
