//! `public_url` of an agent: the origin under which its callers reach it.

use super::super::super::shape::Shape;
use super::super::super::value::Value;
use super::super::super::values::{bad_url, some_text};
use super::super::server::PublicUrl;
use crate::config::text::report::Report;
use crate::config::text::yaml::Node;

/// Scheme, host in lower case, and a port that is not the usual one.
pub(super) enum PublicOrigin {}

impl Value for PublicOrigin {
    type Read = Box<str>;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Box<str>> {
        let text = some_text(report, node)?;
        let bad = |help| bad_url(report, node, &text, "callers cannot reach an agent at this URL", help);
        origin(&text).map_err(bad).ok()
    }
}

fn origin(text: &str) -> Result<Box<str>, &'static str> {
    let url = PublicUrl::parse(text)?;
    if !url.base().is_empty() {
        return Err("leave the path out: that of the route follows the origin");
    }
    if !url.is_https() && !url.is_loopback() {
        return Err("use https; plain http is for loopback hosts");
    }
    Ok(url.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_an_origin_over_tls_or_on_this_machine() {
        for (text, wanted) in [
            ("https://Agents.Example.com", Some("https://agents.example.com")),
            ("https://agents.example.com:443/", Some("https://agents.example.com")),
            ("https://agents.example.com:8443", Some("https://agents.example.com:8443")),
            ("http://localhost:8080", Some("http://localhost:8080")),
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("http://[::1]:8080", Some("http://[::1]:8080")),
            ("http://agents.example.com", None),
            ("https://agents.example.com/gw", None),
            ("https://agents.example.com/?x", None),
            ("https://u@agents.example.com", None),
            ("agents.example.com", None),
        ] {
            assert_eq!(origin(text).ok().as_deref(), wanted, "{text}");
        }
    }
}
