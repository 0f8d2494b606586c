//! What a start needs besides a valid configuration, as far as it can be tried without starting: folders that this user
//! may write, and ports that are free. Nothing is made, and nothing listens afterwards.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};

use crate::config::Snapshot;

/// What is not tried, whatever is asked for.
pub(super) const NOT_TRIED: &str =
    "whether identity providers and agents answer, and whether another portcullis holds the store";

/// The folders that a start would write to and that this user may not, each with what it is for.
pub(super) fn unwritable(snapshot: &Snapshot) -> Vec<String> {
    let token = snapshot.server.admin.as_ref().map(|admin| admin.token_file.as_path());
    // A token that is there is only read.
    let token = token.filter(|file| !file.exists()).map(|file| file.parent().unwrap_or(Path::new("")));
    let wanted = [
        ("store.directory", snapshot.store.as_ref().and_then(|store| store.folder()).map(PathBuf::as_path)),
        ("server.state_dir", snapshot.server.state_dir.as_deref()),
        ("server.admin.token_file", token),
    ];
    wanted.into_iter().filter_map(|(name, folder)| complaint(name, folder?)).collect()
}

fn complaint(name: &str, folder: &Path) -> Option<String> {
    // A folder that is not there yet is made in the nearest one that is.
    let here = |path: &Path| if path.as_os_str().is_empty() { PathBuf::from(".") } else { path.to_owned() };
    let nearest =
        folder.ancestors().map(here).find(|path| path.exists()).unwrap_or_else(|| PathBuf::from("/"));
    let may = accessat(CWD, &nearest, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS);
    let why = match may {
        Ok(()) if nearest.is_dir() => return None,
        Ok(()) => "it is no folder".to_owned(),
        Err(error) => error.to_string(),
    };
    let user = rustix::process::geteuid().as_raw();
    let place = if nearest == folder { "it".to_owned() } else { nearest.display().to_string() };
    Some(format!(
        "{name}: the user of this process ({user}) may not write to {}: {place}: {why}",
        folder.display()
    ))
}

/// The ports that cannot be had now.
pub(super) fn taken(snapshot: &Snapshot) -> Vec<String> {
    let server = &snapshot.server;
    let mut wanted: BTreeSet<(SocketAddr, &str)> =
        server.listeners.iter().map(|listener| (listener.address.value, "server.listeners")).collect();
    wanted.insert((server.ops.address.value, "server.ops"));
    wanted.extend(server.admin.as_ref().map(|admin| (admin.address.value, "server.admin")));
    let complaint = |(address, name): (SocketAddr, &str)| {
        let error = TcpListener::bind(address).err()?;
        Some(format!("{name}: cannot listen on {address}: {error}"))
    };
    wanted.into_iter().filter_map(complaint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_tried_where_it_is_or_would_be_made() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(complaint("x", folder.path()), None);
        assert_eq!(complaint("x", &folder.path().join("a/b")), None);
        assert!(!folder.path().join("a").exists(), "nothing is made");
        for no in [file.clone(), file.join("below")] {
            let said = complaint("store.directory", &no).unwrap_or_default();
            assert!(said.starts_with("store.directory: ") && said.contains("file"), "{said}");
        }
    }
}
