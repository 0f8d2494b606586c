//! The operations on API keys.

use serde_json::json;

use super::super::operation::{Answer, Faults, Operation, query};
use super::super::parameters::{ID, IF_MATCH};
use super::super::shapes::Shapes;
use super::{
    ABSENT, BASE, CHANGE_OF_ONE, ETAG, JSON, LOCATION, NONE, REMOVED, WRITTEN, answer, body, tagged,
};
use crate::admin::api_keys::{self, ApiKey};
use crate::admin::key_changes::{Create, Created, Rotate, Rotated};
use crate::admin::page::Page;
use crate::admin::write_query::Asked;

pub(super) const ALL: &[Operation] = &[
    Operation {
        path: "/api/v1/api-keys",
        id: "listApiKeys",
        tag: "api-keys",
        summary: "List API keys",
        query: query::<api_keys::List>,
        answers: &[answer::<Page<ApiKey>>("200", "One page, in the order of ids.")],
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/api-keys",
        id: "createApiKey",
        tag: "api-keys",
        summary: "Create an API key; its text is shown once",
        query: query::<Asked>,
        body: body::<Create>(|| json!({"agent": "refunds", "name": "ci", "expires_in": "30d"})),
        answers: &[Answer {
            status: "201",
            body: Some((JSON, Shapes::given::<Created>)),
            headers: &[ETAG, LOCATION],
            doc: "The key.",
        }],
        faults: Faults { refused: true, stale: true, ..NONE },
        ..BASE
    },
    Operation {
        path: "/api/v1/api-keys/{id}",
        id: "showApiKey",
        tag: "api-keys",
        summary: "Show an API key, without its text",
        parameters: &[ID],
        answers: &[tagged::<ApiKey>("200", "The key.")],
        faults: ABSENT,
        ..BASE
    },
    Operation {
        method: "delete",
        path: "/api/v1/api-keys/{id}",
        id: "deleteApiKey",
        tag: "api-keys",
        summary: "Delete an API key",
        parameters: &[ID, IF_MATCH],
        query: query::<Asked>,
        answers: &[REMOVED],
        faults: CHANGE_OF_ONE,
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/api-keys/{id}/revoke",
        id: "revokeApiKey",
        tag: "api-keys",
        summary: "Revoke an API key now",
        parameters: &[ID, IF_MATCH],
        query: query::<Asked>,
        answers: &[WRITTEN],
        faults: CHANGE_OF_ONE,
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/api-keys/{id}/rotate",
        id: "rotateApiKey",
        tag: "api-keys",
        summary: "Rotate an API key; the old one stays valid for the overlap",
        parameters: &[ID, IF_MATCH],
        query: query::<Asked>,
        body: body::<Rotate>(|| json!({"overlap": "1h"})),
        answers: &[Answer {
            status: "201",
            body: Some((JSON, Shapes::given::<Rotated>)),
            headers: &[ETAG, LOCATION],
            doc: "The new key.",
        }],
        faults: CHANGE_OF_ONE,
        ..BASE
    },
];
