//! `upstream` of an agent: where it runs, and what it is given.

use std::time::Duration;

use url::Url;

use super::super::document::{Upstream, UpstreamHost};
use super::super::fields::Fields;
use super::super::sections::UPSTREAM;
use super::super::units::parse_duration;
use super::super::value;
use super::super::web;
use super::provider::bad_url;
use super::set_headers;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Spanned;
use crate::config::text::yaml::{Kind, Node};

const MS: Duration = Duration::from_millis(1);

pub(super) fn read<'a>(report: &'a Report<'a>, node: &'a Node) -> Option<Upstream> {
    let (connect, response, idle) =
        (Duration::from_secs(5), Duration::from_secs(60), Duration::from_secs(30));
    let Kind::Map(_) = node.kind else {
        let place = place(report, node)?;
        return Some(Upstream {
            url: node.spanned(place.url),
            socket: place.socket,
            connect_timeout: connect,
            response_timeout: response,
            stream_idle_timeout: None,
            idle_timeout: idle,
            ca_file: None,
            host: UpstreamHost::Rewrite,
            set_headers: Vec::new(),
        });
    };
    let fields = Fields::open(report, &UPSTREAM, node.place, node)?;
    let place = fields.required("url", place);
    let time =
        |name, most| fields.optional(name, |r, n| value::duration(r, n, MS..=Duration::from_secs(most)));
    let connect_timeout = time("connect_timeout", 600);
    let response_timeout = time("response_timeout", 86_400);
    let silence = fields.optional("stream_idle_timeout", silence);
    let idle_timeout = time("idle_timeout", 3_600);
    let ca_file = fields.optional("ca_file", value::path);
    let host = fields.optional("host", host);
    let set_headers = fields.node("set_headers").map(|node| set_headers::read(report, node));
    fields.close();
    let Spanned { value: Place { url, socket }, place, from_env } = place?;
    Some(Upstream {
        url: Spanned::new(url, place).hidden(from_env),
        socket,
        connect_timeout: connect_timeout.map_or(connect, |d| d.value),
        response_timeout: response_timeout.map_or(response, |d| d.value),
        stream_idle_timeout: silence.and_then(|d| d.value),
        idle_timeout: idle_timeout.map_or(idle, |d| d.value),
        ca_file,
        host: host.map_or(UpstreamHost::Rewrite, |host| host.value),
        set_headers: set_headers.unwrap_or_default(),
    })
}

/// How long something may say nothing: a duration, or `off`.
#[expect(clippy::option_option, reason = "a reader's `None` is a value that is not sound")]
fn silence(report: &Report<'_>, node: &Node) -> Option<Option<Duration>> {
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
    value::duration(report, node, MS..=Duration::from_secs(30 * 86_400)).map(Some)
}

/// Where an agent listens.
struct Place {
    url: Url,
    socket: Option<Box<str>>,
}

fn place(report: &Report<'_>, node: &Node) -> Option<Place> {
    let text = value::some_text(report, node)?;
    let read = match web::socket_url(&text) {
        Some(read) => read.map(|read| Place { url: read.url, socket: Some(read.socket) }),
        None => web::upstream_url(&text).map(|url| Place { url, socket: None }),
    };
    match read {
        Ok(place) => Some(place),
        Err(help) => {
            bad_url(report, node, &text, "this is not the URL of an agent", help);
            None
        }
    }
}

fn host(report: &Report<'_>, node: &Node) -> Option<UpstreamHost> {
    let text = value::some_text(report, node)?;
    match text.as_str() {
        "rewrite" => return Some(UpstreamHost::Rewrite),
        "preserve" => return Some(UpstreamHost::Preserve),
        _ => {}
    }
    match web::authority(&text) {
        Ok(name) => Some(UpstreamHost::Name(name)),
        Err(help) => {
            let message = format!("{} is neither `rewrite` nor `preserve` nor a host", node.shown());
            report.say(Code::BadHost, node.place, message, help);
            None
        }
    }
}
