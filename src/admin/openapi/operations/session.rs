//! The operations that say who asks, and the one that gives this document.

use serde_json::{Map, Value, json};

use super::super::operation::{Answer, Operation};
use super::{BASE, COOKIE, answer, body};
use crate::admin::session;

pub(super) const ALL: &[Operation] = &[
    Operation {
        path: "/openapi.json",
        id: "openapi",
        tag: "meta",
        summary: "This document",
        answers: &[answer::<Map<String, Value>>("200", "The document.")],
        open: true,
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/session",
        id: "logIn",
        tag: "session",
        summary: "Trade the token for a cookie",
        body: body::<session::Login>(|| json!({"token": "the content of the token file"})),
        answers: &[Answer { status: "204", body: None, headers: &[COOKIE], doc: "Logged in, for 12 hours." }],
        open: true,
        ..BASE
    },
    Operation {
        path: "/api/v1/session",
        id: "whoAmI",
        tag: "session",
        summary: "Who asks, and for how long",
        answers: &[answer::<session::Whoami>("200", "Who asks.")],
        ..BASE
    },
    Operation {
        method: "delete",
        path: "/api/v1/session",
        id: "logOut",
        tag: "session",
        summary: "Log out",
        answers: &[Answer { status: "204", body: None, headers: &[COOKIE], doc: "Logged out." }],
        ..BASE
    },
];
