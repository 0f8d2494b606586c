//! `portcullis fleet`: who of the gateways that share a store runs which revision, as the one that is asked sees them.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::config::{Admin, Outline, parse_duration};
use crate::model::inert;

use super::exit::Exit;
use super::gateway;
use super::place::{self, ConfigArg};

/// The longest text that is printed of what a gateway says, in characters.
const LONGEST: usize = 2000;
/// How often the gateway is asked while somebody waits: two looks within the half second that a change needs.
const EVERY: Duration = Duration::from_millis(250);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// Wait until all run the last revision or one has refused it, at most this long
    #[arg(long, value_name = "DURATION", value_parser = |text: &str| parse_duration(text).map_err(str::to_owned), num_args = 0..=1, default_missing_value = "10s")]
    wait: Option<Duration>,
    /// Print what the gateway says, as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<Exit> {
    let asked = gateway::settings(&args.config).and_then(|outline| {
        let admin = admin_of(&outline)?;
        let end = args.wait.map(|wait| Instant::now() + wait);
        ask_until(admin, end)
    });
    let fleet = match asked {
        Ok(fleet) => fleet,
        Err(message) => {
            writeln!(err, "error: {message}")?;
            return Ok(Exit::Failure);
        }
    };
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&fleet)?)?;
    } else {
        print(&fleet, out)?;
    }
    Ok(verdict(&fleet))
}

fn admin_of(outline: &Outline) -> Result<&Admin, String> {
    let none = "the configuration has no admin listener (`server.admin`) that could be asked";
    outline.server.admin.as_ref().ok_or_else(|| none.to_owned())
}

/// Asks until nobody is left to wait for, or until `end`.
fn ask_until(admin: &Admin, end: Option<Instant>) -> Result<Value, String> {
    let runtime = place::runtime().map_err(|error| error.to_string())?;
    loop {
        let fleet = ask(admin)?;
        let left = end.map(|end| end.saturating_duration_since(Instant::now())).unwrap_or_default();
        if verdict(&fleet) != Exit::NotYet || left.is_zero() {
            return Ok(fleet);
        }
        runtime.block_on(async { tokio::time::sleep(EVERY.min(left)).await });
    }
}

fn ask(admin: &Admin) -> Result<Value, String> {
    let (status, body) = gateway::ask_admin(admin, "/api/v1/fleet")?;
    let answer: Value = serde_json::from_str(&body).map_err(|_| "the answer is not JSON".to_owned())?;
    if status == 200 {
        return Ok(answer);
    }
    let detail = answer.get("detail").and_then(Value::as_str).unwrap_or_default();
    Err(format!("the admin listener answered {status}: {}", inert(detail, LONGEST)))
}

/// Everybody who has not vanished counts. A store that is not as it should be says nothing about the last revision.
fn verdict(fleet: &Value) -> Exit {
    let members = || members(fleet).iter().filter(|member| member["state"] != "vanished");
    let late = || members().filter(|member| member["state"] != "running");
    if late().next().is_none() && store_state(fleet) == "ok" {
        Exit::Success
    } else if late().any(|member| member["state"] == "refused") {
        Exit::RefusedSomewhere
    } else {
        Exit::NotYet
    }
}

