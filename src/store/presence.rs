//! Who shares a store: what each member of a fleet says of itself, and what the others see of it. Which of them lag behind
//! is for `control` to say, and what a member says of itself is as well.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;

/// The most bytes that a member says of itself, as JSON: a read of a hundred members stays small.
const MOST_BYTES: usize = 1024;
/// The longest message of a finding in a report, in bytes; the first one is shorter where labels are long.
const LONGEST_MESSAGE: usize = 240;

/// What a member says of itself. Nothing of it is a secret.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// The name of this one process.
    pub boot_id: String,
    /// The version of the program.
    pub version: String,
    /// The documents that it understands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Its labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The revision that its listeners serve, whole; 0 for none.
    pub revision: u64,
    /// The hash of that.
    pub hash: String,
    /// The revision that it does not serve, or not whole, because something in it is invalid here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusedRevision>,
    /// The milliseconds since it last heard which revision is the last one; `None` when it never did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_age_ms: Option<u64>,
    /// Whether it takes traffic, in the sense of `/readyz`.
    pub ready: bool,
    /// Whether it is ending.
    #[serde(default, skip_serializing_if = "is_false")]
    pub draining: bool,
    /// Whether it was set apart for trying things out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub canary: bool,
}

/// A revision that a member refuses.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RefusedRevision {
    /// Its number.
    pub revision: u64,
    /// The first errors.
    pub findings: Vec<ReportedFinding>,
}

/// An error as another member found it. Its code may be one that this version does not have.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReportedFinding {
    /// Its stable name.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// The resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The part of the resource, as a JSON pointer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The line, counted from 1; 0 for the whole file.
    #[serde(default)]
    pub line: usize,
    /// The column, counted from 1; 0 for the whole file.
    #[serde(default)]
    pub column: usize,
}

/// A member as another one sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What it said last.
    pub member: Member,
    /// How it was seen.
    pub sight: Sight,
}

/// How a member is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// It says that it is there, and said the last thing at this point of *our* time.
    Present {
        /// When what it says was last seen to change.
        changed: Instant,
        /// Whether another process goes by the same name.
        contested: bool,
    },
    /// It stopped saying so without having left.
    Vanished,
}

/// The members of a fleet.
#[async_trait]
pub trait Presence: Send + Sync {
    /// Tells the others what `me` says, at once after [`Self::touch`] and every few seconds besides, and listens to them.
    /// For ever: what cannot be told now is told later.
    async fn attend(&self, me: &dyn Reporter);

    /// What is said by this member has changed.
    fn touch(&self);

    /// Everybody who is there or has vanished, in the order of their names, as far as that is known here.
    fn seen(&self) -> Vec<Seen>;

    /// Says when [`Self::seen`] may be another.
    fn changes(&self) -> watch::Receiver<()>;

    /// Says goodbye, so that nobody takes this member for vanished. It is not told of again.
    async fn leave(&self);
}

/// Says what is true of this member now.
pub trait Reporter: Send + Sync {
    /// The report. No revision in it that the listeners do not serve.
    fn report(&self) -> Member;
}

impl Member {
    /// As JSON of at most 1 KiB: findings that do not fit are cut and left out, at last labels and features too.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut fitting = self.clone();
        let findings = fitting.refused.as_mut().map(|refused| std::mem::take(&mut refused.findings));
        for finding in findings.into_iter().flatten() {
            if !fitting.adds(finding) {
                break;
            }
        }
        if json(&fitting).len() > MOST_BYTES {
            fitting.labels.clear();
        }
        if json(&fitting).len() > MOST_BYTES {
            fitting.features.clear();
        }
        json(&fitting)
    }

    /// Adds a finding with as much of its message as fits; whether anything did.
    fn adds(&mut self, mut finding: ReportedFinding) -> bool {
        let whole = finding.message.clone();
        let mut longest = LONGEST_MESSAGE;
        while longest > 0 {
            finding.message = cut(&whole, longest);
            let Some(refused) = &mut self.refused else { return false };
            refused.findings.push(finding.clone());
            if json(self).len() <= MOST_BYTES {
                return true;
            }
            if let Some(refused) = &mut self.refused {
                refused.findings.pop();
            }
            longest /= 2;
        }
        false
    }

    /// What was written by [`Self::to_json`]; `None` for something else.
    #[must_use]
    pub fn of_json(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

fn json(member: &Member) -> String {
    // Strings, numbers and maps with keys of text can always be written.
    serde_json::to_string(member).unwrap_or_default()
}

/// The first characters of a text, with `…` for what is missing.
fn cut(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    let end = (0..=longest).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    format!("{}…", text.get(..end).unwrap_or_default())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(labels: usize, findings: usize, message: usize) -> Member {
        let finding = ReportedFinding {
            code: "unreadable-file".to_owned(),
            message: "ä\"".repeat(message),
            resource: Some("identity_providers/corp".to_owned()),
            ..ReportedFinding::default()
        };
        Member {
            name: "n".repeat(63),
            boot_id: "b".repeat(16),
            version: "0.1.0".to_owned(),
            features: vec!["agents".to_owned()],
            labels: (0..labels).map(|n| (format!("{n:063}"), "v".repeat(63))).collect(),
            revision: u64::MAX,
            hash: "h".repeat(64),
            refused: (findings > 0)
                .then(|| RefusedRevision { revision: u64::MAX, findings: vec![finding; findings] }),
            confirmed_age_ms: Some(u64::MAX),
            ready: true,
            draining: true,
            canary: true,
        }
    }

    #[test]
    fn a_report_fits_its_bound_and_keeps_what_matters_most() {
        for (labels, findings, message, kept) in
            [(0, 0, 0, 0), (2, 1, 20, 1), (2, 9, 2000, 1), (0, 9, 3, 4), (4, 3, 500, 0), (8, 3, 500, 0)]
        {
            let whole = member(labels, findings, message);
            let text = whole.to_json();
            assert!(text.len() <= MOST_BYTES, "{labels} {findings} {message}: {} bytes", text.len());
            let read = Member::of_json(text.as_bytes()).unwrap();
            let told = read.refused.as_ref().map_or(0, |refused| refused.findings.len());
            assert!(told >= kept, "{labels} {findings} {message}: {text}");
            assert_eq!(read.refused.as_ref().map(|r| r.revision), whole.refused.as_ref().map(|r| r.revision));
            assert_eq!((read.name, read.revision, read.hash), (whole.name, whole.revision, whole.hash));
        }
    }

    #[test]
    fn a_report_that_fits_is_read_as_it_was_written() {
        let whole = member(1, 1, 4);
        assert_eq!(Member::of_json(whole.to_json().as_bytes()), Some(whole));
        assert_eq!(Member::of_json(b"{}"), None);
        assert_eq!(Member::of_json(b"nonsense"), None);
    }
}
