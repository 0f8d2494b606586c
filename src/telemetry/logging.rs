//! The log on standard error: for people on a terminal, JSON lines elsewhere.
//!
//! Libraries that print headers at their finer levels are held at `warn` whatever the operator asks for, so
//! that no credential is ever logged. The access log is not written here.
//!
//! A process that serves does not wait for the reader of its log: see `lines`.

use std::io::{IsTerminal as _, Write};
use std::str::FromStr;

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::lines::{Line, Lines};
use super::thread_end::ThreadEnd;

/// Lines that may wait for a slow reader of standard error before new ones are dropped.
const BUFFERED_LINES: usize = 1_024;

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

/// Where the lines go. Dropping the one that [`init_logging`] gave writes those that still wait.
#[derive(Debug)]
pub struct Log {
    lines: Option<Lines<Vec<u8>>>,
    _written: Option<ThreadEnd>,
}

/// What the subscriber writes to.
struct Out(Option<Lines<Vec<u8>>>);

impl<'a> MakeWriter<'a> for Out {
    type Writer = Box<dyn Write + 'a>;

    fn make_writer(&'a self) -> Self::Writer {
        match &self.0 {
            Some(lines) => Box::new(Line::of(lines)),
            None => Box::new(std::io::stderr()),
        }
    }
}

impl Log {
    /// A writer of one more line, in turn with the others.
    #[must_use]
    pub fn line(&self) -> Box<dyn Write + '_> {
        match &self.lines {
            Some(lines) => Box::new(Line::of(lines)),
            None => Box::new(std::io::stderr()),
        }
    }
}

fn process_log() -> (Lines<Vec<u8>>, ThreadEnd) {
    Lines::to(std::io::stderr(), "process", BUFFERED_LINES, |line: &Vec<u8>, text| {
        text.extend_from_slice(line)
    })
}

/// Sends every log line of the process to standard error; one that `serves` drops lines rather than wait.
///
/// Called once, first thing; a second call leaves the first in force.
pub fn init_logging(format: LogFormat, level: Level, serves: bool) -> Log {
    let (lines, written) = serves.then(process_log).unzip();
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
        // A line for each kept connection that an agent has closed; what fails is told of with its agent.
        .with_target("pingora_core::connectors", LevelFilter::OFF)
        .with_target("h2", LevelFilter::OFF)
        // A name that is not known is told of with its upstream.
        .with_target("hickory_resolver", LevelFilter::OFF)
        .with_target("hickory_net", LevelFilter::OFF)
        .with_target("hickory_proto", LevelFilter::OFF)
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
            .with_writer(Out(lines.clone()));
        registry.with(layer).try_init()
    } else {
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(Out(lines.clone()));
        registry.with(layer).try_init()
    };
    // A second initialisation (tests in one process) keeps the first subscriber.
    let _already = done;
    Log { lines, _written: written }
}
