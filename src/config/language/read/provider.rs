//! `identity_providers`: who signs tokens and where the keys are.

use std::time::Duration;

use url::Url;

use super::super::document::{IdentityProvider, KeySource};
use super::super::fields::Fields;
use super::super::json;
use super::super::sections::{DISCOVERY, PROVIDER};
use super::super::value;
use super::super::web;
use super::issuer;
use crate::config::text::code::Code;
use crate::config::text::report::{Report, suggest};
use crate::config::text::source::Spanned;
use crate::config::text::yaml::{Key, Kind, Node};
use crate::model::{Algorithm, AlgorithmSet, Issuer, ProviderName};
use crate::net::{EgressProxy, ProxyUrl};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// The sources of keys; a provider has one of them.
const SOURCES: [&str; 6] = ["discovery", "jwks_uri", "jwks_file", "jwks", "public_key_file", "public_key"];

pub(super) fn read<'a>(report: &'a Report<'a>, key: &'a Key, node: &'a Node) -> Option<IdentityProvider> {
    let name = provider_name(report, &key.text, key);
    let fields = Fields::open(report, &PROVIDER, key.place, node)?;
    let issuer = fields.required("issuer", issuer::read);
    let insecure_http = fields.optional("insecure_http", value::boolean);
    let plain = insecure_http.is_some_and(|b| b.value);
    let source = source(report, &fields, plain);
    let ca_file = fields.optional("ca_file", value::path);
    let egress_proxy = fields.optional("egress_proxy", egress_proxy);
    let algorithms = fields.optional("algorithms", |r, n| value::some_list(r, n, algorithm));
    let leeway = fields.optional("leeway", |r, n| value::duration(r, n, Duration::ZERO..=5 * MINUTE));
    let refresh = fields.optional("refresh", |r, n| value::duration(r, n, SECOND..=30 * DAY));
    let max_stale = fields.optional("max_stale", |r, n| value::duration(r, n, SECOND..=365 * DAY));

    if let (Some(source), Some(issuer), Some(issuer_node)) = (&source, &issuer, fields.node("issuer"))
        && matches!(source.value, KeySource::Discovery)
        && let Err(help) = discoverable(issuer, plain)
    {
        let hidden = web::has_credentials(issuer.value.as_str());
        let shown = if hidden { "this issuer".to_owned() } else { issuer_node.shown() };
        let message = format!("keys cannot be discovered from {shown}");
        let help = format!("{help}; or say where the keys are, with `jwks_uri` or another source");
        report.say(Code::BadIssuer, issuer.place, message, help);
    }
    let refresh_or_default = refresh.map_or(10 * MINUTE, |d| d.value);
    let max_stale_or_default = max_stale.map_or(DAY, |d| d.value);
    if max_stale_or_default < refresh_or_default {
        let place = max_stale.or(refresh).map_or(key.place, |d| d.place);
        let message =
            "`max_stale` is below `refresh`: keys would be thrown away before they are fetched again";
        report.say(Code::OutOfRange, place, message, "make `max_stale` several times `refresh`");
    }
    if let Some(refresh) = refresh.filter(|d| d.value < MINUTE) {
        let help = "write 1m or more; unknown key ids trigger a fetch anyway";
        report.say(Code::FastRefresh, refresh.place, "keys are fetched more than once a minute", help);
    }
    if let Some(on) = insecure_http.filter(|b| b.value) {
        let message = "keys may be fetched over plain HTTP: who sits in between can sign tokens";
        report.say(
            Code::InsecureHttp,
            on.place,
            message,
            "use https, with `ca_file` for a private authority",
        );
    }
    fields.close();
    Some(IdentityProvider {
        name: Spanned::new(name?, key.place),
        issuer: issuer.map(|i| Spanned::new(Issuer::new(&i.value), i.place))?,
        source: source?,
        ca_file,
        algorithms: algorithms
            .map_or(AlgorithmSet::all(), |list| list.value.iter().map(|a| a.value).collect()),
        leeway: leeway.map_or(Duration::from_secs(30), |d| d.value),
        refresh: refresh_or_default,
        max_stale: max_stale_or_default,
        insecure_http: plain,
        egress_proxy: egress_proxy.map(|proxy| proxy.value).unwrap_or_default(),
    })
}

fn provider_name(report: &Report<'_>, text: &str, key: &Key) -> Option<ProviderName> {
    let name = ProviderName::parse(text);
    if let Err(error) = &name {
        report.say(Code::BadName, key.place, format!("`{text}` is not a name"), error.to_string());
    }
    name.ok()
}

