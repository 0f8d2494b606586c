//! The handle to the reconciler for other tasks: the live snapshot, the status, and orders with replies.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::config::{Snapshot, Written};
use crate::model::{Live, ResourceId};
use crate::store::{Query, Record};
use crate::upstream::Running;

use super::edit::{Edit, EditError, Edited, Restore, RollBack};
use super::enforcer::Enforcer;
use super::finding::Finding;
use super::fleet::Fleet;
use super::shared_state_health::{RedisHealth, RedisOutage};
use super::status::{Outcome, Status};

/// Orders that wait at most; others get 503. Each is a change by an operator or a program, and takes up to a second at
/// ten thousand agents, so a longer queue would only hide that nobody still waits for its end.
pub(super) const WAITING: usize = 64;

/// The result of a successful reload.
#[derive(Debug, Clone)]
pub struct Reloaded {
    /// Its outcome.
    pub outcome: Outcome,
    /// The warnings.
    pub warnings: Vec<Finding>,
}

type Answer<T> = oneshot::Sender<Result<T, EditError>>;

/// An order to the reconciler, with its reply channel.
#[derive(Debug)]
pub(super) enum Order {
    Reload(Answer<Reloaded>),
    CatchUp(Answer<()>),
    Edit(Edit, Answer<Edited>),
    RollBack(RollBack, Answer<Edited>),
    Restore(Restore, Answer<Edited>),
    History(Query, Answer<Vec<Record>>),
    Record(u64, Answer<Option<Record>>),
    Committed(String, Answer<Option<Record>>),
    /// Writes down what was done, and says when it is written to those who wait for it.
    NoteDone {
        who: String,
        what: String,
        written: Option<oneshot::Sender<()>>,
    },
}

/// A handle to the reconciler. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Control {
    pub(super) live: Arc<Live<Snapshot>>,
    pub(super) status: Arc<Live<Status>>,
    pub(super) orders: mpsc::Sender<Order>,
    pub(super) running: Running,
    pub(super) fleet: Fleet,
    /// Denials, where they can be kept.
    pub(super) denials: Option<Enforcer>,
    pub(super) redis: RedisHealth,
}

impl Control {
    /// The live configuration.
    #[must_use]
    pub fn live(&self) -> Arc<Snapshot> {
        self.live.get()
    }

    /// The last status of the reconciler.
    #[must_use]
    pub fn status(&self) -> Arc<Status> {
        self.status.get()
    }

    /// The gateways that share the store.
    #[must_use]
    pub const fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// Since when the Redis in which members count together is of no use, and why; nothing while it is, and without one.
    #[must_use]
    pub fn redis_outage(&self) -> Option<RedisOutage> {
        self.redis.outage()
    }

    /// A resource of the live configuration, as it was written.
    #[must_use]
    pub fn written(&self, id: &ResourceId) -> Option<Written> {
        self.live().written(id)
    }

    /// Reads the stores and applies their content.
    ///
    /// # Errors
    /// [`EditError::Invalid`] when the content is invalid; the live configuration is unchanged.
    pub async fn reload(&self) -> Result<Reloaded, EditError> {
        self.ask(Order::Reload).await
    }

    /// Like [`Self::reload`], but waits for a slot in the queue: for SIGHUP, which cannot be retried.
    ///
    /// # Errors
    /// As [`Self::reload`].
    pub async fn reload_in_turn(&self) -> Result<Reloaded, EditError> {
        let (answer, answered) = oneshot::channel();
        let stopping = || EditError::Unavailable("the gateway is stopping".to_owned());
        self.orders.send(Order::Reload(answer)).await.map_err(|_| stopping())?;
        answered.await.map_err(|_| stopping())?
    }

    /// Takes up what the other members of a fleet wrote: for a change that is made from what is read here first. Does
    /// nothing where nobody shares the store.
    ///
    /// # Errors
    /// [`EditError`], when the store does not respond or must not be written.
    pub async fn catch_up(&self) -> Result<(), EditError> {
        if self.fleet.is_shared() { self.ask(Order::CatchUp).await } else { Ok(()) }
    }

    /// Changes the configuration. When this returns, the change is committed and live.
    ///
    /// # Errors
    /// [`EditError`]; nothing has changed then.
    pub async fn edit(&self, edit: Edit) -> Result<Edited, EditError> {
        self.ask(|answer| Order::Edit(edit, answer)).await
    }

    /// Rolls agents and providers back. When this returns, the change is committed and live.
    ///
    /// # Errors
    /// [`EditError`]; nothing has changed then.
    pub async fn roll_back(&self, to: RollBack) -> Result<Edited, EditError> {
        self.ask(|answer| Order::RollBack(to, answer)).await
    }

    /// Restores the last good text of a broken document. When this returns, it is committed.
    ///
    /// # Errors
    /// [`EditError`]; nothing has changed then. In a fleet always: what this member refuses, others may run.
    pub async fn restore(&self, restore: Restore) -> Result<Edited, EditError> {
        if self.fleet.is_shared() {
            return Err(EditError::NotOfOneMember(restore.id));
        }
        self.ask(|answer| Order::Restore(restore, answer)).await
    }

    /// The revisions that fit the query, newest first.
    ///
    /// # Errors
    /// [`EditError::Store`] when it cannot be read.
    pub async fn history(&self, query: Query) -> Result<Vec<Record>, EditError> {
        self.ask(|answer| Order::History(query, answer)).await
    }

    /// One revision of the history.
    ///
    /// # Errors
    /// [`EditError::Store`] when it cannot be read.
    pub async fn record(&self, number: u64) -> Result<Option<Record>, EditError> {
        self.ask(|answer| Order::Record(number, answer)).await
    }

    /// The revision that the commit of this id made, in a store that several members share.
    ///
    /// # Errors
    /// [`EditError::Store`] when it cannot be read.
    pub async fn committed(&self, id: String) -> Result<Option<Record>, EditError> {
        self.ask(|answer| Order::Committed(id, answer)).await
    }

    async fn ask<T>(&self, order: impl FnOnce(Answer<T>) -> Order) -> Result<T, EditError> {
        let (answer, answered) = oneshot::channel();
        self.orders
            .try_send(order(answer))
            .map_err(|_| EditError::Unavailable("too many changes wait already; try again".to_owned()))?;
        answered.await.map_err(|_| EditError::Unavailable("the gateway is stopping".to_owned()))?
    }
}
