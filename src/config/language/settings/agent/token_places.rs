//! `auth.oauth.also`: the places besides the header in which callers may put their token.

use super::super::super::section::{Settings, section};
use super::super::super::shape::Shape;
use super::super::super::value::{Placed, Value};
use super::super::super::values::{List, TOKEN, some_text, word};
use crate::authn::TokenLocation;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Spanned;
use crate::config::text::yaml::Node;
use crate::model::is_token;

const HELP: &str = "write `websocket_protocol`, `{ query: access_token }` or `{ cookie: NAME }`";

section! {
    /// One of `auth.oauth.also`
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct InRequest = "a place of the token" {
        /// the query parameter with the token; it is removed before the agent
        query: Option<String> as QueryName;
        /// the cookie with the token; it is removed before the agent
        cookie: Option<String> as CookieName;
    }
}

/// Each place once.
pub(super) enum TokenPlaces {}

impl Value for TokenPlaces {
    type Read = Box<[TokenLocation]>;
    const SHAPE: Shape = List::<TokenPlace>::SHAPE;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        let mut places: Vec<Spanned<TokenLocation>> = Vec::new();
        for place in List::<Placed<TokenPlace>>::read(report, node)? {
            match places.iter().find(|other| other.value == place.value) {
                Some(first) => {
                    let message = "the same place twice";
                    report.clash(
                        Code::DuplicateValue,
                        place.place,
                        first.place,
                        message,
                        "remove one of them",
                    );
                }
                None => places.push(place),
            }
        }
        Some(places.into_iter().map(|place| place.value).collect())
    }

    fn shown(read: &Self::Read) -> Option<String> {
        read.is_empty().then(|| "[]".to_owned())
    }
}

enum TokenPlace {}

impl Value for TokenPlace {
    type Read = TokenLocation;
    const SHAPE: Shape =
        Shape::AnyOf(&[Shape::Word(&["websocket_protocol"]), Shape::Section(InRequest::SECTION)]);

    fn read(report: &Report<'_>, node: &Node) -> Option<TokenLocation> {
        if !node.is_map() {
            return word(report, node, &["websocket_protocol"]).map(|_| TokenLocation::WebSocketProtocol);
        }
        let InRequest { query, cookie } = InRequest::read(report, node)?;
        let written = node.member("query").iter().chain(&node.member("cookie")).count();
        if written != 1 {
            report.say(Code::WrongType, node.place, "an entry names one place", HELP);
            return None;
        }
        let query = query.map(|name| TokenLocation::Query(name.into()));
        query.or_else(|| cookie.map(|name| TokenLocation::Cookie(name.into())))
    }
}

enum QueryName {}

impl Value for QueryName {
    type Read = String;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<String> {
        let name = some_text(report, node)?;
        if name.contains(|c: char| c.is_control() || c.is_whitespace()) {
            let message = format!("{} is not the name of a query parameter", node.shown());
            let help = "write it as it reads when it is decoded, without blanks";
            report.say(Code::BadWord, node.place, message, help);
            return None;
        }
        Some(name)
    }
}

/// The name of a cookie (RFC 6265 section 4.1.1).
enum CookieName {}

impl Value for CookieName {
    type Read = String;
    const SHAPE: Shape = Shape::Pattern(TOKEN);

    fn read(report: &Report<'_>, node: &Node) -> Option<String> {
        let name = some_text(report, node)?;
        if !is_token(name.as_bytes()) {
            let message = format!("{} is not the name of a cookie", node.shown());
            report.say(Code::BadWord, node.place, message, "write one word of letters, digits and dashes");
            return None;
        }
        Some(name)
    }
}
