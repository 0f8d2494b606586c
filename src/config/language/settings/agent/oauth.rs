//! `auth.oauth`: callers bring a token.

use std::time::Duration;

use http::HeaderName;

use super::super::super::fields::{Fields, entries};
use super::super::super::section::section;
use super::super::super::shape::Shape;
use super::super::super::value::{Boxed, Placed, Value};
use super::super::super::values::{
    CredentialHeader, ExactText, List, Prefix, SettableHeader, SomeList, Time, header_conflict, words,
};
use super::super::super::web;
use super::audience::{self, AudienceKind};
use super::sender_constraint::{BindingMode, SenderConstraint};
use super::token_places::TokenPlaces;
use super::{ClaimRules, Known, NameOf, Require, Scopes};
use crate::authn::{AudienceClaim, ForwardToken, TokenLocation};
use crate::authz::NonAscii;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Spanned};
use crate::config::text::yaml::{Kind, Node};
use crate::model::{ProviderName, reduced};

const SECOND: u64 = 1_000;
const YEAR: u64 = 366 * 86_400 * SECOND;

section! {
    /// `auth.oauth`
    #[derive(Debug, Clone, PartialEq)]
    pub struct OAuth = "`oauth`" {
        /// whose tokens are accepted: names of `identity_providers`
        identity_providers: Vec<Spanned<ProviderName>> as SomeList<Placed<NameOf<ProviderName>>>, required;
        /// `aud` must name one of these; empty does not check the audience, but for an agent that speaks MCP
        audiences: Vec<String> as List<ExactText> = Vec::new();
        /// whether, at an agent that speaks MCP, the forms of its URL under `public_url` are audiences too: resource, or
        /// custom: those of `audiences` alone
        audience: AudienceKind as AudienceKind = AudienceKind::Resource;
        /// the claim that names the audience: aud, or client_id where tokens have no `aud`
        audience_claim: AudienceClaim as AudienceClaim = AudienceClaim::Aud;
        /// other places of the token: websocket_protocol, `query: NAME`, `cookie: NAME`
        also: Box<[TokenLocation]> as TokenPlaces = Box::default();
        /// the request header with the token
        header: HeaderName as CredentialHeader = http::header::AUTHORIZATION;
        /// the word before the token; "" is the bare token
        prefix: String as Prefix = "Bearer".to_owned();
        /// send the header to the agent as it came, or the token in another header
        forward_token: ForwardToken as ForwardToken = ForwardToken::No;
        /// what is wanted although it is dangerous: token_passthrough: `forward_token` at an agent that speaks MCP
        i_know: Vec<Known> as List<Known> = Vec::new();
        /// scopes that the token must have
        scopes: Scopes as Scopes = Scopes::default();
        /// claims that the token must have
        claims: ClaimRules as ClaimRules = ClaimRules::default();
        /// what a token must be besides: how and when the user logged in, for which client, who acts for the user
        require: Option<Box<Require>> as Boxed<Require>;
        /// claims that the agent gets as headers: claim to header name
        claim_headers: Box<[(String, HeaderName)]> as ClaimHeaders = Box::default();
        /// a claim for a header that is not ASCII: refuse the caller, omit the header, or write it into a second one,
        /// `NAME*`, as RFC 8187 says
        claim_header_text: NonAscii as NonAscii = NonAscii::Refuse;
        /// the longest `exp` - `iat`; default not limited
        max_token_lifetime: Option<Duration> as Time<SECOND, { 10 * YEAR }>;
        /// tokens that are bound to a key or a certificate of their holder; default: they are refused
        sender_constraint: Option<Box<SenderConstraint>> as Boxed<SenderConstraint>;
    }
    impl {
        fn check(fields: &Fields<'_>, read: Option<&Self>) {
            audience::refuse_custom_without_any(fields);
            if let Some(oauth) = read {
                refuse_claims_in_the_credential(fields, oauth);
                look_at_forwarding(fields, oauth);
                refuse_proofs_elsewhere(fields, oauth);
            }
        }
    }
}

