//! The cross-origin headers of responses. Those of an agent are replaced by the ones that its configuration says.

use http::{HeaderName, HeaderValue, header};
use pingora::http::{RequestHeader, ResponseHeader};

use crate::routing::{Agent, Cors, CorsHeaders};

/// The prefix of all cross-origin headers (Fetch Standard, "HTTP responses").
const PREFIX: &str = "access-control-";

/// The headers for a response of the gateway.
pub(super) fn headers(agent: Option<&Agent>, request: &RequestHeader) -> CorsHeaders {
    let cors = agent.and_then(|agent| agent.cors.as_ref());
    cors.map(|cors| cors.answer(request.headers.get(header::ORIGIN))).unwrap_or_default()
}

/// Replaces the agent's headers by those of its rules.
pub(super) fn replace(
    response: &mut ResponseHeader,
    cors: &Cors,
    request: &RequestHeader,
) -> pingora::Result<()> {
    let theirs: Vec<HeaderName> =
        response.headers.keys().filter(|name| name.as_str().starts_with(PREFIX)).cloned().collect();
    for name in theirs {
        response.remove_header(&name);
    }
    for (name, value) in cors.answer(request.headers.get(header::ORIGIN)) {
        match name == header::VARY {
            true => vary(response, &value)?,
            false => response.insert_header(name, value)?,
        }
    }
    Ok(())
}

/// Adds a field name to the `Vary` of the agent's response, unless it is there.
fn vary(response: &mut ResponseHeader, by: &HeaderValue) -> pingora::Result<()> {
    let words = |value: &HeaderValue| value.to_str().map(str::to_owned).unwrap_or_default();
    let there: Vec<String> = response.headers.get_all(header::VARY).iter().map(words).collect();
    let is_there =
        |word: &str| word.trim() == "*" || by.to_str().is_ok_and(|by| word.trim().eq_ignore_ascii_case(by));
    if there.iter().flat_map(|value| value.split(',')).any(is_there) {
        return Ok(());
    }
    let by = by.to_str().unwrap_or_default();
    let all = there.iter().map(|value| value.trim()).filter(|value| !value.is_empty()).chain([by]);
    response.insert_header(header::VARY, all.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vary_names_each_field_once() {
        for (there, wanted) in [
            (&[] as &[&str], "Origin"),
            (&["Accept-Encoding"], "Accept-Encoding, Origin"),
            (&["Accept-Encoding", "Cookie, Accept"], "Accept-Encoding, Cookie, Accept, Origin"),
            (&["origin"], "origin"),
            (&["Accept, ORIGIN"], "Accept, ORIGIN"),
            (&["*"], "*"),
            (&[""], "Origin"),
        ] {
            let mut response = ResponseHeader::build(200, None).unwrap();
            for value in there {
                response.append_header("Vary", *value).unwrap();
            }
            vary(&mut response, &HeaderValue::from_static("Origin")).unwrap();
            let values: Vec<_> = response.headers.get_all("vary").iter().collect();
            assert_eq!(values, [wanted], "{there:?}");
        }
    }
}
