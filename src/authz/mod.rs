//! Authorisation: rules over the claims of a verified token, compiled when an agent is deployed, and the record of
//! checks that `explain` shows.
//!
//! `authn` establishes the caller's identity before; nothing here trusts an unverified claim.

mod actors;
mod admission;
mod applied;
mod asserted;
mod assertion;
mod block;
mod claim_headers;
mod clients;
mod explain;
mod header_text;
mod listing;
mod login;
mod login_needs;
mod number;
mod operations;
mod requested_scopes;
mod requirements;
mod rule;
mod rule_line;
mod rules;
mod time_span;
mod verified_token;

pub use actors::{ActorRule, AllowedActor};
pub use admission::{Admission, CountedClaim, Entry};
pub use applied::RuleWords;
pub use asserted::{Asserted, DatedClaims, SignedAssertion};
pub use assertion::{AssertedClaim, Assertion, USUAL_HEADER};
pub use block::Block;
pub use claim_headers::{ClaimHeader, ClaimHeaders, ClaimHeadersError};
pub use clients::{ClientLists, ClientPattern};
pub use explain::{Check, Facts, Line, Silent, Trace, Transcript, Witness};
pub use header_text::NonAscii;
pub use listing::{Listing, Named, Viewer};
pub use login::{LoginFault, LoginRule};
pub use login_needs::LoginNeeds;
pub use number::is_exact;
pub use operations::OperationRules;
pub use requested_scopes::requested_scopes;
pub use requirements::{Requirements, TokenProfile};
pub use rule::{Applied, Rule, RulePlace, RuleTable, Ruling, Standing, Standings, Table, Unlisted};
pub use rule_line::{RuleLine, RuleOutcome, Ruled};
pub use rules::{ClaimRule, Rules, ScopeRules};
pub use time_span::TimeSpan;
pub use verified_token::VerifiedToken;
