//! The vocabulary that every other room speaks: names, issuers, algorithms, reasons, decisions, secrets, time.
//!
//! No I/O, no async, no proxy framework and no clock reading happens here. A value of one of these types
//! is valid by construction; what is not valid stays text at the edge.

mod address_text;
mod algorithm;
mod authority;
mod byte_order_mark;
mod certificate_term;
mod claims;
mod clock;
mod decision;
mod fetched;
mod forbidden_address;
mod grounds;
mod host;
mod identity;
mod inert;
mod label;
mod live;
mod loopback;
pub mod methods;
mod name;
mod path;
mod private_jwk;
pub mod query;
mod reason;
mod request;
mod request_id;
mod resource;
mod secret;
mod spelling;
mod stamp;
mod stream;
pub mod strict_json;
mod token_text;

pub use address_text::AddressText;
pub use algorithm::{Algorithm, AlgorithmSet, UnknownAlgorithm};
pub use authority::Authority;
pub use byte_order_mark::{pem_without_marks, without_mark};
pub use certificate_term::{CertificateTerm, CertificateUse};
pub use claims::Claims;
pub use clock::{Clock, FixedClock, Instant, SystemClock};
pub use decision::{AuthMethod, CacheLabel, Decision, Enforcement};
pub use fetched::Fetched;
pub use forbidden_address::{ForbiddenAddress, passable};
pub use grounds::{FailedCheck, Grounds, TokenSaid};
pub use host::{Host, HostError, HostRule, unbracketed};
pub use identity::Identity;
pub use inert::{acts, inert};
pub use label::check_label;
pub use live::Live;
pub use loopback::{is_loopback, is_loopback_name, reached_at};
pub use name::{AgentName, Issuer, KeyId, NameError, ProviderName};
pub use path::{CanonicalPath, PathError};
pub use private_jwk::PRIVATE_JWK_MEMBERS;
pub use reason::{OAuthError, Reason};
pub use request::{Purpose, Request};
pub use request_id::RequestId;
pub use resource::{ResourceId, ResourceKind};
pub use secret::{Digest, Secret};
pub use spelling::{reduced, reduced_eq, reduced_starts_with};
pub use stamp::Stamp;
pub use stream::{EndedBy, OnPolicyChange, StreamKind};
pub use token_text::{is_tchar, is_token};
