//! The log on standard error: for people on a terminal, JSON lines elsewhere.
//!
//! Libraries that print headers at their finer levels are held at `warn` whatever the operator asks for, so
//! that no credential is ever logged. The access log is not written here.

use std::io::IsTerminal as _;
use std::str::FromStr;

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// Lines for people.
    Text,
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err("one of: auto, json, text"),
        }
    }
}

/// Sends every log line of the process to standard error.
///
/// Called once, first thing; a second call leaves the first in force.
pub fn init_logging(format: LogFormat, level: Level) {
    // Everything that is not ours stays at `warn` or quieter: debug lines of HTTP libraries print headers.
    let foreign = LevelFilter::from_level(level.min(Level::WARN));
    let targets = Targets::new()
        .with_default(foreign)
        // What these warn of are callers and upstreams that misbehave, which our own lines say better.
        .with_target("pingora_proxy", LevelFilter::OFF)
        .with_target("pingora_pool", LevelFilter::ERROR)
        .with_target("pingora_core", LevelFilter::ERROR)
        // A line for each connection, or for each frame, that any caller can make it write.
        .with_target("pingora_core::apps", LevelFilter::OFF)
        .with_target("h2", LevelFilter::OFF)
        .with_target("portcullis", level);
    let json = match format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let registry = tracing_subscriber::registry().with(targets);
    let done = if json {
        let layer = tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_writer(std::io::stderr);
        registry.with(layer).try_init()
    } else {
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr);
        registry.with(layer).try_init()
    };
    // A second initialisation (tests in one process) keeps the first subscriber.
    let _already = done;
}
