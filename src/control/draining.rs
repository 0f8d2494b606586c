//! Targets that an operator lets take no new requests, for as long as this process runs: what runs there goes on.

use crate::model::{AgentName, Instant, TargetOrder};
use crate::upstream::Member;

use super::handle::{Control, Order};

impl Control {
    /// Gives an order to a target of an agent, which holds for all agents that share the target. An order that changes nothing
    /// leaves no trace.
    pub fn order_target(
        &self,
        who: &str,
        agent: &AgentName,
        member: &Member,
        order: TargetOrder,
        now: Instant,
    ) {
        if !member.target.standing.obey(order, now) {
            return;
        }
        let done = match order {
            TargetOrder::Drain => "drained",
            TargetOrder::Undrain => "undrained",
        };
        let what = format!("{done} the target {} of agents/{agent}", member.url);
        tracing::info!(who, what, "an operator gave an order to a target");
        // A failure to log holds up no operator.
        let _noted = self.orders.try_send(Order::NoteDone { who: who.to_owned(), what, written: None });
    }
}
