//! What an agent tells clients about itself before they have a token (RFC 9728).

use std::borrow::Cow;

use http::header;

use crate::authn::{Dpop, OAuthPolicy};
use crate::authz::requested_scopes;
use crate::model::Algorithm;
use crate::protocol::{ResourceForms, ResourceMetadata};

use super::agent::Agent;
use super::compiled::Authenticator;
use super::protocol::{McpAgent, Protocol};

impl Agent {
    /// The paths under which clients know it.
    #[must_use]
    pub fn forms(&self) -> Cow<'_, ResourceForms> {
        match &self.protocol {
            Protocol::Http | Protocol::A2a(_) => Cow::Owned(ResourceForms::new(&self.route.path, "")),
            Protocol::Mcp(mcp) => Cow::Borrowed(&mcp.forms),
        }
    }

    /// Its metadata under the URL `resource`; `None` when its callers bring no token.
    #[must_use]
    pub fn metadata(&self, resource: &str) -> Option<String> {
        let Authenticator::OAuth(policy) = &self.authenticator else { return None };
        let servers = policy.providers.iter().map(|provider| provider.spec());
        let servers = servers.filter(|spec| !spec.issues_svids());
        let issuers: Vec<&str> = servers.map(|spec| spec.issuer.as_str()).collect();
        let mcp = self.mcp();
        let name = mcp.and_then(|mcp| mcp.resource_name.as_deref()).or(self.display_name.as_deref());
        let document = ResourceMetadata {
            resource,
            authorization_servers: &issuers,
            scopes_supported: &self.scopes_to_ask_for(),
            bearer_methods_supported: if self.takes_plain_bearer() { &["header"] } else { &[] },
            dpop_signing_alg_values_supported: &self.dpop().map(algorithms).unwrap_or_default(),
            dpop_bound_access_tokens_required: policy.bound_tokens.requires_dpop().then_some(true),
            tls_client_certificate_bound_access_tokens: policy
                .bound_tokens
                .accepts_certificates()
                .then_some(true),
            resource_name: name,
            resource_documentation: mcp.and_then(|mcp| mcp.documentation.as_deref()),
        };
        serde_json::to_string(&document).ok()
    }

    /// Whether its callers send a token as RFC 6750 section 2.1 says.
    #[must_use]
    pub fn takes_plain_bearer(&self) -> bool {
        matches!(&self.authenticator, Authenticator::OAuth(policy) if is_plain_bearer(policy))
    }

    /// The scopes that its clients are told to ask for: those that are written for them, else those of its rules.
    #[must_use]
    pub fn scopes_to_ask_for(&self) -> Vec<&str> {
        let written = self.mcp().map(|mcp| &*mcp.scopes_supported).unwrap_or_default();
        if written.is_empty() {
            requested_scopes(self.entry.rules.scopes.listed())
        } else {
            written.iter().map(|scope| &**scope).collect()
        }
    }

    fn mcp(&self) -> Option<&McpAgent> {
        match &self.protocol {
            Protocol::Http | Protocol::A2a(_) => None,
            Protocol::Mcp(mcp) => Some(mcp),
        }
    }
}

/// The algorithms of proofs.
fn algorithms(dpop: &Dpop) -> Vec<&'static str> {
    dpop.algorithms.iter().map(Algorithm::as_str).collect()
}

/// Whether the token is sent as RFC 6750 section 2.1 says.
fn is_plain_bearer(policy: &OAuthPolicy) -> bool {
    policy.header == header::AUTHORIZATION && policy.scheme.as_str().eq_ignore_ascii_case("Bearer")
}
