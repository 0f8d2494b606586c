//! Identity providers: where their keys come from, how they are kept fresh, and how one verifies a signature.
//!
//! A [`Provider`] is one issuer with its known keys. Requests look up a key without waiting; a [`Refresher`] per
//! provider fetches in the background and publishes whole sets. Keys are parsed once, independently of each other, and
//! are bound to the algorithms that they may verify. This room leaves the claims of a token to `authn`.

mod authorization_server;
mod cache;
mod client_authentication;
mod client_token;
mod discovery;
#[cfg(test)]
mod fixtures;
mod introspection;
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

pub use authorization_server::{AuthorizationServer, authorization_server};
pub use cache::Missing;
pub use client_token::{ClientAuthentication, Token, TokenError, TokenRequest, client_token};
pub use introspection::{
    Answered, AskedAgain, ClientKey, ClientProof, ClientSecret, ClientSpec, IntrospectedTokens,
    IntrospectionSpec, IntrospectionStatus, Introspector, ReadAnswer, TokenQuestion, WaitingPlaces,
};
pub use jwk::parse_jwk;
pub use key_name::KeyName;
pub use key_set::{Candidates, KeySet};
pub use parse::{KeySetError, ParsedKeys, parse_bundle, parse_key_set};
pub use pem::{PublicKeyError, parse_public_key};
pub use probe::{Probe, ProbeRequest, ProbedKey, Problem, SkippedKey, probe, probe_of};
pub use provider::Provider;
pub use refresher::{Refresher, RefresherHandle};
pub use skip::{SkipReason, Skipped};
pub use source::options_of;
pub use spec::{KeySource, ProviderSpec, TokenKind};
pub use state_dir::{StateDir, StateDirError};
pub use status::{KeyStatus, ProviderStatus};
pub use verification_key::VerificationKey;
