//! Has a release compiled anew when the console was built. Without one (Node is not needed to build the gateway) there
//! is nothing to embed, and the gateway says how the console is built. A development build embeds nothing: it reads
//! `console/dist` when a page is asked for.

use std::io::Write as _;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "cargo::rerun-if-changed=build.rs")?;
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "debug") {
        return Ok(());
    }
    // A path that is not there would make every build a new one; its folder says when it comes.
    for path in ["console/dist/index.html", "console"] {
        if Path::new(path).exists() {
            return writeln!(out, "cargo::rerun-if-changed={path}");
        }
    }
    Ok(())
}
