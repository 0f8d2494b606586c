//! The cross-origin rules of one agent (Fetch Standard, section 3.2), compiled to header values.
//!
//! A response to an origin that is not allowed has no allow header, and the browser keeps it from the page.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::allowed_origin::AllowedOrigin;

/// The rights of pages of other origins at an agent.
#[derive(Debug, Clone)]
pub struct Cors {
    /// `None` = any origin.
    origins: Option<Vec<AllowedOrigin>>,
    methods: HeaderValue,
    headers: HeaderValue,
    exposed: Option<HeaderValue>,
    credentials: bool,
    max_age: HeaderValue,
}

/// The settings that [`Cors`] is compiled from.
#[derive(Debug, Clone, Copy)]
pub struct CorsRules<'a> {
    /// The origins; `None` = any.
    pub origins: Option<&'a [AllowedOrigin]>,
    /// Request methods; empty means GET, HEAD and POST.
    pub methods: &'a [Method],
    /// Request headers; empty means the credential header and `Content-Type`.
    pub headers: &'a [HeaderName],
    /// Response headers that a page may read.
    pub exposed: &'a [HeaderName],
    /// Whether browsers may send cookies and the like.
    pub credentials: bool,
    /// How long a browser may remember the response to a preflight.
    pub max_age: Duration,
    /// The header of the agent's credential; `None` for a public agent.
    pub credential_header: Option<&'a HeaderName>,
}

/// Headers to add to a response.
pub type CorsHeaders = Vec<(HeaderName, HeaderValue)>;

impl Cors {
    /// Compiles the rules.
    #[must_use]
    pub fn new(rules: &CorsRules<'_>) -> Self {
        let defaults = [Method::GET, Method::HEAD, Method::POST];
        let methods = if rules.methods.is_empty() { &defaults } else { rules.methods };
        let content_type = http::header::CONTENT_TYPE;
        let default_headers: Vec<HeaderName> =
            rules.credential_header.cloned().into_iter().chain([content_type]).collect();
        let headers = if rules.headers.is_empty() { &default_headers } else { rules.headers };
        let exposed = rules.exposed;
        Self {
            origins: rules.origins.map(<[_]>::to_vec),
            methods: joined(methods.iter().map(Method::as_str)),
            headers: joined(headers.iter().map(HeaderName::as_str)),
            exposed: (!exposed.is_empty()).then(|| joined(exposed.iter().map(HeaderName::as_str))),
            credentials: rules.credentials,
            max_age: HeaderValue::from(rules.max_age.as_secs()),
        }
    }

    /// The headers of the response to a preflight (Fetch Standard, "CORS-preflight request"); `None` for any other request.
    /// They list everything that is allowed, whatever the preflight asks for: the browser compares.
    #[must_use]
    pub fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<CorsHeaders> {
        let origin = headers.get(http::header::ORIGIN)?;
        let asks = headers.contains_key(http::header::ACCESS_CONTROL_REQUEST_METHOD);
        (*method == Method::OPTIONS && asks).then(|| self.preflight_from(origin))
    }

    fn preflight_from(&self, origin: &HeaderValue) -> CorsHeaders {
        let mut out = self.vary("Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
        if let Some(allowed) = self.allowed(Some(origin)) {
            out.push((http::header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed));
            out.push((http::header::ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone()));
            out.push((http::header::ACCESS_CONTROL_ALLOW_HEADERS, self.headers.clone()));
            out.push((http::header::ACCESS_CONTROL_MAX_AGE, self.max_age.clone()));
            self.push_credentials(&mut out);
        }
        out
    }

    /// The headers of a response, the gateway's or the agent's, to a request from `origin`.
    ///
    /// Caches serve one response to clients of all origins, so a response to a request without an origin has `Vary` as well
    /// (Fetch Standard, "CORS protocol and HTTP caches").
    #[must_use]
    pub fn answer(&self, origin: Option<&HeaderValue>) -> CorsHeaders {
        let mut out = self.vary("Origin");
        if let Some(allowed) = self.allowed(origin) {
            out.push((http::header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed));
            out.extend(self.exposed.clone().map(|e| (http::header::ACCESS_CONTROL_EXPOSE_HEADERS, e)));
            self.push_credentials(&mut out);
        }
        out
    }

    /// `Vary`, unless every origin gets the same response.
    fn vary(&self, by: &'static str) -> CorsHeaders {
        let vary = (http::header::VARY, HeaderValue::from_static(by));
        self.origins.is_some().then_some(vary).into_iter().collect()
    }

    fn allowed(&self, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
        let Some(origins) = &self.origins else { return Some(HeaderValue::from_static("*")) };
        let origin = origin?;
        origins.iter().any(|allowed| allowed.covers(origin.as_bytes())).then(|| origin.clone())
    }

    fn push_credentials(&self, out: &mut CorsHeaders) {
        if self.credentials {
            out.push((http::header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true")));
        }
    }
}

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> HeaderValue {
    let text = words.collect::<Vec<_>>().join(", ");
    // Methods and header names are tokens, so the text is always a header value; an empty one would allow nothing.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: Option<&[AllowedOrigin]>, credentials: bool) -> Cors {
        Cors::new(&CorsRules {
            origins,
            methods: &[],
            headers: &[],
            exposed: &[],
            credentials,
            max_age: Duration::from_secs(3600),
            credential_header: Some(&http::header::AUTHORIZATION),
        })
    }

    fn exact(origin: &str) -> AllowedOrigin {
        AllowedOrigin::Exact(origin.to_owned())
    }

    fn get<'a>(headers: &'a CorsHeaders, name: &str) -> Option<&'a str> {
        headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.to_str().unwrap())
    }

    #[test]
    fn a_preflight_from_an_allowed_origin_says_what_is_allowed() {
        let answer = cors(Some(&[exact("https://app.example")]), true)
            .preflight_from(&HeaderValue::from_static("https://app.example"));
        assert_eq!(get(&answer, "access-control-allow-origin"), Some("https://app.example"));
        assert_eq!(get(&answer, "access-control-allow-methods"), Some("GET, HEAD, POST"));
        assert_eq!(get(&answer, "access-control-allow-headers"), Some("authorization, content-type"));
        assert_eq!(get(&answer, "access-control-max-age"), Some("3600"));
        assert_eq!(get(&answer, "access-control-allow-credentials"), Some("true"));
    }

    #[test]
    fn a_foreign_origin_and_none_get_no_allow_header_and_are_told_that_it_depends() {
        let cors = cors(Some(&[exact("https://app.example")]), true);
        for origin in ["https://evil.example", "null", "https://app.example.evil", "http://app.example"] {
            let origin = HeaderValue::from_static(origin);
            for headers in [cors.preflight_from(&origin), cors.answer(Some(&origin)), cors.answer(None)] {
                let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
                assert_eq!(names, ["vary"], "{origin:?}");
            }
        }
    }

    #[test]
    fn a_star_is_the_same_for_every_origin_and_for_none() {
        let cors = cors(None, false);
        let page = HeaderValue::from_static("https://x.example");
        for headers in [cors.answer(Some(&page)), cors.answer(None), cors.preflight_from(&page)] {
            assert_eq!(get(&headers, "access-control-allow-origin"), Some("*"));
            assert_eq!(get(&headers, "vary"), None);
        }
    }
}
