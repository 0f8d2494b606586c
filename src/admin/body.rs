//! Request bodies: JSON only, at most 1 MiB, received within 30 s, without unknown members. `Answer` writes response
//! bodies.

use std::time::Duration;

use axum::body::BodyDataStream;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Deserializer, Serialize};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::config::Code;
use crate::model::{Secret, strict_json};

use super::problem::{Problem, ProblemCode};

/// The largest body, in bytes: a hundred times the longest specification of an agent that a person writes.
const LARGEST: usize = 1 << 20;
/// The part of a too large body that is read and discarded, in bytes: it covers an accidental upload, not an attack.
const MOST_DISCARDED: usize = 16 << 20;
/// How long discarding may take: enough for that many bytes at 67 Mbit/s.
const LINGER: Duration = Duration::from_secs(2);
/// The longest time to receive a body: 1 MiB at 280 kbit/s.
const TIME: Duration = Duration::from_secs(30);

/// Extracts a body that must be present.
pub(super) struct Json<T>(pub(super) T);

/// Extracts a body that may be empty, which gives the default.
pub(super) struct MaybeJson<T>(pub(super) T);

/// Extracts any JSON value; the validator of the configuration judges it.
pub(super) struct Anything(pub(super) Value);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        is_json(request.headers())?;
        typed(&read(request).await?).map(Self)
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for MaybeJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let typed_media = is_json(request.headers());
        let bytes = read(request).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        typed_media?;
        typed(&bytes).map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for Anything {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        is_json(request.headers())?;
        parse(&read(request).await?).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let mut fields = headers.get_all(header::CONTENT_TYPE).iter();
    let only = fields.next().filter(|_| fields.next().is_none()).and_then(|value| value.to_str().ok());
    let (media, rest) =
        only.map_or(("", None), |text| text.split_once(';').map_or((text, None), |(m, r)| (m, Some(r))));
    let utf8 = |rest: &str| {
        rest.trim().is_empty() || rest.trim().replace('"', "").eq_ignore_ascii_case("charset=utf-8")
    };
    if media.trim().eq_ignore_ascii_case("application/json") && rest.is_none_or(utf8) {
        return Ok(());
    }
    let detail = "send JSON, with `Content-Type: application/json`";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ProblemCode::UnsupportedMediaType, detail))
}

async fn read(request: Request) -> Result<Vec<u8>, Problem> {
    let said =
        request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    let mut pieces = request.into_body().into_data_stream();
    if said.is_some_and(|said| said > LARGEST as u64) {
        return Err(too_large(pieces));
    }
    match tokio::time::timeout(TIME, collect(&mut pieces)).await {
        Ok(Ok(Some(bytes))) => Ok(bytes),
        Ok(Ok(None)) => Err(too_large(pieces)),
        Ok(Err(problem)) => Err(problem),
        Err(_) => {
            let detail = format!("the body took longer than {} s", TIME.as_secs());
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, ProblemCode::Timeout, detail))
        }
    }
}

/// The whole body; `None` when it is too large.
async fn collect(pieces: &mut BodyDataStream) -> Result<Option<Vec<u8>>, Problem> {
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| bad("the body broke off".to_owned()))?;
        if bytes.len() + piece.len() > LARGEST {
            return Ok(None);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(Some(bytes))
}

/// The problem for a body that is too large. Reads and discards a part of the rest: a client that is still sending when
/// the connection closes gets a reset and never reads the response (RFC 9112 section 9.6).
fn too_large(mut rest: BodyDataStream) -> Problem {
    tokio::spawn(tokio::time::timeout(LINGER, async move {
        let mut discarded = 0;
        while let Some(Ok(piece)) = rest.next().await {
            discarded += piece.len();
            if discarded > MOST_DISCARDED {
                break;
            }
        }
    }));
    let detail = format!("the body is larger than {LARGEST} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, ProblemCode::TooLarge, detail)
}

fn bad(why: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, ProblemCode::BadJson, why)
}

fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    strict_json::value(bytes).map_err(|error| bad(error.to_string()))
}

fn typed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let value = parse(bytes)?;
    // serde's derived readers also accept an array in place of an object.
    if !value.is_object() {
        return Err(Problem::invalid("", Code::WrongType, "the body must be an object"));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let pointer = pointer(error.path());
        Problem::invalid(&pointer, Code::WrongType, error.into_inner().to_string())
    })
}

