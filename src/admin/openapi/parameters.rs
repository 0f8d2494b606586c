//! The parameters of operations.

use serde_json::{Value, json};

use super::super::page::LARGEST;
use super::operation::Parameter;
use crate::model::{Decision, Reason};
use crate::telemetry::Outcome;

pub(super) const NAME: Parameter = Parameter {
    name: "name",
    place: "path",
    schema: name,
    doc: "1 to 63 lower-case letters, digits and dashes.",
};
pub(super) const ID: Parameter =
    Parameter { name: "id", place: "path", schema: key_id, doc: "The id inside the key." };
pub(super) const NUMBER: Parameter =
    Parameter { name: "number", place: "path", schema: number, doc: "The number of a revision." };
pub(super) const LIMIT: Parameter =
    Parameter { name: "limit", place: "query", schema: limit, doc: "The size of the page." };
pub(super) const AFTER: Parameter =
    Parameter { name: "after", place: "query", schema: text, doc: "`next` of the page before." };
pub(super) const Q: Parameter = Parameter {
    name: "q",
    place: "query",
    schema: text,
    doc: "Only those with this text in a name or an address.",
};
pub(super) const DRY_RUN: Parameter =
    Parameter { name: "dry_run", place: "query", schema: flag, doc: "Check everything, keep nothing." };
pub(super) const FORCE: Parameter = Parameter {
    name: "force",
    place: "query",
    schema: flag,
    doc: "Save a provider in use although its keys cannot be had.",
};
pub(super) const IF_MATCH: Parameter = Parameter {
    name: "If-Match",
    place: "header",
    schema: tag,
    doc: "The ETag that was seen, or `*`. Without a precondition a write is refused with 428.",
};
pub(super) const IF_NONE_MATCH: Parameter = Parameter {
    name: "If-None-Match",
    place: "header",
    schema: star,
    doc: "`*` to create what is not there.",
};
pub(super) const OF_AGENT: Parameter =
    Parameter { name: "agent", place: "query", schema: name, doc: "Only of this agent." };
pub(super) const OF_REASON: Parameter =
    Parameter { name: "reason", place: "query", schema: reason, doc: "Only for this reason." };
pub(super) const OF_DECISION: Parameter =
    Parameter { name: "decision", place: "query", schema: decision, doc: "Only with this outcome." };
pub(super) const OF_OUTCOME: Parameter = Parameter {
    name: "outcome",
    place: "query",
    schema: outcome,
    doc: "Only what was refused (`deny` and `error`), allowed, or would be refused (`shadow_deny`).",
};
pub(super) const REQUEST_ID: Parameter = Parameter {
    name: "request_id",
    place: "path",
    schema: request_id,
    doc: "The `X-Request-Id` of the answer.",
};
pub(super) const BEFORE: Parameter =
    Parameter { name: "before", place: "query", schema: number, doc: "`next` of the page before." };
pub(super) const RESOURCE: Parameter = Parameter {
    name: "resource",
    place: "query",
    schema: resource,
    doc: "Only revisions that changed this.",
};

fn text() -> Value {
    json!({"type": "string"})
}
fn name() -> Value {
    json!({"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,62}$"})
}
fn key_id() -> Value {
    json!({"type": "string", "pattern": "^[A-Za-z0-9]{8}$"})
}
fn number() -> Value {
    json!({"type": "integer", "minimum": 0, "maximum": u64::MAX})
}
fn limit() -> Value {
    json!({"type": "integer", "minimum": 1, "maximum": LARGEST})
}
fn flag() -> Value {
    json!({"type": "boolean"})
}
fn tag() -> Value {
    json!({"type": "string", "pattern": r#"^(\*|"[A-Za-z0-9._-]{1,64}")$"#})
}
fn star() -> Value {
    json!({"type": "string", "enum": ["*"]})
}
fn reason() -> Value {
    json!({"type": "string", "enum": Reason::ALL.iter().map(|r| r.as_str()).collect::<Vec<_>>()})
}
fn decision() -> Value {
    json!({"type": "string", "enum": Decision::ALL.iter().map(|d| d.as_str()).collect::<Vec<_>>()})
}
fn outcome() -> Value {
    json!({"type": "string", "enum": Outcome::ALL.iter().map(|o| o.as_str()).collect::<Vec<_>>()})
}
fn request_id() -> Value {
    json!({"type": "string", "pattern": "^[A-Za-z0-9._:/+=@-]{1,128}$"})
}
fn resource() -> Value {
    json!({"type": "string", "pattern": "^(agents|identity_providers|api_keys)/[A-Za-z0-9-]{1,63}$"})
}
