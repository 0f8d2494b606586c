//! The operations on decisions.

use serde_json::json;

use super::super::lines;
use super::super::operation::{Answer, Faults, Operation, query};
use super::super::parameters::REQUEST_ID;
use super::{ABSENT, BASE, NONE, answer, body, stream};
use crate::admin::shown::Whole;
use crate::admin::{decisions, explain};
use crate::gate::Explanation;

pub(super) const ALL: &[Operation] = &[
    Operation {
        method: "post",
        path: "/api/v1/explain",
        id: "explain",
        tag: "decisions",
        summary: "Explain the decision on a credential, with every check",
        body: body::<explain::Question>(|| json!({"agent": "refunds", "credential": "eyJ..."})),
        answers: &[answer::<Explanation>("200", "The decision.")],
        ..BASE
    },
    Operation {
        path: "/api/v1/decisions",
        id: "listDecisions",
        tag: "decisions",
        summary: "List the last decisions, newest first",
        query: query::<decisions::Wanted>,
        answers: &[answer::<decisions::Items>("200", "The decisions.")],
        ..BASE
    },
    Operation {
        path: "/api/v1/decisions/stream",
        id: "followDecisions",
        tag: "decisions",
        summary: "Stream decisions as they are made",
        query: query::<decisions::Followed>,
        answers: &[Answer {
            status: "200",
            body: stream::<lines::Decisions>(),
            headers: &[],
            doc: "Events, until the client disconnects.",
        }],
        faults: Faults { busy: true, ..NONE },
        ..BASE
    },
    Operation {
        path: "/api/v1/decisions/{request_id}",
        id: "showDecision",
        tag: "decisions",
        summary: "Show the decision about one request, with its grounds",
        parameters: &[REQUEST_ID],
        answers: &[answer::<Whole>("200", "The decision.")],
        faults: ABSENT,
        ..BASE
    },
];
