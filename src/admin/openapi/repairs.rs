//! The operations that put right what went wrong outside: a broken document, keys that are not there yet.

use serde_json::json;

use super::operation::{Faults, Operation};
use super::operations::{ABSENT, BASE, CHANGE_OF_ONE, WRITTEN, body, json as answer};
use super::parameters::{DRY_RUN, NAME};

pub(super) const ALL: &[Operation] = &[
    Operation {
        method: "post",
        path: "/api/v1/documents/restore",
        id: "restoreDocument",
        tag: "documents",
        summary: "Put the last good text of a broken document back on disk",
        parameters: &[DRY_RUN],
        body: body("Restore", || json!({"resource": "agents/refunds"})),
        answers: &[WRITTEN],
        faults: CHANGE_OF_ONE,
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/identity-providers/{name}/fetch",
        id: "fetchKeys",
        tag: "identity-providers",
        summary: "Fetch the keys of an identity provider now",
        parameters: &[NAME],
        answers: &[
            answer(
                "200",
                "ProviderStatus",
                "The fetch has ended, or one was asked for less than 30 seconds ago.",
            ),
            answer("202", "ProviderStatus", "The fetch goes on."),
        ],
        faults: Faults { invalid: true, ..ABSENT },
        ..BASE
    },
];
