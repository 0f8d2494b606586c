//! The parts of the language that a member of a fleet may be too old to know. Each member says which of them it has, and
//! a writer compares them with what a resource uses, so that no member finds out only when it refuses.

use std::fmt;

use serde_json::{Map, Value};

use super::written::written;
use crate::config::text::source::Source;
use crate::model::ResourceKind;

/// A part of the language. A new kind of resource or a new field of one is a new feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// Agents, with the fields of the first version.
    Agents,
    /// Identity providers, likewise.
    IdentityProviders,
    /// API keys, likewise.
    ApiKeys,
    /// `agents.NAME.mcp`
    Mcp,
    /// `agents.NAME.a2a`
    A2a,
    /// `agents.NAME.cors`
    Cors,
    /// `agents.NAME.streams`
    Streams,
    /// `on_expiry` and what belongs to it in such a block
    StreamsExpire,
    /// `agents.NAME.enforcement`
    Enforcement,
    /// `identity_providers.NAME.scope_implies`
    ScopeImplies,
    /// `identity_providers.NAME.egress_proxy`
    EgressProxy,
    /// `agents.NAME.limits` and `identity_providers.NAME.limits`
    Limits,
    /// `counting: shared` or `strict` in such limits
    SharedLimits,
    /// `quota` in such limits
    Quotas,
    /// Denials of tokens, which are no part of a resource
    Denials,
    /// `agents.NAME.auth.oauth.require`
    Require,
    /// `identity_providers.NAME.client_claim`
    ClientClaim,
    /// `agents.NAME.assertion`
    Assertion,
    /// `alg: EdDSA` in it
    AssertionEdDsa,
    /// `identity_providers.NAME.spiffe`
    Spiffe,
    /// Limits that are resources of their own
    GlobalLimits,
    /// `identity_providers.NAME.introspection`
    Introspection,
    /// `agents.NAME.auth.oauth.sender_constraint`, but for `cnf`
    SenderConstraint,
    /// `identity_providers.NAME.events`
    Events,
}

impl Feature {
    /// All that this version has.
    pub const ALL: &'static [Self] = &[
        Self::Agents,
        Self::IdentityProviders,
        Self::ApiKeys,
        Self::Mcp,
        Self::A2a,
        Self::Cors,
        Self::Streams,
        Self::StreamsExpire,
        Self::Enforcement,
        Self::ScopeImplies,
        Self::EgressProxy,
        Self::Limits,
        Self::SharedLimits,
        Self::Quotas,
        Self::Denials,
        Self::Require,
        Self::ClientClaim,
        Self::Assertion,
        Self::AssertionEdDsa,
        Self::Spiffe,
        Self::GlobalLimits,
        Self::Introspection,
        Self::SenderConstraint,
        Self::Events,
    ];

    /// The word by which members name it to each other.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Agents => "agents",
            Self::IdentityProviders => "identity_providers",
            Self::ApiKeys => "api_keys",
            Self::Mcp => "mcp",
            Self::A2a => "a2a",
            Self::Cors => "cors",
            Self::Streams => "streams",
            Self::StreamsExpire => "streams_expire",
            Self::Enforcement => "enforcement",
            Self::ScopeImplies => "scope_implies",
            Self::EgressProxy => "egress_proxy",
            Self::Limits => "limits",
            Self::SharedLimits => "shared_limits",
            Self::Quotas => "quotas",
            Self::Denials => "denials",
            Self::Require => "require",
            Self::ClientClaim => "client_claim",
            Self::Assertion => "assertion",
            Self::AssertionEdDsa => "assertion_eddsa",
            Self::Spiffe => "spiffe",
            Self::GlobalLimits => "global_limits",
            Self::Introspection => "introspection",
            Self::SenderConstraint => "sender_constraint",
            Self::Events => "events",
        }
    }

    /// The features that a text of one resource uses, which may be one of another version.
    #[must_use]
    pub fn used_by(source: &Source) -> Vec<Self> {
        let Some(id) = &source.entry else { return Vec::new() };
        let kind = match id.kind() {
            ResourceKind::Agent => Self::Agents,
            ResourceKind::IdentityProvider => Self::IdentityProviders,
            ResourceKind::ApiKey => Self::ApiKeys,
            ResourceKind::Limit => Self::GlobalLimits,
        };
        let fields = match written(std::slice::from_ref(source), id).map(|written| written.spec) {
            Some(Value::Object(fields)) => fields,
            _ => return vec![kind],
        };
        let of_fields = fields.keys().filter_map(|field| Self::of_field(id.kind(), field));
        let limits = limits_of(id.kind(), &fields);
        let together = counts_together(&limits).then_some(Self::SharedLimits);
        let quotas = has_quota(&limits).then_some(Self::Quotas);
        let expire = streams_expire(fields.get("streams")).then_some(Self::StreamsExpire);
        let requires = requires(&fields).then_some(Self::Require);
        let constrains = constrains(&fields).then_some(Self::SenderConstraint);
        let eddsa = asserts_by_eddsa(&fields).then_some(Self::AssertionEdDsa);
        let of_parts = [together, quotas, expire, requires, constrains, eddsa].into_iter().flatten();
        std::iter::once(kind).chain(of_fields).chain(of_parts).collect()
    }

    /// The feature of a field that the first version does not have.
    fn of_field(kind: ResourceKind, field: &str) -> Option<Self> {
        match (kind, field) {
            (ResourceKind::Agent, "mcp") => Some(Self::Mcp),
            (ResourceKind::Agent, "a2a") => Some(Self::A2a),
            (ResourceKind::Agent, "cors") => Some(Self::Cors),
            (ResourceKind::Agent, "streams") => Some(Self::Streams),
            (ResourceKind::Agent, "enforcement") => Some(Self::Enforcement),
            (ResourceKind::Agent, "assertion") => Some(Self::Assertion),
            (ResourceKind::IdentityProvider, "scope_implies") => Some(Self::ScopeImplies),
            (ResourceKind::IdentityProvider, "egress_proxy") => Some(Self::EgressProxy),
            (ResourceKind::IdentityProvider, "client_claim") => Some(Self::ClientClaim),
            (ResourceKind::IdentityProvider, "spiffe") => Some(Self::Spiffe),
            (ResourceKind::IdentityProvider, "introspection") => Some(Self::Introspection),
            (ResourceKind::IdentityProvider, "events") => Some(Self::Events),
            (ResourceKind::Agent | ResourceKind::IdentityProvider, "limits") => Some(Self::Limits),
            (
                ResourceKind::Agent
                | ResourceKind::IdentityProvider
                | ResourceKind::ApiKey
                | ResourceKind::Limit,
                _,
            ) => None,
        }
    }
}

