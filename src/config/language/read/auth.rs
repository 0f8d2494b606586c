//! `auth` of an agent: exactly one of a token, an API key, or nobody at all, on purpose.

use std::time::Duration;

use http::HeaderName;

use super::super::document::{ApiKeyAuth, Auth, ClaimRule, ClaimRules, OAuth, Scopes};
use super::super::fields::{Fields, entries};
use super::super::json;
use super::super::sections::{API_KEY_AUTH, AUTH, CLAIM_RULE, CLAIMS, OAUTH, SCOPES, SENDER_CONSTRAINT};
use super::super::value;
use super::super::web;
use super::{also, forward_token};
use crate::authn::{AudienceClaim, BoundTokens, ForwardToken};
use crate::authz::BeyondAscii;
use crate::config::text::code::Code;
use crate::config::text::report::{Report, suggest};
use crate::config::text::source::{Place, Spanned};
use crate::config::text::yaml::{Key, Kind, Node};
use crate::model::{ProviderName, is_token, reduced};

const HELP: &str =
    "write `auth: { oauth: ... }`, `auth: { api_key: {} }`, or `auth: public` to let everybody in";

pub(super) fn read<'a>(report: &'a Report<'a>, agent: &Fields<'a>) -> Option<Spanned<Auth>> {
    let Some((key, node)) = agent.entry("auth") else {
        report.say(Code::AuthMissing, agent.owner(), "this agent does not say who may call it", HELP);
        return None;
    };
    let auth = match &node.kind {
        Kind::Scalar(scalar) if scalar.broken => None,
        Kind::Scalar(scalar) if scalar.is_null() => {
            report.say(Code::AuthMissing, key.place, "`auth` does not say who may call", HELP);
            None
        }
        Kind::Scalar(scalar) if scalar.text == "public" => {
            let help = "if that is meant, nothing is to be done";
            report.say(Code::PublicAgent, node.place, "everybody may call this agent", help);
            Some(Auth::Public)
        }
        Kind::Scalar(scalar) => {
            let message = format!("{} is not a kind of authentication", node.shown());
            let help = match scalar.text.as_str() {
                "oauth" => "write `auth: { oauth: { identity_providers: [NAME] } }`".to_owned(),
                "api_key" => "write `auth: { api_key: {} }`".to_owned(),
                text => suggest(text, ["public", "oauth", "api_key"]),
            };
            report.say(Code::BadWord, node.place, message, help);
            None
        }
        Kind::List(_) | Kind::Map(_) => mapping(report, key, node),
    };
    Some(Spanned::new(auth?, node.place))
}

fn mapping<'a>(report: &'a Report<'a>, key: &'a Key, node: &'a Node) -> Option<Auth> {
    let fields = Fields::open(report, &AUTH, key.place, node)?;
    let public = fields.stranger("public");
    let (oauth_entry, key_entry) = (fields.entry("oauth"), fields.entry("api_key"));
    let mut kinds: Vec<&Key> =
        oauth_entry.iter().chain(&key_entry).map(|(key, _)| *key).chain(public).collect();
    kinds.sort_by_key(|key| key.place);
    match kinds.as_slice() {
        [] => report.say(Code::AuthMissing, key.place, "`auth` does not say who may call", HELP),
        [first, others @ ..] => {
            for other in others {
                let message = format!("an agent has `{}` or `{}`, not both", first.text, other.text);
                let help = "keep one; two kinds of callers want two agents";
                report.clash(Code::AuthConflict, other.place, first.place, message, help);
            }
        }
    }
    if let ([only], Some(_)) = (kinds.as_slice(), public) {
        report.say(
            Code::WrongType,
            only.place,
            "`public` is a word and has no fields",
            "write `auth: public`",
        );
    }
    let oauth = oauth_entry.map(|(key, node)| oauth(report, key.place, node));
    let api_key = key_entry.map(|(key, node)| api_key(report, key.place, node));
    fields.close_but(&["public"]);
    match (oauth, api_key) {
        (Some(oauth), _) => oauth.map(|oauth| Auth::OAuth(Box::new(oauth))),
        (None, Some(api_key)) => api_key.map(Auth::ApiKey),
        (None, None) => None,
    }
}

fn api_key<'a>(report: &'a Report<'a>, owner: Place, node: &'a Node) -> Option<ApiKeyAuth> {
    let fields = Fields::open(report, &API_KEY_AUTH, owner, node)?;
    let header = fields.optional("header", credential_header);
    let prefix = fields.optional("prefix", prefix);
    let bad = (header.is_none() && fields.has("header")) || (prefix.is_none() && fields.has("prefix"));
    fields.close();
    (!bad).then(|| ApiKeyAuth {
        header: header.map_or(HeaderName::from_static("x-api-key"), |h| h.value),
        prefix: prefix.map_or_else(String::new, |p| p.value),
    })
}

