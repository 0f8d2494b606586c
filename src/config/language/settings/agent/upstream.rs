//! `upstream` of an agent: where it runs, and what it is given.

use std::ops::Deref;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::super::super::section::section;
use super::super::super::shape::Shape;
use super::super::super::units::parse_duration;
use super::super::super::value::{Boxed, Placed, Value};
use super::super::super::values::{FilePath, Time, bad_url, some_text};
use super::super::super::web;
use super::set_headers::{SetHeader, SetHeaders};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Spanned;
use crate::config::text::yaml::{Kind, Node};

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;
const DAY: u64 = 24 * HOUR;

section! {
    /// `upstream`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Upstream = "`upstream`" {
        /// http:// or https://, a host, and perhaps a port and a path to put before that of the request; or
        /// unix:/run/agent.sock, and perhaps :/base
        url: Spanned<AgentUrl> as Placed<AgentUrl>, required;
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
        /// the `Host` that the agent gets: rewrite (the authority of `url`), preserve (the caller's), or a name
        host: UpstreamHost as UpstreamHost = UpstreamHost::Rewrite;
        /// headers that the agent gets with every request, set last: name to text, or to a file; never shown
        set_headers: Vec<SetHeader> as SetHeaders = Vec::new();
    }
    impl { const SHORT: Option<&'static str> = Some("url"); }
}

/// Where an agent listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentUrl {
    /// Scheme, host, port, and a canonical path without a slash at its end (but for `/` alone).
    pub url: Url,
    /// The unix socket over which that URL is spoken; its host is `localhost` then.
    pub socket: Option<Box<str>>,
}

impl Deref for AgentUrl {
    type Target = Url;

    fn deref(&self) -> &Url {
        &self.url
    }
}

impl Value for AgentUrl {
    type Read = Self;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        let text = some_text(report, node)?;
        let read = match web::socket_url(&text) {
            Some(read) => read.map(|read| Self { url: read.url, socket: Some(read.socket) }),
            None => web::upstream_url(&text).map(|url| Self { url, socket: None }),
        };
        read.map_err(|help| bad_url(report, node, &text, "this is not the URL of an agent", help)).ok()
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
