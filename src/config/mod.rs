//! From YAML text to a compiled, immutable snapshot. Pure: no file and no network is touched here, no clock
//! is read, and the environment is asked through a closure.
//!
//! [`parse`] turns texts into a [`Document`] and finds everything that is wrong at once; [`compile`] turns a
//! document and the files that it names into a [`Snapshot`]. Reading and watching files is the business of
//! `store`, publishing a snapshot that of `control`.

mod code;
mod compile;
mod diagnostic;
mod diagnostics;
mod document;
mod environment;
mod fields;
mod json;
mod known;
mod masked;
mod ordered;
mod passwords;
mod public_url;
mod read;
mod report;
mod schema;
mod sections;
mod snapshot;
mod source;
mod units;
mod value;
mod web;
mod written;
mod yaml;

pub use code::{Code, Severity};
pub use compile::{Compiled, Files, compile, ending_certificates, revision};
pub use diagnostic::{Diagnostic, Second};
pub use diagnostics::Diagnostics;
pub use document::{
    AccessLog, Admin, AgentEntry, ApiKeyAuth, ApiKeyEntry, Auth, CertificateFiles, ClaimRule, ClaimRules,
    Cors, Document, IdentityProvider, KeySource, Limits, Listener, OAuth, Origins, ProxyProtocol, Route,
    Scopes, Server, SetHeader, SetValue, Shutdown, Upstream, UpstreamHost,
};
pub use masked::{masked, shown_text, unmasked};
pub use passwords::{hide_passwords, without_passwords};
pub use public_url::PublicUrl;
pub use read::{Outline, outline, parse, parse_after};
pub use schema::{schema, schema_of};
pub use sections::{Field, ROOT, Section, Shape};
pub use snapshot::{ApiKey, Certificates, Revision, Snapshot};
pub use source::{Place, Source, SourceFile, Spanned};
pub use units::{parse_duration, parse_size, show_duration, show_size};
pub use written::{Pointers, Written, new_references, tag_of, to_yaml, written};
pub use yaml::MAX_BYTES;