/// The limits of a resource: those in its list, or the one that it is.
fn limits_of(kind: ResourceKind, fields: &Map<String, Value>) -> Vec<&Map<String, Value>> {
    match kind {
        ResourceKind::Limit => vec![fields],
        ResourceKind::Agent | ResourceKind::IdentityProvider | ResourceKind::ApiKey => {
            let list = fields.get("limits").and_then(Value::as_array);
            list.into_iter().flatten().filter_map(Value::as_object).collect()
        }
    }
}

/// Whether such a block says more than what changes of the policy do.
fn streams_expire(streams: Option<&Value>) -> bool {
    streams
        .and_then(Value::as_object)
        .is_some_and(|streams| streams.keys().any(|key| key != "on_policy_change"))
}

/// Whether one of these limits is counted by all members together.
fn counts_together(limits: &[&Map<String, Value>]) -> bool {
    let mut counting = limits.iter().filter_map(|limit| limit.get("counting")?.as_str());
    counting.any(|word| matches!(word, "shared" | "strict"))
}

/// Whether one of these limits is a quota.
fn has_quota(limits: &[&Map<String, Value>]) -> bool {
    limits.iter().any(|limit| limit.contains_key("quota"))
}

/// Whether more is required of tokens than scopes and claims, by the agent or by one of its rules.
fn requires(agent: &Map<String, Value>) -> bool {
    let of_agent = agent.get("auth").and_then(|auth| auth.get("oauth")?.get("require"));
    let rules = ["mcp", "a2a"].into_iter().filter_map(|block| agent.get(block)?.get("rules")?.as_object());
    let mut rules = rules.flat_map(Map::values).filter_map(Value::as_object).flat_map(Map::values);
    of_agent.is_some() || rules.any(|rule| rule.get("require").is_some())
}

/// Whether an agent says more of bound tokens than the first version knows.
fn constrains(agent: &Map<String, Value>) -> bool {
    let written = agent.get("auth").and_then(|auth| auth.get("oauth")?.get("sender_constraint")?.as_object());
    written.is_some_and(|written| written.keys().any(|key| key != "cnf"))
}

