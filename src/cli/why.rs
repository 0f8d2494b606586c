//! `portcullis why`: what became of one request and why, from the gateway that runs with a configuration, or from the
//! refusals that it has kept on disk.

use std::io::Write;

use serde_json::Value;

use crate::admin::Whole;
use crate::config::Outline;
use crate::model::{Clock as _, SystemClock, inert};
use crate::telemetry::KeptRefusals;

use super::exit::Exit;
use super::gateway;
use super::place::ConfigArg;

/// The longest text of a line, in characters.
const LONGEST: usize = 2000;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The `X-Request-Id` of the answer
    request_id: String,
    #[command(flatten)]
    config: ConfigArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<Exit> {
    let found = gateway::settings(&args.config).and_then(|outline| found(args, &outline, err));
    match found {
        Ok(decision) if args.json => {
            writeln!(out, "{}", serde_json::to_string_pretty(&decision)?)?;
            Ok(Exit::Success)
        }
        Ok(decision) => print(&decision, out).map(|()| Exit::Success),
        Err(message) => {
            writeln!(err, "error: {message}")?;
            Ok(Exit::Failure)
        }
    }
}

/// The decision, from the gateway or from the refusals that are kept.
fn found(args: &Args, outline: &Outline, err: &mut dyn Write) -> Result<Value, String> {
    let Some(admin) = &outline.server.admin else {
        let why = "the configuration has no admin listener (`server.admin`) that could be asked";
        return on_disk(args, outline, why, err);
    };
    let id: String = url::form_urlencoded::byte_serialize(args.request_id.as_bytes()).collect();
    match gateway::ask_admin(admin, &format!("/api/v1/decisions/{id}")) {
        Ok((200, body)) => serde_json::from_str(&body).map_err(|e| format!("the answer is not JSON: {e}")),
        Ok((status, body)) => {
            let problem: Value = serde_json::from_str(&body).unwrap_or_default();
            let detail =
                problem.get("detail").and_then(Value::as_str).unwrap_or("another program listens there");
            Err(format!("the admin listener answered {status}: {}", inert(detail, LONGEST)))
        }
        Err(why) => on_disk(args, outline, &why, err),
    }
}

/// The decision as it was kept, when nobody can be asked.
fn on_disk(args: &Args, outline: &Outline, why: &str, err: &mut dyn Write) -> Result<Value, String> {
    let Some(folder) = gateway::kept(outline) else {
        let help = "nor are refusals kept on disk; set `server.admin`, `server.state_dir` or `store`";
        return Err(format!("{why}, {help}"));
    };
    // What is kept on disk may still tell.
    let _told = writeln!(err, "note: {why}; reading the refusals kept in {}", folder.display());
    let entry = KeptRefusals::of(folder).find(&args.request_id, SystemClock.now());
    let entry = entry.ok_or("no refused or failed request of that id is kept; they are kept for a day")?;
    serde_json::to_value(Whole::of(&entry, None)).map_err(|e| e.to_string())
}

/// What its message asked for, with the name of what it is about.
fn operation(decision: &Value) -> Option<String> {
    let asked = decision.get("operation")?;
    let text = |member: &str| asked.get(member)?.as_str().map(|text| inert(text, LONGEST));
    let method = text("method")?;
    Some(text("name").map_or_else(|| method.to_string(), |name| format!("{method} {name}")))
}

fn print(decision: &Value, out: &mut dyn Write) -> std::io::Result<()> {
    let text = |member: &str| decision[member].as_str().map(|text| inert(text, LONGEST));
    let or = |member: &str, other: &str| text(member).unwrap_or_else(|| other.into());
    let status = decision["status"].as_u64().map(|status| format!(", status {status}")).unwrap_or_default();
    writeln!(out, "{}: {}{status}", or("decision", "?"), or("reason", "?"))?;
    let mut line = |name: &str, value: String| writeln!(out, "  {name:<9} {value}");
    line("time", or("time", "?").into())?;
    let request =
        format!("{} {} from {}", or("method", "?"), or("path", "?"), or("remote", "nobody knows where"));
    line("request", request)?;
    if let Some(asked) = operation(decision) {
        line("operation", asked)?;
    }
    let unverified = |member: &str| {
        let named =
            decision["unverified"].as_array().is_some_and(|all| all.iter().any(|name| name == member));
        if named { " (unverified)" } else { "" }
    };
    for (name, member) in [
        ("agent", "agent"),
        ("provider", "provider"),
        ("key", "key_id"),
        ("key name", "key_name"),
        ("client", "client_id"),
        ("iss", "iss"),
        ("aud", "aud"),
        ("kid", "kid"),
        ("upstream", "upstream_error"),
        ("check", "check"),
        ("seen", "seen"),
        ("wanted", "wanted"),
        ("fix", "fix"),
    ] {
        if let Some(value) = text(member) {
            line(name, format!("{value}{}", unverified(member)))?;
        }
    }
    Ok(())
}
