//! The operations that put right what went wrong outside: a broken document, keys that are not there yet.

use serde_json::json;

use super::operation::{Faults, Operation};
use super::operations::{BASE, CHANGE_OF_ONE, WRITTEN, body};
use super::parameters::DRY_RUN;

pub(super) const ALL: &[Operation] = &[Operation {
    method: "post",
    path: "/api/v1/documents/restore",
    id: "restoreDocument",
    tag: "documents",
    summary: "Put the last good text of a broken document back on disk",
    parameters: &[DRY_RUN],
    body: body("Restore", || json!({"resource": "agents/refunds"})),
    answers: &[WRITTEN],
    faults: Faults { stale: true, ..CHANGE_OF_ONE },
    ..BASE
}];
