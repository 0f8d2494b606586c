//! The schemas that the configuration declares: the specification of an agent, of an identity provider and of a limit.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use crate::config;
use crate::model::ResourceKind;

macro_rules! specs {
    ($($(#[$doc:meta])* $name:ident = $kind:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(super) enum $name {}

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                declared(ResourceKind::$kind)
            }
        }
    )+};
}

specs! {
    /// What stands under the name of an agent.
    AgentSpec = Agent;
    /// What stands under the name of an identity provider.
    ProviderSpec = IdentityProvider;
    /// What stands under the name of a limit of the callers of every agent.
    LimitSpec = Limit;
}

fn declared(kind: ResourceKind) -> Schema {
    match config::schema_of(kind) {
        Value::Object(members) => members.into(),
        other => Schema::from(other.as_bool().unwrap_or_default()),
    }
}
