//! `upstream.affinity`: what keeps requests that belong together at one target.

use super::super::super::fields::Fields;
use super::super::super::shape::Shape;
use super::super::super::value::Value;
use super::super::super::values::some_text;
use super::AgentSettings;
use super::balance::named;
use super::mcp::speaks_another;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::yaml::Node;
use crate::upstream::Affinity;

const FORMS: &str = "write `none`, `mcp_session`, `principal`, `header:NAME` or `cookie:NAME`";

impl Value for Affinity {
    type Read = Self;
    const SHAPE: Shape =
        Shape::Pattern("^(none|mcp_session|principal|(header|cookie):[!#$%&'*+.^_`|~0-9A-Za-z-]+)$");

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        let text = some_text(report, node)?;
        let read = match text.as_str() {
            "none" => Some(Self::None),
            "mcp_session" => Some(Self::McpSession),
            // Clients behind one address have nothing else in common.
            "address" => None,
            other => named(other).map(Self::By),
        };
        if read.is_none() {
            let message = format!("{} is nothing that keeps requests at one target", node.shown());
            report.say(Code::BadWord, node.place, message, FORMS);
        }
        read
    }
}

/// Refuses sessions of a protocol that the agent does not speak: nobody would find one.
pub(super) fn check(fields: &Fields<'_>, agent: &AgentSettings) {
    let is_for_sessions = agent.upstream.affinity.as_deref() == Some(&Affinity::McpSession);
    let node = fields.node("upstream").and_then(|upstream| upstream.member("affinity"));
    if let Some(node) = node.filter(|_| is_for_sessions && speaks_another(fields, agent)) {
        let message = "`affinity: mcp_session` at an agent that does not speak MCP";
        let help = "write `protocol: mcp` beside `upstream`, or choose another affinity";
        fields.report().say(Code::ProtocolBlock, node.place, message, help);
    }
}
