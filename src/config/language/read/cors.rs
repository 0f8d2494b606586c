//! `cors` of an agent (Fetch standard, section 3.2).

use std::time::Duration;

use http::{HeaderName, Method};

use super::super::document::{Cors, Origins};
use super::super::fields::Fields;
use super::super::sections::CORS;
use super::super::value;
use super::super::web;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Spanned};
use crate::config::text::yaml::{Key, Node};
use crate::model::is_token;
use crate::routing::AllowedOrigin;

pub(super) fn read<'a>(report: &'a Report<'a>, key: &'a Key, node: &'a Node) -> Option<Cors> {
    let fields = Fields::open(report, &CORS, key.place, node)?;
    let origins = fields.required("allowed_origins", |r, n| value::some_list(r, n, origin));
    let methods = fields.optional("allowed_methods", |r, n| value::list(r, n, method));
    let allowed_headers = fields.optional("allowed_headers", |r, n| value::list(r, n, header));
    let exposed_headers = fields.optional("exposed_headers", |r, n| value::list(r, n, header));
    let credentials = fields.optional("allow_credentials", value::boolean);
    let month = Duration::from_secs(30 * 86_400);
    let max_age = fields.optional("max_age", |r, n| value::duration(r, n, Duration::ZERO..=month));
    fields.close();

    let credentials = credentials.filter(|b| b.value);
    let origin_stars = stars(&origins, Option::is_none);
    let method_stars = stars(&methods, |m| m.as_str() == "*");
    let header_stars = [&allowed_headers, &exposed_headers].map(|list| stars(list, |h| h.as_str() == "*"));
    let stars = [origin_stars, method_stars].into_iter().chain(header_stars).flatten();
    for star in stars {
        if let Some(credentials) = &credentials {
            let message =
                "`*` together with `allow_credentials`: browsers refuse it, and it would open all to all";
            let help = "write out what is allowed, or leave `allow_credentials` off";
            report.clash(Code::CorsCredentials, star, credentials.place, message, help);
        }
    }
    // One `*` among them opens to all.
    let origins: Option<Vec<AllowedOrigin>> = plain(origins).into_iter().collect();
    Some(Cors {
        allowed_origins: origins.map_or(Origins::Any, Origins::These),
        allowed_methods: plain(methods),
        allowed_headers: plain(allowed_headers),
        exposed_headers: plain(exposed_headers),
        allow_credentials: credentials.is_some(),
        max_age: max_age.map_or(Duration::from_secs(3600), |d| d.value),
    })
}

/// Where a list says "all".
fn stars<T>(list: &Option<Spanned<Vec<Spanned<T>>>>, is_star: impl Fn(&T) -> bool) -> Vec<Place> {
    let items = list.iter().flat_map(|list| &list.value);
    items.filter(|item| is_star(&item.value)).map(|item| item.place).collect()
}

fn plain<T>(list: Option<Spanned<Vec<Spanned<T>>>>) -> Vec<T> {
    list.map(|list| list.value.into_iter().map(|item| item.value).collect()).unwrap_or_default()
}

/// One origin; `None` inside for any.
fn origin(report: &Report<'_>, node: &Node) -> Option<Option<AllowedOrigin>> {
    let text = value::some_text(report, node)?;
    if text == "*" {
        return Some(None);
    }
    match web::origin(&text) {
        Ok(origin) => Some(Some(origin)),
        Err(help) => {
            report.say(Code::BadOrigin, node.place, format!("{} is not an origin", node.shown()), help);
            None
        }
    }
}

pub(super) fn method(report: &Report<'_>, node: &Node) -> Option<Method> {
    let text = value::text(report, node)?;
    let help = match text.as_str() {
        "TRACE" | "CONNECT" => "this method is refused at every agent",
        _ if !is_token(text.as_bytes()) => "write a request method such as `GET`",
        _ if text != text.to_ascii_uppercase() => {
            "write it in capitals; methods are compared with their case"
        }
        _ => return Method::from_bytes(text.as_bytes()).ok(),
    };
    report.say(Code::BadMethod, node.place, format!("{} is not a method for this list", node.shown()), help);
    None
}

fn header(report: &Report<'_>, node: &Node) -> Option<HeaderName> {
    let text = value::text(report, node)?;
    if !is_token(text.as_bytes()) {
        let help = "write a header name such as `X-Page`, or \"*\" for all";
        report.say(Code::BadHeader, node.place, format!("{} is not a header name", node.shown()), help);
        return None;
    }
    HeaderName::from_bytes(text.as_bytes()).ok()
}
