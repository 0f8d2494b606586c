//! The decision: an agent and a request go in; a verdict comes out, or a need that must be met first.
//!
//! Only this room makes a [`Permit`], and nothing goes upstream without one. No I/O, no clock, no waiting: the caller of
//! [`decide`] fetches what it needs, and asks again.

mod asked;
mod challenge;
mod credential;
mod decide;
mod entries;
mod evidence;
mod explain;
mod extent;
mod limit_usage;
mod limited;
mod operation;
mod origin;
mod permit;
mod refused_response;
mod session;
mod shown_certificate;
mod step_up;
mod stream_end;
mod strictly;
#[cfg(test)]
pub(crate) mod tests;
mod verdict;
mod whom;

pub use asked::Asked;
pub use challenge::{Challenge, challenge, detail};
pub use credential::{CredentialError, credential};
pub use decide::{Step, decide};
pub use evidence::{Evidence, Need};
pub use explain::{
    Explanation, Known, LimitLeft, Response, explain, explain_message, explain_unreadable, live_question,
    message_for,
};
pub use extent::{Head, asks_for_stream, extent};
pub use limit_usage::{BucketsOf, LimitPlace, LimitQuota, LimitRate, LimitUsage, Permits, limit_usage};
pub use limited::{Counted, Standpoint, failed, limited, limited_before};
pub use operation::decide_operation;
pub use origin::deny_origin;
pub use permit::Permit;
pub use refused_response::RefusedResponse;
pub use session::{SentSession, in_session, seal_session, shadow_session};
pub use shown_certificate::{CertificateWay, ShownCertificate};
pub use step_up::StepUp;
pub use stream_end::StreamEnd;
pub use strictly::Strict;
pub use verdict::Verdict;