words!(AudienceClaim { Aud = "aud", ClientId = "client_id" });
words!(NonAscii { Refuse = "refuse", Omit = "omit", Encode = "rfc8187" });

fn refuse_claims_in_the_credential(fields: &Fields<'_>, oauth: &OAuth) {
    let Some(Kind::Map(claims)) = fields.node("claim_headers").map(|node| &node.kind) else { return };
    for (_, node) in claims {
        let credential = reduced(oauth.header.as_str());
        if matches!(&node.kind, Kind::Scalar(name) if reduced(&name.text) == credential)
            && !web::is_ours(oauth.header.as_str())
        {
            let message = format!("{} is the header of the credential", node.shown());
            fields.report().say(Code::HeaderConflict, node.place, message, ANOTHER_HEADER);
        }
    }
}

fn look_at_forwarding(fields: &Fields<'_>, oauth: &OAuth) {
    let Some(node) = fields.node("forward_token").filter(|_| oauth.forward_token != ForwardToken::No) else {
        return;
    };
    if let ForwardToken::Moved { header, .. } = &oauth.forward_token {
        let spelled = reduced(header.as_str());
        if oauth.claim_headers.iter().any(|(_, other)| reduced(other.as_str()) == spelled) {
            let place = node.member("header").map_or(node.place, |header| header.place);
            header_conflict(fields.report(), place, header, "is set from a claim already");
            return;
        }
    }
    let message = "the agent receives its callers' tokens and could use them elsewhere";
    let help = "hand over single claims with `claim_headers`";
    fields.report().say(Code::TokenForwarded, node.place, message, help);
}

/// Refuses proofs at an agent that reads its token elsewhere than RFC 9449 section 7.1 puts it.
fn refuse_proofs_elsewhere(fields: &Fields<'_>, oauth: &OAuth) {
    let Some(constraint) = oauth.sender_constraint.as_deref() else { return };
    let is_usual = oauth.header == http::header::AUTHORIZATION && oauth.prefix.eq_ignore_ascii_case("Bearer");
    if is_usual || constraint.dpop_mode() == BindingMode::Off {
        return;
    }
    let Some((place, _)) = fields.entry("header").or_else(|| fields.entry("prefix")) else { return };
    let message =
        "a token with a proof comes as `Authorization: DPoP TOKEN`, and this agent reads another place";
    let help = "remove `header` and `prefix`, or turn `sender_constraint.dpop` off";
    fields.report().say(Code::BindingConflict, place, message, help);
}

const ANOTHER_HEADER: &str =
    "choose a header of its own, such as `X-Caller-Sub`; `_`, `.`, `-` and case make no difference";

/// Claims, and the header of each.
enum ClaimHeaders {}

impl Value for ClaimHeaders {
    type Read = Box<[(String, HeaderName)]>;
    const SHAPE: Shape = Shape::Map(r"\S", &SettableHeader::SHAPE);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        let mut taken: Vec<(String, Place)> = Vec::new();
        let mut headers = Vec::new();
        for (claim, node) in entries(report, "`claim_headers`", node)? {
            if claim.text.trim().is_empty() {
                let help = "write claim and header: `sub: X-Sub`";
                report.say(Code::BadClaim, claim.place, "a claim has a name", help);
            }
            let Some(name) = SettableHeader::read(report, node) else { continue };
            if web::is_ours(name.as_str()) {
                let message = format!("{} is a header that the gateway writes itself", node.shown());
                report.say(Code::HeaderConflict, node.place, message, ANOTHER_HEADER);
                continue;
            }
            let spelled = reduced(name.as_str());
            if let Some((_, first)) = taken.iter().find(|(other, _)| *other == spelled) {
                let message = "two claims are written into one header";
                let help = "choose another header; `_`, `.`, `-` and case make no difference";
                report.clash(Code::HeaderConflict, node.place, *first, message, help);
                continue;
            }
            taken.push((spelled, node.place));
            headers.push((claim.text.clone(), name));
        }
        Some(headers.into())
    }
}