fn source<'a>(report: &'a Report<'a>, fields: &Fields<'a>, plain: bool) -> Option<Spanned<KeySource>> {
    let written: Vec<_> = SOURCES.iter().filter_map(|name| fields.entry(name)).map(|(key, _)| key).collect();
    if let [first, others @ ..] = written.as_slice() {
        for other in others {
            let message = format!("keys come from `{}` or from `{}`, not from both", first.text, other.text);
            let help = "keep one of discovery, jwks_uri, jwks_file, jwks, public_key_file, public_key";
            report.clash(Code::KeySourceConflict, other.place, first.place, message, help);
        }
    }
    let sources = [
        fields.optional("discovery", discovery),
        fields.optional("jwks_uri", |r, n| jwks_uri(r, n, plain).map(KeySource::JwksUri)),
        file(fields.optional("jwks_file", value::path), KeySource::JwksFile),
        fields.optional("jwks", |r, n| inline(r, n).map(KeySource::Inline)),
        file(fields.optional("public_key_file", value::path), KeySource::PublicKeyFile),
        fields.optional("public_key", |r, n| value::some_text(r, n).map(KeySource::PublicKey)),
    ];
    if written.is_empty() {
        return Some(Spanned::new(KeySource::Discovery, fields.owner()));
    }
    sources.into_iter().flatten().next()
}

fn file(
    path: Option<Spanned<std::path::PathBuf>>,
    kind: impl Fn(Spanned<std::path::PathBuf>) -> KeySource,
) -> Option<Spanned<KeySource>> {
    let path = path?;
    let place = path.place;
    Some(Spanned::new(kind(path), place))
}

fn discovery<'a>(report: &'a Report<'a>, node: &'a Node) -> Option<KeySource> {
    const HELP: &str = "leave it out, it is the default; for another source write that one instead";
    if matches!(node.kind, Kind::Map(_)) {
        Fields::open(report, &DISCOVERY, node.place, node)?.close();
        return Some(KeySource::Discovery);
    }
    let text = value::text(report, node)?;
    let on =
        matches!(text.as_str(), "true" | "True" | "TRUE") && matches!(&node.kind, Kind::Scalar(s) if s.plain);
    if !on {
        let message = format!("`discovery` has no value but `true`, and this is {}", node.shown());
        report.say(Code::BadWord, node.place, message, HELP);
    }
    on.then_some(KeySource::Discovery)
}

fn jwks_uri(report: &Report<'_>, node: &Node, plain: bool) -> Option<Url> {
    let text = value::some_text(report, node)?;
    match web::fetch_url(&text, plain) {
        Ok(url) => Some(url),
        Err(help) => {
            bad_url(report, node, &text, "keys cannot be fetched from this URL", help);
            None
        }
    }
}

fn egress_proxy(report: &Report<'_>, node: &Node) -> Option<EgressProxy> {
    const MESSAGE: &str = "this is no proxy";
    let text = value::some_text(report, node)?;
    if text == "none" {
        return Some(EgressProxy::Direct);
    }
    if web::has_hidden_credentials(&text) {
        let help = "`***` stands for credentials that are not shown: write them anew, best as `${NAME}`";
        bad_url(report, node, &text, MESSAGE, help);
        return None;
    }
    match ProxyUrl::parse(&text).ok().filter(|_| web::is_plain(&text)) {
        Some(proxy) => Some(EgressProxy::Through(proxy)),
        None => {
            let help = "write its scheme, host and port, such as `http://proxy.example.com:3128`, or `none`";
            bad_url(report, node, &text, MESSAGE, help);
            None
        }
    }
}

/// Reports a URL, without showing it when it holds a password.
pub(super) fn bad_url(report: &Report<'_>, node: &Node, text: &str, message: &str, help: &str) {
    report.find(Code::BadUrl, node.place, message, |finding| {
        let finding = finding.help(help);
        if web::has_credentials(text) { finding.without_line() } else { finding }
    });
}

fn inline(report: &Report<'_>, node: &Node) -> Option<serde_json::Value> {
    let value = json::json(report, node)?;
    if !value.get("keys").is_some_and(serde_json::Value::is_array) {
        let message = "a key set is a mapping with a list `keys`";
        report.say(
            Code::BadKeySet,
            node.place,
            message,
            "write `jwks: { keys: [ ... ] }` (RFC 7517 section 5)",
        );
        return None;
    }
    Some(value)
}

fn discoverable(issuer: &str, plain: bool) -> Result<(), &'static str> {
    let url = web::fetch_url(issuer, plain)?;
    match url.query() {
        Some(_) => Err("an issuer for discovery has no query"),
        None => Ok(()),
    }
}

fn algorithm(report: &Report<'_>, node: &Node) -> Option<Algorithm> {
    let text = value::text(report, node)?;
    let algorithm = text.parse();
    if algorithm.is_err() {
        let message = format!("{} is not an algorithm that can stand here", node.shown());
        let help = match text.to_ascii_uppercase().as_str() {
            "NONE" => "unsigned tokens are never accepted".to_owned(),
            hmac if hmac.starts_with("HS") => {
                "HMAC wants a secret that verifier and signer share; use a public-key algorithm".to_owned()
            }
            _ => suggest(&text, Algorithm::ALL.map(Algorithm::as_str)),
        };
        report.say(Code::BadAlgorithm, node.place, message, help);
    }
    algorithm.ok()
}
