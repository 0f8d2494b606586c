//! `portcullis import`: the configuration of another gateway, as one of ours. It reads files and writes nothing but what
//! it prints.

use std::fs::File;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use crate::config::{Code, Diagnostic, Diagnostics, MAX_BYTES, Source};
use crate::import::{Line, Product, Unreadable, import};

use super::exit::Exit;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The YAML goes to standard output. Standard error says what became of each line: kept, \
    changed or cannot. Exit 0 imported; 1 something weakens, or is weak in the source; 2 not readable."
)]
pub(super) struct Args {
    /// Whose configuration it is
    #[arg(long, value_name = "PRODUCT", value_parser = product)]
    from: Product,
    /// The files, which may name things of one another
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

fn product(text: &str) -> Result<Product, String> {
    let words: Vec<&str> = Product::ALL.iter().map(|product| product.word()).collect();
    Product::parse(text).ok_or_else(|| format!("expected one of {}", words.join(", ")))
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<Exit> {
    let mut sources = Vec::new();
    let mut unread = Diagnostics::default();
    for path in &args.files {
        match read(path) {
            Ok(source) => sources.push(source),
            Err(findings) => unread.append(findings),
        }
    }
    let imported =
        if unread.has_errors() { Err(Unreadable::Broken(unread)) } else { import(args.from, &sources) };
    match imported {
        Ok(imported) => {
            tell(&imported.lines, err)?;
            write!(out, "{}", imported.yaml)?;
            Ok(if imported.is_weak { Exit::Failure } else { Exit::Success })
        }
        Err(Unreadable::Broken(findings)) => {
            write!(err, "{findings}")?;
            Ok(Exit::Usage)
        }
        Err(Unreadable::Nothing { lines, message }) => {
            tell(&lines, err)?;
            writeln!(err, "error: {message}")?;
            Ok(Exit::Usage)
        }
        Err(Unreadable::Unwritable(message)) => {
            writeln!(err, "error: {message}")?;
            Ok(Exit::Usage)
        }
    }
}

fn tell(lines: &[Line], err: &mut dyn Write) -> std::io::Result<()> {
    lines.iter().try_for_each(|line| writeln!(err, "{}:{}: {}", line.file, line.number, line.verdict))
}

/// A file is read within the bound, whatever it says of its length: it may be a pipe.
fn read(path: &Path) -> Result<Source, Diagnostics> {
    let unreadable =
        |error: std::io::Error| Diagnostics::from(Diagnostic::unreadable(path, &error.to_string()));
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > MAX_BYTES {
        return Err(Diagnostic::of_file(Code::FileTooLarge, path, "over 8 MiB").into());
    }
    let text = String::from_utf8(bytes)
        .map_err(|error| Diagnostic::not_utf8(path, error.utf8_error().valid_up_to()))?;
    Ok(Source::new(path, text))
}
