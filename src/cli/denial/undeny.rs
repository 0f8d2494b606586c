//! `portcullis undeny`: lifts a denial.

use std::io::Write;

use serde_json::{Value, json};

use super::super::exit::Exit;
use super::super::gateway::{self, Request};
use super::super::place::ConfigArg;
use super::{Failed, ask, document, failed, open, print, told, user};

#[derive(Debug, clap::Args)]
pub(in super::super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// The id, as `portcullis denied` lists it
    #[arg(value_name = "ID", value_parser = id)]
    id: String,
}

/// A text that can be part of a path.
fn id(text: &str) -> Result<String, String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if !text.is_empty() && text.bytes().all(is_plain) {
        Ok(text.to_owned())
    } else {
        Err("an id has letters, digits, dashes and underscores".to_owned())
    }
}

pub(in super::super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<Exit> {
    let done = undeny(args, out, err);
    told(done, err)
}

fn undeny(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failed> {
    let outline = gateway::settings(&args.config).or_else(failed)?;
    let path = format!("/api/v1/denials/{}", args.id);
    let show = Request { method: "GET", path: &path, if_match: None, body: None };
    if let Some(reply) = ask(&outline, &show, err)? {
        let shown = document(&reply)?;
        let etag = shown.get("etag").and_then(Value::as_str);
        let lift = Request { method: "DELETE", path: &path, if_match: etag, body: None };
        let lifted = ask(&outline, &lift, err)?;
        return match lifted {
            Some(reply) => print(&document(&reply)?, out),
            None => failed("the gateway went away meanwhile"),
        };
    }
    let (runtime, stores, snapshot) = open(&args.config)?;
    if !runtime.block_on(stores.undeny(&snapshot, &args.id, &user())).or_else(failed)? {
        return failed(format!("there is no denial {:?}", args.id));
    }
    print(&json!({"id": args.id, "dry_run": false}), out)
}
