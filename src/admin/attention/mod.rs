//! What needs somebody's attention, in sentences with deadlines: errors first. What each sentence is about is in
//! `causes`.

mod causes;

use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Snapshot;
use crate::control;
use crate::model::Instant;
use crate::telemetry::{Decisions, Traffic};

/// So many are told; the others are counted.
const MOST: usize = 100;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    /// Callers are turned away, or a change did not take place.
    Error,
    /// They will be, if nobody does anything.
    Warning,
    /// It is good to know.
    Note,
}

/// What it is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub(super) struct Subject {
    kind: &'static str,
    name: String,
}

impl Subject {
    pub(super) fn new(kind: &'static str, name: impl ToString) -> Self {
        Self { kind, name: name.to_string() }
    }
}

/// One thing that needs attention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Attention {
    level: Level,
    code: &'static str,
    text: String,
    subject: Option<Subject>,
    since: Option<jiff::Timestamp>,
    until: Option<jiff::Timestamp>,
}

impl Attention {
    /// One sentence about a subject.
    pub(super) fn new(level: Level, code: &'static str, subject: Subject, text: String) -> Self {
        Self { level, code, text, subject: Some(subject), since: None, until: None }
    }

    fn since(mut self, at: Option<Instant>) -> Self {
        self.since = at.map(Instant::timestamp);
        self
    }

    fn until(mut self, at: Option<Instant>) -> Self {
        self.until = at.map(Instant::timestamp);
        self
    }
}

/// What the sentences are made of.
pub(super) struct Seen<'a> {
    pub(super) live: &'a Snapshot,
    pub(super) status: &'a control::Status,
    pub(super) traffic: &'a Traffic,
    pub(super) decisions: &'a Decisions,
    pub(super) now: Instant,
}

/// Everything that needs attention, what matters most first.
pub(super) fn all(seen: &Seen<'_>) -> Vec<Attention> {
    let mut all = causes::all(seen);
    all.sort_by(|a, b| (a.level, a.code, &a.subject).cmp(&(b.level, b.code, &b.subject)));
    if all.len() > MOST {
        let more = all.len() - MOST;
        all.truncate(MOST);
        let gateway = Subject::new("gateway", "portcullis");
        let text = format!("{more} more things need attention and are not named here.");
        all.push(Attention::new(Level::Note, "more", gateway, text));
    }
    all
}

#[cfg(test)]
mod tests;
