//! What a provider says of a token that nobody else can read (RFC 7662): asking it, and remembering for a short time what
//! it said. `authn` reads the responses and judges the claims in them.

mod again;
mod answered;
mod breaker;
mod client_key;
mod endpoint;
mod flights;
mod guessers;
mod introspector;
mod question;
mod spec;
mod status;
mod verdicts;

pub use answered::{Answered, AskedAgain, ReadAnswer};
pub use client_key::ClientKey;
pub use introspector::Introspector;
pub use question::{TokenQuestion, WaitingPlaces};
pub use spec::{ClientProof, ClientSecret, ClientSpec, IntrospectedTokens, IntrospectionSpec};
pub use status::IntrospectionStatus;
