//! What the commands about stores have in common to say, and to refuse.

use std::collections::BTreeMap;
use std::io::Write;

use tokio::runtime::Runtime;

use crate::config::Outline;
use crate::control::{Difference, outline, try_out};
use crate::model::ResourceId;
use crate::store::{Contents, Description, Movable};
use crate::telemetry::Metrics;

use super::super::place::{self, ConfigArg};
use super::Failed;

/// Resources that are listed by name: what a terminal shows with room to scroll.
const NAMED: usize = 100;

/// Who changes a store on the command line, where nobody authenticates.
pub(super) const WHO: &str = "command line";

/// What the configuration says of the process and its store. A store that it names wrongly is told as `check` does.
pub(super) fn settings(
    config: &ConfigArg,
    runtime: &Runtime,
    err: &mut dyn Write,
) -> Result<Outline, Failed> {
    let documents = place::documents(config).map_err(Failed::Because)?;
    let outline = runtime.block_on(outline(documents.as_ref())).map_err(Failed::because)?;
    let outline = outline.ok_or_else(|| {
        Failed::Because("the configuration is not YAML; `portcullis check` says more".to_owned())
    })?;
    let Some(findings) = &outline.found_in_store else { return Ok(outline) };
    write!(err, "{findings}")?;
    Err(Failed::Because(format!("`store` is not valid ({} to fix)", findings.errors())))
}

/// Fails, and says why, unless the configuration would be valid with these resources in the store.
pub(super) fn check(
    config: &ConfigArg,
    runtime: &Runtime,
    (target, resources): (&dyn Movable, &BTreeMap<ResourceId, String>),
    err: &mut dyn Write,
) -> Result<(), Failed> {
    let documents = place::documents(config).map_err(Failed::Because)?;
    let metrics = Metrics::new().map_err(Failed::because)?;
    match runtime.block_on(try_out(documents, target, resources, &metrics)) {
        Ok(compiled) => Ok(write!(err, "{}", compiled.warnings)?),
        Err(error) => {
            let findings = error.into_diagnostics();
            write!(err, "{findings}")?;
            Err(Failed::Because(format!(
                "the configuration would not be valid ({} to fix); nothing was written",
                findings.errors()
            )))
        }
    }
}

/// Fails when the target holds something, unless that is to be replaced.
pub(super) fn is_free(
    target: &Contents,
    place: &Description,
    replace: bool,
    is_taken: bool,
) -> Result<(), Failed> {
    if !is_taken || replace {
        return Ok(());
    }
    Err(Failed::Because(format!(
        "{} holds {} at revision {}; nothing was written; `--replace` replaces what it holds",
        name(place),
        count(target.resources.len(), "resource"),
        target.head
    )))
}

/// The changes, by name and in numbers.
pub(super) fn print(difference: &Difference, out: &mut dyn Write) -> std::io::Result<()> {
    let Difference { created, changed, removed, unchanged } = difference;
    let all = [("create", created), ("change", changed), ("remove", removed)];
    let named = all.iter().flat_map(|(verb, ids)| ids.iter().map(move |id| (verb, id)));
    for (verb, id) in named.clone().take(NAMED) {
        writeln!(out, "  {verb} {id}")?;
    }
    let rest = named.count().saturating_sub(NAMED);
    if rest > 0 {
        writeln!(out, "  … and {rest} more")?;
    }
    writeln!(
        out,
        "{} created, {} changed, {} removed, {unchanged} unchanged",
        created.len(),
        changed.len(),
        removed.len()
    )
}

/// The store as an operator knows it.
pub(super) fn name(store: &Description) -> String {
    store.place.clone().unwrap_or_else(|| "the store".to_owned())
}

pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
