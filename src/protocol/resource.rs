//! Protected resource metadata (RFC 9728): the forms of an agent's URL, and the document that tells a client which
//! identity provider to ask for a token.
//!
//! A client compares `resource` with the URL that it was given, and some compare letter by letter, the slash at the end
//! included: so each form has a document of its own, which names exactly the form that was asked for.

use serde::Serialize;

/// Where the metadata of a resource is: between its authority and its path (RFC 9728 section 3.1).
pub const RESOURCE_METADATA: &str = "/.well-known/oauth-protected-resource";

/// The paths under which clients know one agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceForms {
    /// The route of the agent, without a slash at the end; empty for the whole host.
    base: Box<str>,
    /// What follows the route in the URL that MCP clients are given, with a slash in front; empty where the route is all.
    endpoint: Box<str>,
}

/// One form of an agent's URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceForm {
    endpoint: bool,
    slash: bool,
}

impl ResourceForm {
    /// The route alone.
    pub const BASE: Self = Self { endpoint: false, slash: false };
    /// What a client is told when the path of its request is none of the forms.
    pub const ENDPOINT: Self = Self { endpoint: true, slash: false };
}

impl ResourceForms {
    /// The forms of an agent at this route, with this endpoint behind it.
    #[must_use]
    pub fn new(base: &str, endpoint: &str) -> Self {
        let plain = |path: &str| path.trim_end_matches('/').into();
        Self { base: plain(base), endpoint: plain(endpoint) }
    }

    /// The form that this path is, if it is one.
    #[must_use]
    pub fn form(&self, path: &str) -> Option<ResourceForm> {
        let rest = path.strip_prefix(&*self.base)?;
        let of = |endpoint: bool, rest: &str| match rest {
            "" => Some(ResourceForm { endpoint, slash: false }),
            "/" => Some(ResourceForm { endpoint, slash: true }),
            _ => None,
        };
        let behind = rest.strip_prefix(&*self.endpoint).filter(|_| !self.endpoint.is_empty());
        behind.and_then(|rest| of(true, rest)).or_else(|| of(false, rest))
    }

    /// Whether this path is the endpoint, with or without a slash at the end.
    #[must_use]
    pub fn is_endpoint(&self, path: &str) -> bool {
        let rest = path.strip_prefix(&*self.base).and_then(|rest| rest.strip_prefix(&*self.endpoint));
        matches!(rest, Some("" | "/"))
    }

    /// The form that a client is told of whose request had this path.
    #[must_use]
    pub fn told(&self, path: &str) -> ResourceForm {
        self.form(path).unwrap_or(ResourceForm::ENDPOINT)
    }

    /// The path of a form.
    #[must_use]
    pub fn path(&self, form: ResourceForm) -> String {
        let endpoint = if form.endpoint { &*self.endpoint } else { "" };
        let slash = if form.slash { "/" } else { "" };
        format!("{}{endpoint}{slash}", self.base)
    }

    /// Every form, once each.
    pub fn all(&self) -> impl Iterator<Item = String> {
        let endpoints: &[bool] = if self.endpoint.is_empty() { &[false] } else { &[false, true] };
        let forms = endpoints
            .iter()
            .flat_map(|endpoint| [false, true].map(|slash| ResourceForm { endpoint: *endpoint, slash }));
        forms.map(|form| self.path(form))
    }
}

