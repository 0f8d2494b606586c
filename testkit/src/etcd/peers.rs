//! The network between the members of a cluster: one proxy in front of each, which tells senders apart by what etcd
//! writes at the head of each request to a peer (`X-Server-From`).

use super::Member;
use super::member::name;
use crate::cut::Cut;

/// The proxies; a member that is alone needs none, and has its own port.
pub(super) struct Peers {
    cuts: Vec<Cut>,
    ports: Vec<u16>,
}

impl Peers {
    pub(super) async fn of(ports: &[u16]) -> Self {
        let mut cuts = Vec::new();
        if ports.len() > 1 {
            for &port in ports {
                cuts.push(Cut::between(port).await);
            }
        }
        Self { cuts, ports: ports.to_vec() }
    }

    /// Nothing comes from this member or goes to it.
    pub(super) async fn isolate(&self, nth: usize, members: &[Member]) {
        let id = self.id(nth, members).await;
        for (at, cut) in self.cuts.iter().enumerate() {
            if at == nth {
                cut.swallow();
            } else {
                cut.hold_sender(&format!("X-Server-From: {id}"));
            }
        }
    }

    pub(super) fn pass(&self) {
        for cut in &self.cuts {
            cut.pass();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cuts.is_empty()
    }

    /// Where the others find this member.
    pub(super) fn url(&self, nth: usize) -> String {
        let port = self.cuts.get(nth).map_or(self.ports[nth], |cut| cut.port);
        format!("http://127.0.0.1:{port}")
    }

    /// `--initial-cluster`.
    pub(super) fn initial_cluster(&self) -> String {
        let all = (0..self.ports.len()).map(|nth| format!("{}={}", name(nth), self.url(nth)));
        all.collect::<Vec<_>>().join(",")
    }

    /// The number that etcd gave to a member, as it writes it in heads: hexadecimal.
    async fn id(&self, nth: usize, members: &[Member]) -> String {
        let mut command = tokio::process::Command::new("etcdctl");
        let endpoint = format!("http://127.0.0.1:{}", members[nth].port);
        command.args(["--endpoints", &endpoint, "member", "list", "--hex"]).env("ETCDCTL_API", "3");
        let output = command.output().await.expect("etcdctl runs");
        let list = String::from_utf8_lossy(&output.stdout).into_owned();
        let ours = format!(", {}, ", name(nth));
        let line = list.lines().find(|line| line.contains(&ours));
        let line = line.unwrap_or_else(|| panic!("no {ours} in {list}"));
        line.split(',').next().expect("an id").trim().to_owned()
    }
}
