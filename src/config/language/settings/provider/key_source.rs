//! Where the keys of a provider are: one of six fields, the bundle of a trust domain, or none of them, which is discovery.

use std::path::PathBuf;

use serde_json::Value as Json;
use url::Url;

use super::super::super::fields::Fields;
use super::super::super::json::json;
use super::super::super::shape::{Field, Section, Shape};
use super::super::super::value::{Placed, Value};
use super::super::super::values::{FilePath, bad_url, some_text, text};
use super::super::super::web;
use super::ProviderSettings;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Spanned;
use crate::config::text::yaml::{Kind, Node};

/// Where the keys of a provider are.
#[derive(Debug, Clone, PartialEq)]
pub enum KeySource {
    /// Found by OpenID Connect discovery or RFC 8414.
    Discovery,
    /// Fetched from a URL.
    JwksUri(Url),
    /// A key set in a file.
    JwksFile(Spanned<PathBuf>),
    /// The key set itself.
    Inline(Json),
    /// A PEM key or certificate in a file.
    PublicKeyFile(Spanned<PathBuf>),
    /// A PEM key or certificate.
    PublicKey(String),
    /// The bundle of a trust domain.
    Bundle,
}

const SECTION: Section = Section {
    name: "an identity provider",
    one_of: false,
    declared: &[
        Field::may(
            "discovery",
            Discovery::SHAPE,
            "find the keys by OpenID Connect discovery or RFC 8414; the default source of keys",
        ),
        Field::may("jwks_uri", KeysUrl::SHAPE, "fetch the key set from this URL"),
        Field::may("jwks_file", FilePath::SHAPE, "read the key set from this file"),
        Field::may("jwks", InlineKeys::SHAPE, "the key set itself"),
        Field::may(
            "public_key_file",
            FilePath::SHAPE,
            "read one PEM public key or certificate from this file",
        ),
        Field::may("public_key", Pem::SHAPE, "one PEM public key or certificate"),
    ],
};

impl Value for KeySource {
    type Read = Spanned<Self>;
    const SHAPE: Shape = Shape::Section(&SECTION);

    fn read(_report: &Report<'_>, _node: &Node) -> Option<Self::Read> {
        None
    }

    fn read_inline(fields: &Fields<'_>) -> Option<Self::Read> {
        let named =
            SECTION.fields().filter_map(|field| fields.entry(field.name).map(|at| (field.name, at.0)));
        let written: Vec<_> = named.collect();
        let (spiffe, sources) = (fields.entry("spiffe").map(|at| ("spiffe", at.0)), written);
        let written: Vec<_> = spiffe.into_iter().chain(sources).collect();
        let [(first, first_place), others @ ..] = written.as_slice() else {
            return Some(Spanned::new(Self::Discovery, fields.owner()));
        };
        for (other, place) in others {
            let message = format!("keys come from `{first}` or from `{other}`, not from both");
            let names: Vec<_> = SECTION.fields().map(|field| field.name).collect();
            let help = format!("keep one of {}", names.join(", "));
            fields.report().clash(Code::KeySourceConflict, *place, *first_place, message, help);
        }
        let sources = [
            fields.optional::<Placed<Discovery>>("discovery").map(|on| map(on, |()| Self::Discovery)),
            keys_url(fields).map(|url| map(url, Self::JwksUri)),
            fields.optional::<Placed<FilePath>>("jwks_file").map(|file| of_file(file, Self::JwksFile)),
            fields.optional::<Placed<InlineKeys>>("jwks").map(|keys| map(keys, Self::Inline)),
            fields
                .optional::<Placed<FilePath>>("public_key_file")
                .map(|file| of_file(file, Self::PublicKeyFile)),
            fields.optional::<Placed<Pem>>("public_key").map(|pem| map(pem, Self::PublicKey)),
        ];
        match spiffe {
            Some((_, place)) => Some(Spanned::new(Self::Bundle, place)),
            None => sources.into_iter().flatten().next(),
        }
    }
}

