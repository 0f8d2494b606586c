//! The admin API as a script sees it: a request with a credential and a precondition, and an answer with its parts.

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::client::client;

/// What a write says about the state that it expects.
#[derive(Clone, Copy, Debug)]
pub enum If<'a> {
    /// `If-Match: "..."`, the tag as it came, with its quotes.
    Tag(&'a str),
    /// `If-Match: *`
    Any,
    /// `If-None-Match: *`
    Absent,
    /// Nothing.
    Unsaid,
}

/// A request with a body that says what it is.
pub trait WithJson {
    /// The request with this body.
    fn json(self, body: &Value) -> Self;
}

impl WithJson for RequestBuilder {
    fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }
}

/// Where the API is, and the token for it.
#[derive(Clone, Debug)]
pub struct Api {
    /// The origin: scheme, host and port.
    pub origin: String,
    /// The token of the admin API.
    pub token: String,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The fields of its head.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Api {
    /// The address of a path below `/api/v1`.
    pub fn url(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.origin)
    }

    /// A request without a credential.
    pub fn stranger(&self, method: &str, path: &str) -> RequestBuilder {
        client().request(Method::from_bytes(method.as_bytes()).expect("a method"), self.url(path))
    }

    /// A request with the token.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.stranger(method, path).bearer_auth(&self.token)
    }

    /// `GET` with the token.
    pub async fn get(&self, path: &str) -> Reply {
        Reply::to(self.request("GET", path)).await
    }

    /// `PUT` with the token.
    pub async fn put(&self, path: &str, when: If<'_>, body: &Value) -> Reply {
        Reply::to(when.on(self.request("PUT", path)).json(body)).await
    }

    /// `POST` with the token.
    pub async fn post(&self, path: &str, when: If<'_>, body: &Value) -> Reply {
        Reply::to(when.on(self.request("POST", path)).json(body)).await
    }

    /// `DELETE` with the token.
    pub async fn delete(&self, path: &str, when: If<'_>) -> Reply {
        Reply::to(when.on(self.request("DELETE", path))).await
    }

    /// The entity tag of a resource as it is now.
    pub async fn tag(&self, path: &str) -> String {
        self.get(path).await.is(200).tag()
    }
}

impl If<'_> {
    /// The request with what this says.
    pub fn on(self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Tag(tag) => request.header("if-match", tag),
            Self::Any => request.header("if-match", "*"),
            Self::Absent => request.header("if-none-match", "*"),
            Self::Unsaid => request,
        }
    }
}

impl Reply {
    /// Sends a request and reads the whole answer.
    pub async fn to(request: RequestBuilder) -> Self {
        let answer = request.send().await.expect("the admin listener answers");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Self { status, headers, text: answer.text().await.expect("a whole body") }
    }

    /// The answer, which has this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// A field of the head; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        let json = serde_json::from_str(&self.text);
        json.unwrap_or_else(|_| panic!("not JSON ({}): {:?}", self.status, self.text))
    }

    /// The strong entity tag.
    #[track_caller]
    pub fn tag(&self) -> String {
        let tag = self.header("etag");
        let quoted = tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"');
        assert!(quoted, "a strong entity tag, not {tag:?} ({}): {}", self.status, self.text);
        tag.to_owned()
    }

    /// A refusal in the form of RFC 9457 with this status and this code; gives back what it says.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, self.header("content-type")),
            (status, "application/problem+json"),
            "{}",
            self.text
        );
        let said = self.json();
        assert_eq!(
            (said["code"].as_str(), said["status"].as_u64()),
            (Some(code), Some(status.into())),
            "{said}"
        );
        assert_eq!(said["type"], "about:blank", "{said}");
        for member in ["title", "detail"] {
            assert!(said[member].as_str().is_some_and(|text| !text.is_empty()), "{member} of {said}");
        }
        said
    }

    /// Where the errors of a refused document are, in order of their pointers.
    #[track_caller]
    pub fn pointers(&self) -> Vec<String> {
        let said = self.problem(422, "invalid");
        let findings = said["diagnostics"].as_array().unwrap_or_else(|| panic!("diagnostics in {said}"));
        let errors = findings.iter().filter(|finding| finding["severity"] == "error");
        let mut at: Vec<String> =
            errors.map(|finding| finding["path"].as_str().unwrap_or("no pointer").to_owned()).collect();
        at.sort();
        at
    }
}

/// Names of the items of a list.
#[track_caller]
pub fn names(list: &Value, member: &str) -> Vec<String> {
    let items = list["items"].as_array().unwrap_or_else(|| panic!("items in {list}"));
    items.iter().map(|item| item[member].as_str().expect("a name").to_owned()).collect()
}
