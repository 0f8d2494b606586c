//! The settings that cross-origin rules are compiled from, and the methods and headers that they list: those that are
//! written, and those of a preset.
//!
//! What is written beside a preset is added to it: a client that needs what the preset has would fail without.

use std::time::Duration;

use http::{HeaderName, Method};

use crate::model::{DPOP, DPOP_NONCE};

use super::allowed_origin::AllowedOrigin;

/// The settings that [`super::Cors`] is compiled from.
#[derive(Debug, Clone, Copy)]
pub struct CorsRules<'a> {
    /// What the methods and headers are added to; `None` = nothing.
    pub preset: Option<CorsPreset>,
    /// The origins; `None` = any.
    pub origins: Option<&'a [AllowedOrigin]>,
    /// Request methods; empty means GET, HEAD and POST, or those of the preset.
    pub methods: &'a [Method],
    /// Request headers; empty means the credential header and `Content-Type`, or those of the preset.
    pub headers: &'a [HeaderName],
    /// Response headers that a page may read.
    pub exposed: &'a [HeaderName],
    /// Whether browsers may send cookies and the like.
    pub credentials: bool,
    /// How long a browser may remember the response to a preflight.
    pub max_age: Duration,
    /// The header of the agent's credential; `None` for a public agent.
    pub credential_header: Option<&'a HeaderName>,
    /// Whether the agent looks at proofs of possession, which come in a header of their own.
    pub takes_proofs: bool,
}

/// What a kind of client needs, so that nobody has to write it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorsPreset {
    /// Clients of MCP in a browser.
    Mcp,
}

/// What clients of MCP in a browser send (MCP, streamable HTTP; RFC 9449 for `dpop`).
const MCP_HEADERS: [HeaderName; 9] = [
    http::header::AUTHORIZATION,
    http::header::CONTENT_TYPE,
    http::header::ACCEPT,
    HeaderName::from_static("mcp-protocol-version"),
    HeaderName::from_static("mcp-session-id"),
    HeaderName::from_static("mcp-method"),
    HeaderName::from_static("mcp-name"),
    HeaderName::from_static("last-event-id"),
    DPOP,
];

/// What they read of responses.
const MCP_EXPOSED: [HeaderName; 5] = [
    http::header::WWW_AUTHENTICATE,
    HeaderName::from_static("mcp-session-id"),
    HeaderName::from_static("mcp-protocol-version"),
    DPOP_NONCE,
    http::header::RETRY_AFTER,
];

/// How the names of headers begin that mirror the arguments of a tool: the tool's schema names them, so that no list could.
const MCP_ARGUMENTS: &str = "mcp-param-";

/// What cross-origin rules list.
pub(super) struct Listed {
    pub(super) methods: Vec<Method>,
    pub(super) headers: Vec<HeaderName>,
    pub(super) exposed: Vec<HeaderName>,
    /// The beginning of the names of headers that are allowed where a preflight asks for them.
    pub(super) granted: Option<&'static str>,
}

impl Listed {
    /// What is written; where nothing is, what every agent needs.
    pub(super) fn plain(rules: &CorsRules<'_>) -> Self {
        let methods = match rules.methods {
            [] => vec![Method::GET, Method::HEAD, Method::POST],
            written => written.to_vec(),
        };
        let headers = match rules.headers {
            [] => rules.credential_header.cloned().into_iter().chain([http::header::CONTENT_TYPE]).collect(),
            written => written.to_vec(),
        };
        Self { methods, headers, exposed: rules.exposed.to_vec(), granted: None }
    }

    /// What clients of MCP need, and what is written.
    pub(super) fn mcp(rules: &CorsRules<'_>) -> Self {
        let methods = [Method::GET, Method::HEAD, Method::POST, Method::DELETE];
        Self {
            methods: added(&methods, rules.methods.iter()),
            headers: added(&MCP_HEADERS, rules.credential_header.into_iter().chain(rules.headers)),
            exposed: added(&MCP_EXPOSED, rules.exposed.iter()),
            granted: Some(MCP_ARGUMENTS),
        }
    }
}

impl Listed {
    /// The same, and what a client needs that makes proofs (RFC 9449 sections 4.1 and 8).
    pub(super) fn with_proofs(self) -> Self {
        Self {
            headers: added(&self.headers, [DPOP].iter()),
            exposed: added(&self.exposed, [DPOP_NONCE, http::header::WWW_AUTHENTICATE].iter()),
            ..self
        }
    }
}

