//! The challenge in the response to a refused request (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9449 section 7.1,
//! RFC 9470 section 3, RFC 9728 section 5.1), and the sentence that the client reads. Neither says more than a client may know.
//!
//! Clients read challenges with regular expressions over the whole field, and some give up asking for more scopes only when
//! a challenge is the same, byte for byte, as the one before. So its parameters have one order, none holds what looks like
//! another one, and nothing in it varies between two equal requests.

use std::borrow::Cow;

use http::HeaderValue;

use crate::authn::OAuthPolicy;
use crate::authz::{LoginNeeds, requested_scopes};
use crate::model::{Algorithm, AlgorithmSet, OAuthError, Reason, Refusal};
use crate::routing::{Agent, Authenticator};

use super::step_up::StepUp;

/// A challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The value of `WWW-Authenticate`.
    pub value: HeaderValue,
    /// That of a second line, with another scheme.
    pub second: Option<HeaderValue>,
    /// The error that it names.
    pub error: Option<OAuthError>,
    /// The scopes that it names.
    pub scope: Option<String>,
}

impl Challenge {
    /// Its lines as one text.
    #[must_use]
    pub fn text(&self) -> String {
        let lines = std::iter::once(&self.value).chain(&self.second);
        lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect::<Vec<_>>().join(", ")
    }
}

/// The challenge for a refusal at an agent; `None` where another credential would change nothing.
///
/// `step_up` is what the operation needs in all, where a token, or another one of the same caller, could pass. `metadata` makes the URL of the agent's metadata; it is called for agents that take tokens alone.
#[must_use]
pub fn challenge(
    reason: Reason,
    agent: &Agent,
    step_up: Option<&StepUp>,
    metadata: impl FnOnce() -> Option<String>,
) -> Option<Challenge> {
    match &agent.authenticator {
        // The extended card of A2A is for authenticated callers, also where no credential could be one.
        Authenticator::Public if reason == Reason::TokenMissing => Some(Challenge {
            value: written("Bearer", &[("realm", Some(agent.name.as_str()))])?,
            second: None,
            error: None,
            scope: None,
        }),
        Authenticator::Public => None,
        Authenticator::ApiKey(_) => {
            let asks = reason.status() == 401 || reason == Reason::MultipleTokens;
            let value = asks.then(|| HeaderValue::from_str(&format!("ApiKey realm=\"{}\"", agent.name)));
            Some(Challenge { value: value?.ok()?, second: None, error: None, scope: None })
        }
        Authenticator::OAuth(policy) => for_token(reason, agent, policy, step_up, metadata),
    }
}

/// The challenge at an agent that takes tokens. Where both bearer tokens and tokens with a proof are taken, each scheme has a line
/// of its own: clients read the first word of a line. What is wrong with a proof stands on the line of its scheme alone.
fn for_token(
    reason: Reason,
    agent: &Agent,
    policy: &OAuthPolicy,
    step_up: Option<&StepUp>,
    metadata: impl FnOnce() -> Option<String>,
) -> Option<Challenge> {
    let error = match (reason, reason.oauth_error(), step_up) {
        (Reason::TokenMissing, ..) => None,
        (_, Some(error), _) => Some(error),
        (_, None, Some(_)) => Some(OAuthError::InsufficientScope),
        (_, None, None) => return None,
    };
    let login = (error == Some(OAuthError::InsufficientUserAuthentication)).then(|| login(agent, step_up));
    let acr_values = login.as_ref().and_then(LoginNeeds::acr_values);
    let max_age = login.as_ref().and_then(LoginNeeds::max_age);
    let scope = match (error, step_up) {
        (Some(OAuthError::InvalidRequest), _) => None,
        (Some(OAuthError::InvalidToken | OAuthError::InvalidDpopProof | OAuthError::UseDpopNonce), _)
        | (_, None) => scope(agent.entry.rules.scopes.listed()),
        (
            None | Some(OAuthError::InsufficientScope | OAuthError::InsufficientUserAuthentication),
            Some(step_up),
        ) => scope(step_up.scopes.split(' ')),
    };
    let metadata = metadata();
    let line = |scheme, error: Option<OAuthError>, algs: Option<&str>| {
        let description = error.and_then(|_| description(reason));
        written(
            scheme,
            &[
                ("realm", Some(agent.name.as_str())),
                ("error", error.map(OAuthError::as_str)),
                ("error_description", description),
                ("algs", algs),
                ("acr_values", acr_values.as_deref()),
                ("max_age", max_age.as_deref()),
                ("scope", scope.as_deref()),
                ("resource_metadata", metadata.as_deref()),
            ],
        )
    };
    let algs = policy.bound_tokens.dpop().map(|dpop| algorithms(dpop.algorithms));
    let by_proof = algs.map(|algs| line("DPoP", error, Some(&algs)));
    let (value, second) = match by_proof {
        Some(by_proof) if policy.bound_tokens.requires_dpop() => (by_proof?, None),
        by_proof => {
            let of_token = error.filter(|error| !error.is_of_proof());
            (line("Bearer", of_token, None)?, by_proof.flatten())
        }
    };
    Some(Challenge { value, second, error, scope })
}

