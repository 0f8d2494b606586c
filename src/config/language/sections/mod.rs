//! Every key of the configuration, once: its name, what may stand there, and what it means.
//!
//! The reader takes its list of known fields from here, the JSON Schema and the reference documentation
//! their text.

mod agent;
mod provider;
mod server;

use crate::model::ResourceKind;

pub(in crate::config) use agent::{
    AGENT, ALSO, API_KEY, API_KEY_AUTH, AUTH, CLAIM_RULE, CLAIMS, CORS, FORWARD_TOKEN, OAUTH, ROUTE, SCOPES,
    SENDER_CONSTRAINT, SET_HEADER, STREAMS, UPSTREAM,
};
pub(in crate::config) use provider::{DISCOVERY, PROVIDER};
pub(in crate::config) use server::{
    ADMIN, CERTIFICATE, LIMITS, LISTENER, OPS, SERVER, SHUTDOWN, STORE, TLS, TOKEN_CACHE,
};

/// What may stand in a field.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// A whole number from 0 up.
    Integer,
    /// A duration such as `30s`.
    Duration,
    /// A size such as `10MiB`, or a number of bytes.
    Size,
    /// A moment such as `2027-01-01T00:00:00Z`.
    Date,
    /// Text, a number or a truth value.
    Single,
    /// A JSON value with a mapping at its top.
    Json,
    /// A list of such values.
    List(&'static Shape),
    /// A mapping from free keys to such values.
    Map(&'static Shape),
    /// A mapping with the fields of a section.
    Section(&'static Section),
    /// One of several.
    AnyOf(&'static [Shape]),
}

/// One field of a section.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What may stand there.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
    /// What it means, in one line.
    pub doc: &'static str,
}

/// The fields that one kind of mapping may have.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// What the mapping is called in messages.
    pub name: &'static str,
    /// The fields.
    pub fields: &'static [Field],
}

impl Section {
    /// Whether there is such a field.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// What the field means.
    pub(in crate::config) fn doc_of(&self, name: &str) -> &'static str {
        self.fields.iter().find(|field| field.name == name).map_or("", |field| field.doc)
    }
}

pub(in crate::config) const fn may(name: &'static str, shape: Shape, doc: &'static str) -> Field {
    Field { name, shape, required: false, doc }
}

pub(in crate::config) const fn must(name: &'static str, shape: Shape, doc: &'static str) -> Field {
    Field { name, shape, required: true, doc }
}

/// The fields of a resource of this kind.
pub(in crate::config) const fn section_of(kind: ResourceKind) -> &'static Section {
    match kind {
        ResourceKind::IdentityProvider => &PROVIDER,
        ResourceKind::Agent => &AGENT,
        ResourceKind::ApiKey => &API_KEY,
    }
}

/// The top of a file.
pub const ROOT: Section = Section {
    name: "the configuration",
    fields: &[
        may(
            "version",
            Shape::Integer,
            "the version of the configuration language: 1; needed in at least one file",
        ),
        may("server", Shape::Section(&SERVER), "settings of the process; a change takes effect on restart"),
        may(
            "store",
            Shape::Section(&STORE),
            "where agents, identity providers and API keys are kept one by one, so that the control API can \
             change them; absent, the API only reads",
        ),
        may(
            "identity_providers",
            Shape::Map(&Shape::Section(&PROVIDER)),
            "who signs tokens, under a name of your choice",
        ),
        may(
            "agents",
            Shape::Map(&Shape::Section(&AGENT)),
            "what is behind the gateway, under a name of your choice",
        ),
        may("api_keys", Shape::Map(&Shape::Section(&API_KEY)), "API keys, under the id inside the key"),
    ],
};
