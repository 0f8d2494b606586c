//! The schemas of streaming responses: a sequence of events in a text framing.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::super::shown;
use super::super::trial_events;

/// The framing of a stream of events.
pub(super) trait Framing {
    const NAME: &'static str;
    const MEDIA_TYPE: &'static str;
    const DOC: &'static str;
    type Event: JsonSchema;
}

/// A stream of events as a schema: a string with the media type of the framing.
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

/// The events of a test request, as newline-delimited JSON.
#[derive(Debug)]
pub(super) enum Trial {}

impl Framing for Trial {
    const NAME: &'static str = "Lines";
    const MEDIA_TYPE: &'static str = "application/x-ndjson";
    const DOC: &'static str = "A JSON object on each line, with `event`: head, data, end or error.";
    type Event = trial_events::Event;
}

/// The live stream of decisions, as server-sent events.
#[derive(Debug)]
pub(super) enum Decisions {}

impl Framing for Decisions {
    const NAME: &'static str = "Events";
    const MEDIA_TYPE: &'static str = "text/event-stream";
    const DOC: &'static str = "`event: decision` with a Decision as `data`; `event: missed` with the number of decisions that were left out.";
    type Event = shown::Shown;
}
