//! The top of a file.

use std::path::PathBuf;

use super::super::section::{Settings, section};
use super::super::shape::{Field, Section, Shape};
use super::super::value::{Placed, Value};
use super::super::values::FilePath;
use super::agent::AgentSettings;
use super::api_key::{ApiKeySettings, KeyId};
use super::provider::ProviderSettings;
use super::server::Server;
use crate::config::text::source::Spanned;
use crate::model::{AgentName, ProviderName, ResourceKind};

/// The top of a file. It is read in pieces, since each may stand in another file.
pub const ROOT: &Section = &Section {
    name: "the configuration",
    one_of: false,
    declared: &[
        Field::may(
            "version",
            Shape::Integer(1, 1),
            "the version of the configuration language: 1; needed in at least one file",
        ),
        Field::may("server", Server::SHAPE, "settings of the process; a change takes effect on restart"),
        Field::may(
            "store",
            Store::SHAPE,
            "where agents, identity providers and API keys are kept one by one, so that the control API can \
             change them; absent, the API only reads",
        ),
        Field::may(
            "identity_providers",
            Shape::Map(ProviderName::PATTERN, &ProviderSettings::SHAPE),
            "who signs tokens, under a name of your choice",
        ),
        Field::may(
            "agents",
            Shape::Map(AgentName::PATTERN, &AgentSettings::SHAPE),
            "what is behind the gateway, under a name of your choice",
        ),
        Field::may(
            "api_keys",
            Shape::Map(KeyId::PATTERN, &ApiKeySettings::SHAPE),
            "API keys, under the id inside the key",
        ),
    ],
};

section! {
    /// `store`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Store = "`store`" {
        /// the folder; made on the first start when it is absent
        directory: Spanned<PathBuf> as Placed<FilePath>, required;
    }
}

/// The fields of a resource of this kind.
pub(in crate::config) const fn section_of(kind: ResourceKind) -> &'static Section {
    match kind {
        ResourceKind::IdentityProvider => ProviderSettings::SECTION,
        ResourceKind::Agent => AgentSettings::SECTION,
        ResourceKind::ApiKey => ApiKeySettings::SECTION,
    }
}
