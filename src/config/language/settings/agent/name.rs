//! Names of other resources.

use std::marker::PhantomData;

use super::super::super::shape::Shape;
use super::super::super::value::Value;
use super::super::super::values::text;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::yaml::Node;
use crate::model::{AgentName, ProviderName};

/// The name of another resource.
pub(in crate::config) struct NameOf<N>(PhantomData<N>);

impl Value for NameOf<AgentName> {
    type Read = AgentName;
    const SHAPE: Shape = Shape::Pattern(AgentName::PATTERN);

    fn read(report: &Report<'_>, node: &Node) -> Option<AgentName> {
        let text = text(report, node)?;
        AgentName::parse(&text).map_err(|error| bad_name(report, node, &error.to_string())).ok()
    }
}

impl Value for NameOf<ProviderName> {
    type Read = ProviderName;
    const SHAPE: Shape = Shape::Pattern(ProviderName::PATTERN);

    fn read(report: &Report<'_>, node: &Node) -> Option<ProviderName> {
        let text = text(report, node)?;
        ProviderName::parse(&text).map_err(|error| bad_name(report, node, &error.to_string())).ok()
    }
}

fn bad_name(report: &Report<'_>, node: &Node, help: &str) {
    report.say(Code::BadName, node.place, format!("{} is not a name", node.shown()), help);
}
