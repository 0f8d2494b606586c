//! The path and header parameters. Query parameters are derived from the types that they are read as.

use serde_json::{Value, json};

use super::operation::Parameter;
use crate::config::LimitSettings;
use crate::model::AgentName;

pub(super) const NAME: Parameter = Parameter {
    name: "name",
    place: "path",
    schema: name,
    doc: "1 to 63 lower-case letters, digits and dashes.",
};
pub(super) const LIMIT_NAME: Parameter = Parameter { schema: limit_name, ..NAME };
pub(super) const ID: Parameter =
    Parameter { name: "id", place: "path", schema: key_id, doc: "The id inside the key." };
pub(super) const DENIAL_ID: Parameter =
    Parameter { name: "id", place: "path", schema: denial_id, doc: "The id of a denial." };
pub(super) const NUMBER: Parameter =
    Parameter { name: "number", place: "path", schema: number, doc: "The number of a revision." };
pub(super) const IF_MATCH: Parameter = Parameter {
    name: "If-Match",
    place: "header",
    schema: tag,
    doc: "The ETag of the version to replace, or `*`. A write without a precondition gets 428.",
};
pub(super) const IF_NONE_MATCH: Parameter =
    Parameter { name: "If-None-Match", place: "header", schema: star, doc: "`*` to create the resource." };
pub(super) const REQUEST_ID: Parameter = Parameter {
    name: "request_id",
    place: "path",
    schema: request_id,
    doc: "The `X-Request-Id` of the response.",
};

fn name() -> Value {
    json!({"type": "string", "pattern": AgentName::PATTERN})
}
fn limit_name() -> Value {
    json!({"type": "string", "pattern": LimitSettings::NAME_PATTERN})
}
fn key_id() -> Value {
    json!({"type": "string", "pattern": "^[A-Za-z0-9]{8}$"})
}
fn denial_id() -> Value {
    json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"})
}
fn number() -> Value {
    json!({"type": "integer", "minimum": 0, "maximum": u64::MAX})
}
fn tag() -> Value {
    json!({"type": "string", "pattern": r#"^(\*|"[A-Za-z0-9._-]{1,64}")$"#})
}
fn star() -> Value {
    json!({"type": "string", "enum": ["*"]})
}
fn request_id() -> Value {
    json!({"type": "string", "pattern": "^[A-Za-z0-9._:/+=@-]{1,128}$"})
}