/// Algorithms as a challenge lists them (RFC 9449 section 7.1).
fn algorithms(algorithms: AlgorithmSet) -> String {
    algorithms.iter().map(Algorithm::as_str).collect::<Vec<_>>().join(" ")
}

/// The login that is needed: for the operation, else for the agent.
fn login(agent: &Agent, step_up: Option<&StepUp>) -> LoginNeeds {
    match step_up {
        Some(step_up) => step_up.login.clone(),
        None => LoginNeeds::of(agent.entry.requirements.iter().map(|required| &required.login)),
    }
}

/// What people read of the error, where its code is not enough. The same for each request with that reason.
const fn description(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::TokenExpired => Some("The access token expired"),
        Reason::AcrInsufficient => Some("A different authentication level is required"),
        Reason::AuthTooOld => Some("More recent authentication is required"),
        Reason::NonceRequired => Some("Resource server requires nonce in DPoP proof"),
        Reason::Ok
        | Reason::NoRoute
        | Reason::TokenMissing
        | Reason::MultipleTokens
        | Reason::TokenMalformed
        | Reason::TokenTooLarge
        | Reason::AlgNotAllowed
        | Reason::TypMismatch
        | Reason::IssuerUnknown
        | Reason::IssuerNotAllowed
        | Reason::ExpMissing
        | Reason::NotYetValid
        | Reason::LifetimeTooLong
        | Reason::AudienceMismatch
        | Reason::BindingRequired
        | Reason::KeyUnknown
        | Reason::SignatureInvalid
        | Reason::Revoked
        | Reason::TokenInactive
        | Reason::ScopeMissing
        | Reason::ClaimMismatch
        | Reason::KeysUnavailable
        | Reason::IntrospectionUnavailable
        | Reason::ApiKeyMissing
        | Reason::ApiKeyInvalid
        | Reason::ApiKeyExpired
        | Reason::ApiKeyRevoked
        | Reason::OperationDenied
        | Reason::McpHeaderMismatch
        | Reason::McpBatch
        | Reason::McpBody
        | Reason::OriginDenied
        | Reason::SessionForeign
        | Reason::PushDenied
        | Reason::RateLimited
        | Reason::ConcurrencyLimited
        | Reason::QuotaSpent
        | Reason::LimitsUnavailable
        | Reason::ProfileMismatch
        | Reason::ClientNotAllowed
        | Reason::ActorNotAllowed
        | Reason::ProofMissing
        | Reason::ProofMalformed
        | Reason::ProofMismatch
        | Reason::ProofStale
        | Reason::ProofReplayed
        | Reason::ProofMemoryFull
        | Reason::CertificateMissing
        | Reason::CertificateMismatch => None,
    }
}

/// The scopes that a client should ask for, none twice; `None` where there is none.
fn scope<'s>(needed: impl Iterator<Item = &'s str>) -> Option<String> {
    let scopes = requested_scopes(needed);
    (!scopes.is_empty()).then(|| scopes.join(" "))
}

/// A challenge with those parameters that have a value. Names, codes, scopes and URLs are visible ASCII without quotes and
/// backslashes, so the text is always a header value.
fn written(scheme: &str, parameters: &[(&str, Option<&str>)]) -> Option<HeaderValue> {
    let written = parameters.iter().filter_map(|(name, value)| Some(format!("{name}=\"{}\"", (*value)?)));
    HeaderValue::from_str(&format!("{scheme} {}", written.collect::<Vec<_>>().join(", "))).ok()
}

