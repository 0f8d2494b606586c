//! `portcullis denied`: lists the denials in force.

use std::io::Write;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::admin::made_denial;
use crate::model::{Clock as _, SystemClock};
use crate::store::{AskedDenials, DenialEntry};

use super::super::exit::Exit;
use super::super::gateway::{self, Request};
use super::super::place::ConfigArg;
use super::{Failed, ask, document, failed, open, print, told};

#[derive(Debug, clap::Args)]
pub(in super::super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
}

pub(in super::super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<Exit> {
    let done = denied(args, out, err);
    told(done, err)
}

fn denied(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failed> {
    let outline = gateway::settings(&args.config).or_else(failed)?;
    let (mut items, mut after) = (Vec::new(), None::<String>);
    loop {
        let after_it = after.map(|after| format!("&after={after}")).unwrap_or_default();
        let path = format!("/api/v1/denials?limit=500{after_it}");
        let page = Request { method: "GET", path: &path, if_match: None, body: None };
        let Some(reply) = ask(&outline, &page, err)? else { break };
        let page = document(&reply)?;
        items.extend(page.get("items").and_then(Value::as_array).cloned().unwrap_or_default());
        after = page.get("next").and_then(Value::as_str).map(str::to_owned);
        if after.is_none() {
            return print(&listed(items), out);
        }
    }
    let (runtime, stores, snapshot) = open(&args.config)?;
    let asked = AskedDenials { after: None, limit: usize::MAX, kind: None, now: SystemClock.now() };
    let all = runtime.block_on(stores.denied(asked)).or_else(failed)?;
    let shown = |(id, entry): &(Box<str>, Arc<DenialEntry>)| made_denial(id, entry, &snapshot, Vec::new());
    print(&listed(all.items.iter().map(shown).collect()), out)
}

fn listed(items: Vec<Value>) -> Value {
    let total = items.len();
    json!({"items": items, "next": null, "total": total})
}
