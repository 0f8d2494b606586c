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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::config::{Files, Source, compile, parse};
    use crate::model::AgentName;
    use crate::telemetry::Metrics;

    /// The metadata of an agent with this `sender_constraint`.
    fn metadata(constraint: &str) -> Value {
        let text = format!(
            "version: 1\nserver: {{ public_url: 'https://a.example' }}\nidentity_providers: {{ corp: {{ issuer: 'https://corp.example' }} }}\n\
             agents:\n  a: {{ route: /a, upstream: 'http://127.0.0.1:9', auth: {{ oauth: {{ identity_providers: [corp], audiences: [a]{constraint} }} }} }}\n"
        );
        let document = parse(&[Source::new("a.yaml", text)], &|_| None).unwrap();
        let compiled = compile(&document, &Files::new(), None, &Metrics::new().unwrap()).unwrap();
        let agent = &compiled.snapshot.agents[&AgentName::parse("a").unwrap()];
        serde_json::from_str(&agent.metadata("https://a.example/a").unwrap()).unwrap()
    }

    #[test]
    fn clients_learn_in_every_mode_what_their_tokens_may_and_must_be_bound_to() {
        // The algorithms of proofs, whether each token must be bound to a key, and whether certificates are looked at.
        for (constraint, algorithms, dpop_required, certificates) in [
            ("", false, None, None),
            (", sender_constraint: { cnf: ignore }", false, None, None),
            (", sender_constraint: { dpop: optional }", true, None, None),
            (", sender_constraint: { dpop: required }", true, Some(true), None),
            (", sender_constraint: { mtls: optional }", false, None, Some(true)),
            (", sender_constraint: { mtls: required }", false, None, Some(true)),
            (", sender_constraint: { dpop: optional, mtls: required }", true, None, Some(true)),
            (", sender_constraint: { dpop: required, mtls: required }", true, Some(true), Some(true)),
            (", sender_constraint: { any_of: [dpop, mtls] }", true, None, Some(true)),
        ] {
            let said = metadata(constraint);
            let listed = said.get("dpop_signing_alg_values_supported");
            let usual = json!(["RS256", "PS256", "ES256", "ES384", "EdDSA"]);
            let sorted = |list: &Value| {
                let mut all: Vec<String> = serde_json::from_value(list.clone()).unwrap();
                all.sort();
                all
            };
            assert_eq!(listed.map(sorted), algorithms.then(|| sorted(&usual)), "{constraint}");
            let flag = |name: &str| said.get(name).map(|value| value.as_bool().unwrap());
            assert_eq!(flag("dpop_bound_access_tokens_required"), dpop_required, "{constraint}");
            assert_eq!(flag("tls_client_certificate_bound_access_tokens"), certificates, "{constraint}");
        }
    }
}
