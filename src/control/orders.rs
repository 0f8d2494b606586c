//! Carries out the orders that other tasks send to the reconciler.

use super::edit::{Asked, EditError};
use super::handle::{Order, Reloaded};
use super::reconciler::Reconciler;

impl Reconciler {
    /// Carries out an order and sends its reply, for which the caller may no longer wait.
    pub(super) async fn carry_out(&mut self, order: Order) {
        match order {
            Order::Reload(answer) => {
                tracing::info!("reload asked for");
                // The caller gets the findings also when they were reported before.
                self.said = None;
                let outcome = self.reload().await.map_err(EditError::Invalid);
                let warnings = self.control().status().warnings.clone();
                drop(answer.send(outcome.map(|outcome| Reloaded { outcome, warnings })));
            }
            Order::CatchUp(answer) => drop(answer.send(self.catch_up().await)),
            Order::Edit(edit, answer) => drop(answer.send(self.change(Asked::Edit(edit)).await)),
            Order::RollBack(to, answer) => drop(answer.send(self.change(Asked::RollBack(to)).await)),
            Order::Restore(restore, answer) => drop(answer.send(self.change(Asked::Restore(restore)).await)),
            Order::History(query, answer) => {
                drop(answer.send(self.stores.resources.history(query).await.map_err(EditError::from)));
            }
            Order::Record(number, answer) => {
                drop(answer.send(self.stores.resources.record(number).await.map_err(EditError::from)));
            }
            Order::Committed(id, answer) => {
                drop(answer.send(self.stores.resources.committed(&id).await.map_err(EditError::from)));
            }
            Order::NoteDone { who, what, written } => {
                self.note_done(&who, &what).await;
                // Those who wait for it may have gone.
                let _told = written.map(|written| written.send(()));
            }
        }
    }
}
