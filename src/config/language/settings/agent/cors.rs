//! `cors` of an agent (Fetch standard, section 3.2).

use std::time::Duration;

use http::{HeaderName, Method};

use super::super::super::fields::Fields;
use super::super::super::section::section;
use super::super::super::shape::Shape;
use super::super::super::value::Value;
use super::super::super::values::{Flag, List, RequestMethod, SomeList, TOKEN, Time, some_text, text, words};
use super::super::super::web;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::yaml::{Kind, Node};
use crate::model::is_token;
use crate::routing::{AllowedOrigin, CorsPreset};

const MONTH: u64 = 30 * 86_400 * 1_000;

section! {
    /// `cors`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Cors = "`cors`" {
        /// mcp: what clients of MCP in a browser need, to which the lists here are added; may stand for the whole mapping
        preset: Option<CorsPreset> as CorsPreset;
        /// origins such as https://app.example.com or https://*.example.com, or "*" for all; must be there without a preset,
        /// and is all with one
        allowed_origins: Option<Origins> as Origins;
        /// request methods; empty is GET, HEAD, POST
        allowed_methods: Vec<Method> as List<RequestMethod> = Vec::new();
        /// request headers; empty is the credential header and Content-Type
        allowed_headers: Vec<HeaderName> as List<PageHeader> = Vec::new();
        /// response headers that a page may read
        exposed_headers: Vec<HeaderName> as List<PageHeader> = Vec::new();
        /// whether browsers may send cookies along
        allow_credentials: bool as Flag = false;
        /// how long a browser may remember the answer
        max_age: Duration as Time<0, MONTH> = Duration::from_secs(3600);
    }
    impl {
        const SHORT: Option<&'static str> = Some("preset");

        fn check(fields: &Fields<'_>, read: Option<&Self>) {
            if !fields.has("preset") && !fields.has("allowed_origins") {
                let message = "`cors` needs `allowed_origins`";
                let help = "add `allowed_origins`: origins such as https://app.example.com or https://*.example.com, or \"*\" for all";
                fields.report().say(Code::MissingField, fields.owner(), message, help);
            }
            if read.is_some_and(|cors| cors.allow_credentials) {
                refuse_all_with_credentials(fields);
            }
        }
    }
}

words!(CorsPreset { Mcp = "mcp" });

fn refuse_all_with_credentials(fields: &Fields<'_>) {
    let Some(credentials) = fields.node("allow_credentials") else { return };
    if let (Some(preset), None) = (fields.node("preset"), fields.node("allowed_origins")) {
        let message =
            "the preset allows every origin, and none may be allowed together with `allow_credentials`";
        let help = "write `allowed_origins` beside it, or leave `allow_credentials` off";
        fields.report().clash(Code::CorsCredentials, credentials.place, preset.place, message, help);
    }
    let lists = ["allowed_origins", "allowed_methods", "allowed_headers", "exposed_headers"];
    for list in lists.into_iter().filter_map(|name| fields.node(name)) {
        let Kind::List(items) = &list.kind else { continue };
        for star in items.iter().filter(|item| matches!(&item.kind, Kind::Scalar(s) if s.text == "*")) {
            let message =
                "`*` together with `allow_credentials`: browsers refuse it, and it would open all to all";
            let help = "write out what is allowed, or leave `allow_credentials` off";
            fields.report().clash(Code::CorsCredentials, star.place, credentials.place, message, help);
        }
    }
}

/// `cors.allowed_origins`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// `*`
    Any,
    /// These.
    These(Vec<AllowedOrigin>),
}

impl Value for Origins {
    type Read = Self;
    const SHAPE: Shape = SomeList::<Origin>::SHAPE;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        let origins = SomeList::<Origin>::read(report, node)?;
        // One `*` among them opens to all.
        let these: Option<Vec<AllowedOrigin>> = origins.into_iter().collect();
        Some(these.map_or(Self::Any, Self::These))
    }
}

/// One origin; `None` inside for any.
enum Origin {}

impl Value for Origin {
    type Read = Option<AllowedOrigin>;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        let text = some_text(report, node)?;
        if text == "*" {
            return Some(None);
        }
        let bad = |help| {
            report.say(Code::BadOrigin, node.place, format!("{} is not an origin", node.shown()), help);
        };
        web::origin(&text).map(Some).map_err(bad).ok()
    }
}

/// A header that a page may send or read, or `*`.
enum PageHeader {}

impl Value for PageHeader {
    type Read = HeaderName;
    const SHAPE: Shape = Shape::Pattern(TOKEN);

    fn read(report: &Report<'_>, node: &Node) -> Option<HeaderName> {
        let text = text(report, node)?;
        if !is_token(text.as_bytes()) {
            let help = "write a header name such as `X-Page`, or \"*\" for all";
            report.say(Code::BadHeader, node.place, format!("{} is not a header name", node.shown()), help);
            return None;
        }
        HeaderName::from_bytes(text.as_bytes()).ok()
    }
}
