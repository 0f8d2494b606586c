//! The operations on the history, and on documents that it can restore.

use serde_json::json;

use super::super::operation::{Body, Faults, Operation, query};
use super::super::parameters::{IF_MATCH, NUMBER};
use super::super::shapes::Shapes;
use super::{BASE, CHANGE_OF_ONE, NONE, WRITTEN, answer, body, tagged};
use crate::admin::write_query::Asked;
use crate::admin::{documents, revisions};

pub(super) const ALL: &[Operation] = &[
    Operation {
        path: "/api/v1/revisions",
        id: "listRevisions",
        tag: "revisions",
        summary: "List revisions, newest first",
        query: query::<revisions::List>,
        answers: &[tagged::<revisions::Revisions>(
            "200",
            "One page; its ETag is what a rollback is based on.",
        )],
        faults: Faults { history: true, ..NONE },
        ..BASE
    },
    Operation {
        path: "/api/v1/revisions/{number}",
        id: "showRevision",
        tag: "revisions",
        summary: "Show a revision, with the texts of its changes",
        parameters: &[NUMBER],
        answers: &[answer::<revisions::Detail>("200", "The revision.")],
        faults: Faults { absent: true, history: true, ..NONE },
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/revisions/{number}/rollback",
        id: "rollBack",
        tag: "revisions",
        summary: "Restore agents and providers to their state right after a revision",
        parameters: &[NUMBER, IF_MATCH],
        query: query::<Asked>,
        body: Some(Body {
            shape: Shapes::sent::<revisions::Part>,
            required: false,
            example: || json!({"resource": "agents/refunds"}),
        }),
        answers: &[WRITTEN],
        faults: CHANGE_OF_ONE,
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/documents/restore",
        id: "restoreDocument",
        tag: "documents",
        summary: "Restore the last good text of a document that is broken on disk",
        query: query::<Asked>,
        body: body::<documents::Which>(|| json!({"resource": "agents/refunds"})),
        answers: &[WRITTEN],
        faults: CHANGE_OF_ONE,
        ..BASE
    },
];
