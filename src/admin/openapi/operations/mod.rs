//! Every operation of the API in the order of the documentation, one table for each kind of resource.

mod agents;
mod api_keys;
mod decisions;
mod denials;
mod limits;
mod providers;
mod revisions;
mod session;
mod status;

use schemars::JsonSchema;
use serde_json::Value;

use super::lines::{Framing, Stream};
use super::operation::{Answer, Body, Faults, Operation, query};
use super::shapes::{Shape, Shapes};
use crate::admin::page::Nothing;
use crate::admin::write::Written;

const JSON: &str = "application/json";
const ETAG: (&str, &str) = ("ETag", "The version, for `If-Match`.");
const LOCATION: (&str, &str) = ("Location", "The path of the new resource; absent with `dry_run`.");
const COOKIE: (&str, &str) = ("Set-Cookie", "The session, or its deletion.");

const fn answer<T: JsonSchema>(status: &'static str, doc: &'static str) -> Answer {
    Answer { status, body: Some((JSON, Shapes::given::<T>)), headers: &[], doc }
}
const fn tagged<T: JsonSchema>(status: &'static str, doc: &'static str) -> Answer {
    Answer { status, body: Some((JSON, Shapes::given::<T>)), headers: &[ETAG], doc }
}
const fn stream<F: Framing>() -> Option<(&'static str, Shape)> {
    Some((F::MEDIA_TYPE, Shapes::given::<Stream<F>>))
}
const WRITTEN: Answer = tagged::<Written>("200", "The change is live.");
const REMOVED: Answer = answer::<Written>("200", "The resource is deleted.");
const CREATED: Answer = tagged::<Written>("201", "The new resource is live.");

const fn body<T: JsonSchema>(example: fn() -> Value) -> Option<Body> {
    Some(Body { shape: Shapes::sent::<T>, required: true, example })
}

const NONE: Faults =
    Faults { absent: false, stale: false, refused: false, history: false, invalid: false, busy: false };
const ABSENT: Faults = Faults { absent: true, ..NONE };
const CHANGE: Faults = Faults { stale: true, refused: true, ..NONE };
const CHANGE_OF_ONE: Faults = Faults { absent: true, ..CHANGE };

/// The defaults that each operation overrides.
const BASE: Operation = Operation {
    method: "get",
    path: "",
    id: "",
    tag: "",
    summary: "",
    parameters: &[],
    query: query::<Nothing>,
    body: None,
    answers: &[],
    faults: NONE,
    open: false,
};

pub(super) fn all() -> impl Iterator<Item = &'static Operation> {
    let tables = [
        session::ALL,
        agents::ALL,
        providers::ALL,
        api_keys::ALL,
        limits::ALL,
        denials::ALL,
        revisions::ALL,
        status::ALL,
        decisions::ALL,
    ];
    tables.into_iter().flatten()
}