fn members(fleet: &Value) -> &[Value] {
    fleet["members"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn store_state(fleet: &Value) -> &str {
    fleet.pointer("/store/state").and_then(Value::as_str).unwrap_or("unknown")
}

fn print(fleet: &Value, out: &mut dyn Write) -> std::io::Result<()> {
    let text = |value: &Value| inert(value.as_str().unwrap_or("?"), LONGEST).into_string();
    let members = members(fleet);
    let running = members.iter().filter(|member| member["state"] == "running").count();
    let present = members.iter().filter(|member| member["state"] != "vanished").count();
    let revision = &fleet["revision"];
    let (gateways, run) = if present == 1 { ("gateway", "runs") } else { ("gateways", "run") };
    writeln!(out, "{running} of {present} {gateways} {run} revision {revision}")?;
    for member in members.iter().filter(|member| member["state"] != "running") {
        writeln!(out, "  {}: {}", text(&member["name"]), why(member))?;
        let findings = member.pointer("/refused/findings").and_then(Value::as_array);
        for finding in findings.into_iter().flatten() {
            let resource = finding["resource"].as_str().map_or_else(String::new, |id| {
                format!("{}:{}:{}: ", inert(id, LONGEST), finding["line"], finding["column"])
            });
            writeln!(out, "    {resource}{} [{}]", text(&finding["message"]), text(&finding["code"]))?;
        }
    }
    let state = store_state(fleet);
    if state != "ok" {
        writeln!(out, "the store is {}; `portcullis status` says why", inert(state, LONGEST))?;
    }
    Ok(())
}

/// Why a member does not count as one that runs the last revision.
fn why(member: &Value) -> String {
    let revision = &member["revision"];
    let age = member["confirmed_age_ms"].as_u64().map(|age| age / 1000);
    match member["state"].as_str().unwrap_or_default() {
        "behind" => format!("behind, it runs revision {revision}"),
        "refused" => {
            let refused = member.pointer("/refused/revision").and_then(Value::as_u64).unwrap_or_default();
            format!("refused revision {refused}, it runs revision {revision}")
        }
        "stale" => {
            let age = age.map_or_else(String::new, |age| format!(" for {age} s"));
            format!("stale, it has not heard of the store{age}; it ran revision {revision}")
        }
        "vanished" => format!("vanished, it ran revision {revision}"),
        other => inert(other, LONGEST).into_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fleet(states: &[&str], store: &str) -> Value {
        let member = |(n, state): (usize, &&str)| {
            json!({
                "name": format!("gateway-{n}"), "state": state, "revision": if *state == "running" { 41 } else { 40 },
                "refused": (*state == "refused").then(|| json!({"revision": 41, "findings": [
                    {"resource": "agents/a", "line": 2, "column": 3, "message": "no such file", "code": "file-unreadable"}]})),
                "confirmed_age_ms": 20_500,
            })
        };
        let members: Vec<Value> = states.iter().enumerate().map(member).collect();
        json!({"revision": 41, "store": {"state": store}, "members": members})
    }

    #[test]
    fn the_exit_says_whether_all_run_it() {
        for (states, store, expected) in [
            (&["running", "running"][..], "ok", Exit::Success),
            (&["running"], "ok", Exit::Success),
            (&["running", "vanished"], "ok", Exit::Success),
            (&["running", "behind"], "ok", Exit::NotYet),
            (&["stale", "running"], "ok", Exit::NotYet),
            (&["running", "refused"], "ok", Exit::RefusedSomewhere),
            (&["behind", "refused"], "ok", Exit::RefusedSomewhere),
            (&["running"], "stale", Exit::NotYet),
            (&["running"], "regressed", Exit::NotYet),
        ] {
            assert_eq!(verdict(&fleet(states, store)), expected, "{states:?} {store}");
        }
    }

    #[test]
    fn each_laggard_is_named_with_what_it_runs_and_why() {
        let printed = |states: &[&str], store: &str| {
            let mut out = Vec::new();
            print(&fleet(states, store), &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(printed(&["running", "running"], "ok"), "2 of 2 gateways run revision 41\n");
        assert_eq!(printed(&["running"], "ok"), "1 of 1 gateway runs revision 41\n");
        assert_eq!(
            printed(&["running", "behind", "refused", "stale", "vanished"], "stale"),
            "1 of 4 gateways run revision 41\n\
             \x20 gateway-1: behind, it runs revision 40\n\
             \x20 gateway-2: refused revision 41, it runs revision 40\n\
             \x20   agents/a:2:3: no such file [file-unreadable]\n\
             \x20 gateway-3: stale, it has not heard of the store for 20 s; it ran revision 40\n\
             \x20 gateway-4: vanished, it ran revision 40\n\
             the store is stale; `portcullis status` says why\n"
        );
    }
}
