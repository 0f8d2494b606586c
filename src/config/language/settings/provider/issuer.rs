//! The issuer of an identity provider: compared byte for byte with what tokens say, so that an address of its metadata
//! or a template would match no token, ever.

use super::super::super::shape::Shape;
use super::super::super::value::Value;
use super::super::super::values::ExactText;
use super::super::super::web;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::yaml::{Kind, Node};
use crate::model::Issuer;

/// Where issuers keep their metadata (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3).
const WELL_KNOWN: [&str; 2] =
    ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];

impl Value for Issuer {
    type Read = Self;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        read(report, node).map(|text| Self::new(&text))
    }
}

fn read(report: &Report<'_>, node: &Node) -> Option<String> {
    let text = ExactText::read(report, node)?;
    let hidden = web::has_credentials(&text) || matches!(&node.kind, Kind::Scalar(s) if s.from_env);
    if let Some(issuer) = without_well_known(&text) {
        let message = "this is the address of an issuer's metadata; no token has it as `iss`";
        let help = match hidden {
            true => "write the issuer alone, without `/.well-known/...`".to_owned(),
            false => format!("write the issuer alone: `{issuer}`, or as `issuer` stands in that document"),
        };
        report.say(Code::BadIssuer, node.place, message, help);
        return None;
    }
    if let Some(placeholder) = placeholder(&text) {
        let (shown, named) = match hidden {
            true => ("this issuer is a template".to_owned(), "what stands in braces".to_owned()),
            false => (format!("{} is a template, no issuer", node.shown()), format!("`{placeholder}`")),
        };
        let help = format!("replace {named} by your own value, as `iss` of your tokens has it");
        report.say(Code::BadIssuer, node.place, shown, help);
        return None;
    }
    Some(text)
}

/// The issuer whose metadata is at `text`; `None` when `text` is no such address.
fn without_well_known(text: &str) -> Option<String> {
    WELL_KNOWN.iter().find_map(|path| {
        let (before, after) = text.split_once(path)?;
        // RFC 8414 puts it between the host and the path of the issuer.
        let inserted = after.starts_with('/') && before.matches('/').count() == 2;
        match after {
            "" | "/" => Some(before.to_owned()),
            _ if inserted => Some(format!("{before}{after}")),
            _ => None,
        }
    })
}

/// What stands in braces.
fn placeholder(text: &str) -> Option<&str> {
    let begin = text.find('{')?;
    let rest = text.get(begin..)?;
    let end = rest.find('}').map_or(rest.len(), |end| end + 1);
    rest.get(..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_is_found_in_the_address_of_its_metadata() {
        for (text, issuer) in [
            ("https://a/.well-known/openid-configuration", Some("https://a")),
            ("https://a/r/b/.well-known/openid-configuration", Some("https://a/r/b")),
            ("https://a/.well-known/openid-configuration/", Some("https://a")),
            ("https://a/.well-known/oauth-authorization-server", Some("https://a")),
            ("https://a/.well-known/oauth-authorization-server/r/b", Some("https://a/r/b")),
            ("https://a/x/.well-known/oauth-authorization-server/r", None),
            ("https://a/.well-known/openid-configuration-of-mine", None),
            ("https://a/", None),
            ("accounts.example.com", None),
        ] {
            assert_eq!(without_well_known(text).as_deref(), issuer, "{text}");
        }
        assert_eq!(placeholder("https://a/{tenantid}/v2.0"), Some("{tenantid}"));
        assert_eq!(placeholder("https://a/{tenantid"), Some("{tenantid"));
        assert_eq!(placeholder("https://a/b"), None);
    }
}
