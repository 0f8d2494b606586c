//! A snapshot, and what an operator does with it after a disaster.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::Etcd;

impl Etcd {
    /// Saves a snapshot of now, under a name of its own. Only without TLS and users.
    pub async fn save(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name).with_extension("snapshot");
        let endpoints = &self.endpoints()[0];
        etcdctl(&["--endpoints", endpoints, "snapshot", "save", &path.display().to_string()]).await;
        path
    }

    /// Kills it, and starts it from a snapshot: its revisions turn back, as without `--bump-revision`, which 3.4 does not
    /// have.
    pub async fn restore(&self, snapshot: &Path) {
        self.kill().await;
        let snapshot = snapshot.display().to_string();
        for (nth, member) in self.members.iter().enumerate() {
            member.delete_data();
            let data = member.data().display().to_string();
            let (cluster, url) = (self.peers.initial_cluster(), self.peers.url(nth));
            let mut args =
                vec!["snapshot", "restore", &snapshot, "--data-dir", &data, "--name", &member.name];
            args.extend(["--initial-cluster", &cluster, "--initial-advertise-peer-urls", &url]);
            etcdctl(&args).await;
        }
        self.start_again().await;
    }
}

async fn etcdctl(args: &[&str]) {
    let output = Command::new("etcdctl").args(args).env("ETCDCTL_API", "3").output().await;
    let output = output.expect("etcdctl runs");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}
