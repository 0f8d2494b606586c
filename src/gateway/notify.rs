//! What the service manager is told (sd_notify(3)): ready, reloading, stopping, and which process is the main one.
//! Without `NOTIFY_SOCKET`, nobody is told anything.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::Notify;

use crate::control::Control;

/// How long a manager may leave its queue full.
const PATIENCE: Duration = Duration::from_secs(1);

/// How much longer a manager is asked to wait for a start, each time that the store is tried: well above the time between
/// two tries.
const PATIENT: Duration = Duration::from_secs(60);

/// Tells the service manager. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Notifier(Option<Arc<(UnixDatagram, SocketAddr)>>);

/// What it is told.
#[derive(Debug, Clone, Copy)]
pub(super) enum News {
    /// The start, or a reload, is over.
    Ready,
    /// The start waits for the store of the fleet: that is no reason to end the process.
    Waiting,
    /// The configuration is read again; [`News::Ready`] follows.
    Reloading,
    /// The process is on its way to its end.
    Stopping,
    /// Another process serves from now on.
    MainPid(u32),
}

impl Notifier {
    /// To the socket that the environment names.
    pub(super) fn from_environment() -> Self {
        let Some(name) = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
            return Self(None);
        };
        Self::to(&name).unwrap_or_else(|error| {
            tracing::warn!(%error, socket = ?name, "the service manager cannot be told of this process");
            Self(None)
        })
    }

    fn to(name: &OsStr) -> io::Result<Self> {
        let address = match name.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            [b'/', ..] => SocketAddr::from_pathname(name)?,
            _ => return Err(io::Error::new(io::ErrorKind::Unsupported, "neither a path nor `@NAME`")),
        };
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Self(Some(Arc::new((socket, address)))))
    }

    /// Tells when the process is ready, which `ready` waits for, and reads the configuration again whenever `reload`
    /// rings, before that as well as after it.
    pub(super) async fn accompany(
        self,
        ready: impl Future<Output = ()>,
        reload: Arc<Notify>,
        control: Control,
    ) {
        let mut ready = std::pin::pin!(ready);
        let mut is_ready = false;
        loop {
            tokio::select! {
                () = &mut ready, if !is_ready => {
                    is_ready = true;
                    self.tell(News::Ready);
                }
                () = reload.notified() => {
                    if is_ready {
                        self.tell(News::Reloading);
                    }
                    // What came of it, the reconciler says.
                    drop(control.reload_in_turn().await);
                    if is_ready {
                        self.tell(News::Ready);
                    }
                }
            }
        }
    }

    /// Tells it. A manager that does not listen is no reason to stop.
    pub(super) fn tell(&self, news: News) {
        let Some((socket, address)) = self.0.as_deref() else { return };
        if let Err(error) = socket.send_to_addr(news.message().as_bytes(), address) {
            tracing::warn!(%error, ?news, "the service manager was not told");
        }
    }
}

impl News {
    fn message(self) -> String {
        let mut message = match self {
            Self::Ready => "READY=1\n",
            Self::Waiting => "STATUS=waiting for the store of the fleet\n",
            Self::Reloading => "RELOADING=1\n",
            Self::Stopping => "STOPPING=1\n",
            Self::MainPid(_) => "",
        }
        .to_owned();
        // Writing to a string does not fail.
        let _written = match self {
            // A manager tells by it which READY belongs to which reload.
            Self::Reloading => writeln!(message, "MONOTONIC_USEC={}", monotonic_micros()),
            Self::MainPid(pid) => writeln!(message, "MAINPID={pid}"),
            Self::Waiting => writeln!(message, "EXTEND_TIMEOUT_USEC={}", PATIENT.as_micros()),
            Self::Ready | Self::Stopping => Ok(()),
        };
        message
    }
}

fn monotonic_micros() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let part = |value: i64| u64::try_from(value).unwrap_or(0);
    part(now.tv_sec) * 1_000_000 + part(now.tv_nsec) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    fn said(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 256];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    #[test]
    fn a_manager_is_told_at_a_path_and_at_an_abstract_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let name = format!("portcullis-test-{}", std::process::id());
        let abstract_name = SocketAddr::from_abstract_name(&name).unwrap();
        for (socket, address) in [
            (UnixDatagram::bind(&path), path.into_os_string()),
            (UnixDatagram::bind_addr(&abstract_name), OsString::from(format!("@{name}"))),
        ] {
            let (socket, notifier) = (socket.unwrap(), Notifier::to(&address).unwrap());
            for (news, wanted) in [
                (News::Ready, "READY=1\n"),
                (News::Stopping, "STOPPING=1\n"),
                (News::MainPid(7), "MAINPID=7\n"),
            ] {
                notifier.tell(news);
                assert_eq!(said(&socket), wanted);
            }
            notifier.tell(News::Reloading);
            let reloading = said(&socket);
            let micros = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap().trim_end();
            assert!(micros.parse::<u64>().unwrap() > 0, "{reloading}");
        }
    }

    #[test]
    fn nobody_is_told_where_nobody_listens() {
        let folder = tempfile::tempdir().unwrap();
        Notifier::to(folder.path().join("gone").as_os_str()).unwrap().tell(News::Ready);
        Notifier(None).tell(News::Ready);
        assert!(Notifier::to(OsStr::new("vsock:2:1234")).is_err());
    }
}
