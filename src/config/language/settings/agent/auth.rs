//! `auth` of an agent: exactly one of a token, an API key, or nobody at all, on purpose.

use super::super::super::fields::Fields;
use super::super::super::shape::{Field, Section, Shape};
use super::super::super::value::Value;
use super::{ApiKeyAuth, OAuth};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Place;
use crate::config::text::suggest::suggest;
use crate::config::text::yaml::{Kind, Node, Scalar};

/// `auth`
#[derive(Debug, Clone, PartialEq)]
pub enum Auth {
    /// Callers bring a token.
    OAuth(Box<OAuth>),
    /// Callers bring an API key.
    ApiKey(ApiKeyAuth),
    /// Everybody may call, on purpose.
    Public,
}

/// `auth` written as a mapping
const SECTION: Section = Section {
    name: "`auth`",
    one_of: true,
    declared: &[
        Field::may("oauth", OAuth::SHAPE, "callers bring a token of an identity provider"),
        Field::may("api_key", ApiKeyAuth::SHAPE, "callers bring one of `api_keys`"),
    ],
};

const HELP: &str =
    "write `auth: { oauth: ... }`, `auth: { api_key: {} }`, or `auth: public` to let everybody in";

impl Value for Auth {
    type Read = Self;
    const SHAPE: Shape = Shape::AnyOf(&[Shape::Word(&["public"]), Shape::Section(&SECTION)]);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        Self::read_under(report, node.place, node)
    }

    fn read_under(report: &Report<'_>, owner: Place, node: &Node) -> Option<Self> {
        match &node.kind {
            Kind::Scalar(scalar) if scalar.broken => None,
            Kind::Scalar(scalar) if scalar.is_null() => {
                report.say(Code::AuthMissing, owner, "`auth` does not say who may call", HELP);
                None
            }
            Kind::Scalar(scalar) if scalar.text == "public" => {
                let help = "if that is meant, nothing is to be done";
                report.say(Code::PublicAgent, node.place, "everybody may call this agent", help);
                Some(Self::Public)
            }
            Kind::Scalar(scalar) => {
                bad_word(report, node, scalar);
                None
            }
            Kind::List(_) | Kind::Map(_) => mapping(report, owner, node),
        }
    }

    fn missing(fields: &Fields<'_>, _field: &Field) {
        let message = "this agent does not say who may call it";
        fields.report().say(Code::AuthMissing, fields.owner(), message, HELP);
    }
}

fn bad_word(report: &Report<'_>, node: &Node, scalar: &Scalar) {
    let message = format!("{} is not a kind of authentication", node.shown());
    let help = match scalar.text.as_str() {
        "oauth" => "write `auth: { oauth: { identity_providers: [NAME] } }`".to_owned(),
        "api_key" => "write `auth: { api_key: {} }`".to_owned(),
        text => suggest(text, ["public", "oauth", "api_key"]),
    };
    report.say(Code::BadWord, node.place, message, help);
}

fn mapping(report: &Report<'_>, owner: Place, node: &Node) -> Option<Auth> {
    let fields = Fields::open(report, &SECTION, owner, node)?;
    say_how_many(&fields);
    let oauth = fields.has("oauth").then(|| fields.optional::<OAuth>("oauth"));
    let api_key = fields.has("api_key").then(|| fields.optional::<ApiKeyAuth>("api_key"));
    fields.close_but(&["public"]);
    match (oauth, api_key) {
        (Some(oauth), _) => oauth.map(|oauth| Auth::OAuth(Box::new(oauth))),
        (None, Some(api_key)) => api_key.map(Auth::ApiKey),
        (None, None) => None,
    }
}

/// Reports that there is not one kind of callers, but none or several.
fn say_how_many(fields: &Fields<'_>) {
    let report = fields.report();
    let place = |name| fields.stranger(name).map(|(place, _)| (place, name));
    let mut kinds: Vec<(Place, &str)> =
        ["oauth", "api_key", "public"].into_iter().filter_map(place).collect();
    kinds.sort();
    match kinds.as_slice() {
        [] => report.say(Code::AuthMissing, fields.owner(), "`auth` does not say who may call", HELP),
        [(place, "public")] => {
            let message = "`public` is a word and has no fields";
            report.say(Code::WrongType, *place, message, "write `auth: public`");
        }
        [(first_place, first), others @ ..] => {
            for (place, other) in others {
                let message = format!("an agent has `{first}` or `{other}`, not both");
                let help = "keep one; two kinds of callers want two agents";
                report.clash(Code::AuthConflict, *place, *first_place, message, help);
            }
        }
    }
}