/// The header that holds a credential.
pub(super) fn credential_header(report: &Report<'_>, node: &Node) -> Option<HeaderName> {
    let name = header(report, node)?;
    if web::carries_no_credential(name.as_str()) {
        let message = format!("{} is a header that the gateway writes itself", node.shown());
        report.say(Code::HeaderConflict, node.place, message, "choose another header for the credential");
        return None;
    }
    Some(name)
}

/// Two settings want to write one header.
pub(super) fn header_conflict(report: &Report<'_>, place: Place, name: &HeaderName, why: &str) {
    let help = "choose another header; `_`, `.`, `-` and case make no difference";
    report.say(Code::HeaderConflict, place, format!("`{name}` {why}"), help);
}

/// A header name that a setting may use.
pub(super) fn header(report: &Report<'_>, node: &Node) -> Option<HeaderName> {
    let text = value::text(report, node)?;
    match web::header_name(&text) {
        Ok(name) => Some(name),
        Err(help) => {
            let message = format!("{} is not a header name that can stand here", node.shown());
            report.say(Code::BadHeader, node.place, message, help);
            None
        }
    }
}

fn oauth<'a>(report: &'a Report<'a>, owner: Place, node: &'a Node) -> Option<OAuth> {
    let fields = Fields::open(report, &OAUTH, owner, node)?;
    let providers = fields.required("identity_providers", |r, n| value::some_list(r, n, provider));
    let audiences = fields.optional("audiences", |r, n| value::list(r, n, value::exact_text));
    let audience_claim = fields.optional("audience_claim", |r, n| value::word(r, n, &["aud", "client_id"]));
    let header = fields.optional("header", credential_header);
    let header = header.map_or(http::header::AUTHORIZATION, |h| h.value);
    let prefix = fields.optional("prefix", prefix);
    let also = fields.optional("also", also::read).map(|also| also.value).unwrap_or_default();
    let scopes = fields.section("scopes", &SCOPES).map(scopes).unwrap_or_default();
    let claims = fields.section("claims", &CLAIMS).map(claims).unwrap_or_default();
    let claim_headers = fields.node("claim_headers").map(|node| claim_headers(report, node, &header));
    let claim_headers = claim_headers.unwrap_or_default();
    let forward_token = fields.optional("forward_token", |r, n| forward_token::read(r, n, &claim_headers));
    let text = fields.optional("claim_header_text", |r, n| value::word(r, n, &["refuse", "omit", "rfc8187"]));
    let year = Duration::from_secs(366 * 86_400);
    let lifetime = fields
        .optional("max_token_lifetime", |r, n| value::duration(r, n, Duration::from_secs(1)..=10 * year));
    let bound_tokens =
        fields.section("sender_constraint", &SENDER_CONSTRAINT).map(bound_tokens).unwrap_or_default();

    // A list that was written and could not be read must not pass for an empty one: nothing is compiled
    // after an error, and the warning would be wrong.
    let unchecked = !fields.has("audiences") || audiences.as_ref().is_some_and(|a| a.value.is_empty());
    let wrote_some =
        fields.node("audiences").is_some_and(|n| matches!(&n.kind, Kind::List(l) if !l.is_empty()));
    if unchecked && !wrote_some {
        let place = fields.node("audiences").map_or(owner, |n| n.place);
        let message = "the audience is not checked: a token made for another service opens this agent";
        report.say(Code::AudienceUnchecked, place, message, "name this agent's audience under `audiences`");
    }
    fields.close();
    Some(OAuth {
        identity_providers: providers?.value,
        audiences: plain(audiences),
        audience_claim: match audience_claim.map(|word| word.value) {
            Some("client_id") => AudienceClaim::ClientId,
            _ => AudienceClaim::Aud,
        },
        header,
        prefix: prefix.map_or_else(|| "Bearer".to_owned(), |p| p.value),
        also,
        forward_token: forward_token.map_or(ForwardToken::No, |forward| forward.value),
        scopes,
        claims,
        claim_headers,
        beyond_ascii: match text.map(|word| word.value) {
            Some("omit") => BeyondAscii::Omit,
            Some("rfc8187") => BeyondAscii::Encode,
            _ => BeyondAscii::Refuse,
        },
        max_token_lifetime: lifetime.map(|d| d.value),
        bound_tokens,
    })
}

fn plain<T>(list: Option<Spanned<Vec<Spanned<T>>>>) -> Vec<T> {
    list.map(|list| list.value.into_iter().map(|item| item.value).collect()).unwrap_or_default()
}

