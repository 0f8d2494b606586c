//! `portcullis import`: the configuration of another gateway, as one of ours. It reads files and writes nothing but what
//! it prints.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::config::{MAX_BYTES, Source};
use crate::import::{Product, Unreadable, import};

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
    let (sources, unread): (Vec<_>, Vec<_>) =
        args.files.iter().map(|path| read(path)).partition(Result::is_ok);
    for message in unread.into_iter().filter_map(Result::err) {
        writeln!(err, "error: {message}")?;
    }
    let sources: Vec<Source> = sources.into_iter().filter_map(Result::ok).collect();
    if sources.len() < args.files.len() {
        return Ok(Exit::Usage);
    }
    let imported = match import(args.from, &sources) {
        Ok(imported) => imported,
        Err(Unreadable::Broken(findings)) => {
            write!(err, "{findings}")?;
            return Ok(Exit::Usage);
        }
        Err(Unreadable::Foreign(message)) => {
            writeln!(err, "error: {message}")?;
            return Ok(Exit::Usage);
        }
    };
    for line in &imported.lines {
        writeln!(err, "{}:{}: {}", line.file, line.number, line.verdict)?;
    }
    write!(out, "{}", imported.yaml)?;
    Ok(if imported.is_weak { Exit::Failure } else { Exit::Success })
}

fn read(path: &Path) -> Result<Source, String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let length = std::fs::metadata(path).map_err(|error| told(&error))?.len();
    if length > u64::try_from(MAX_BYTES).unwrap_or(u64::MAX) {
        return Err(told(&"over 8 MiB"));
    }
    let bytes = std::fs::read(path).map_err(|error| told(&error))?;
    let text = String::from_utf8(bytes).map_err(|_| told(&"not UTF-8"))?;
    Ok(Source::new(path, text))
}
