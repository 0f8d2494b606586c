//! The operations on the limits of the callers of every agent.

use serde_json::json;

use super::super::operation::{Operation, query};
use super::super::parameters::{IF_MATCH, IF_NONE_MATCH, LIMIT_NAME};
use super::super::specs::LimitSpec;
use super::{ABSENT, BASE, CHANGE, CHANGE_OF_ONE, CREATED, REMOVED, WRITTEN, answer, body, tagged};
use crate::admin::global_limits;
use crate::admin::page::Page;
use crate::admin::write_query::Asked;

pub(super) const ALL: &[Operation] = &[
    Operation {
        path: "/api/v1/limits",
        id: "listGlobalLimits",
        tag: "limits",
        summary: "List the limits of the callers of every agent",
        query: query::<global_limits::List>,
        answers: &[answer::<Page<global_limits::Summary>>("200", "One page, in the order of names.")],
        ..BASE
    },
    Operation {
        path: "/api/v1/limits/{name}",
        id: "showGlobalLimit",
        tag: "limits",
        summary: "Show a limit",
        parameters: &[LIMIT_NAME],
        answers: &[tagged::<global_limits::Detail>("200", "The limit.")],
        faults: ABSENT,
        ..BASE
    },
    Operation {
        method: "put",
        path: "/api/v1/limits/{name}",
        id: "saveGlobalLimit",
        tag: "limits",
        summary: "Save a limit; what was spent of it stays spent",
        parameters: &[LIMIT_NAME, IF_MATCH, IF_NONE_MATCH],
        query: query::<Asked>,
        body: body::<LimitSpec>(
            || json!({"per": "address", "scope": "everywhere", "rate": "20/1m", "count": "failed"}),
        ),
        answers: &[WRITTEN, CREATED],
        faults: CHANGE,
        ..BASE
    },
    Operation {
        method: "delete",
        path: "/api/v1/limits/{name}",
        id: "deleteGlobalLimit",
        tag: "limits",
        summary: "Delete a limit",
        parameters: &[LIMIT_NAME, IF_MATCH],
        query: query::<Asked>,
        answers: &[REMOVED],
        faults: CHANGE_OF_ONE,
        ..BASE
    },
];
