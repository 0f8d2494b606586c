//! From YAML text to a compiled, immutable snapshot. Pure: no file and no network is touched here, no clock
//! is read, and the environment is asked through a closure.
//!
//! [`parse`] turns texts into a [`Document`] and finds everything that is wrong at once; [`compile`] turns a
//! document and the files that it names into a [`Snapshot`]. Reading and watching files is the business of
//! `store`, publishing a snapshot that of `control`.

mod agent_keys;
mod api_keys;
mod caller_limits;
mod client_trust;
mod compile;
mod language;
mod named;
mod remembered_proofs;
mod snapshot;
mod target_uses;
mod text;

pub use api_keys::{ApiKey, ApiKeys};
pub use caller_limits::CallerLimits;
pub use client_trust::{Accepted, ClientTrust};
pub use compile::{Compiled, Files, compile, ending_certificates, revision};
pub use language::bundle::{Gathered, gather, split};
pub use language::document::Document;
pub use language::feature::Feature;
pub use language::read::{Outline, outline, parse, parse_after};
pub use language::reference::reference;
pub use language::schema::{schema, schema_of};
pub use language::settings::agent::{
    AgentEntry, AgentSettings, AgentUrl, ApiKeyAuth, Auth, ClaimRule, ClaimRules, Cors, Mcp, OAuth, Origins,
    Route, Scopes, SenderConstraint, SetHeader, SetValue, Spoken, Streams, Upstream, UpstreamHost,
};
pub use language::settings::api_key::{ApiKeyEntry, ApiKeySettings, KeyId};
pub use language::settings::limit::{GlobalLimit, LimitSettings, LimitTerms};
pub use language::settings::provider::{IdentityProvider, KeySource, ProviderSettings};
pub use language::settings::resource::Resource;
pub use language::settings::root::ROOT;
pub use language::settings::server::{
    AccessLog, Admin, CertificateFiles, ClientCertificateHeader, ClientCertificateMode, ClientCertificates,
    Compression, Limits, Listener, Member, Ops, Otlp, ParentSpans, ProxyProtocol, PublicUrl, Redis, Sample,
    Server, Shards, SharedState, Shutdown, Signing, Tls, TokenCache, Tracing,
};
pub use language::settings::store::{Etcd, Store, StoreId};
pub use language::shape::{Bounds, Field, Section, Shape};
pub use language::units::{parse_duration, parse_size, show_duration, show_size};
pub use language::values::Part;
pub use language::written::{Pointers, Written, document_to_yaml, new_references, tag_of, to_yaml, written};
pub use snapshot::{Certificates, Revision, Snapshot};
pub use text::code::{Code, Severity};
pub use text::diagnostic::{Diagnostic, Second};
pub use text::diagnostics::Diagnostics;
pub use text::masked::{masked, shown_text, unmasked};
pub use text::passwords::{hide_passwords, without_passwords};
pub use text::shared_file::SharedFile;
pub use text::source::{At, Place, Source, SourceFile, Spanned};
pub(crate) use text::toml::read_foreign_toml;
pub use text::yaml::MAX_BYTES;
pub(crate) use text::yaml::{Kind, Node, read_foreign};