/// The sentence for the client. A client without an API key learns the name of the header: that is no secret, and the
/// standard challenge has no place for it.
#[must_use]
pub fn detail(reason: Reason, agent: &Agent) -> Cow<'static, str> {
    match (reason, &agent.authenticator) {
        (Reason::ApiKeyMissing, Authenticator::ApiKey(policy)) => {
            format!("This agent asks for an API key in the header {}.", policy.header).into()
        }
        (Reason::TokenMissing, Authenticator::Public) => {
            "The extended card is for authenticated callers, and this agent takes no credential.".into()
        }
        _ => Refusal::Decided(reason).detail().into(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::{Files, Snapshot, Source, compile, parse};
    use crate::telemetry::Metrics;

    const CONFIG: &str = "
version: 1
identity_providers: { corp: { issuer: 'https://corp.example' } }
agents:
  plain: { route: /plain, upstream: 'http://127.0.0.1:9', auth: { oauth: { identity_providers: [corp], audiences: [a] } } }
  scoped:
    route: /scoped
    upstream: http://127.0.0.1:9
    auth:
      oauth:
        identity_providers: [corp]
        audiences: [a]
        scopes: { all_of: [read, offline_access, 'x=y'], any_of: [write, read] }
  stepped:
    route: /stepped
    upstream: http://127.0.0.1:9
    auth:
      oauth:
        identity_providers: [corp]
        audiences: [a]
        scopes: { all_of: [read] }
        require: { acr_values: [urn:gold, silver], max_auth_age: 90s, amr_any: [otp] }
  aged: { route: /aged, upstream: 'http://127.0.0.1:9', auth: { oauth: { identity_providers: [corp], audiences: [a], require: { max_auth_age: 1h } } } }
  methods: { route: /methods, upstream: 'http://127.0.0.1:9', auth: { oauth: { identity_providers: [corp], audiences: [a], require: { amr_any: [otp] } } } }
  keyed: { route: /keyed, upstream: 'http://127.0.0.1:9', auth: { api_key: {} } }
  open: { route: /open, upstream: 'http://127.0.0.1:9', auth: public }
";
    const METADATA: &str = "https://gate.example/.well-known/oauth-protected-resource/a%3Db";

    fn agent(name: &str) -> Arc<Agent> {
        let document = parse(&[Source::new("a.yaml", CONFIG)], &|_| None).unwrap();
        let Snapshot { agents, .. } =
            compile(&document, &Files::new(), None, &Metrics::new().unwrap()).unwrap().snapshot;
        agents.into_values().find(|agent| agent.name.as_str() == name).unwrap()
    }

    /// What clients read of a challenge.
    #[derive(Debug, Default, PartialEq)]
    struct Seen<'c> {
        error: Option<&'c str>,
        scope: Option<&'c str>,
        metadata: Option<&'c str>,
    }

    /// What `NAME=(?:"([^"]+)"|([^\s,]+))` finds first, as the TypeScript SDK 1.x and the Python SDK search for it.
    fn first<'c>(challenge: &'c str, name: &str) -> Option<&'c str> {
        let found = |at: usize| {
            let rest = challenge.get(at + name.len()..)?.strip_prefix('=')?;
            let quoted = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')).map(|(value, _)| value);
            let bare = rest.split([' ', ',']).next();
            quoted.filter(|value| !value.is_empty()).or(bare).filter(|value| !value.is_empty())
        };
        challenge.match_indices(name).find_map(|(at, _)| found(at))
    }

    /// What they read if its first word is `Bearer`, and the field has another word behind it.
    fn read(challenge: &str) -> Option<Seen<'_>> {
        let (scheme, rest) = challenge.split_once(' ')?;
        (scheme.eq_ignore_ascii_case("bearer") && !rest.is_empty()).then(|| Seen {
            error: first(challenge, "error"),
            scope: first(challenge, "scope"),
            metadata: first(challenge, "resource_metadata"),
        })
    }

    #[test]
    fn challenges_are_these_to_the_byte_and_clients_read_in_them_what_is_meant() {
        let long = format!(", resource_metadata=\"{METADATA}\"");
        for (name, reason, step_up, wanted, error, scope) in [
            ("plain", Reason::TokenMissing, None, "Bearer realm=\"plain\"", None, None),
            (
                "plain",
                Reason::MultipleTokens,
                None,
                "Bearer realm=\"plain\", error=\"invalid_request\"",
                Some("invalid_request"),
                None,
            ),
            (
                "plain",
                Reason::SignatureInvalid,
                None,
                "Bearer realm=\"plain\", error=\"invalid_token\"",
                Some("invalid_token"),
                None,
            ),
            (
                "plain",
                Reason::ClaimMismatch,
                Some("tools:delete offline_access tools:delete"),
                "Bearer realm=\"plain\", error=\"insufficient_scope\", scope=\"tools:delete\"",
                Some("insufficient_scope"),
                Some("tools:delete"),
            ),
            (
                "scoped",
                Reason::TokenMissing,
                None,
                "Bearer realm=\"scoped\", scope=\"read x=y write\"",
                None,
                Some("read x=y write"),
            ),
            (
                "scoped",
                Reason::TokenMissing,
                Some("read write tools:delete"),
                "Bearer realm=\"scoped\", scope=\"read write tools:delete\"",
                None,
                Some("read write tools:delete"),
            ),
            (
                "scoped",
                Reason::MultipleTokens,
                None,
                "Bearer realm=\"scoped\", error=\"invalid_request\"",
                Some("invalid_request"),
                None,
            ),
            (
                "scoped",
                Reason::TokenExpired,
                None,
                "Bearer realm=\"scoped\", error=\"invalid_token\", error_description=\"The access token expired\", scope=\"read x=y write\"",
                Some("invalid_token"),
                Some("read x=y write"),
            ),
            (
                "scoped",
                Reason::ScopeMissing,
                None,
                "Bearer realm=\"scoped\", error=\"insufficient_scope\", scope=\"read x=y write\"",
                Some("insufficient_scope"),
                Some("read x=y write"),
            ),
            (
                "scoped",
                Reason::ScopeMissing,
                Some("read x=y write tool"),
                "Bearer realm=\"scoped\", error=\"insufficient_scope\", scope=\"read x=y write tool\"",
                Some("insufficient_scope"),
                Some("read x=y write tool"),
            ),
            (
                "stepped",
                Reason::AcrInsufficient,
                None,
                "Bearer realm=\"stepped\", error=\"insufficient_user_authentication\", error_description=\"A different authentication level is required\", acr_values=\"urn:gold silver\", max_age=\"90\", scope=\"read\"",
                Some("insufficient_user_authentication"),
                Some("read"),
            ),
            (
                "stepped",
                Reason::AuthTooOld,
                None,
                "Bearer realm=\"stepped\", error=\"insufficient_user_authentication\", error_description=\"More recent authentication is required\", acr_values=\"urn:gold silver\", max_age=\"90\", scope=\"read\"",
                Some("insufficient_user_authentication"),
                Some("read"),
            ),
            (
                "stepped",
                Reason::TokenMissing,
                None,
                "Bearer realm=\"stepped\", scope=\"read\"",
                None,
                Some("read"),
            ),
            (
                "aged",
                Reason::AuthTooOld,
                None,
                "Bearer realm=\"aged\", error=\"insufficient_user_authentication\", error_description=\"More recent authentication is required\", max_age=\"3600\"",
                Some("insufficient_user_authentication"),
                None,
            ),
            (
                "methods",
                Reason::AcrInsufficient,
                None,
                "Bearer realm=\"methods\", error=\"insufficient_user_authentication\", error_description=\"A different authentication level is required\"",
                Some("insufficient_user_authentication"),
                None,
            ),
            (
                "plain",
                Reason::ProfileMismatch,
                None,
                "Bearer realm=\"plain\", error=\"invalid_token\"",
                Some("invalid_token"),
                None,
            ),
        ] {
            let step_up = step_up.map(|scopes: &str| StepUp { scopes: scopes.into(), ..StepUp::default() });
            let step_up = step_up.as_ref();
            let made = challenge(reason, &agent(name), step_up, || Some(METADATA.to_owned())).unwrap();
            let text = made.value.to_str().unwrap();
            assert_eq!(text, format!("{wanted}{long}"), "{reason}");
            assert_eq!(read(text), Some(Seen { error, scope, metadata: Some(METADATA) }), "{text}");
            assert_eq!((made.error.map(OAuthError::as_str), made.scope.as_deref()), (error, scope), "{text}");
            let bare = challenge(reason, &agent(name), step_up, || None).unwrap();
            assert_eq!(bare.value.to_str().unwrap(), wanted, "{reason}");
        }
    }

    #[test]
    fn another_credential_is_asked_for_only_where_it_could_change_something() {
        for reason in Reason::ALL {
            let asked = |name| challenge(reason, &agent(name), None, || None).is_some();
            let by_status = matches!(reason.status(), 400 | 401) || reason == Reason::ScopeMissing;
            let of_a_key = reason.as_str().starts_with("api_key");
            let of_a_message = reason.as_str().starts_with("mcp_") || reason == Reason::PushDenied;
            assert_eq!(asked("plain"), by_status && !of_a_key && !of_a_message, "{reason}");
            // Nothing but the extended card of A2A has that reason there.
            assert_eq!(asked("open"), reason == Reason::TokenMissing, "{reason}");
            if of_a_key || reason == Reason::MultipleTokens {
                let keyed = challenge(reason, &agent("keyed"), None, || None).unwrap();
                assert_eq!(keyed.value, "ApiKey realm=\"keyed\"", "{reason}");
            }
        }
    }
}
