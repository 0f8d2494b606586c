//! The cross-origin rules of one agent (Fetch Standard, section 3.2), compiled to header values.
//!
//! A response to an origin that is not allowed has no allow header, and the browser keeps it from the page.

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::model::is_token;

use super::allowed_origin::AllowedOrigin;
use super::cors_rules::{CorsPreset, CorsRules, Listed};

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
    /// Request headers whose names begin so are allowed as well, where a preflight asks for them.
    granted: Option<&'static str>,
}

/// Headers to add to a response.
pub type CorsHeaders = Vec<(HeaderName, HeaderValue)>;

impl Cors {
    /// Compiles the rules.
    #[must_use]
    pub fn new(rules: &CorsRules<'_>) -> Self {
        let listed = match rules.preset {
            None => Listed::plain(rules),
            Some(CorsPreset::Mcp) => Listed::mcp(rules),
        };
        let Listed { methods, headers, exposed, granted } = match rules.takes_proofs {
            true => listed.with_proofs(),
            false => listed,
        };
        Self {
            origins: rules.origins.map(<[_]>::to_vec),
            methods: joined(methods.iter().map(Method::as_str)),
            headers: joined(headers.iter().map(HeaderName::as_str)),
            exposed: (!exposed.is_empty()).then(|| joined(exposed.iter().map(HeaderName::as_str))),
            credentials: rules.credentials,
            max_age: HeaderValue::from(rules.max_age.as_secs()),
            granted,
        }
    }

    /// The origins that are allowed; `None` = any.
    #[must_use]
    pub fn origins(&self) -> Option<&[AllowedOrigin]> {
        self.origins.as_deref()
    }

    /// The headers of the response to a preflight (Fetch Standard, "CORS-preflight request"); `None` for any other request.
    /// They list everything that is allowed, whatever the preflight asks for: the browser compares. Only headers whose names
    /// nobody can know before are listed when they are asked for.
    #[must_use]
    pub fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<CorsHeaders> {
        let origin = headers.get(http::header::ORIGIN)?;
        let asks = headers.contains_key(http::header::ACCESS_CONTROL_REQUEST_METHOD);
        (*method == Method::OPTIONS && asks).then(|| self.preflight_from(origin, headers))
    }

    fn preflight_from(&self, origin: &HeaderValue, asked: &HeaderMap) -> CorsHeaders {
        let mut out = self.vary("Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
        if let Some(allowed) = self.allowed(Some(origin)) {
            out.push((http::header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed));
            out.push((http::header::ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone()));
            out.push((http::header::ACCESS_CONTROL_ALLOW_HEADERS, self.headers_for(asked)));
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

    /// The request headers that are allowed, with those that a preflight asks for and may have.
    fn headers_for(&self, asked: &HeaderMap) -> HeaderValue {
        let Some(beginning) = self.granted else { return self.headers.clone() };
        let fields = asked.get_all(http::header::ACCESS_CONTROL_REQUEST_HEADERS).iter();
        let names = fields.filter_map(|field| field.to_str().ok()).flat_map(|field| field.split(','));
        let granted = names.map(str::trim).filter(|name| {
            let begins =
                name.get(..beginning.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(beginning));
            begins && is_token(name.as_bytes())
        });
        let listed = self.headers.to_str().unwrap_or_default();
        joined([listed].into_iter().filter(|listed| !listed.is_empty()).chain(granted))
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
    use std::time::Duration;

    fn cors(origins: Option<&[AllowedOrigin]>, credentials: bool) -> Cors {
        Cors::new(&CorsRules {
            preset: None,
            origins,
            methods: &[],
            headers: &[],
            exposed: &[],
            credentials,
            max_age: Duration::from_secs(3600),
            credential_header: Some(&http::header::AUTHORIZATION),
            takes_proofs: false,
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
            .preflight_from(&HeaderValue::from_static("https://app.example"), &HeaderMap::new());
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
            let asked = HeaderMap::new();
            for headers in
                [cors.preflight_from(&origin, &asked), cors.answer(Some(&origin)), cors.answer(None)]
            {
                let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
                assert_eq!(names, ["vary"], "{origin:?}");
            }
        }
    }

    #[test]
    fn a_star_is_the_same_for_every_origin_and_for_none() {
        let cors = cors(None, false);
        let page = HeaderValue::from_static("https://x.example");
        for headers in
            [cors.answer(Some(&page)), cors.answer(None), cors.preflight_from(&page, &HeaderMap::new())]
        {
            assert_eq!(get(&headers, "access-control-allow-origin"), Some("*"));
            assert_eq!(get(&headers, "vary"), None);
        }
    }
}