/// Whether an agent's assertions are signed by another algorithm than the first version of them knows.
fn asserts_by_eddsa(agent: &Map<String, Value>) -> bool {
    agent.get("assertion").and_then(|assertion| assertion.get("alg")?.as_str()) == Some("EdDSA")
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::language::settings::root::section_of;
    use crate::model::ResourceId;

    /// The fields that the first version of the language has.
    const FIRST: [(ResourceKind, &[&str]); 4] = [
        (
            ResourceKind::Agent,
            &[
                "display_name",
                "route",
                "upstream",
                "auth",
                "public_url",
                "protocol",
                "upstream_challenge",
                "max_body",
                "max_in_flight",
                "websocket",
            ],
        ),
        (
            ResourceKind::IdentityProvider,
            &[
                "issuer",
                "discovery",
                "jwks_uri",
                "jwks_file",
                "jwks",
                "public_key_file",
                "public_key",
                "ca_file",
                "algorithms",
                "leeway",
                "refresh",
                "max_stale",
                "insecure_http",
            ],
        ),
        (ResourceKind::ApiKey, &["agent", "name", "sha256", "created_at", "expires_at", "revoked_at"]),
        (
            ResourceKind::Limit,
            &[
                "per",
                "scope",
                "rate",
                "concurrent",
                "quota",
                "burst",
                "count",
                "enforcement",
                "counting",
                "on_loss",
            ],
        ),
    ];

    #[test]
    fn a_field_is_of_the_first_version_or_has_a_feature() {
        for (kind, first) in FIRST {
            for field in section_of(kind).fields() {
                let is_first = first.contains(&field.name);
                let has_feature = Feature::of_field(kind, field.name).is_some();
                assert!(
                    is_first != has_feature,
                    "{} {}: give a new field a feature",
                    kind.section(),
                    field.name
                );
            }
        }
    }

    #[test]
    fn every_feature_has_a_word_of_its_own() {
        let words: BTreeSet<_> = Feature::ALL.iter().map(|feature| feature.word()).collect();
        assert_eq!(words.len(), Feature::ALL.len());
        // A member says them in a value of at most one kilobyte, beside much else.
        assert!(words.iter().map(|word| word.len() + 3).sum::<usize>() < 512);
    }

    #[test]
    fn the_features_of_a_text_are_those_of_its_fields() {
        let used = |id: &str, text: &str| {
            Feature::used_by(&Source::of(ResourceId::parse(id).unwrap(), "x.yaml", text))
        };
        assert_eq!(used("agents/a", "route: /a\nupstream: http://a\nauth: public\n"), [Feature::Agents]);
        let spoken = "route: /a\nmcp: {}\nunknown: 1\ncors: '*'\n";
        assert_eq!(used("agents/a", spoken), [Feature::Agents, Feature::Cors, Feature::Mcp]);
        let limits = |counting: &str| format!("limits: [{{ name: a, counting: {counting} }}]\n");
        assert_eq!(used("agents/a", &limits("local_share")), [Feature::Agents, Feature::Limits]);
        let together = [Feature::Agents, Feature::Limits, Feature::SharedLimits];
        assert_eq!(used("agents/a", &limits("strict")), together);
        let quota = used("identity_providers/p", "limits: [{ name: a, quota: 1/day }]\n");
        assert_eq!(quota, [Feature::IdentityProviders, Feature::Limits, Feature::Quotas]);
        let require = "auth: { oauth: { require: { acr_values: [gold] } } }\n";
        assert_eq!(used("agents/a", require), [Feature::Agents, Feature::Require]);
        assert_eq!(used("agents/a", "auth: { oauth: {} }\n"), [Feature::Agents]);
        let constraint =
            |text: &str| used("agents/a", &format!("auth: {{ oauth: {{ sender_constraint: {text} }} }}\n"));
        assert_eq!(constraint("{ dpop: optional }"), [Feature::Agents, Feature::SenderConstraint]);
        assert_eq!(constraint("{ cnf: ignore }"), [Feature::Agents]);
        let asserting = |alg: &str| used("agents/a", &format!("assertion: {{ alg: {alg} }}\n"));
        assert_eq!(asserting("ES256"), [Feature::Agents, Feature::Assertion]);
        assert_eq!(asserting("EdDSA"), [Feature::Agents, Feature::Assertion, Feature::AssertionEdDsa]);
        let rule = "mcp: { rules: { unlisted: deny, tools: { a: { require: { amr_any: [otp] } } } } }\n";
        assert_eq!(used("agents/a", rule), [Feature::Agents, Feature::Mcp, Feature::Require]);
        assert_eq!(used("api_keys/Yq3Zk81b", "agent: a\n"), [Feature::ApiKeys]);
        assert_eq!(used("limits/guesses", "per: address\nrate: 1/1m\n"), [Feature::GlobalLimits]);
        let together = [Feature::GlobalLimits, Feature::SharedLimits, Feature::Quotas];
        assert_eq!(used("limits/monthly", "quota: 1/month\ncounting: strict\n"), together);
        assert_eq!(used("identity_providers/p", "scope_implies: {}\n").len(), 2);
    }
}
