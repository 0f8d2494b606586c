//! Values where the web has its own grammar: paths, hosts, header names, methods.

use http::{HeaderName, Method};

use super::super::shape::Shape;
use super::super::value::Value;
use super::super::web;
use super::{some_text, text};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Place;
use crate::config::text::yaml::Node;
use crate::model::{HostRule, is_token};

/// A token of HTTP (RFC 9110 section 5.6.2), as a regular expression.
pub(in crate::config) const TOKEN: &str = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";
/// A token in capitals.
const METHOD: &str = "^[!#$%&'*+.^_`|~0-9A-Z-]+$";
/// A token, or nothing.
const PREFIX: &str = "^[!#$%&'*+.^_`|~0-9A-Za-z-]*$";

/// A canonical path.
pub(in crate::config) enum RoutePath {}

impl Value for RoutePath {
    type Read = String;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<String> {
        let text = some_text(report, node)?;
        let bad = |help| {
            report.say(Code::BadPath, node.place, format!("no request matches {}", node.shown()), help);
        };
        web::route_path(&text).map_err(bad).ok()
    }
}

/// A host of requests, or `*.` and a host for one label below it.
pub(in crate::config) enum RouteHost {}

impl Value for RouteHost {
    type Read = HostRule;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<HostRule> {
        let text = some_text(report, node)?;
        web::host_rule(&text).map_err(|help| bad_host(report, node, help)).ok()
    }
}

/// A host without wildcards, in lower case.
pub(in crate::config) enum ExactHost {}

impl Value for ExactHost {
    type Read = String;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<String> {
        let text = some_text(report, node)?;
        web::exact_host(&text).map_err(|help| bad_host(report, node, help)).ok()
    }
}

fn bad_host(report: &Report<'_>, node: &Node, help: &str) {
    report.say(Code::BadHost, node.place, format!("{} is not a host", node.shown()), help);
}

/// A header name that a setting may use.
pub(in crate::config) enum SettableHeader {}

impl Value for SettableHeader {
    type Read = HeaderName;
    const SHAPE: Shape = Shape::Pattern(TOKEN);

    fn read(report: &Report<'_>, node: &Node) -> Option<HeaderName> {
        let text = text(report, node)?;
        let bad = |help| {
            let message = format!("{} is not a valid header name here", node.shown());
            report.say(Code::BadHeader, node.place, message, help);
        };
        web::header_name(&text).map_err(bad).ok()
    }
}

/// The header that holds a credential.
pub(in crate::config) enum CredentialHeader {}

impl Value for CredentialHeader {
    type Read = HeaderName;
    const SHAPE: Shape = Shape::Pattern(TOKEN);

    fn read(report: &Report<'_>, node: &Node) -> Option<HeaderName> {
        let name = SettableHeader::read(report, node)?;
        if web::carries_no_credential(name.as_str()) {
            let message = format!("{} is a header that the gateway writes itself", node.shown());
            report.say(Code::HeaderConflict, node.place, message, "choose another header for the credential");
            return None;
        }
        Some(name)
    }

    fn shown(read: &HeaderName) -> Option<String> {
        Some(web::spelled(read))
    }
}

/// The word before a credential.
pub(in crate::config) enum Prefix {}

impl Value for Prefix {
    type Read = String;
    const SHAPE: Shape = Shape::Pattern(PREFIX);

    fn read(report: &Report<'_>, node: &Node) -> Option<String> {
        let text = text(report, node)?;
        if !text.is_empty() && !is_token(text.as_bytes()) {
            let message = format!("{} is not a prefix", node.shown());
            let help = "write one word without blanks, such as `Bearer`, or \"\" for none";
            report.say(Code::BadPrefix, node.place, message, help);
            return None;
        }
        Some(text)
    }

    fn shown(read: &String) -> Option<String> {
        Some(if read.is_empty() { "\"\"".to_owned() } else { read.clone() })
    }
}

/// A request method that an agent can get.
pub(in crate::config) enum RequestMethod {}

impl Value for RequestMethod {
    type Read = Method;
    const SHAPE: Shape = Shape::Pattern(METHOD);

    fn read(report: &Report<'_>, node: &Node) -> Option<Method> {
        let text = text(report, node)?;
        let help = match text.as_str() {
            "TRACE" | "CONNECT" => "this method is refused at every agent",
            _ if !is_token(text.as_bytes()) => "write a request method such as `GET`",
            _ if text != text.to_ascii_uppercase() => {
                "write it in capitals; methods are compared with their case"
            }
            _ => return Method::from_bytes(text.as_bytes()).ok(),
        };
        let message = format!("{} is not a method for this list", node.shown());
        report.say(Code::BadMethod, node.place, message, help);
        None
    }
}

/// Reports a URL, without showing it when it holds a password.
pub(in crate::config) fn bad_url(report: &Report<'_>, node: &Node, text: &str, message: &str, help: &str) {
    report.find(Code::BadUrl, node.place, message, |finding| {
        let finding = finding.help(help);
        if web::has_credentials(text) { finding.without_line() } else { finding }
    });
}

/// Two settings want to write one header.
pub(in crate::config) fn header_conflict(report: &Report<'_>, place: Place, name: &HeaderName, why: &str) {
    let help = "choose another header; `_`, `.`, `-` and case make no difference";
    report.say(Code::HeaderConflict, place, format!("`{name}` {why}"), help);
}
