//! One operation of the API, and its rendering as an OpenAPI operation object.

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use crate::model::{PROBLEM_MEDIA_TYPE, ProblemDocument};

use super::super::problem;
use super::shapes::{Shape, Shapes};

/// A parameter in the path or in a header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// `path` or `header`.
    pub(super) place: &'static str,
    pub(super) schema: fn() -> Value,
    pub(super) doc: &'static str,
}

impl Parameter {
    fn render(&self) -> Value {
        json!({
            "name": self.name,
            "in": self.place,
            "required": self.place == "path",
            "description": self.doc,
            "schema": (self.schema)(),
        })
    }
}

/// A successful response of an operation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) status: &'static str,
    /// The media type and the schema; `None` for a response without a body.
    pub(super) body: Option<(&'static str, Shape)>,
    pub(super) headers: &'static [(&'static str, &'static str)],
    pub(super) doc: &'static str,
}

/// The request body of an operation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body {
    pub(super) shape: Shape,
    pub(super) required: bool,
    pub(super) example: fn() -> Value,
}

/// The query parameters, derived from the type that they are read as.
pub(super) fn query<T: JsonSchema>(shapes: &mut Shapes) -> Vec<Value> {
    let parameter = |(name, mut schema, required): (String, Value, bool)| {
        let doc = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        json!({"name": name, "in": "query", "required": required, "description": doc, "schema": schema})
    };
    shapes.query::<T>().into_iter().map(parameter).collect()
}

/// The errors that an operation can answer with, besides those that follow from its method and body.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Faults {
    /// 404: there is no such resource.
    pub(super) absent: bool,
    /// 412 and 428: the precondition failed, or is missing.
    pub(super) stale: bool,
    /// The configuration is read-only, or rejects the change, or the store fails.
    pub(super) refused: bool,
    /// The history or the store cannot be read.
    pub(super) history: bool,
    /// 422: the request is well-formed, but its content is not valid.
    pub(super) invalid: bool,
    /// 503: all slots are taken.
    pub(super) busy: bool,
}

/// One method of one path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) parameters: &'static [Parameter],
    pub(super) query: fn(&mut Shapes) -> Vec<Value>,
    pub(super) body: Option<Body>,
    pub(super) answers: &'static [Answer],
    pub(super) faults: Faults,
    /// Whether it needs no credential.
    pub(super) open: bool,
}

impl Operation {
    /// Every error status that the operation can answer with.
    pub(super) fn errors(&self) -> Vec<u16> {
        let faults = &self.faults;
        let writes = self.method != "get";
        let login = self.open && writes;
        let mut all = vec![400, 421];
        for (can, statuses) in [
            (!self.open || login, &[401][..]),
            (writes, &[403]),
            (faults.absent, &[404]),
            (self.body.is_some(), &[408, 413, 415, 422]),
            (faults.stale, &[412, 428]),
            (faults.invalid, &[422]),
            (faults.refused, &[409, 413, 422, 500, 503, 507]),
            (faults.history, &[500, 503]),
            (faults.busy || login, &[503]),
        ] {
            if can {
                all.extend_from_slice(statuses);
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The OpenAPI operation object.
    pub(super) fn render(&self, shapes: &mut Shapes) -> Value {
        let mut parameters: Vec<Value> = self.parameters.iter().map(Parameter::render).collect();
        parameters.extend((self.query)(shapes));
        let mut operation = json!({
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "parameters": parameters,
            "responses": self.responses(shapes),
        });
        if let Value::Object(members) = &mut operation {
            if self.open {
                members.insert("security".into(), json!([]));
            }
            if let Some(body) = &self.body {
                let schema = (body.shape)(shapes);
                members.insert(
                    "requestBody".into(),
                    json!({
                        "required": body.required,
                        "content": {"application/json": {"schema": schema, "example": (body.example)()}},
                    }),
                );
            }
        }
        operation
    }

    fn responses(&self, shapes: &mut Shapes) -> Map<String, Value> {
        let mut answers: Map<String, Value> = Map::new();
        for answer in self.answers {
            answers.insert(answer.status.to_owned(), shown(answer, shapes));
        }
        for status in self.errors() {
            answers.insert(status.to_string(), error(status, shapes));
        }
        // hyper answers this before any handler runs.
        answers.insert(
            "431".to_owned(),
            json!({"description": "The head of the request is too large. No body."}),
        );
        answers
    }
}

fn shown(answer: &Answer, shapes: &mut Shapes) -> Value {
    let headers: Map<String, Value> = answer
        .headers
        .iter()
        .map(|(name, doc)| ((*name).to_owned(), json!({"description": doc, "schema": {"type": "string"}})))
        .collect();
    let mut shown = json!({"description": answer.doc, "headers": headers});
    if let (Some((media, shape)), Value::Object(members)) = (answer.body, &mut shown) {
        members.insert("content".into(), json!({media: {"schema": shape(shapes)}}));
    }
    shown
}

fn error(status: u16, shapes: &mut Shapes) -> Value {
    let codes = problem::CODES.iter().filter(|(_, other)| *other == status);
    let words: Vec<String> = codes.map(|(code, _)| code.word()).collect();
    let mut error = json!({
        "description": words.join(", "),
        "content": {PROBLEM_MEDIA_TYPE: {"schema": shapes.given::<ProblemDocument<'_, problem::Members>>()}},
    });
    let header = match status {
        401 => Some(("WWW-Authenticate", "The expected credential.")),
        503 => Some(("Retry-After", "The seconds to wait, where the store does not respond.")),
        _ => None,
    };
    if let (Some((name, doc)), Value::Object(members)) = (header, &mut error) {
        let header = json!({"description": doc, "schema": {"type": "string"}});
        members.insert("headers".into(), json!({name: header}));
    }
    error
}