/// The path of an error as a JSON pointer (RFC 6901).
fn pointer(path: &Path) -> String {
    let parts = path.iter().map(|part| match part {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    });
    parts.collect()
}

/// Reads a member that holds a credential.
pub(super) fn secret<'de, D: Deserializer<'de>>(reader: D) -> Result<Secret, D::Error> {
    // serde's own error would quote a value of the wrong type.
    match Value::deserialize(reader)? {
        Value::String(text) => Ok(Secret::new(text)),
        _ => Err(serde::de::Error::custom("a credential is text")),
    }
}

/// Reads a credential that may be absent or `null`.
pub(super) fn maybe_secret<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<Secret>, D::Error> {
    match Value::deserialize(reader)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(Secret::new(text))),
        _ => Err(serde::de::Error::custom("a credential is text")),
    }
}

/// A JSON response with status 200.
pub(super) struct Answer<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
            Err(error) => {
                Problem::unavailable(format!("the answer cannot be written: {error}")).into_response()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        #[expect(dead_code, reason = "only its type is looked at")]
        name: String,
    }

    async fn status(media: Option<&str>, length: Option<usize>, body: impl Into<Body>) -> u16 {
        let mut request = Request::builder().method("POST");
        if let Some(media) = media {
            request = request.header(header::CONTENT_TYPE, media);
        }
        if let Some(length) = length {
            request = request.header(header::CONTENT_LENGTH, length);
        }
        match Json::<Wanted>::from_request(request.body(body.into()).unwrap(), &()).await {
            Ok(_) => 200,
            Err(problem) => problem.into_response().status().as_u16(),
        }
    }

    #[tokio::test]
    async fn a_body_is_small_strict_json_of_the_expected_shape() {
        const JSON: Option<&str> = Some("application/json");
        let long = format!("{{\"name\":\"{}\"}}", "x".repeat(LARGEST));
        let deep = format!("{{\"name\":{}}}", "[".repeat(5000));
        for (media, body, wanted) in [
            (JSON, r#"{"name":"a"}"#, 200),
            (Some("Application/JSON; charset=UTF-8"), r#"{"name":"a"}"#, 200),
            (Some("application/json; charset=latin-1"), r#"{"name":"a"}"#, 415),
            (Some("text/plain"), r#"{"name":"a"}"#, 415),
            (Some("application/x-www-form-urlencoded"), "name=a", 415),
            (None, r#"{"name":"a"}"#, 415),
            (JSON, "", 400),
            (JSON, "{", 400),
            (JSON, r#"{"name":"a","name":"b"}"#, 400),
            (JSON, &deep, 400),
            (JSON, r#"{"name":1}"#, 422),
            (JSON, r#"{}"#, 422),
            (JSON, r#"["a"]"#, 422),
            (JSON, "null", 422),
            (JSON, r#"{"name":"a","nam":"b"}"#, 422),
            (JSON, &long, 413),
        ] {
            assert_eq!(
                status(media, None, body.to_owned()).await,
                wanted,
                "{media:?} {}",
                &body[..body.len().min(30)]
            );
        }
        assert_eq!(status(JSON, Some(10 << 20), "{").await, 413, "said to be large");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_arrive_is_a_timeout() {
        let never = Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
        assert_eq!(status(Some("application/json"), None, never).await, 408);
    }

    #[test]
    fn an_error_has_a_pointer_to_its_member() {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Outer {
            #[expect(dead_code, reason = "only its type is looked at")]
            pairs: Vec<(String, String)>,
        }
        for (body, wanted) in [
            (r#"{"pairs":[["a","b"],["a",1]]}"#, "/pairs/1/1"),
            (r#"{"pairs":[],"a/b":1}"#, "/a~1b"),
            (r#"{"pairs":{}}"#, "/pairs"),
            ("{}", ""),
        ] {
            let value: Value = serde_json::from_str(body).unwrap();
            let error = serde_path_to_error::deserialize::<_, Outer>(value).err().unwrap();
            assert_eq!(pointer(error.path()), wanted, "{body}");
        }
    }

    #[test]
    fn a_credential_of_the_wrong_type_is_not_repeated() {
        #[derive(Deserialize)]
        struct Login {
            #[serde(deserialize_with = "secret")]
            #[expect(dead_code, reason = "only its type is looked at")]
            token: Secret,
        }
        let error = Login::deserialize(serde_json::json!({"token": 12_345})).err().unwrap().to_string();
        assert!(!error.contains("12345"), "{error}");
    }
}
