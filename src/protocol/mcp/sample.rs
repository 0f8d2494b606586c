//! A request as a client of MCP would send it for one operation, for whoever asks what would become of such a request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::model::TargetKind;
use crate::protocol::json_rpc::request;

use super::mirrored::{METHOD, NAME};
use super::named::Named;
use super::revision::{MIRRORED, Revision};

/// Why there is no such request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSample {
    /// The method is about something that was not named.
    #[error("this method needs the name of a tool or a prompt, or the URI of a resource")]
    NameMissing,
    /// The method is about nothing that has a name.
    #[error("this method has no name")]
    NoName,
    /// The name says too little.
    #[error("a name does not say what is to be completed; write the message instead")]
    Reference,
    /// A header cannot carry the method.
    #[error("a method has no control characters and only ASCII")]
    Method,
}

/// The body of the request. Its head gets what a client repeats there, as far as `headers` do not say it: the revision, and
/// method and name where the revision has them.
///
/// # Errors
/// When method and name do not go together.
pub fn sample(method: &str, name: Option<&str>, headers: &mut HeaderMap) -> Result<Vec<u8>, NoSample> {
    let params = params(method, name)?;
    let mirrored_method = HeaderValue::from_str(method).map_err(|_| NoSample::Method)?;
    headers.entry(Revision::HEADER).or_insert(HeaderValue::from_static(MIRRORED));
    if Revision::of(headers) == Ok(Revision::Mirrored) {
        headers.entry(HeaderName::from_static(METHOD)).or_insert(mirrored_method);
        let mirrored = name.filter(|_| Named::mirrored(method).is_some());
        if let Some(name) = mirrored.and_then(|name| HeaderValue::from_str(&encoded(name)).ok()) {
            headers.entry(HeaderName::from_static(NAME)).or_insert(name);
        }
    }
    Ok(request(method, &params))
}

fn params(method: &str, name: Option<&str>) -> Result<Value, NoSample> {
    if let Some(named) = Named::of(method) {
        let name = name.ok_or(NoSample::NameMissing)?;
        return Ok(match named.kind {
            TargetKind::Tool | TargetKind::Prompt => json!({"name": name}),
            TargetKind::Resource => json!({"uri": name}),
        });
    }
    Ok(match (method, name) {
        ("subscriptions/listen", name) => {
            json!({"notifications": {"resourceSubscriptions": name.into_iter().collect::<Vec<_>>()}})
        }
        ("completion/complete", _) => return Err(NoSample::Reference),
        (_, Some(_)) => return Err(NoSample::NoName),
        (_, None) => json!({}),
    })
}

/// A name as it stands in a header: what that cannot hold, or would hold for something else, in the form for it.
fn encoded(name: &str) -> String {
    let is_plain = name.bytes().all(|byte| matches!(byte, b' '..=b'~')) && name.trim() == name;
    if is_plain && !name.starts_with("=?") {
        return name.to_owned();
    }
    format!("=?base64?{}?=", STANDARD.encode(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Operation, OperationClass};
    use crate::protocol::json_rpc::{Spelling, read};
    use crate::protocol::mcp::{Mirrored, PARAMS, operation};

    /// What the gate reads of a sample, once its head says the same.
    fn read_back(method: &str, name: Option<&str>, version: Option<&'static str>) -> Vec<String> {
        let mut headers = HeaderMap::new();
        if let Some(version) = version {
            headers.insert(Revision::HEADER, HeaderValue::from_static(version));
        }
        let body = sample(method, name, &mut headers).unwrap();
        let operation = operation(&read(&body, PARAMS, Spelling::Case).unwrap()).unwrap();
        match Revision::of(&headers).unwrap() {
            Revision::Mirrored => Mirrored::of(&headers).unwrap().compare(&operation).unwrap(),
            Revision::Older => assert!(!headers.contains_key(METHOD) && !headers.contains_key(NAME)),
        }
        let Operation { class, method: read, targets, .. } = operation;
        assert_eq!(read, method);
        let names = targets.into_iter().map(|target| target.name.into_owned());
        [OperationClass::as_str(class).to_owned()].into_iter().chain(names).collect()
    }

    #[test]
    fn the_gate_reads_what_was_asked_for() {
        for (method, name, wanted) in [
            ("tools/call", Some("read"), &["tool", "read"] as &[_]),
            ("tools/call", Some("=?base64?w6k=?="), &["tool", "=?base64?w6k=?="]),
            ("tools/call", Some(" écho "), &["tool", " écho "]),
            ("prompts/get", Some("p"), &["prompt", "p"]),
            ("resources/read", Some("file:///ä"), &["resource", "file:///ä"]),
            ("subscriptions/listen", Some("file:///a"), &["subscription", "file:///a"]),
            ("subscriptions/listen", None, &["subscription"]),
            ("tools/list", None, &["list"]),
            ("strange", None, &["unknown"]),
        ] {
            for version in [None, Some("2025-11-25"), Some("2026-07-28")] {
                assert_eq!(read_back(method, name, version), wanted, "{method} {name:?} {version:?}");
            }
        }
    }

    #[test]
    fn what_a_head_says_already_stays() {
        let mut headers = HeaderMap::new();
        headers.insert(METHOD, HeaderValue::from_static("tools/list"));
        sample("tools/call", Some("a"), &mut headers).unwrap();
        assert_eq!(
            (&headers[METHOD], &headers[NAME]),
            (&"tools/list".parse().unwrap(), &"a".parse().unwrap())
        );
    }

    #[test]
    fn a_method_and_a_name_that_do_not_go_together_are_no_request() {
        for (method, name, wanted) in [
            ("tools/call", None, NoSample::NameMissing),
            ("resources/read", None, NoSample::NameMissing),
            ("tools/list", Some("a"), NoSample::NoName),
            ("completion/complete", Some("a"), NoSample::Reference),
            ("a\nb", None, NoSample::Method),
        ] {
            assert_eq!(sample(method, name, &mut HeaderMap::new()), Err(wanted), "{method} {name:?}");
        }
    }
}
