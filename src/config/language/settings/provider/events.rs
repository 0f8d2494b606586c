//! `events` of an identity provider: on which ways it tells of its users' credentials, and for whom its tokens are.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::super::super::fields::Fields;
use super::super::super::section::section;
use super::super::super::shape::Shape;
use super::super::super::value::{Boxed, Placed, Value};
use super::super::super::values::{ExactText, FilePath, Flag, SomeList, Time, bad_url, some_text, words};
use super::super::super::web;
use super::ProviderSettings;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Spanned;
use crate::config::text::yaml::{Kind, Node, Scalar};
use crate::events::SessionScope;

const SECOND: u64 = 1_000;
const HOUR: u64 = 3600 * SECOND;

section! {
    /// `events` of an identity provider
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Events = "`events`" {
        /// take security event tokens that are pushed (RFC 8935) to /.portcullis/events/NAME at any listener for agents
        push: Option<Box<EventPush>> as Boxed<EventPush>;
        /// ask for security event tokens (RFC 8936)
        poll: Option<Box<EventPoll>> as Boxed<EventPoll>;
        /// take logout tokens (OpenID Connect Back-Channel Logout) at the same address: the client for which they are, or
        /// several; true: those that are audiences of `push` or of the agents that accept the provider
        backchannel_logout: Option<Spanned<LogoutAudience>> as Placed<LogoutAudience>;
        /// what an event about one session of a user ends: session: the tokens with its `sid`, or user: all tokens of the
        /// user, where access tokens have no `sid`
        ends: SessionScope as SessionScope = SessionScope::Session;
    }
    impl {
        fn check(fields: &Fields<'_>, _read: Option<&Self>) {
            if !["push", "poll", "backchannel_logout"].into_iter().any(|way| fields.has(way)) {
                let message = "`events` does not say how events come";
                let help = "add one of `push`, `poll` and `backchannel_logout`, or remove `events`";
                fields.report().say(Code::MissingField, fields.owner(), message, help);
            }
        }
    }
}

words!(SessionScope { Session = "session", User = "user" });

section! {
    /// `events.push`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct EventPush = "`push`" {
        /// `aud` of a token must name this, or one of these
        audience: Vec<String> as OneOrMore, required;
        /// a file with the `Authorization` that the transmitter shows; one word is a bearer token; read again when it changes
        authorization_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
    }
}

section! {
    /// `events.poll`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct EventPoll = "`poll`" {
        /// the polling endpoint of the transmitter
        endpoint: Spanned<Url> as Placed<PollUrl>, required;
        /// a file with the bearer token to show there, or with a whole `Authorization`; read again when it changes
        token_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
        /// how often to ask
        interval: Duration as Time<SECOND, HOUR> = Duration::from_secs(15);
        /// `aud` of a token must name this, or one of these; default the audiences of `push`, and of the agents that accept
        /// the provider
        audience: Vec<String> as OneOrMore = Vec::new();
    }
}

/// For whom logout tokens are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogoutAudience {
    /// None are taken.
    Off,
    /// For whom other tokens of the provider are.
    Usual,
    /// For these clients.
    Clients(Vec<String>),
}

impl Value for LogoutAudience {
    type Read = Self;
    const SHAPE: Shape = Shape::AnyOf(&[Shape::Bool, Shape::SomeText, Shape::SomeList(&Shape::SomeText)]);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        let is_flag = |scalar: &Scalar| {
            (scalar.plain || scalar.from_env) && matches!(scalar.text.as_str(), "true" | "false")
        };
        if matches!(&node.kind, Kind::Scalar(scalar) if is_flag(scalar)) {
            return Flag::read(report, node).map(|on| if on { Self::Usual } else { Self::Off });
        }
        OneOrMore::read(report, node).map(Self::Clients)
    }
}

/// One text, or a list of some.
pub(super) enum OneOrMore {}

impl Value for OneOrMore {
    type Read = Vec<String>;
    const SHAPE: Shape = Shape::AnyOf(&[Shape::SomeText, Shape::SomeList(&Shape::SomeText)]);

    fn read(report: &Report<'_>, node: &Node) -> Option<Vec<String>> {
        match &node.kind {
            Kind::List(_) => SomeList::<ExactText>::read(report, node),
            Kind::Scalar(_) | Kind::Map(_) => ExactText::read(report, node).map(|one| vec![one]),
        }
    }
}

const NOT_ASKED: &str = "this URL cannot be asked for events";

/// The URL of a polling endpoint, where plain HTTP is allowed.
pub(super) enum PollUrl {}

impl Value for PollUrl {
    type Read = Url;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Url> {
        let text = some_text(report, node)?;
        web::fetch_url(&text, true).map_err(|help| bad_url(report, node, &text, NOT_ASKED, help)).ok()
    }
}

/// A polling endpoint is asked over HTTPS, as keys are fetched; and a trust domain has no users of whom it could tell.
pub(super) fn check(fields: &Fields<'_>, provider: &ProviderSettings) {
    let Some(events) = &provider.events else { return };
    if provider.spiffe.is_some()
        && let Some((place, _)) = fields.entry("events")
    {
        let message = "a trust domain issues JWT-SVIDs alone, and tells of nobody";
        fields.report().say(Code::ProtocolBlock, place, message, "remove `events`");
    }
    if let Some(poll) = &events.poll
        && let Err(help) = web::fetch_url(poll.endpoint.as_str(), provider.insecure_http)
    {
        fields.report().say(Code::BadUrl, poll.endpoint.place, NOT_ASKED, help);
    }
}

impl Events {
    /// The files that it names.
    pub(in crate::config) fn files(&self) -> impl Iterator<Item = &Spanned<PathBuf>> {
        let push = self.push.as_ref().and_then(|push| push.authorization_file.as_ref());
        let poll = self.poll.as_ref().and_then(|poll| poll.token_file.as_ref());
        push.into_iter().chain(poll)
    }
}
