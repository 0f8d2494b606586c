//! Cross-origin rules of one agent (the Fetch standard, section 3.2), compiled to header values.
//!
//! A foreign origin gets no allow header; that the request is refused by the browser then is the point.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};

/// What an agent allows pages of other origins to do.
#[derive(Debug, Clone)]
pub struct Cors {
    any_origin: bool,
    origins: Vec<HeaderValue>,
    methods: HeaderValue,
    headers: HeaderValue,
    exposed: Option<HeaderValue>,
    credentials: bool,
    max_age: HeaderValue,
}

/// The answer to a preflight: headers to set on a 204.
pub type Preflight = Vec<(HeaderName, HeaderValue)>;

impl Cors {
    /// Compiles the rules. `methods` empty means GET, HEAD and POST; `headers` empty means the credential
    /// header and `Content-Type`.
    #[must_use]
    pub fn new(
        origins: &[HeaderValue],
        methods: &[Method],
        headers: &[HeaderName],
        exposed: &[HeaderName],
        credentials: bool,
        max_age: Duration,
        credential_header: Option<&HeaderName>,
    ) -> Self {
        let defaults = [Method::GET, Method::HEAD, Method::POST];
        let methods = if methods.is_empty() { &defaults } else { methods };
        let content_type = http::header::CONTENT_TYPE;
        let default_headers: Vec<HeaderName> =
            credential_header.cloned().into_iter().chain([content_type]).collect();
        let headers = if headers.is_empty() { &default_headers } else { headers };
        Self {
            any_origin: origins.iter().any(|o| o == "*"),
            origins: origins.to_vec(),
            methods: joined(methods.iter().map(Method::as_str)),
            headers: joined(headers.iter().map(HeaderName::as_str)),
            exposed: (!exposed.is_empty()).then(|| joined(exposed.iter().map(HeaderName::as_str))),
            credentials,
            max_age: HeaderValue::from(max_age.as_secs()),
        }
    }

    /// The headers for a preflight from `origin`.
    #[must_use]
    pub fn preflight(&self, origin: &HeaderValue) -> Preflight {
        let mut out = vec![(
            http::header::VARY,
            HeaderValue::from_static("Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
        )];
        if let Some(allowed) = self.allowed(origin) {
            out.push((http::header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed));
            out.push((http::header::ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone()));
            out.push((http::header::ACCESS_CONTROL_ALLOW_HEADERS, self.headers.clone()));
            out.push((http::header::ACCESS_CONTROL_MAX_AGE, self.max_age.clone()));
            self.push_credentials(&mut out);
        }
        out
    }

    /// The headers for an answer, ours or the agent's, to a request from `origin`.
    #[must_use]
    pub fn answer(&self, origin: &HeaderValue) -> Preflight {
        let mut out = vec![(http::header::VARY, HeaderValue::from_static("Origin"))];
        if let Some(allowed) = self.allowed(origin) {
            out.push((http::header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed));
            out.extend(self.exposed.clone().map(|e| (http::header::ACCESS_CONTROL_EXPOSE_HEADERS, e)));
            self.push_credentials(&mut out);
        }
        out
    }

    fn allowed(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        if self.any_origin {
            return Some(HeaderValue::from_static("*"));
        }
        self.origins.contains(origin).then(|| origin.clone())
    }

    fn push_credentials(&self, out: &mut Preflight) {
        if self.credentials {
            out.push((http::header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true")));
        }
    }
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> HeaderValue {
    let text = words.collect::<Vec<_>>().join(", ");
    // Methods and header names are tokens, so the text is a header value; empty would be the safe answer.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &[&'static str], credentials: bool) -> Cors {
        let origins: Vec<_> = origins.iter().map(|o| HeaderValue::from_static(o)).collect();
        let header = http::header::AUTHORIZATION;
        Cors::new(&origins, &[], &[], &[], credentials, Duration::from_secs(3600), Some(&header))
    }

    fn get<'a>(headers: &'a Preflight, name: &str) -> Option<&'a str> {
        headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.to_str().unwrap())
    }

    #[test]
    fn a_preflight_from_an_allowed_origin_says_what_is_allowed() {
        let answer =
            cors(&["https://app.example"], true).preflight(&HeaderValue::from_static("https://app.example"));
        assert_eq!(get(&answer, "access-control-allow-origin"), Some("https://app.example"));
        assert_eq!(get(&answer, "access-control-allow-methods"), Some("GET, HEAD, POST"));
        assert_eq!(get(&answer, "access-control-allow-headers"), Some("authorization, content-type"));
        assert_eq!(get(&answer, "access-control-max-age"), Some("3600"));
        assert_eq!(get(&answer, "access-control-allow-credentials"), Some("true"));
    }

    #[test]
    fn a_foreign_origin_gets_no_allow_header() {
        let cors = cors(&["https://app.example"], true);
        for origin in ["https://evil.example", "null", "https://app.example.evil", "http://app.example"] {
            let origin = HeaderValue::from_static(origin);
            for headers in [cors.preflight(&origin), cors.answer(&origin)] {
                assert!(headers.iter().all(|(n, _)| n == "vary"), "{origin:?}");
            }
        }
    }

    #[test]
    fn a_star_allows_any_origin() {
        let answer = cors(&["*"], false).answer(&HeaderValue::from_static("https://x.example"));
        assert_eq!(get(&answer, "access-control-allow-origin"), Some("*"));
    }
}
