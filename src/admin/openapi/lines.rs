//! The shapes of answers that go on: events, one after the other.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::super::shown;
use super::super::trial_events;

/// How events are written.
pub(super) trait Framing {
    const NAME: &'static str;
    const MEDIA_TYPE: &'static str;
    const DOC: &'static str;
    type Event: JsonSchema;
}

/// Text that is made of events.
#[derive(Debug)]
pub(super) struct Stream<F>(PhantomData<F>);

impl<F: Framing> JsonSchema for Stream<F> {
    fn schema_name() -> Cow<'static, str> {
        F::NAME.into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": F::DOC,
            "contentMediaType": F::MEDIA_TYPE,
            "contentSchema": generator.subschema_for::<F::Event>(),
        })
    }
}

/// What becomes of a test request.
#[derive(Debug)]
pub(super) enum Trial {}

impl Framing for Trial {
    const NAME: &'static str = "Lines";
    const MEDIA_TYPE: &'static str = "application/x-ndjson";
    const DOC: &'static str = "A JSON object on each line, with `event`: head, data, end or error.";
    type Event = trial_events::Event;
}

/// Decisions as they are made.
#[derive(Debug)]
pub(super) enum Decisions {}

impl Framing for Decisions {
    const NAME: &'static str = "Events";
    const MEDIA_TYPE: &'static str = "text/event-stream";
    const DOC: &'static str = "`event: decision` with a Decision as `data`; `event: missed` with a number.";
    type Event = shown::Shown;
}
