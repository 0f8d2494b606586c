//! `portcullis schema`: the JSON Schema of the configuration, for editors.

use std::io::Write;

use super::exit::Exit;

pub(super) fn run(out: &mut dyn Write) -> std::io::Result<Exit> {
    writeln!(out, "{:#}", crate::config::schema())?;
    Ok(Exit::Success)
}
