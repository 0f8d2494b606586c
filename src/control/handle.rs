//! The way to the reconciler for everybody else: what is live, what happened, and orders that are answered.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::config::{Snapshot, Written};
use crate::model::{Live, ResourceId};
use crate::store::{Query, Record};
use crate::upstream::Running;

use super::edit::{Edit, EditError, Edited, Restore, RollBack};
use super::finding::Finding;
use super::status::{Outcome, Status};

/// So many orders may wait; more are refused.
pub(super) const WAITING: usize = 64;

/// A reload that was asked for and did not fail.
#[derive(Debug, Clone)]
pub struct Reloaded {
    /// What it did.
    pub outcome: Outcome,
    /// The warnings.
    pub warnings: Vec<Finding>,
}

type Answer<T> = oneshot::Sender<Result<T, EditError>>;

/// What the reconciler is asked to do.
#[derive(Debug)]
pub(super) enum Order {
    Reload(Answer<Reloaded>),
    Edit(Edit, Answer<Edited>),
    RollBack(RollBack, Answer<Edited>),
    Restore(Restore, Answer<Edited>),
    History(Query, Answer<Vec<Record>>),
    Record(u64, Answer<Option<Record>>),
    NoteEnded { who: String, what: String },
}

/// A handle to the reconciler. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Control {
    pub(super) live: Arc<Live<Snapshot>>,
    pub(super) status: Arc<Live<Status>>,
    pub(super) orders: mpsc::Sender<Order>,
    pub(super) running: Running,
}

impl Control {
    /// The configuration that runs.
    #[must_use]
    pub fn live(&self) -> Arc<Snapshot> {
        self.live.get()
    }

    /// What the reconciler did last.
    #[must_use]
    pub fn status(&self) -> Arc<Status> {
        self.status.get()
    }

    /// A resource of the configuration that runs, as it was written.
    #[must_use]
    pub fn written(&self, id: &ResourceId) -> Option<Written> {
        self.live().written(id)
    }

    /// Reads the store and applies what it holds.
    ///
    /// # Errors
    /// [`EditError::Invalid`] when what it holds is wrong; what runs is what ran before.
    pub async fn reload(&self) -> Result<Reloaded, EditError> {
        self.ask(Order::Reload).await
    }

    /// The same for a caller that cannot try again: waits for its turn.
    ///
    /// # Errors
    /// As [`Self::reload`].
    pub async fn reload_in_turn(&self) -> Result<Reloaded, EditError> {
        let (answer, answered) = oneshot::channel();
        let stopping = || EditError::Unavailable("the gateway is stopping".to_owned());
        self.orders.send(Order::Reload(answer)).await.map_err(|_| stopping())?;
        answered.await.map_err(|_| stopping())?
    }

    /// Changes the configuration. When this returns, the change is kept and runs.
    ///
    /// # Errors
    /// [`EditError`]; nothing has changed then.
    pub async fn edit(&self, edit: Edit) -> Result<Edited, EditError> {
        self.ask(|answer| Order::Edit(edit, answer)).await
    }

    /// Makes agents and providers what they were. When this returns, that is kept and runs.
    ///
    /// # Errors
    /// [`EditError`]; nothing has changed then.
    pub async fn roll_back(&self, to: RollBack) -> Result<Edited, EditError> {
        self.ask(|answer| Order::RollBack(to, answer)).await
    }

    /// Puts the last good text of a broken document back. When this returns, that is kept.
    ///
    /// # Errors
    /// [`EditError`]; nothing has changed then.
    pub async fn restore(&self, restore: Restore) -> Result<Edited, EditError> {
        self.ask(|answer| Order::Restore(restore, answer)).await
    }

    /// A part of the history, the newest first.
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

    async fn ask<T>(&self, order: impl FnOnce(Answer<T>) -> Order) -> Result<T, EditError> {
        let (answer, answered) = oneshot::channel();
        self.orders
            .try_send(order(answer))
            .map_err(|_| EditError::Unavailable("too many changes wait already; try again".to_owned()))?;
        answered.await.map_err(|_| EditError::Unavailable("the gateway is stopping".to_owned()))?
    }
}
