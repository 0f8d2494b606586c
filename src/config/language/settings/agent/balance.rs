//! `upstream.balance` and `upstream.hash`: how requests are spread over targets.

use http::HeaderName;

use super::super::super::fields::Fields;
use super::super::super::shape::Shape;
use super::super::super::value::Value;
use super::super::super::values::{some_text, words};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::yaml::{Kind, Node};
use crate::model::is_token;
use crate::upstream::{Balance, HashBy};

words!(Balance { LeastInFlight = "least_in_flight", RoundRobin = "round_robin", Hash = "hash" });

const FORMS: &str = "write `principal`, `address`, `header:NAME` or `cookie:NAME`";

impl Value for HashBy {
    type Read = Self;
    const SHAPE: Shape = Shape::Pattern("^(principal|address|(header|cookie):[!#$%&'*+.^_`|~0-9A-Za-z-]+)$");

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        let text = some_text(report, node)?;
        let read = named(&text);
        if read.is_none() {
            let message = format!("{} is nothing by which requests are placed", node.shown());
            report.say(Code::BadWord, node.place, message, FORMS);
        }
        read
    }
}

/// What a text names.
pub(super) fn named(text: &str) -> Option<HashBy> {
    match text.split_once(':') {
        None if text == "principal" => Some(HashBy::Principal),
        None if text == "address" => Some(HashBy::Address),
        Some(("header", name)) => HeaderName::from_bytes(name.as_bytes()).ok().map(HashBy::Header),
        Some(("cookie", name)) if is_token(name.as_bytes()) => Some(HashBy::Cookie(name.into())),
        None | Some(_) => None,
    }
}

/// `hash` and `balance: hash` belong together.
pub(super) fn check(fields: &Fields<'_>) {
    let is_hash = |node: &Node| matches!(&node.kind, Kind::Scalar(scalar) if scalar.text == "hash");
    match (fields.entry("balance"), fields.entry("hash")) {
        (Some((place, node)), None) if is_hash(node) => {
            fields.report().say(Code::MissingField, place, "`balance: hash` needs `hash`", FORMS);
        }
        (balance, Some((place, _))) if !balance.is_some_and(|(_, node)| is_hash(node)) => {
            let help = "write `balance: hash` beside it, or remove it";
            fields.report().say(Code::MissingField, place, "`hash` needs `balance: hash`", help);
        }
        _ => {}
    }
}
