//! `portcullis status`: what needs attention, then what runs, from the gateway that runs with a configuration. For a
//! terminal at night, and for scripts: the exit code says whether there is anything to do.

use std::io::Write;

use serde_json::{Value, json};

use crate::model::inert;

use super::exit::Exit;
use super::gateway;
use super::place::ConfigArg;

/// The longest text of a line, in characters.
const LONGEST: usize = 2000;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<Exit> {
    let outline = match gateway::settings(&args.config) {
        Ok(outline) => outline,
        Err(message) => {
            writeln!(err, "error: {message}")?;
            return Ok(Exit::Failure);
        }
    };
    let asked = match &outline.server.admin {
        Some(admin) => gateway::ask_admin(admin, "/api/v1/status").and_then(read),
        None => {
            writeln!(
                err,
                "note: the configuration has no admin listener (`server.admin`); asking the operations listener, \
                 which knows less"
            )?;
            let ops = outline.server.ops.address.value;
            let reply = gateway::ask(ops, "/readyz?verbose");
            let reply = reply.map_err(|e| format!("the operations listener at {ops} cannot be asked: {e}"));
            // A gateway that is not ready answers 503, and says why.
            reply.and_then(|(_, body)| read((200, body))).map(|ready| of_readiness(&ready))
        }
    };
    let status = match asked {
        Ok(status) => status,
        Err(message) => {
            writeln!(err, "error: {message}")?;
            return Ok(Exit::Unreachable);
        }
    };
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&status)?)?;
    } else {
        print(&status, out)?;
    }
    let is_note = |told: &Value| told["level"] == "note";
    let calm = status.get("attention").and_then(Value::as_array).is_none_or(|all| all.iter().all(is_note));
    Ok(if calm { Exit::Success } else { Exit::Failure })
}

fn read((status, body): gateway::Reply) -> Result<Value, String> {
    let value: Value = serde_json::from_str(&body).map_err(|_| "the answer is not JSON".to_owned())?;
    match status {
        200 => Ok(value),
        _ => {
            let detail = value.get("detail").and_then(Value::as_str).unwrap_or_default();
            Err(format!("the admin listener answered {status}: {}", inert(detail, LONGEST)))
        }
    }
}

/// What can be told of a gateway without an admin listener.
fn of_readiness(ready: &Value) -> Value {
    let told = |level: &str, code: &str, text: String, since: &Value| json!({"level": level, "code": code, "text": text, "subject": null, "since": since, "until": null});
    let mut attention = Vec::new();
    let config = &ready["config"];
    if config["refused_at"].is_string() {
        let errors = config["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        let first = errors.first().and_then(Value::as_str).unwrap_or_default();
        let text =
            format!("A change of the configuration was rejected, with {} errors: {first}", errors.len());
        attention.push(told("error", "change_refused", text, &config["refused_at"]));
    }
    for provider in ready["providers"].as_array().into_iter().flatten() {
        let Some(error) = provider["last_error"].as_str() else { continue };
        let name = provider["provider"].as_str().unwrap_or_default();
        let (level, what) = match provider["usable"].as_bool() {
            Some(true) => ("warning", "the keys from before are used"),
            _ => ("error", "none is left to use: its callers get 503"),
        };
        let text = format!("{name} has not given keys ({error}); {what}.");
        attention.push(told(level, "provider_failing", text, &Value::Null));
    }
    attention.sort_by_key(|told| told["level"] != "error");
    json!({"attention": attention, "live": {"revision": ready["revision"]}, "draining": ready["draining"],
        "counts": {"agents": ready["agents"], "identity_providers": ready["providers"].as_array().map(Vec::len)}})
}

fn print(status: &Value, out: &mut dyn Write) -> std::io::Result<()> {
    let text = |value: &Value| value.as_str().map(|text| inert(text, LONGEST));
    let attention = status["attention"].as_array().map(Vec::as_slice).unwrap_or_default();
    if attention.is_empty() {
        writeln!(out, "Nothing needs attention.")?;
    }
    for told in attention {
        let level = text(&told["level"]).unwrap_or_default();
        writeln!(out, "{level:<8} {}", text(&told["text"]).unwrap_or_default())?;
    }
    writeln!(out)?;
    let mut line = |name: &str, value: Option<String>| match value {
        Some(value) => writeln!(out, "{name:<12} {value}"),
        None => Ok(()),
    };
    let started = text(&status["started_at"]).map(|at| format!(", running since {at}")).unwrap_or_default();
    line("version", text(&status["version"]).map(|version| format!("{version}{started}")))?;
    let live = &status["live"];
    let number = live["number"].as_u64().map(|n| format!(", number {n}")).unwrap_or_default();
    let revision = text(&live["revision"]);
    line("revision", revision.map(|hash| format!("{}{number}", hash.get(..12).unwrap_or(&hash))))?;
    let counts = &status["counts"];
    for (name, member) in
        [("agents", "agents"), ("providers", "identity_providers"), ("API keys", "api_keys")]
    {
        line(name, counts[member].as_u64().map(|count| count.to_string()))?;
    }
    for listener in status["listeners"].as_array().into_iter().flatten() {
        let tls = if listener["tls"] == true { " (TLS)" } else { "" };
        line("listener", text(&listener["address"]).map(|address| format!("{address}{tls}")))?;
    }
    let reload = &status["last_reload"];
    line(
        "last look",
        text(&reload["at"]).zip(text(&reload["result"])).map(|(at, what)| format!("{at}, {what}")),
    )?;
    line("draining", (status["draining"] == true).then(|| "yes".to_owned()))
}
