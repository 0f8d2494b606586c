//! The connections of a member: the first for what is told in rounds, the others, where there are any, for single requests. One of
//! those that has ended, or is silent while the first is not, is opened anew: a Redis ends connections that were idle for long.
//!
//! A first one that has ended is a Redis that was lost; what follows then is for `control`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use tokio::time::timeout;

use super::connect::Connection;
use super::fault::RedisFault;
use super::options::RedisOptions;
use crate::model::Live;

/// The connections.
#[derive(Debug)]
pub(super) struct Pool {
    options: RedisOptions,
    first: Connection,
    /// Each is absent while it is opened anew, so that there are never more than the settings allow.
    others: Vec<Live<Option<Connection>>>,
    next: AtomicUsize,
}

impl Pool {
    /// Opens them.
    pub(super) async fn open(options: &RedisOptions) -> Result<Self, RedisFault> {
        let first = Connection::open(options).await?;
        let mut others = Vec::new();
        while others.len() + 1 < options.pool {
            others.push(Live::new(Some(Connection::open(options).await?)));
        }
        Ok(Self { options: options.clone(), first, others, next: AtomicUsize::default() })
    }

    /// What is told goes over this one.
    pub(super) fn first(&self) -> MultiplexedConnection {
        self.first.requests()
    }

    /// Asks on one of those for single requests, within this time. One that gave no answer is looked at by [`Pool::renew`].
    pub(super) async fn ask<T, Asked: Future<Output = Result<T, RedisFault>>>(
        &self,
        within: Duration,
        ask: impl FnOnce(MultiplexedConnection) -> Asked,
    ) -> Result<T, RedisFault> {
        let one = self.one();
        let connection = one.as_ref().and_then(|one| one.as_ref().as_ref()).unwrap_or(&self.first);
        match timeout(within, ask(connection.requests())).await {
            Ok(answer) => answer,
            Err(_) => {
                connection.doubt();
                Err(RedisFault::TimedOut(within))
            }
        }
    }

    /// Opens those anew that have ended, and one of those in doubt if it gives no answer within this time. It is called while the
    /// first one answers.
    pub(super) async fn renew(&self, within: Duration) -> Result<(), RedisFault> {
        let mut is_asked = false;
        for place in &self.others {
            let connection = place.get();
            let is_good = match connection.as_ref() {
                None => false,
                Some(connection) if connection.has_ended() => false,
                Some(connection) if connection.is_doubted() && !is_asked => {
                    is_asked = true;
                    answers(connection, within).await
                }
                Some(_) => true,
            };
            if !is_good {
                drop(connection);
                place.publish(Arc::new(None));
                place.publish(Arc::new(Some(Connection::open(&self.options).await?)));
            }
        }
        Ok(())
    }

    fn one(&self) -> Option<Arc<Option<Connection>>> {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        Some(self.others.get(next.checked_rem(self.others.len())?)?.get())
    }
}

/// Whether a connection gives an answer.
async fn answers(connection: &Connection, within: Duration) -> bool {
    let is_there = timeout(within, time(connection.requests())).await.is_ok_and(|answer| answer.is_ok());
    if is_there {
        connection.trust();
    }
    is_there
}

/// The smallest question there is that the user of a member may ask.
pub(super) async fn time(mut requests: MultiplexedConnection) -> Result<(), RedisFault> {
    let _time: (u64, u64) = redis::cmd("TIME").query_async(&mut requests).await?;
    Ok(())
}
