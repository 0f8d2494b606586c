//! The URL of an agent, its unix socket with the URL that is spoken over it, or the service that DNS knows it as.

use std::fmt;
use std::ops::Deref;

use url::Url;

use super::super::super::shape::Shape;
use super::super::super::value::Value;
use super::super::super::values::{bad_url, some_text};
use super::super::super::web;
use crate::config::text::report::Report;
use crate::config::text::yaml::Node;

/// Where an agent listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentUrl {
    /// Scheme, host, port, and a canonical path without a slash at its end (but for `/` alone).
    pub url: Url,
    /// The unix socket over which that URL is spoken; its host is `localhost` then.
    pub socket: Option<Box<str>>,
    /// Whether the host names a service, whose records say where it is (RFC 2782).
    pub is_service: bool,
}

impl AgentUrl {
    /// The host as agents and certificates have it: of a service without the labels that say which one it is, and over what
    /// (`_agent._tcp.`), which are part of no host's name.
    #[must_use]
    pub fn own_host(&self) -> Option<&str> {
        let mut host = self.url.host_str()?;
        while self.is_service && host.starts_with('_') {
            let Some((_, rest)) = host.split_once('.').filter(|(_, rest)| !rest.is_empty()) else { break };
            host = rest;
        }
        Some(host)
    }

    /// `host[:port]`; a service has no port.
    #[must_use]
    pub fn authority(&self) -> Option<String> {
        let host = self.own_host()?;
        Some(self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    }
}

impl Deref for AgentUrl {
    type Target = Url;

    fn deref(&self) -> &Url {
        &self.url
    }
}

impl fmt::Display for AgentUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.socket {
            Some(path) => write!(f, "unix:{path}"),
            None if self.is_service => write!(f, "{}{}", web::SERVICE, self.url),
            None => self.url.fmt(f),
        }
    }
}

impl Value for AgentUrl {
    type Read = Self;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        let text = some_text(report, node)?;
        let read = match (web::socket_url(&text), web::service_url(&text)) {
            (Some(read), _) => {
                read.map(|read| Self { url: read.url, socket: Some(read.socket), is_service: false })
            }
            (None, Some(read)) => read.map(|url| Self { url, socket: None, is_service: true }),
            (None, None) => web::upstream_url(&text).map(|url| Self { url, socket: None, is_service: false }),
        };
        read.map_err(|help| bad_url(report, node, &text, "this is not the URL of an agent", help)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_called_by_the_name_of_its_domain() {
        for (url, is_service, host, authority) in [
            ("http://_agent._tcp.a.test/", true, "a.test", "a.test"),
            ("https://planner.service.consul/", true, "planner.service.consul", "planner.service.consul"),
            ("http://_agent._tcp/", true, "_tcp", "_tcp"),
            ("http://_a.test:90/", false, "_a.test", "_a.test:90"),
        ] {
            let url = AgentUrl { url: Url::parse(url).unwrap(), socket: None, is_service };
            assert_eq!((url.own_host(), url.authority().as_deref()), (Some(host), Some(authority)), "{url}");
        }
    }
}