/// The URL of keys, over plain HTTP where that is allowed.
fn keys_url(fields: &Fields<'_>) -> Option<Spanned<Url>> {
    let url = fields.optional::<Placed<KeysUrl>>("jwks_uri")?;
    let is_on = |node: &Node| matches!(&node.kind, Kind::Scalar(s) if (s.plain || s.from_env) && s.text.eq_ignore_ascii_case("true"));
    let plain = fields.node("insecure_http").is_some_and(is_on);
    let node = fields.node("jwks_uri")?;
    let bad = |help| bad_url(fields.report(), node, url.as_str(), NOT_FETCHED, help);
    web::fetch_url(url.as_str(), plain).map_err(bad).ok()?;
    Some(url)
}

fn map<T>(read: Spanned<T>, into: impl Fn(T) -> KeySource) -> Spanned<KeySource> {
    Spanned::new(into(read.value), read.place).hidden(read.from_env)
}

fn of_file(file: Spanned<PathBuf>, into: impl Fn(Spanned<PathBuf>) -> KeySource) -> Spanned<KeySource> {
    let place = file.place;
    Spanned::new(into(file), place)
}

/// An issuer from which keys are to be discovered must be one from which they can be.
pub(super) fn check(fields: &Fields<'_>, provider: &ProviderSettings) {
    // Whoever is asked about tokens at an endpoint that is written needs no keys.
    let is_asked = provider.introspection.as_ref().is_some_and(|asked| asked.endpoint.is_some());
    let is_discovered = provider.keys.value == KeySource::Discovery && !is_asked;
    let Some(node) = fields.node("issuer").filter(|_| is_discovered) else { return };
    let issuer = provider.issuer.as_str();
    if let Err(help) = discoverable(issuer, provider.insecure_http) {
        let shown = if web::has_credentials(issuer) { "this issuer".to_owned() } else { node.shown() };
        let message = format!("keys cannot be discovered from {shown}");
        let help = format!("{help}; or say where the keys are, with `jwks_uri` or another source");
        fields.report().say(Code::BadIssuer, node.place, message, help);
    }
}

fn discoverable(issuer: &str, plain: bool) -> Result<(), &'static str> {
    let url = web::fetch_url(issuer, plain)?;
    match url.query() {
        Some(_) => Err("an issuer for discovery has no query"),
        None => Ok(()),
    }
}

/// `true`, or a mapping without fields.
enum Discovery {}

impl Value for Discovery {
    type Read = ();
    const SHAPE: Shape = Shape::AnyOf(&[Shape::Bool, Shape::Section(&NOTHING)]);

    fn read(report: &Report<'_>, node: &Node) -> Option<()> {
        const HELP: &str = "leave it out, it is the default; for another source write that one instead";
        if node.is_map() {
            Fields::open(report, &NOTHING, node.place, node)?.close();
            return Some(());
        }
        text(report, node)?;
        if !node.is_true() {
            let message = format!("`discovery` has no value but `true`, and this is {}", node.shown());
            report.say(Code::BadWord, node.place, message, HELP);
            return None;
        }
        Some(())
    }
}

/// `discovery` written as a mapping
const NOTHING: Section = Section { name: "`discovery`", one_of: false, declared: &[] };

const NOT_FETCHED: &str = "keys cannot be fetched from this URL";

/// A URL from which keys can be fetched, where plain HTTP is allowed.
enum KeysUrl {}

impl Value for KeysUrl {
    type Read = Url;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Url> {
        let text = some_text(report, node)?;
        web::fetch_url(&text, true).map_err(|help| bad_url(report, node, &text, NOT_FETCHED, help)).ok()
    }
}

enum InlineKeys {}

impl Value for InlineKeys {
    type Read = Json;
    const SHAPE: Shape = Shape::Json;

    fn read(report: &Report<'_>, node: &Node) -> Option<Json> {
        let value = json(report, node)?;
        if !value.get("keys").is_some_and(Json::is_array) {
            let help = "write `jwks: { keys: [ ... ] }` (RFC 7517 section 5)";
            report.say(Code::BadKeySet, node.place, "a key set is a mapping with a list `keys`", help);
            return None;
        }
        Some(value)
    }
}

enum Pem {}

impl Value for Pem {
    type Read = String;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<String> {
        some_text(report, node)
    }
}
