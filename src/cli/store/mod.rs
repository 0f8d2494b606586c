//! `portcullis store …`: stores of resources as a whole. Each command opens a store for one purpose and ends.

mod copy;
mod export;
mod import;
mod init;
mod resume;
mod told;
mod wait;

use std::io::Write;

use super::exit::Exit;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Store {
    /// Make the head of an empty store in etcd, and print its id
    Init(init::Args),
    /// Copy a whole store, with its history and the numbers of its revisions
    Copy(copy::Args),
    /// Write all agents, identity providers, API keys and limits of a store into one document (mode 0600)
    Export(export::Args),
    /// Fill a store with the agents, identity providers, API keys and limits of a document
    Import(import::Args),
    /// Say what a fleet follows from now on, after its store in etcd vanished, was replaced or went back
    Resume(resume::Args),
}

pub(super) fn run(command: &Store, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<Exit> {
    let done = match command {
        Store::Init(args) => init::run(args, out, err),
        Store::Copy(args) => copy::run(args, out, err),
        Store::Export(args) => export::run(args, out, err),
        Store::Import(args) => import::run(args, out, err),
        Store::Resume(args) => resume::run(args, out, err),
    };
    match done {
        Ok(exit) => Ok(exit),
        Err(Failed::Told) => Ok(Exit::Failure),
        Err(Failed::Because(message)) => {
            writeln!(err, "error: {message}")?;
            Ok(Exit::Failure)
        }
        Err(Failed::Output(error)) => Err(error),
    }
}

/// Why a command could not do what it was asked for.
enum Failed {
    /// It was said already.
    Told,
    /// In words for an operator.
    Because(String),
    /// Its own output cannot be written.
    Output(std::io::Error),
}

impl Failed {
    fn because(error: impl std::fmt::Display) -> Self {
        Self::Because(error.to_string())
    }
}

impl From<std::io::Error> for Failed {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error)
    }
}

#[cfg(test)]
mod tests;
