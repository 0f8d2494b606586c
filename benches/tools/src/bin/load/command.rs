//! What the load can be told to do.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

/// One line of standard input.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Command {
    /// Measure one gateway for a moment.
    Slice(Order),
    /// Say what the agent has seen since it was last asked, and answer with bodies of this size from now on.
    Agent { body: usize },
}

/// One slice of load on one gateway.
#[derive(Deserialize)]
pub(crate) struct Order {
    pub(crate) address: SocketAddr,
    pub(crate) protocol: Protocol,
    /// The path of every request, less the query.
    pub(crate) path: String,
    pub(crate) credentials: Plan,
    /// Good tokens, a line each; the subject of line N is `caller-N`.
    pub(crate) tokens: PathBuf,
    /// Size of an answer's body.
    pub(crate) body: usize,
    /// The agent must find the subject in `X-Caller-Sub`, and no `Authorization`.
    pub(crate) checked: bool,
    /// Requests that are under way at any time.
    pub(crate) concurrency: usize,
    pub(crate) warm_up_ms: u64,
    pub(crate) measure_ms: u64,
    /// The processes of the gateway: awake during the slice, stopped after it.
    pub(crate) processes: Vec<i32>,
    /// The certificate that the gateway shows, for HTTP/2.
    pub(crate) certificate: PathBuf,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Hash)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Protocol {
    Http1,
    /// Over TLS.
    Http2,
}

/// Which credentials the requests carry.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Plan {
    /// The first token, always.
    One,
    /// All tokens in turn.
    Turn,
    /// The first token with a signature that is wrong, in another way each time.
    BadNew,
    /// The same, in one way.
    BadOne,
    /// `One` and `BadNew` in turn.
    Mixed,
}
