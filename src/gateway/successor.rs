//! The process that takes the listeners over: where it waits, whether it does, and how it gets them.
//!
//! Pingora sends them, in one message: their addresses, parted by blanks, and their descriptors.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use socket2::SockRef;

use crate::config;

/// How long the process that has the listeners may take to send them.
const PATIENCE: Duration = Duration::from_secs(6);
/// The most listeners and bytes of addresses that are sent at once.
const MOST: (usize, usize) = (32, 2048);

/// The socket over which listeners are handed to a new process: never in a folder that others may write.
pub(super) fn socket(settings: &config::Server) -> PathBuf {
    let folder = settings
        .state_dir
        .clone()
        .or_else(|| std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from))
        .unwrap_or_else(|| PathBuf::from("/run/portcullis"));
    folder.join("upgrade.sock")
}

/// Waits at `socket` for the listeners of the process that has them, and their addresses. Blocks.
pub(super) fn receive(socket: &Path) -> io::Result<Vec<(String, TcpListener)>> {
    // One is left behind by a process that was killed while it waited.
    let _none = std::fs::remove_file(socket);
    let listener = UnixListener::bind(socket)?;
    SockRef::from(&listener).set_read_timeout(Some(PATIENCE))?;
    let sender = listener.accept().map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => io::Error::new(io::ErrorKind::TimedOut, "nobody has sent them"),
        _ => error,
    });
    let _gone = std::fs::remove_file(socket);
    let (sender, _) = sender?;
    sender.set_read_timeout(Some(PATIENCE))?;
    let (mut text, mut space) =
        ([0; MOST.1], [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST.0))]);
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let read = recvmsg(&sender, &mut [IoSliceMut::new(&mut text)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut descriptors = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(some) = message {
            descriptors.extend(some);
        }
    }
    let text = String::from_utf8_lossy(text.get(..read.bytes).unwrap_or_default()).into_owned();
    let addresses: Vec<_> = text.split_ascii_whitespace().map(str::to_owned).collect();
    if addresses.len() != descriptors.len() {
        return Err(io::Error::other("what was sent are not listeners"));
    }
    Ok(addresses.into_iter().zip(descriptors.into_iter().map(TcpListener::from)).collect())
}

/// Says which process waits at `socket`, for the service manager of the process that runs.
pub(super) fn sign(socket: &Path) {
    let written = std::fs::write(pid_file(socket), format!("{}\n", std::process::id()));
    if let Err(error) = written {
        tracing::debug!(%error, "a service manager will not be told of this process");
    }
}

/// The process that waits at `socket`, as it has signed.
pub(super) fn signed(socket: &Path) -> Option<u32> {
    let file = pid_file(socket);
    let pid = std::fs::read_to_string(&file).ok()?.trim().parse().ok()?;
    let _one_left_is_written_over = std::fs::remove_file(&file);
    Some(pid)
}

fn pid_file(socket: &Path) -> PathBuf {
    socket.with_extension("pid")
}

/// Whether a process listens at `socket`. A file alone says nothing: who was killed while it waited leaves one behind,
/// and listeners that are handed to nobody are lost.
pub(super) fn waits_at(socket: &Path) -> bool {
    // The system's table of such sockets; asking by connecting would be taken for the hand-over itself.
    std::fs::read_to_string("/proc/net/unix").is_ok_and(|table| listens_in(&table, socket))
}

/// Whether a table of sockets (proc(5), `/proc/net/unix`) has a listening one at `socket`.
fn listens_in(table: &str, socket: &Path) -> bool {
    const ACCEPTS: &str = "00010000";
    table.lines().any(|line| {
        // Number, references, protocol, flags, type, state, inode; then the path, which may have blanks.
        let mut rest = line;
        let mut flags = "";
        for column in 0..7 {
            let Some((word, after)) = rest.trim_start().split_once(' ') else { return false };
            if column == 3 {
                flags = word;
            }
            rest = after;
        }
        flags == ACCEPTS && Path::new(rest.trim_start()) == socket
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_listening_socket_of_that_path_is_a_successor() {
        let table = "Num       RefCount Protocol Flags    Type St Inode Path\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 23456 /run/portcullis/upgrade.sock\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 23457 /run/with blank/upgrade.sock\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 23458 /run/connected/upgrade.sock\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 23459\n";
        for (path, wanted) in [
            ("/run/portcullis/upgrade.sock", true),
            ("/run/with blank/upgrade.sock", true),
            ("/run/connected/upgrade.sock", false),
            ("/run/elsewhere/upgrade.sock", false),
        ] {
            assert_eq!(listens_in(table, Path::new(path)), wanted, "{path}");
        }
    }

    #[test]
    fn a_successor_signs_and_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("upgrade.sock");
        assert_eq!(signed(&socket), None);
        sign(&socket);
        assert_eq!((signed(&socket), signed(&socket)), (Some(std::process::id()), None));
    }

    #[test]
    fn a_socket_that_nobody_listens_at_any_more_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("upgrade.sock");
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        assert!(waits_at(&path));
        drop(listener);
        assert!(path.exists() && !waits_at(&path));
    }
}
