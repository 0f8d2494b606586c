//! `auth.oauth.also`: the places besides the header in which callers may put their token.

use super::super::fields::Fields;
use super::super::sections::ALSO;
use super::super::value;
use crate::authn::Elsewhere;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Spanned;
use crate::config::text::yaml::{Kind, Node};
use crate::model::is_token;

const HELP: &str = "write `websocket_protocol`, `{ query: access_token }` or `{ cookie: NAME }`";

pub(super) fn read<'a>(report: &'a Report<'a>, node: &'a Node) -> Option<Vec<Elsewhere>> {
    let mut places: Vec<Spanned<Elsewhere>> = Vec::new();
    for place in value::list(report, node, place)? {
        match places.iter().find(|other| other.value == place.value) {
            Some(first) => {
                let message = "the same place twice";
                report.clash(Code::DuplicateValue, place.place, first.place, message, "remove one of them");
            }
            None => places.push(place),
        }
    }
    Some(places.into_iter().map(|place| place.value).collect())
}

fn place<'a>(report: &'a Report<'a>, node: &'a Node) -> Option<Elsewhere> {
    if !matches!(node.kind, Kind::Map(_)) {
        let word = value::word(report, node, &["websocket_protocol"])?;
        return (word == "websocket_protocol").then_some(Elsewhere::WebSocketProtocol);
    }
    let fields = Fields::open(report, &ALSO, node.place, node)?;
    let query = fields.optional("query", query);
    let cookie = fields.optional("cookie", cookie);
    let written = [fields.has("query"), fields.has("cookie")].into_iter().filter(|has| *has).count();
    fields.close();
    if written != 1 {
        report.say(Code::WrongType, node.place, "an entry names one place", HELP);
        return None;
    }
    let query = query.map(|name| Elsewhere::Query(name.value.into()));
    query.or_else(|| cookie.map(|name| Elsewhere::Cookie(name.value.into())))
}

fn query(report: &Report<'_>, node: &Node) -> Option<String> {
    let name = value::some_text(report, node)?;
    if name.contains(|c: char| c.is_control() || c.is_whitespace()) {
        let message = format!("{} is not the name of a query parameter", node.shown());
        report.say(
            Code::BadWord,
            node.place,
            message,
            "write it as it reads when it is decoded, without blanks",
        );
        return None;
    }
    Some(name)
}

/// The name of a cookie (RFC 6265 section 4.1.1).
fn cookie(report: &Report<'_>, node: &Node) -> Option<String> {
    let name = value::some_text(report, node)?;
    if !is_token(name.as_bytes()) {
        let message = format!("{} is not the name of a cookie", node.shown());
        report.say(Code::BadWord, node.place, message, "write one word of letters, digits and dashes");
        return None;
    }
    Some(name)
}
