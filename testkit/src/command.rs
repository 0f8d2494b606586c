//! The binary as a command that ends by itself: what it said and how it ended.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::binary::binary;

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    /// The exit status; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Runs `portcullis` in a folder with these arguments, and with nothing of our own environment in the way.
pub async fn portcullis(folder: &Path, args: &[&str]) -> Ran {
    portcullis_with(folder, args, "", &[]).await
}

/// The same with standard input and variables.
pub async fn portcullis_with(folder: &Path, args: &[&str], stdin: &str, variables: &[(&str, &str)]) -> Ran {
    let mut child = Command::new(binary())
        .args(args)
        .current_dir(folder)
        .env_remove("PORTCULLIS_CONFIG")
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the command starts");
    let mut input = child.stdin.take().expect("its input");
    // A command that reads nothing has closed it already.
    let _ = input.write_all(stdin.as_bytes()).await;
    drop(input);
    let ended = tokio::time::timeout(Duration::from_secs(30), child.wait_with_output()).await;
    let output = ended.unwrap_or_else(|_| panic!("{args:?} does not end")).expect("its output");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it writes UTF-8");
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}
