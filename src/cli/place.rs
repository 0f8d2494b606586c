//! Where the configuration is: `-c`, then the environment, then the usual places.

use std::path::{Path, PathBuf};

use crate::store::FileStore;

use super::ConfigArg;

const PLACES: [&str; 2] = ["portcullis.yaml", "/etc/portcullis/portcullis.yaml"];

/// The configuration that the arguments name, or why there is none.
pub(super) fn store(arg: &ConfigArg) -> Result<FileStore, String> {
    path(arg).map(FileStore::new)
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
