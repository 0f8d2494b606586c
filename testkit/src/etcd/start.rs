//! How an etcd is started.

use std::path::Path;

use super::peers::Peers;
use super::{Authority, Etcd, Member};
use crate::client::install_tls;
use crate::ports::free_port;

/// Where the data lies in memory: fsync costs nothing there.
const MEMORY: &str = "/dev/shm";
/// Heartbeat and election of a member that is alone, in milliseconds: it elects itself, so that the shortest does.
const ALONE: [&str; 4] = ["--heartbeat-interval", "10", "--election-timeout", "100"];
/// Those of three, etcd's own: a busy machine holds heartbeats up by more than a shorter election would bear.
const THREE: [&str; 4] = ["--heartbeat-interval", "100", "--election-timeout", "1000"];

/// How an etcd is started; what is not said is etcd's default.
#[derive(Default)]
pub struct EtcdStart<'a> {
    /// How many members it has; 0 is 1.
    pub members: usize,
    /// Clients speak TLS, and show a certificate of this authority.
    pub tls: Option<&'a Authority>,
    /// Further arguments of each member (`--quota-backend-bytes`, `--auto-compaction-mode`, …).
    pub args: &'a [&'a str],
}

impl EtcdStart<'_> {
    /// Starts it and waits until it takes writes.
    pub async fn start(&self) -> Etcd {
        install_tls();
        let memory = Path::new(MEMORY);
        let mut builder = tempfile::Builder::new();
        builder.prefix("testkit-etcd-");
        let folder = if memory.is_dir() { builder.tempdir_in(memory) } else { builder.tempdir() };
        let folder = folder.expect("a folder for etcd");
        let count = self.members.max(1);
        let ports: Vec<u16> = std::iter::repeat_with(free_port).take(count).collect();
        let peers = Peers::of(&ports).await;
        let args = self.args_of_all(&peers, folder.path());
        let members = ports.iter().enumerate().map(|(nth, &peer)| {
            let port = free_port();
            let mut args = args.clone();
            let urls = [
                ("--listen-client-urls", format!("{}://127.0.0.1:{port}", self.scheme())),
                ("--advertise-client-urls", format!("{}://127.0.0.1:{port}", self.scheme())),
                ("--listen-peer-urls", format!("http://127.0.0.1:{peer}")),
                ("--initial-advertise-peer-urls", peers.url(nth)),
            ];
            args.extend(urls.into_iter().flat_map(|(name, value)| [name.to_owned(), value]));
            Member::new(nth, port, folder.path(), args)
        });
        let members = members.collect();
        let etcd = Etcd {
            members,
            peers,
            client: self.client(),
            scheme: self.scheme(),
            root_password: None.into(),
            folder,
        };
        etcd.start_again().await;
        etcd
    }

    fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    fn args_of_all(&self, peers: &Peers, folder: &Path) -> Vec<String> {
        let cluster = peers.initial_cluster();
        // Two clusters have different ids, so that a client which wanders from one to the other can tell.
        let token = folder.file_name().expect("a name").to_string_lossy();
        let mut args = vec!["--initial-cluster", &cluster, "--initial-cluster-token", &token];
        args.extend(["--logger", "zap", "--log-level", "warn", "--bcrypt-cost", "4"]);
        args.extend(if peers.is_empty() { ALONE } else { THREE });
        let mut args: Vec<String> = args.into_iter().map(str::to_owned).collect();
        if let Some(authority) = self.tls {
            args.extend(authority.server_args(folder));
        }
        args.extend(self.args.iter().map(|&arg| arg.to_owned()));
        args
    }

    fn client(&self) -> reqwest::Client {
        let builder = reqwest::Client::builder().no_proxy().timeout(super::call::PATIENCE);
        let builder = match self.tls {
            Some(authority) => authority.trusted_by(builder),
            None => builder,
        };
        builder.build().expect("a client")
    }
}
