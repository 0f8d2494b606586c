//! `auth.oauth.require`: what a token must be beside its scopes and claims.

use std::time::Duration;

use super::super::super::section::section;
use super::super::super::shape::Shape;
use super::super::super::value::{Boxed, Value};
use super::super::super::values::{Count, ExactText, Flag, List, Time, words};
use crate::authz::{ClientPattern, TokenProfile};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::yaml::Node;

const SECOND: u64 = 1_000;
const YEAR: u64 = 366 * 86_400 * SECOND;

section! {
    /// `auth.oauth.require`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Require = "`require`" {
        /// `acr` must be one of these; no class counts as better than another
        acr_values: Vec<String> as List<AcrValue> = Vec::new();
        /// the longest time since the login of the user (`auth_time`); default not limited
        max_auth_age: Option<Duration> as Time<SECOND, YEAR>;
        /// `amr` must name one of these ways to log in
        amr_any: Vec<String> as List<ExactText> = Vec::new();
        /// any, or rfc9068: `typ` is at+jwt, and iss, exp, aud, sub, client_id, iat and jti are there
        token_profile: TokenProfile as TokenProfile = TokenProfile::Any;
        /// the clients that tokens may be issued to
        clients: Clients as Clients = Clients::default();
        /// who may act for the subject of a token (`act`); default not looked at
        actor: Option<Box<ActorSettings>> as Boxed<ActorSettings>;
    }
    impl { const STRICT: bool = true; }
}

section! {
    /// `auth.oauth.require.clients`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Clients = "`clients`", default {
        /// client ids, and `https://HOST/*` for all that begin so; empty admits every client that `deny` does not name
        allow: Vec<ClientPattern> as List<ClientPattern> = Vec::new();
        /// client ids that are refused, likewise, also where `allow` names them
        deny: Vec<ClientPattern> as List<ClientPattern> = Vec::new();
    }
    impl { const STRICT: bool = true; }
}

section! {
    /// `auth.oauth.require.actor`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ActorSettings = "`actor`" {
        /// the outermost actor must be one of these; empty admits all that the identity provider lets act
        allow: Vec<ActorName> as List<ActorName> = Vec::new();
        /// the most actors in the chain
        max_depth: usize as Count<1, 16> = 3;
        /// refuse tokens without an actor
        required: bool as Flag = false;
    }
    impl { const STRICT: bool = true; }
}

section! {
    /// One of `auth.oauth.require.actor.allow`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ActorName = "an actor" {
        /// `iss` of the actor; where `act` has none, that of the token
        issuer: String as ExactText, required;
        /// `sub` of the actor
        sub: String as ExactText, required;
    }
    impl { const STRICT: bool = true; }
}

words!(TokenProfile { Any = "any", Rfc9068 = "rfc9068" });

/// An authentication context class that a challenge can name (RFC 9470 section 3): one of a list with blanks in between, in
/// a quoted string in which nothing looks like a parameter of its own.
enum AcrValue {}

impl Value for AcrValue {
    type Read = String;
    const SHAPE: Shape = Shape::Pattern(r"^[!#-<>-\[\]-~]+$");

    fn read(report: &Report<'_>, node: &Node) -> Option<String> {
        let text = ExactText::read(report, node)?;
        let is_good = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b'=');
        if !text.bytes().all(is_good) {
            let message = format!("{} is not a class that a client could be told to ask for", node.shown());
            let help =
                "write one class per entry: printable ASCII without blanks, quotes, backslashes and `=`";
            report.say(Code::BadClaim, node.place, message, help);
            return None;
        }
        Some(text)
    }
}

impl Value for ClientPattern {
    type Read = Self;
    const SHAPE: Shape = Shape::Pattern(r"^([^*]*[^*\s][^*]*|https://[^*/@\\?# ]+/[^*]*\*)$");

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        let text = ExactText::read(report, node)?;
        let pattern = Self::parse(&text);
        if pattern.is_none() {
            let message = format!("{} is neither a client nor the beginning of one", node.shown());
            let help = "write the client id, or `https://HOST/*` for the clients whose ids begin so";
            report.say(Code::BadClaim, node.place, message, help);
        }
        pattern
    }
}