/// The path of the resource whose metadata is asked for at `path`, where it is such a place (RFC 9728 section 3.1).
#[must_use]
pub fn inserted(path: &str) -> Option<&str> {
    path.strip_prefix(RESOURCE_METADATA).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The URL of the metadata of a resource as it stands in a challenge: clients search that for what looks like a parameter,
/// and stop at the first quote.
#[must_use]
pub fn metadata_url_in_challenge(origin: &str, path: &str) -> String {
    format!("{origin}{RESOURCE_METADATA}{path}").replace('=', "%3D").replace('"', "%22")
}

/// The document (RFC 9728 section 2). Members that would say nothing are left out.
#[derive(Debug, Serialize)]
pub struct ResourceMetadata<'a> {
    /// The URL of the resource, in the form that was asked for.
    pub resource: &'a str,
    /// The issuers, as they are written, in the order of the configuration: clients take the first, and compare it byte
    /// for byte.
    pub authorization_servers: &'a [&'a str],
    /// The scopes that a client should ask for.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub scopes_supported: &'a [&'a str],
    /// How the token is sent: `header` where it is `Authorization: Bearer`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub bearer_methods_supported: &'a [&'a str],
    /// The algorithms of proofs of possession, where they are looked at (RFC 9449 section 5.1 has the same for servers).
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub dpop_signing_alg_values_supported: &'a [&'static str],
    /// Whether each token must be bound to a key, of which requests have proofs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dpop_bound_access_tokens_required: Option<bool>,
    /// Whether tokens may be bound to the certificate of the client (RFC 8705).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_certificate_bound_access_tokens: Option<bool>,
    /// The name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<&'a str>,
    /// Where people read about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_documentation: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_form_of_the_agent_only_letter_by_letter() {
        let with_endpoint = ResourceForms::new("/agents/a/", "/mcp");
        let (alone, everything) = (ResourceForms::new("/a", ""), ResourceForms::new("/", "/mcp"));
        for (forms, path, wanted) in [
            (&with_endpoint, "/agents/a", true),
            (&with_endpoint, "/agents/a/", true),
            (&with_endpoint, "/agents/a/mcp", true),
            (&with_endpoint, "/agents/a/mcp/", true),
            (&with_endpoint, "/agents/a/mcp/x", false),
            (&with_endpoint, "/agents/a//", false),
            (&with_endpoint, "/agents/ab", false),
            (&with_endpoint, "/Agents/a", false),
            (&with_endpoint, "", false),
            (&alone, "/a", true),
            (&alone, "/a/", true),
            (&alone, "/a/mcp", false),
            (&everything, "", true),
            (&everything, "/", true),
            (&everything, "/mcp", true),
            (&everything, "/mcp/", true),
            (&everything, "/x", false),
        ] {
            let form = forms.form(path);
            assert_eq!(form.is_some(), wanted, "{path}");
            assert!(form.is_none_or(|form| forms.path(form) == path), "{path}");
        }
        assert_eq!(
            with_endpoint.all().collect::<Vec<_>>(),
            ["/agents/a", "/agents/a/", "/agents/a/mcp", "/agents/a/mcp/"]
        );
        assert_eq!(alone.all().collect::<Vec<_>>(), ["/a", "/a/"]);
    }

    #[test]
    fn metadata_is_asked_for_between_authority_and_path() {
        for (path, wanted) in [
            ("/.well-known/oauth-protected-resource", Some("")),
            ("/.well-known/oauth-protected-resource/", Some("/")),
            ("/.well-known/oauth-protected-resource/a/mcp", Some("/a/mcp")),
            ("/.well-known/oauth-protected-resources", None),
            ("/a/.well-known/oauth-protected-resource", None),
        ] {
            assert_eq!(inserted(path), wanted, "{path}");
        }
    }

    #[test]
    fn members_that_would_say_nothing_are_left_out() {
        let bare = ResourceMetadata {
            resource: "https://a.example/x",
            authorization_servers: &["https://idp.example"],
            scopes_supported: &[],
            bearer_methods_supported: &[],
            dpop_signing_alg_values_supported: &[],
            dpop_bound_access_tokens_required: None,
            tls_client_certificate_bound_access_tokens: None,
            resource_name: None,
            resource_documentation: None,
        };
        let text = r#"{"resource":"https://a.example/x","authorization_servers":["https://idp.example"]}"#;
        assert_eq!(serde_json::to_string(&bare).unwrap(), text);
    }
}
