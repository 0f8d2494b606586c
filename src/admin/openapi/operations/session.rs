//! The operations on the session, and the one that returns this document.

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
        summary: "Log in: exchange the token for a cookie",
        body: body::<session::Login>(|| json!({"token": "the content of the token file"})),
        answers: &[Answer { status: "204", body: None, headers: &[COOKIE], doc: "Logged in, for 12 hours." }],
        open: true,
        ..BASE
    },
    Operation {
        path: "/api/v1/session",
        id: "whoAmI",
        tag: "session",
        summary: "Show the authenticated client",
        answers: &[answer::<session::Whoami>("200", "The authenticated client.")],
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
