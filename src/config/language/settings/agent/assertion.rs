//! `assertion` of an agent: what the gateway tells it of its callers in a JWT of its own.

use std::time::Duration;

use http::HeaderName;

use super::super::super::fields::Fields;
use super::super::super::section::section;
use super::super::super::shape::Shape;
use super::super::super::value::{Placed, Value};
use super::super::super::values::{CredentialHeader, ExactText, Flag, List, Time, header_conflict, words};
use super::{AgentSettings, Auth};
use crate::authn::ForwardToken;
use crate::authz::{AssertedClaim, USUAL_HEADER};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Spanned};
use crate::config::text::yaml::Node;
use crate::model::{SigningAlgorithm, reduced_eq};

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;

section! {
    /// `assertion`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct AssertionSettings = "`assertion`" {
        /// the header in which the agent gets the assertion; callers' own are removed, at every agent
        header: Spanned<HeaderName> as Placed<CredentialHeader> = Spanned::new(USUAL_HEADER, Place::WHOLE);
        /// `aud`; default the origin of the agent's URL, where it has one
        audience: Option<String> as ExactText;
        /// what it says of a caller with a token: sub, client_id, scope, act.sub (the one who acts now), acr, or another
        /// top-level claim
        claims: Vec<AssertedClaim> as List<AssertedClaim> = AssertedClaim::usual();
        /// how long it is good, at most; never longer than the caller's credential
        ttl: Duration as Time<{ 5 * SECOND }, HOUR> = Duration::from_secs(60);
        /// whether requests of callers who have proven nothing have one, too
        on_public: bool as Flag = false;
        /// the algorithm of the signature; the gateway has a key for each that an agent names
        alg: Spanned<SigningAlgorithm> as Placed<SigningAlgorithm> = Spanned::new(SigningAlgorithm::Es256, Place::WHOLE);
    }
    impl { const STRICT: bool = true; }
}

words!(SigningAlgorithm { Es256 = "ES256", EdDsa = "EdDSA" });

impl Value for AssertedClaim {
    type Read = Self;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        let text = ExactText::read(report, node)?;
        let claim = Self::parse(&text);
        if claim.is_none() {
            let message = format!("{} is a claim that the gateway says itself, or none", node.shown());
            let help =
                "expected sub, client_id, scope, act.sub, acr, or another top-level claim of the token";
            report.say(Code::BadClaim, node.place, message, help);
        }
        claim
    }

    fn shown(read: &Self) -> Option<String> {
        Some(read.name().to_owned())
    }
}

/// Refuses a header that carries something else.
pub(super) fn check(fields: &Fields<'_>, agent: &AgentSettings) {
    let Some(assertion) = &agent.assertion else { return };
    let header = &assertion.header;
    let is = |other: &HeaderName| reduced_eq(other.as_str(), header.value.as_str());
    let other = match &agent.auth.value {
        Auth::OAuth(oauth) if is(&oauth.header) => Some("carries the token"),
        Auth::OAuth(oauth) if oauth.claim_headers.iter().any(|(_, header)| is(header)) => {
            Some("is set from a claim already")
        }
        Auth::OAuth(oauth) if matches!(&oauth.forward_token, ForwardToken::Moved { header, .. } if is(header)) => {
            Some("is the header in which the token goes on")
        }
        Auth::ApiKey(api_key) if is(&api_key.header) => Some("carries the API key"),
        Auth::OAuth(_) | Auth::ApiKey(_) | Auth::Public => None,
    };
    let set = agent.upstream.set_headers.iter().any(|set| is(&set.name.value));
    let other = other.or(set.then_some("is set by `set_headers` already"));
    if let Some(other) = other {
        let place = if header.place == Place::WHOLE { assertion.place } else { header.place };
        header_conflict(fields.report(), place, &header.value, other);
    }
}