fn provider(report: &Report<'_>, node: &Node) -> Option<ProviderName> {
    let text = value::text(report, node)?;
    let name = ProviderName::parse(&text);
    if let Err(error) = &name {
        report.say(Code::BadName, node.place, format!("{} is not a name", node.shown()), error.to_string());
    }
    name.ok()
}

fn prefix(report: &Report<'_>, node: &Node) -> Option<String> {
    let text = value::text(report, node)?;
    if !text.is_empty() && !is_token(text.as_bytes()) {
        let message = format!("{} is not a prefix", node.shown());
        let help = "write one word without blanks, such as `Bearer`, or \"\" for none";
        report.say(Code::BadPrefix, node.place, message, help);
        return None;
    }
    Some(text)
}

fn bound_tokens(fields: Fields<'_>) -> BoundTokens {
    let cnf = fields.optional("cnf", |r, n| value::word(r, n, &["refuse", "ignore"]));
    fields.close();
    match cnf.map(|word| word.value) {
        Some("ignore") => BoundTokens::Ignore,
        _ => BoundTokens::Refuse,
    }
}

fn scopes(fields: Fields<'_>) -> Scopes {
    let all_of = fields.optional("all_of", |r, n| value::list(r, n, scope));
    let any_of = fields.optional("any_of", |r, n| value::list(r, n, scope));
    fields.close();
    Scopes { all_of: plain(all_of), any_of: plain(any_of) }
}

/// A scope token (RFC 6749 section 3.3).
fn scope(report: &Report<'_>, node: &Node) -> Option<String> {
    let text = value::exact_text(report, node)?;
    let good = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    if !text.bytes().all(good) {
        let help = "write one scope per entry: printable ASCII without blanks, quotes and backslashes";
        report.say(Code::BadClaim, node.place, format!("{} is not a scope", node.shown()), help);
        return None;
    }
    Some(text)
}

fn claims(fields: Fields<'_>) -> ClaimRules {
    let all_of = fields.optional("all_of", |r, n| value::list(r, n, rule));
    let any_of = fields.optional("any_of", |r, n| value::list(r, n, rule));
    fields.close();
    ClaimRules { all_of: plain(all_of), any_of: plain(any_of) }
}

fn rule<'a>(report: &'a Report<'a>, node: &'a Node) -> Option<ClaimRule> {
    let fields = Fields::open(report, &CLAIM_RULE, node.place, node)?;
    let claim = fields.required("claim", value::exact_text);
    let values = fields.required("values", |r, n| value::some_list(r, n, json::single));
    let keys_of = fields.optional("keys_of", value::boolean).is_some_and(|keys_of| keys_of.value);
    fields.close();
    if keys_of {
        for other in values.iter().flat_map(|list| &list.value).filter(|item| !item.value.is_string()) {
            let message = format!("{} is not the name of a member, which is text", other.value);
            report.say(Code::BadClaim, other.place, message, "write it in quotes");
        }
    }
    Some(ClaimRule { claim: claim?.value, values: plain(values), keys_of })
}

fn claim_headers<'a>(
    report: &'a Report<'a>,
    node: &'a Node,
    credential: &HeaderName,
) -> Vec<(String, HeaderName)> {
    let mut taken: Vec<(String, Place)> = Vec::new();
    let mut out = Vec::new();
    for (claim, node) in entries(report, "`claim_headers`", node).unwrap_or_default() {
        if claim.text.trim().is_empty() {
            report.say(
                Code::BadClaim,
                claim.place,
                "a claim has a name",
                "write claim and header: `sub: X-Sub`",
            );
        }
        let Some(name) = header(report, node) else { continue };
        let spelled = reduced(name.as_str());
        if web::is_ours(name.as_str()) || spelled == reduced(credential.as_str()) {
            let message = match web::is_ours(name.as_str()) {
                true => format!("{} is a header that the gateway writes itself", node.shown()),
                false => format!("{} is the header of the credential", node.shown()),
            };
            let help = "choose a header of its own, such as `X-Caller-Sub`; `_`, `.`, `-` and case make no difference";
            report.say(Code::HeaderConflict, node.place, message, help);
            continue;
        }
        if let Some((_, first)) = taken.iter().find(|(other, _)| *other == spelled) {
            let message = "two claims are written into one header";
            let help = "choose another header; `_`, `.`, `-` and case make no difference";
            report.clash(Code::HeaderConflict, node.place, *first, message, help);
            continue;
        }
        taken.push((spelled, node.place));
        out.push((claim.text.clone(), name));
    }
    out.shrink_to_fit();
    out
}
