//! The operations on denials.

use serde_json::json;

use super::super::operation::{Answer, Faults, Operation, query};
use super::super::parameters::{DENIAL_ID, IF_MATCH};
use super::super::shapes::Shapes;
use super::{ABSENT, BASE, CHANGE_OF_ONE, ETAG, JSON, LOCATION, NONE, answer, body, tagged};
use crate::admin::denial_request::DenialRequest;
use crate::admin::denials::{Lifted, List, Made, Shown};
use crate::admin::page::Page;
use crate::admin::write_query::Asked;

pub(super) const ALL: &[Operation] = &[
    Operation {
        path: "/api/v1/denials",
        id: "listDenials",
        tag: "denials",
        summary: "List the denials in force",
        query: query::<List>,
        answers: &[answer::<Page<Shown>>("200", "One page, in the order of ids.")],
        faults: Faults { history: true, ..NONE },
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/denials",
        id: "createDenial",
        tag: "denials",
        summary: "Refuse a caller, a client, a session, a key or a token from now on; its streams end",
        query: query::<Asked>,
        body: body::<DenialRequest>(
            || json!({"provider": "corp", "by": "sub", "value": "mallory", "reason": "INC-42"}),
        ),
        answers: &[
            Answer {
                status: "201",
                body: Some((JSON, Shapes::given::<Made>)),
                headers: &[ETAG, LOCATION],
                doc: "It is in force here, and durable.",
            },
            answer::<Made>("200", "With `dry_run`: what it would be, and whom it would hit."),
        ],
        faults: Faults { refused: true, stale: true, absent: true, ..NONE },
        ..BASE
    },
    Operation {
        path: "/api/v1/denials/{id}",
        id: "showDenial",
        tag: "denials",
        summary: "Show a denial",
        parameters: &[DENIAL_ID],
        answers: &[tagged::<Shown>("200", "The denial.")],
        faults: Faults { history: true, ..ABSENT },
        ..BASE
    },
    Operation {
        method: "delete",
        path: "/api/v1/denials/{id}",
        id: "liftDenial",
        tag: "denials",
        summary: "Lift a denial",
        parameters: &[DENIAL_ID, IF_MATCH],
        query: query::<Asked>,
        answers: &[answer::<Lifted>("200", "It is lifted.")],
        faults: CHANGE_OF_ONE,
        ..BASE
    },
];
