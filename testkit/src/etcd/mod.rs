//! A real etcd on loopback, of one member or three, with its data in memory where the system has a folder for that.
//!
//! What tests read and write there goes through etcd's JSON gateway; what they do to its processes is in [`Member`], and
//! to the network between them in [`Etcd::isolate`].

mod auth;
mod authority;
mod backup;
mod call;
mod keys;
mod member;
mod peers;
mod start;

pub use authority::Authority;
pub use call::Refusal;
pub use keys::{Stored, coded};
pub use member::Member;
pub use start::EtcdStart;

use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::eventually::eventually;
use peers::Peers;

/// How long a cluster may take to have a leader: an election takes a second or two, and the machine may be busy.
const HEALTHY: Duration = Duration::from_secs(30);

/// The processes of a cluster; they end when this is dropped.
pub struct Etcd {
    /// Its members, in the order of their names.
    pub members: Vec<Member>,
    peers: Peers,
    client: reqwest::Client,
    scheme: &'static str,
    root_password: Mutex<Option<String>>,
    folder: TempDir,
}

impl Etcd {
    /// One member, without TLS or users.
    pub async fn start() -> Self {
        EtcdStart::default().start().await
    }

    /// Three of them.
    pub async fn of_three() -> Self {
        EtcdStart { members: 3, ..EtcdStart::default() }.start().await
    }

    /// Waits until it has a leader and takes writes.
    pub async fn healthy(&self) {
        eventually("etcd has a leader", HEALTHY, async || self.try_put("testkit/health", "").await.ok())
            .await;
    }

    /// The members' addresses for clients, as `endpoints` of a configuration.
    pub fn endpoints(&self) -> Vec<String> {
        self.members.iter().map(|member| format!("{}://127.0.0.1:{}", self.scheme, member.port)).collect()
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Ends every process with SIGKILL.
    pub async fn kill(&self) {
        for member in &self.members {
            member.kill().await;
        }
    }

    /// Starts every process that does not run, on the data that is there, and waits until writes are taken.
    pub async fn start_again(&self) {
        for member in &self.members {
            member.start_again().await;
        }
        self.healthy().await;
    }

    /// Kills it, deletes all of its data, and starts it again: empty, and without users.
    pub async fn wipe(&self) {
        self.kill().await;
        for member in &self.members {
            member.delete_data();
        }
        *self.root_password.lock().await = None;
        self.start_again().await;
    }

    /// Cuts a member off from the others; clients reach it as before. Only a cluster of three has others.
    pub async fn isolate(&self, nth: usize) {
        self.peers.isolate(nth, &self.members).await;
    }

    /// The members reach each other again.
    pub fn join_again(&self) {
        self.peers.pass();
    }
}
