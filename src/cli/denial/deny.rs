//! `portcullis deny`: makes a denial.

use std::io::{Read as _, Write};

use serde_json::json;

use crate::admin::{AskedDenial, DenialRequest, made_denial};
use crate::config::Outline;
use crate::model::{Clock as _, SystemClock};

use super::super::exit::Exit;
use super::super::gateway::{self, Request};
use super::super::place::ConfigArg;
use super::{Failed, ask, document, failed, open, print, told, user};

/// The longest value that is read from standard input, in bytes: the longest token, and a line break.
const LONGEST_INPUT: u64 = (64 << 10) + 2;

#[derive(Debug, clap::Args)]
pub(in super::super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// The identity provider whose tokens it is about: its name, or an issuer
    #[arg(long, value_name = "NAME|any", default_value = "any")]
    provider: String,
    /// What it names: sub, client_id, jti, sid, act, kid, api_key or token_sha256
    #[arg(long, value_name = "KIND")]
    by: String,
    /// The name; for token_sha256 the token itself (`-` reads it from standard input, out of the process list)
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    value: String,
    /// Which tokens it is about: now (those up to now), all, or a time [default: now for sub and sid, else all]
    #[arg(long, value_name = "now|all|TIME")]
    issued_before: Option<String>,
    /// When it ends: a time, how long, or never [default: 30d after --issued-before]
    #[arg(long, value_name = "TIME|DURATION|never")]
    until: Option<String>,
    /// Added to --issued-before, for clocks of a provider that run ahead; without a duration, the provider's leeway
    #[arg(long, value_name = "DURATION", num_args = 0..=1, default_missing_value = "leeway")]
    skew: Option<String>,
    /// Why, in a few words
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Only say whom it would hit; asks the running gateway
    #[arg(long)]
    dry_run: bool,
    /// Make it although some members of the fleet do not understand it
    #[arg(long)]
    force: bool,
}

pub(in super::super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<Exit> {
    let done = deny(args, out, err);
    told(done, err)
}

fn deny(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failed> {
    let outline = gateway::settings(&args.config).or_else(failed)?;
    let request = request(args)?;
    if let Some(reply) = asked(args, &outline, &request, err)? {
        return print(&document(&reply)?, out);
    }
    if args.dry_run {
        let message = "nobody knows whom it would hit without a running gateway that has an admin listener";
        return Err(Failed::Because(message.to_owned(), Exit::Unreachable));
    }
    let (runtime, stores, snapshot) = open(&args.config)?;
    let read = request.read(&snapshot, user(), SystemClock.now());
    let AskedDenial { denial, warnings } =
        read.map_err(|wrong| Failed::Because(wrong.to_string(), Exit::Usage))?;
    let id = denial.id();
    let entry = runtime.block_on(stores.deny(&snapshot, denial)).or_else(failed)?;
    print(&made_denial(&id, &entry, &snapshot, warnings), out)
}

fn asked(
    args: &Args,
    outline: &Outline,
    request: &DenialRequest,
    err: &mut dyn Write,
) -> Result<Option<gateway::Reply>, Failed> {
    let mut body = json!({"provider": request.provider, "by": request.by, "value": request.value});
    let optional = [
        ("issued_before", &request.issued_before),
        ("until", &request.until),
        ("skew", &request.skew),
        ("reason", &request.reason),
    ];
    for (name, value) in optional {
        if let (Some(value), Some(members)) = (value, body.as_object_mut()) {
            members.insert(name.to_owned(), value.as_str().into());
        }
    }
    let path = format!("/api/v1/denials?dry_run={}&force={}", args.dry_run, args.force);
    let body = body.to_string();
    ask(outline, &Request { method: "POST", path: &path, if_match: None, body: Some(&body) }, err)
}

fn request(args: &Args) -> Result<DenialRequest, Failed> {
    let mut value = args.value.clone();
    if value == "-" {
        value.clear();
        std::io::stdin().take(LONGEST_INPUT).read_to_string(&mut value)?;
        value.truncate(value.trim_end_matches(['\r', '\n']).len());
    }
    Ok(DenialRequest {
        provider: Some(args.provider.clone()),
        by: args.by.clone(),
        value,
        issued_before: args.issued_before.clone(),
        until: args.until.clone(),
        skew: args.skew.clone(),
        reason: args.reason.clone(),
    })
}
