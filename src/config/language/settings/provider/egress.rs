//! `egress_proxy` of a provider: the proxy through which its keys are fetched.

use super::super::super::shape::Shape;
use super::super::super::value::Value;
use super::super::super::values::{bad_url, some_text};
use super::super::super::web;
use crate::config::text::report::Report;
use crate::config::text::yaml::Node;
use crate::net::{EgressProxy, ProxyUrl};

impl Value for EgressProxy {
    type Read = Self;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        const MESSAGE: &str = "this is no proxy";
        let text = some_text(report, node)?;
        if text == "none" {
            return Some(Self::Direct);
        }
        if web::has_hidden_credentials(&text) {
            let help = "`***` stands for credentials that are not shown: write them anew, best as `${NAME}`";
            bad_url(report, node, &text, MESSAGE, help);
            return None;
        }
        match ProxyUrl::parse(&text).ok().filter(|_| web::is_plain(&text)) {
            Some(proxy) => Some(Self::Through(proxy)),
            None => {
                let help =
                    "write its scheme, host and port, such as `http://proxy.example.com:3128`, or `none`";
                bad_url(report, node, &text, MESSAGE, help);
                None
            }
        }
    }
}
