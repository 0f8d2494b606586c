//! A lease: keys that are gone when their owner is.

use std::time::Duration;

use etcd_client::Error;
use tokio::time::Instant;

use super::fault::Fault;
use super::link::{CALL, Link};

/// A lease of this process.
#[derive(Debug)]
pub(super) struct Lease {
    id: i64,
    /// How often it is renewed.
    every: Duration,
    due: Instant,
}

impl Lease {
    /// A new lease, which is renewed `every` so often.
    pub(super) async fn grant(link: &Link, length: Duration, every: Duration) -> Result<Self, Fault> {
        let seconds = i64::try_from(length.as_secs()).unwrap_or(i64::MAX);
        let granted = link
            .call_with(CALL, |connection| async move { connection.client().lease_grant(seconds, None).await })
            .await?;
        Ok(Self { id: granted.id(), every, due: Instant::now() + every })
    }

    pub(super) const fn id(&self) -> i64 {
        self.id
    }

    /// When it is to be renewed.
    pub(super) const fn due(&self) -> Instant {
        self.due
    }

    /// Renews it when that is due; whether it is still there.
    pub(super) async fn renew(&mut self, link: &Link) -> Result<bool, Fault> {
        if Instant::now() < self.due {
            return Ok(true);
        }
        let id = self.id;
        // A stream for each renewal: there is none to be opened anew when a server goes away.
        let is_there = link
            .call_with(CALL, |connection| async move {
                match connection.client().lease_keep_alive(id).await {
                    Ok(_) => Ok(true),
                    Err(Error::LeaseKeepAliveError(_)) => Ok(false),
                    Err(error) => Err(error),
                }
            })
            .await?;
        self.due = Instant::now() + self.every;
        Ok(is_there)
    }

    /// Ends it, and its keys with it.
    pub(super) async fn revoke(self, link: &Link) -> Result<(), Fault> {
        let id = self.id;
        link.call_with(CALL, |connection| async move { connection.client().lease_revoke(id).await })
            .await
            .map(drop)
    }
}
