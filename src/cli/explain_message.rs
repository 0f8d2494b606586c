//! The message that `portcullis explain` judges, and what it prints of the rules and of the caller's response.

use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::HeaderMap;

use crate::authz::Ruled;
use crate::gate::{self, Explanation};
use crate::model::inert;
use crate::routing::{Agent, Protocol};

/// The most of a message that is read, in bytes: the largest `max_message`, and one more to see that it is too long.
const LARGEST: u64 = (64 << 20) + 1;
/// The longest text of a line, in characters.
const LONGEST: usize = 2000;

#[derive(Debug, clap::Args)]
pub(super) struct MessageArgs {
    /// Judge this MCP method by the agent's rules, too (tools/call)
    #[arg(long, value_name = "METHOD")]
    mcp_method: Option<String>,
    /// The tool or prompt of the method, or the URI of its resource
    #[arg(long, value_name = "NAME", requires = "mcp_method")]
    mcp_name: Option<String>,
    /// Judge this A2A operation by the agent's rules, too (SendMessage)
    #[arg(long, value_name = "NAME", conflicts_with = "mcp_method")]
    a2a_operation: Option<String>,
    /// Judge the whole JSON-RPC message in this file (`-` for standard input)
    #[arg(long, visible_alias = "mcp-message", value_name = "PATH", conflicts_with_all = ["mcp_method", "a2a_operation"])]
    message: Option<PathBuf>,
}

impl MessageArgs {
    /// Whether there is a message to judge.
    pub(super) const fn is_given(&self) -> bool {
        self.mcp_method.is_some() || self.a2a_operation.is_some() || self.message.is_some()
    }

    /// Whether the message comes from standard input.
    pub(super) fn is_stdin(&self) -> bool {
        self.message.as_deref().is_some_and(is_stdin)
    }

    /// The message, if there is one. A method gets the headers that a client sends with it, as far as `headers` do not
    /// have them.
    pub(super) fn read(&self, agent: &Agent, headers: &mut HeaderMap) -> Result<Option<Bytes>, String> {
        if let Some(path) = &self.message {
            return file(path).map(Some).map_err(|e| format!("{} cannot be read: {e}", path.display()));
        }
        let speaks_a2a = matches!(agent.protocol, Protocol::A2a(_));
        let (flag, method) = match (&self.mcp_method, &self.a2a_operation) {
            (Some(method), _) if !speaks_a2a => ("--mcp-method", method),
            (None, Some(method)) if speaks_a2a => ("--a2a-operation", method),
            (None, None) => return Ok(None),
            (Some(_), _) => return Err(format!("agent `{}` speaks A2A: use --a2a-operation", agent.name)),
            (None, Some(_)) => {
                return Err(format!("agent `{}` does not speak A2A: use --mcp-method", agent.name));
            }
        };
        let made = gate::message_for(agent, method, self.mcp_name.as_deref(), headers);
        made.map(Some).map_err(|e| format!("{flag} {}: {e}", inert(method, LONGEST)))
    }

    /// What somebody should know who reads the explanation.
    pub(super) fn note(&self, agent: &Agent) -> Option<String> {
        let name = &agent.name;
        match (self.is_given(), agent.entry.operations.is_some()) {
            (true, false) => {
                Some(format!("agent `{name}` has no rules by operation: no rule applies to the message"))
            }
            (false, true) => {
                let flag =
                    if let Protocol::A2a(_) = agent.protocol { "--a2a-operation" } else { "--mcp-method" };
                Some(format!(
                    "agent `{name}` has rules by operation, too: name one with {flag}, or a message with --message"
                ))
            }
            (true, true) | (false, false) => None,
        }
    }
}

pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn file(path: &Path) -> std::io::Result<Bytes> {
    let mut bytes = Vec::new();
    if is_stdin(path) {
        std::io::stdin().take(LARGEST).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
    }
    Ok(bytes.into())
}

/// Prints what the rules by operation say.
pub(super) fn print_rules(ruled: &Ruled, out: &mut dyn Write) -> std::io::Result<()> {
    let Ruled { method, names, rules, scopes } = ruled;
    let names: String = names.iter().map(|name| format!(" {}", inert(name, LONGEST))).collect();
    writeln!(out, "\noperation {}{names}", inert(method, LONGEST))?;
    if rules.is_empty() {
        writeln!(out, "       no rule is needed: the agent's own auth decides")?;
    }
    for rule in rules {
        writeln!(
            out,
            "       {} ({}): {}",
            inert(&rule.setting, LONGEST),
            inert(&rule.says, LONGEST),
            rule.outcome.as_str()
        )?;
    }
    if let Some(scopes) = scopes {
        writeln!(out, "       scopes in all: {scopes}")?;
    }
    Ok(())
}

/// Prints the response that the caller gets.
pub(super) fn print_response(explanation: &Explanation, out: &mut dyn Write) -> std::io::Result<()> {
    let Some(response) = &explanation.response else { return Ok(()) };
    writeln!(out, "\nHTTP {}", explanation.status)?;
    if let Some(challenge) = &response.www_authenticate {
        writeln!(out, "WWW-Authenticate: {challenge}")?;
    }
    writeln!(out, "Content-Type: {}\n\n{}", response.content_type, response.body)
}
