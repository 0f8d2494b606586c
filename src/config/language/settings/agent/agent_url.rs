//! The URL of an agent, or its unix socket with the URL that is spoken over it.

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
            None => self.url.fmt(f),
        }
    }
}

impl Value for AgentUrl {
    type Read = Self;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        let text = some_text(report, node)?;
        let read = match web::socket_url(&text) {
            Some(read) => read.map(|read| Self { url: read.url, socket: Some(read.socket) }),
            None => web::upstream_url(&text).map(|url| Self { url, socket: None }),
        };
        read.map_err(|help| bad_url(report, node, &text, "this is not the URL of an agent", help)).ok()
    }
}
