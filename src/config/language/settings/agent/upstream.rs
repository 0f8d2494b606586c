//! `upstream` of an agent: where it runs, and what it is given.

use std::path::PathBuf;
use std::time::Duration;

use super::super::super::fields::Fields;
use super::super::super::section::section;
use super::super::super::shape::Shape;
use super::super::super::units::parse_duration;
use super::super::super::value::{Boxed, Placed, Value};
use super::super::super::values::{Count, ExactHost, FilePath, Time, some_text, words};
use super::super::super::web;
use super::balance;
use super::eject::Eject;
use super::health::Health;
use super::retry::Retry;
use super::set_headers::{SetHeader, SetHeaders};
use super::targets::Targets;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Spanned;
use crate::config::text::yaml::{Kind, Node};
use crate::model::unbracketed;
use crate::upstream::{Affinity, Balance, HashBy, UpstreamProtocol};

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;
const DAY: u64 = 24 * HOUR;

section! {
    /// `upstream`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Upstream = "`upstream`" {
        /// where the agent runs
        targets: Targets as Targets, inline;
        /// how requests are spread over targets: least_in_flight (of two that are drawn the one with fewer requests under way),
        /// round_robin, or hash
        balance: Balance as Balance = Balance::LeastInFlight;
        /// what the requests have in common that go to one target: principal, address, header:NAME or cookie:NAME
        hash: Option<Box<HashBy>> as Boxed<HashBy>;
        /// what keeps requests at one target: none, mcp_session (a session of MCP stays where it began), principal, header:NAME or
        /// cookie:NAME; default none
        affinity: Option<Box<Affinity>> as Boxed<Affinity>;
        /// auto (HTTP/1.1 for http, what the server chooses for https), h1, h2 (https), or h2c (http)
        protocol: UpstreamProtocol as UpstreamProtocol = UpstreamProtocol::Auto;
        /// how long connecting may take
        connect_timeout: Duration as Time<1, { 600 * SECOND }> = Duration::from_secs(5);
        /// how long the head of the answer may take once the whole request is with the agent
        response_timeout: Duration as Time<1, DAY> = Duration::from_secs(60);
        /// ends an answer or a tunnel that has been silent for so long
        stream_idle_timeout: Option<Duration> as Silence = None;
        /// how long a kept connection may rest and still be used
        idle_timeout: Duration as Time<1, HOUR> = Duration::from_secs(30);
        /// a file with the certificates (PEM) that are trusted for this upstream, instead of the system's
        ca_file: Option<Box<Spanned<PathBuf>>> as Boxed<Placed<FilePath>>;
        /// the certificate (PEM) that is shown to the upstream, with its chain; needs `key_file`; a changed file is used by new
        /// connections
        cert_file: Option<Box<Spanned<PathBuf>>> as Boxed<Placed<FilePath>>;
        /// its private key
        key_file: Option<Box<Spanned<PathBuf>>> as Boxed<Placed<FilePath>>;
        /// the name that the upstream's certificate must have, and that is sent to it (SNI); default the host of its URL
        server_name: Option<Box<str>> as ServerName;
        /// the most requests under way at each target; default no limit but the agent's
        max_in_flight: Option<usize> as Count<1, { 1 << 20 }>;
        /// the most requests that wait for a place at a target; one more gets 503
        max_pending: usize as Count<0, { 1 << 16 }> = 0;
        /// when failures take a target out
        eject: Option<Box<Eject>> as Boxed<Eject>;
        /// active checks of each target; absent is none
        health: Option<Box<Health>> as Boxed<Health>;
        /// which requests may be sent again to another target, and how many
        retry: Option<Box<Retry>> as Boxed<Retry>;
        /// how long the share of a target grows that was added or has recovered; 0s is off
        slow_start: Duration as Time<0, HOUR> = Duration::from_secs(30);
        /// the `Host` that the agent gets: rewrite (the authority of `url`), preserve (the caller's), or a name
        host: UpstreamHost as UpstreamHost = UpstreamHost::Rewrite;
        /// headers that the agent gets with every request, set last: name to text, or to a file; never shown
        set_headers: Vec<SetHeader> as SetHeaders = Vec::new();
    }
    impl {
        const SHORT: Option<&'static str> = Some("url");

        fn check(fields: &Fields<'_>, read: Option<&Self>) {
            fields.both_or_none("cert_file", "key_file");
            balance::check(fields);
            if let Some(upstream) = read {
                check_scheme(fields, upstream);
            }
        }
    }
}