/// A list, and what is added to it, each once.
fn added<'a, T: Clone + PartialEq + 'a>(preset: &[T], more: impl Iterator<Item = &'a T>) -> Vec<T> {
    let mut all = preset.to_vec();
    for one in more {
        if !all.contains(one) {
            all.push(one.clone());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::Cors;
    use http::{HeaderMap, HeaderValue};

    fn header(name: &str) -> HeaderName {
        name.parse().unwrap()
    }

    fn preflight(rules: &CorsRules<'_>, asked: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("origin", HeaderValue::from_static("https://app.example"));
        headers.insert("access-control-request-method", HeaderValue::from_static("POST"));
        for asked in asked {
            headers.append("access-control-request-headers", HeaderValue::from_static(asked));
        }
        Cors::new(rules).preflight(&Method::OPTIONS, &headers).unwrap().into_iter().collect()
    }

    const MCP: CorsRules<'_> = CorsRules {
        preset: Some(CorsPreset::Mcp),
        origins: None,
        methods: &[],
        headers: &[],
        exposed: &[],
        credentials: false,
        max_age: Duration::from_secs(3600),
        credential_header: None,
        takes_proofs: false,
    };

    const LISTED: &str = "authorization, content-type, accept, mcp-protocol-version, mcp-session-id, mcp-method, \
                          mcp-name, last-event-id, dpop";

    #[test]
    fn mcp_lists_what_its_clients_send_and_grants_what_mirrors_arguments() {
        for (asked, more) in [
            (&[] as &[&str], ""),
            (&["authorization, x-other"], ""),
            (&["mcp-param-region,Mcp-Param-City"], ", mcp-param-region, Mcp-Param-City"),
            (&["content-type", "mcp-param-a, mcp-param-b"], ", mcp-param-a, mcp-param-b"),
            (&["mcp-param-a b, mcp-param-\"x\", mcp-params, mcp-para"], ""),
        ] {
            let answer = preflight(&MCP, asked);
            assert_eq!(answer["access-control-allow-headers"], format!("{LISTED}{more}"), "{asked:?}");
            assert_eq!(answer["access-control-allow-methods"], "GET, HEAD, POST, DELETE");
            assert_eq!(answer["access-control-allow-origin"], "*");
            assert!(!answer.contains_key("access-control-allow-credentials"));
        }
    }

    #[test]
    fn what_is_written_beside_a_preset_is_added_once() {
        let key = header("x-api-key");
        let rules = CorsRules {
            methods: &[Method::PUT, Method::POST],
            headers: &[header("X-Page"), header("Accept")],
            exposed: &[header("X-Shown"), header("Retry-After")],
            credential_header: Some(&key),
            ..MCP
        };
        let answer = preflight(&rules, &[]);
        assert_eq!(answer["access-control-allow-headers"], format!("{LISTED}, x-api-key, x-page"));
        assert_eq!(answer["access-control-allow-methods"], "GET, HEAD, POST, DELETE, PUT");
        let exposed: HeaderMap = Cors::new(&rules).answer(None).into_iter().collect();
        assert_eq!(
            exposed["access-control-expose-headers"],
            "www-authenticate, mcp-session-id, mcp-protocol-version, dpop-nonce, retry-after, x-shown"
        );
    }

    #[test]
    fn where_proofs_are_looked_at_their_fields_are_listed_once() {
        let rules = CorsRules { takes_proofs: true, exposed: &[header("X-Shown")], ..MCP };
        for (preset, headers, exposed) in [
            (None, "content-type, dpop", "x-shown, dpop-nonce, www-authenticate"),
            (
                Some(CorsPreset::Mcp),
                LISTED,
                "www-authenticate, mcp-session-id, mcp-protocol-version, dpop-nonce, retry-after, x-shown",
            ),
        ] {
            let rules = CorsRules { preset, ..rules };
            assert_eq!(preflight(&rules, &[])["access-control-allow-headers"], headers);
            let answer: HeaderMap = Cors::new(&rules).answer(None).into_iter().collect();
            assert_eq!(answer["access-control-expose-headers"], exposed);
        }
    }

    #[test]
    fn no_argument_is_granted_without_the_preset() {
        let answer = preflight(&CorsRules { preset: None, ..MCP }, &["mcp-param-a"]);
        assert_eq!(answer["access-control-allow-headers"], "content-type");
    }
}
