//! The loops that keep the gateway up to date: the reconciler (store, parse, compile, publish), the key
//! refreshers' life, and the resolver of upstream names.
//!
//! A change is applied whole or not at all; what is wrong is said, and the last good one stays.

mod aside;
mod audit;
mod broken;
mod by_hand;
mod diff;
mod edit;
mod editor;
mod finding;
mod handle;
mod leisure;
mod load;
mod open;
mod orders;
mod reconciler;
mod resolver;
mod roll_back;
mod status;

pub use diff::{action, diff, shown};
pub use edit::{Edit, EditError, Edited, Expect, Restore, RollBack, To, Wanted};
pub use finding::{Finding, tell};
pub use handle::{Control, Reloaded};
pub use load::{LoadError, load};
pub use open::{open, outline};
pub use reconciler::Reconciler;
pub use resolver::Resolver;
pub use status::{Broken, Head, Outcome, Refused, Status};