/// Refuses what the scheme of the URL cannot be spoken with, or would leave unused: a certificate that is shown to nobody and a
/// name that nobody verifies are mistakes.
fn check_scheme(fields: &Fields<'_>, upstream: &Upstream) {
    let is_tls = upstream.targets.url().scheme() == "https";
    let bad_protocol = match upstream.protocol {
        UpstreamProtocol::H2 if !is_tls => Some(("h2", "http", "h2c")),
        UpstreamProtocol::H2c if is_tls => Some(("h2c", "https", "h2")),
        UpstreamProtocol::Auto | UpstreamProtocol::H1 | UpstreamProtocol::H2 | UpstreamProtocol::H2c => None,
    };
    if let (Some((word, scheme, other)), Some(node)) = (bad_protocol, fields.node("protocol")) {
        let message = format!("`protocol: {word}` at an upstream whose URL says {scheme}");
        let help = format!("write `protocol: {other}`, or correct the URL");
        fields.report().say(Code::BadWord, node.place, message, help);
    }
    for name in ["cert_file", "server_name"] {
        if let Some((place, _)) = fields.entry(name).filter(|_| !is_tls) {
            let message = format!("`{name}` at an upstream without TLS");
            fields.report().say(Code::BadUrl, place, message, "write an https URL, or remove it");
        }
    }
}

words!(UpstreamProtocol { Auto = "auto", H1 = "h1", H2 = "h2", H2c = "h2c" });

/// A name in a certificate: a host, or an address.
enum ServerName {}

impl Value for ServerName {
    type Read = Box<str>;
    const SHAPE: Shape = ExactHost::SHAPE;

    fn read(report: &Report<'_>, node: &Node) -> Option<Box<str>> {
        ExactHost::read(report, node).map(|host| unbracketed(&host).into())
    }
}

/// How long something may say nothing: a duration, or `off`.
enum Silence {}

/// At most 30 days.
type Longest = Time<1, { 30 * DAY }>;

impl Value for Silence {
    type Read = Option<Duration>;
    const SHAPE: Shape = Shape::AnyOf(&[Shape::Word(&["off"]), Longest::SHAPE]);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        if let Kind::Scalar(scalar) = &node.kind {
            if scalar.text == "off" {
                return Some(None);
            }
            if let Err(help) = parse_duration(&scalar.text) {
                let text = format!("{} is neither a duration nor `off`", node.shown());
                report.say(Code::BadDuration, node.place, text, help);
                return None;
            }
        }
        Longest::read(report, node).map(Some)
    }

    fn shown(read: &Self::Read) -> Option<String> {
        match read {
            None => Some("off".to_owned()),
            Some(longest) => Longest::shown(longest),
        }
    }
}

/// `upstream.host`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamHost {
    /// `rewrite`: the authority of its URL.
    Rewrite,
    /// `preserve`: that of the caller.
    Preserve,
    /// A host, perhaps with a port.
    Name(String),
}

impl Value for UpstreamHost {
    type Read = Self;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        let text = some_text(report, node)?;
        match text.as_str() {
            "rewrite" => return Some(Self::Rewrite),
            "preserve" => return Some(Self::Preserve),
            _ => {}
        }
        let bad = |help| {
            let message = format!("{} is neither `rewrite` nor `preserve` nor a host", node.shown());
            report.say(Code::BadHost, node.place, message, help);
        };
        web::authority(&text).map(Self::Name).map_err(bad).ok()
    }

    fn shown(read: &Self) -> Option<String> {
        Some(match read {
            Self::Rewrite => "rewrite".to_owned(),
            Self::Preserve => "preserve".to_owned(),
            Self::Name(name) => name.clone(),
        })
    }
}
