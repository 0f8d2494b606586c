//! The A2A side of an agent: its card and where that is asked for, and what the gateway reads of its messages.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;

use crate::model::{CardSignature, CardSource, Digest, Live};
use crate::protocol::a2a::PushHosts;
use crate::protocol::a2a::card::{
    CardError, CardPolicy, CardText, CardWarning, Sign, has_signature, rewrite,
};

use super::card_seen::CardSeen;

/// The names under which clients ask for a card, below the base of the agent (A2A 1.0 section 8.2, and that of 0.2).
pub const CARD_PATHS: [&str; 2] = ["/.well-known/agent-card.json", "/.well-known/agent.json"];
/// The A2A side of an agent.
#[derive(Debug)]
pub struct A2aAgent {
    /// How its card is made.
    pub plan: CardPlan,
    /// The card that is served now.
    pub card: Live<CardState>,
    /// What operators know of it.
    pub seen: Live<CardSeen>,
    /// The longest message that is read, in bytes.
    pub max_message: usize,
    /// The hosts that it may send push notifications to.
    pub push_hosts: PushHosts,
}

/// How a card is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardPlan {
    /// What it is made from.
    pub origin: CardOrigin,
    /// What it has to say.
    pub policy: CardPolicy,
}

/// What a card is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardOrigin {
    /// The agent's card, rewritten.
    Rewrite,
    /// The agent's card, as it is.
    Passthrough,
    /// This text.
    File(Arc<str>),
}

/// What is served as a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardState {
    /// None was had from the agent yet.
    Absent,
    /// The agent's card is one that must not be served.
    Refused,
    /// This.
    Served(ServedCard),
}

/// A card, ready to be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedCard {
    text: CardText,
    /// The card under the configured public URL; `None` where only a request says the base.
    fixed: Option<CardBody>,
    /// What became of its signatures.
    pub signature: CardSignature,
}

/// The body of a card, and its entity tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardBody {
    /// The JSON.
    pub body: Bytes,
    /// Its digest (RFC 9110 section 8.8.3).
    pub etag: HeaderValue,
}

impl A2aAgent {
    /// An agent whose card is made so, with messages of at most so many bytes, which may send push notifications there.
    #[must_use]
    pub fn new(plan: CardPlan, max_message: usize, push_hosts: PushHosts) -> Self {
        let card = match &plan.origin {
            CardOrigin::File(text) => {
                let signature = signature(text.as_bytes()).unwrap_or(CardSignature::None);
                CardState::Served(ServedCard::new(CardText::verbatim(text), &plan.policy, signature))
            }
            CardOrigin::Rewrite | CardOrigin::Passthrough => CardState::Absent,
        };
        let seen = Live::new(CardSeen::default());
        Self { plan, card: Live::new(card), seen, max_message, push_hosts }
    }
}

impl CardPlan {
    /// The word for where the card is from.
    #[must_use]
    pub const fn source(&self) -> CardSource {
        match self.origin {
            CardOrigin::Rewrite => CardSource::Rewrite,
            CardOrigin::Passthrough => CardSource::Passthrough,
            CardOrigin::File(_) => CardSource::File,
        }
    }

    /// The card that is made from the agent's, and what an operator should look at.
    ///
    /// # Errors
    /// When the agent's card cannot be read, must not be served, or cannot be signed.
    pub fn made_from(
        &self,
        upstream: &[u8],
        sign: &Sign<'_>,
    ) -> Result<(ServedCard, Vec<CardWarning>), CardError> {
        match self.origin {
            CardOrigin::Rewrite => {
                let made = rewrite(upstream, &self.policy, sign)?;
                Ok((ServedCard::new(made.text, &self.policy, made.signature), made.warnings))
            }
            CardOrigin::Passthrough | CardOrigin::File(_) => {
                let signature = signature(upstream)?;
                let text = CardText::verbatim(&String::from_utf8_lossy(upstream));
                Ok((ServedCard::new(text, &self.policy, signature), Vec::new()))
            }
        }
    }
}

fn signature(card: &[u8]) -> Result<CardSignature, CardError> {
    Ok(if has_signature(card)? { CardSignature::Passed } else { CardSignature::None })
}

impl ServedCard {
    fn new(text: CardText, policy: &CardPolicy, signature: CardSignature) -> Self {
        let base = match &policy.base {
            Some(base) => Some(base.as_str()),
            None => text.is_verbatim().then_some(""),
        };
        let fixed = base.map(|base| CardBody::new(text.under(base)));
        Self { text, fixed, signature }
    }

    /// The card, where it is the same for all requests.
    #[must_use]
    pub const fn fixed(&self) -> Option<&CardBody> {
        self.fixed.as_ref()
    }

    /// The card under a base that a request has said.
    #[must_use]
    pub fn under(&self, base: &str) -> CardBody {
        CardBody::new(self.text.under(base))
    }
}

impl CardBody {
    fn new(text: String) -> Self {
        let digest = Digest::of(text.as_bytes()).to_hex();
        // 32 of 64 digits: two versions of one card never share them by chance.
        let tag = format!("\"{}\"", digest.get(..32).unwrap_or(&digest));
        let etag = HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""));
        Self { body: text.into(), etag }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::a2a::card::{Access, Signatures};

    fn plan(origin: CardOrigin, base: Option<&str>) -> CardPlan {
        let policy = CardPolicy {
            base: base.map(str::to_owned),
            route: "/a".to_owned(),
            upstream_paths: vec![String::new()],
            upstream_authority: "127.0.0.1:9".to_owned(),
            access: Access::Public,
            signatures: Signatures::Strip,
            keys_url: None,
        };
        CardPlan { origin, policy }
    }

    #[test]
    fn a_card_has_its_base_from_the_configuration_or_from_a_request() {
        let upstream = br#"{"url":"http://127.0.0.1:9/rpc"}"#;
        let (with, _) =
            plan(CardOrigin::Rewrite, Some("https://g.example/a")).made_from(upstream, &|_| None).unwrap();
        let fixed = with.fixed().unwrap();
        assert!(fixed.body.starts_with(br#"{"url":"https://g.example/a/rpc""#));
        let (without, _) = plan(CardOrigin::Rewrite, None).made_from(upstream, &|_| None).unwrap();
        assert_eq!(without.fixed(), None);
        assert_eq!(without.under("https://g.example/a"), *fixed);
        assert_ne!(without.under("https://h.example/a").etag, fixed.etag);
        let (passed, _) = plan(CardOrigin::Passthrough, None).made_from(upstream, &|_| None).unwrap();
        assert_eq!(&passed.fixed().unwrap().body[..], upstream);
        assert!(plan(CardOrigin::Passthrough, None).made_from(b"<html>", &|_| None).is_err());
    }
}
