//! Who signed: the keys of an identity provider, from where they are kept to one verified signature.
//!
//! A [`Provider`] is one issuer with the keys that are known of it. Requests ask it for a key and never wait;
//! a [`Refresher`] per provider fetches in the background and publishes whole sets. Keys are parsed once, each
//! alone, and are bound to the algorithms that they may verify. What a token says, and whom it is meant for, is
//! the business of `authn`.

mod cache;
mod client_token;
mod discovery;
#[cfg(test)]
mod fixtures;
mod jwk;
mod key_name;
mod key_set;
mod material;
mod parse;
mod pem;
mod probe;
mod provider;
mod refetch;
mod refresher;
mod roca;
mod schedule;
mod skip;
mod source;
mod spec;
mod state_dir;
mod status;
mod verification_key;

pub use cache::Missing;
pub use client_token::{ClientAuthentication, Token, TokenError, TokenRequest, client_token};
pub use key_name::KeyName;
pub use key_set::{Candidates, KeySet};
pub use parse::{KeySetError, ParsedKeys, parse_key_set};
pub use pem::{PublicKeyError, parse_public_key};
pub use probe::{Probe, ProbeRequest, ProbedKey, Problem, SkippedKey, probe, probe_of};
pub use provider::Provider;
pub use refresher::{Refresher, RefresherHandle};
pub use skip::{SkipReason, Skipped};
pub use spec::{KeySource, ProviderSpec};
pub use state_dir::{StateDir, StateDirError};
pub use status::{KeyStatus, ProviderStatus};
pub use verification_key::VerificationKey;
