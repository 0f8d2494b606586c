//! The control loops: the reconciler (read, parse, compile, publish), the lifetime of key refreshers, and the resolver of
//! upstream names.
//!
//! A change is applied whole or not at all. An invalid one is reported, and the last good configuration stays live.

mod aside;
mod audit;
mod audit_log;
mod background;
mod broken;
mod by_hand;
mod card_fetch;
mod cards;
mod change;
mod check_plan;
mod checks;
mod counting;
mod denials;
mod diff;
mod draining;
mod edit;
mod editor;
mod enforcer;
mod etcd;
mod event_action;
mod event_desk;
mod event_poller;
mod expiry;
mod finding;
#[cfg(test)]
mod fixtures;
mod fleet;
mod handle;
mod load;
mod lookup;
mod moving;
mod observe;
mod orders;
mod own_task;
mod prober;
mod recheck;
mod reconciler;
mod records;
mod reporting;
mod resolver;
mod roll_back;
mod shared_state_health;
mod shared_store;
mod side_by_side;
mod signing;
mod status;
mod stores;
mod streams;
mod undo;

pub use audit_log::{AuditFile, AuditLog};
pub use counting::count_together;
pub use denials::{GIVES_BACK, NO_PLACE, gives_back};
pub use diff::{Action, diff, shown};
pub use edit::{Edit, EditError, Edited, Expect, Restore, RollBack, To, Wanted};
pub use event_desk::EventDesk;
pub use finding::{ChangeCode, Finding, FindingCode, tell};
pub use fleet::{Fleet, FleetMember, MemberState, Overview, Reached, member_name};
pub use handle::{Control, Reloaded};
pub use load::{LoadError, load, own};
pub use moving::{Difference, OpenError, Side, named, named_in_etcd, try_out};
pub use reconciler::Reconciler;
pub use resolver::Resolver;
pub use shared_state_health::RedisOutage;
pub use status::{Broken, Head, Outcome, Refused, Runs, Status};
pub use stores::{Stores, outline};
pub use streams::Which;
