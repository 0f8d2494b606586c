//! Puts the built console where the library embeds it from. Without one (Node is not needed to build the gateway) the
//! folder stays empty, and the gateway says how the console is built.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let built = Path::new("console/dist");
    let mut out = io::stdout();
    writeln!(out, "cargo::rerun-if-changed=build.rs")?;
    // A path that is not there would make every build a new one.
    if built.is_dir() {
        writeln!(out, "cargo::rerun-if-changed=console/dist")?;
    } else if Path::new("console").is_dir() {
        writeln!(out, "cargo::rerun-if-changed=console")?;
    }
    let folder = env::var_os("OUT_DIR").map(PathBuf::from).ok_or_else(|| io::Error::other("no OUT_DIR"))?;
    let embedded = folder.join("console");
    match fs::remove_dir_all(&embedded) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir_all(&embedded)?,
    }
    if built.is_dir() { copy(built, &embedded) } else { Ok(()) }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
