//! The vocabulary of every other room: names, issuers, algorithms, reasons, decisions, secrets, time.
//!
//! There is no I/O, no async and no proxy framework here, and only [`SystemClock`] reads a clock. A value of one of these
//! types is valid by construction; text that is not valid is refused where it enters.

mod address_text;
mod algorithm;
mod authority;
pub mod byte_class;
mod byte_order_mark;
mod card;
mod certificate_term;
mod claims;
mod clock;
mod copied;
mod decision;
mod denials;
mod end_order;
mod fetched;
mod forbidden_address;
mod grounds;
mod host;
mod identity;
mod implied_scopes;
mod inert;
mod label;
mod live;
mod loopback;
pub mod methods;
mod name;
mod operation;
mod path;
mod private_jwk;
mod problem;
pub mod query;
mod reason;
mod refusal;
mod request;
mod request_id;
mod resource;
mod secret;
mod shard;
mod shared_timestamp;
mod spelling;
mod stream;
pub mod strict_json;
mod token_text;

pub use address_text::AddressText;
pub use algorithm::{Algorithm, AlgorithmSet, UnknownAlgorithm};
pub use authority::Authority;
pub use byte_order_mark::{pem_without_marks, without_mark};
pub use card::{CardSignature, CardSource};
pub use certificate_term::{CertificateTerm, CertificateUse};
pub use claims::Claims;
pub use clock::{Clock, FixedClock, Instant, SystemClock};
pub use copied::Copied;
pub(crate) use decision::closed_words;
pub use decision::{AuthMethod, CacheLabel, Decision, Enforcement};
pub use denials::{DenialKind, DenialSet, Denials, Until};
pub use end_order::EndOrder;
pub use fetched::Fetched;
pub use forbidden_address::{ForbiddenAddress, passable};
pub use grounds::{FailedCheck, Grounds, TokenSaid};
pub use host::{Host, HostError, HostRule, unbracketed};
pub use identity::Identity;
pub use implied_scopes::ImpliedScopes;
pub use inert::{acts, inert};
pub use label::check_label;
pub use live::Live;
pub use loopback::{is_loopback, is_loopback_name, reached_at};
pub use name::{AgentName, Issuer, KeyId, NameError, ProviderName};
pub use operation::{
    Call, CallOutcome, CallProtocol, ListOutcome, Operation, OperationClass, Target, TargetKind,
};
pub use path::{CanonicalPath, PathError};
pub use private_jwk::PRIVATE_JWK_MEMBERS;
pub use problem::{PROBLEM_MEDIA_TYPE, ProblemDocument, problem_document};
pub use reason::{OAuthError, Reason};
pub use refusal::Refusal;
pub use request::{Purpose, Request};
pub use request_id::RequestId;
pub use resource::{ResourceId, ResourceKind};
pub use secret::{Digest, RunningDigest, Secret};
pub use shard::{Line, PerShard, Shard};
pub use shared_timestamp::SharedTimestamp;
pub use spelling::{reduced, reduced_eq, reduced_starts_with};
pub use stream::{EndedBy, OnPolicyChange, StreamKind};
pub use token_text::{is_tchar, is_token};
