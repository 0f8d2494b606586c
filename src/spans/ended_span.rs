//! What the request path hands over of a request that has ended. What stands of it in spans and log records, `attributes` says.

use std::time::Duration;

use crate::telemetry::EndedRequest;

/// A request that has ended, for its spans and its log record.
#[derive(Debug)]
pub struct EndedSpan {
    /// What is known of it.
    pub request: EndedRequest,
    /// The path of the route that it took; `None` without a route.
    pub route: Option<String>,
    /// Whether the client spoke TLS.
    pub https: bool,
    /// The revision that decided.
    pub revision: String,
    /// When the agent was asked, after the beginning; `None` when it was not.
    pub asked_after: Option<Duration>,
    /// How often the request was sent again.
    pub resent: u64,
    /// The operation of MCP that its fields name.
    pub mcp: Option<McpCall>,
}

/// An operation of MCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpCall {
    /// Its method.
    pub method: String,
    /// What it is about.
    pub name: Option<String>,
}
