//! The top of a file.

use super::super::section::Settings;
use super::super::shape::{Field, Section, Shape};
use super::super::value::Value;
use super::agent::AgentSettings;
use super::api_key::{ApiKeySettings, KeyId};
use super::limit::{LimitList, LimitTerms};
use super::provider::ProviderSettings;
use super::server::Server;
use super::store::Store;
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
            "where agents, identity providers, API keys and the limits of all agents are kept one by one, so that \
             the control API can change them; absent, the API only reads",
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
        Field::may(
            "limits",
            LimitList::SHAPE,
            "how often, and how many at once, the callers of every agent may ask; a store holds each by its name",
        ),
    ],
};

/// The fields of a resource of this kind.
pub(in crate::config) const fn section_of(kind: ResourceKind) -> &'static Section {
    match kind {
        ResourceKind::IdentityProvider => ProviderSettings::SECTION,
        ResourceKind::Agent => AgentSettings::SECTION,
        ResourceKind::ApiKey => ApiKeySettings::SECTION,
        ResourceKind::Limit => LimitTerms::SECTION,
    }
}
