//! Refusals on disk, and requests whose agent gave no answer: for a day, in a bounded number of bytes, over restarts.
//!
//! A thread of its own writes them, so no request waits; what finds no room in its queue, or on the disk, is dropped
//! and counted with the lines of the logs. A line that is damaged is passed over.

mod line;
mod segments;

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use memchr::memmem;

use crate::model::{Clock, Instant};

use super::lines::Lines;
use super::request_record::RequestRecord;
use super::thread_end::ThreadEnd;
use segments::{AGE, Segments};

/// The name of the log in the metrics.
pub(super) const LOG: &str = "refusals";
/// Refusals that may wait for a slow disk.
const WAITING: usize = 8192;
/// So often it is seen whether a file is too old.
const TIDY: Duration = Duration::from_secs(15 * 60);

/// Where refusals are kept. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Refusals {
    lines: Lines<Arc<RequestRecord>>,
    kept: KeptRefusals,
    clock: ClockOf,
}

/// Keeps the writer alive; dropping it writes what still waits.
#[derive(Debug)]
pub struct RefusalsGuard(#[expect(dead_code, reason = "held for its drop")] ThreadEnd);

#[derive(Clone)]
struct ClockOf(Arc<dyn Clock>);

impl std::fmt::Debug for ClockOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

impl Refusals {
    /// Opens the folder `refusals` inside of `path`, and makes it when it is missing. It is readable by its owner alone.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> io::Result<(Self, RefusalsGuard)> {
        let kept = KeptRefusals::of(path);
        DirBuilder::new().recursive(true).mode(0o700).create(&kept.folder)?;
        fs::set_permissions(&kept.folder, Permissions::from_mode(0o700))?;
        segments::tidy(&kept.folder, clock.now(), 0);
        let writer = Segments::new(kept.folder.clone(), Arc::clone(&clock));
        let word = |entry: &Arc<RequestRecord>, text: &mut Vec<u8>| line::write(entry, text);
        let (lines, written) = Lines::to(writer, LOG, WAITING, word);
        Ok((Self { lines, kept, clock: ClockOf(clock) }, RefusalsGuard(written)))
    }

    /// Keeps one. Never waits.
    pub(super) fn keep(&self, entry: &Arc<RequestRecord>) {
        self.lines.say(Arc::clone(entry));
    }

    /// The last ones, at most `count` and none that is too old, the oldest first.
    pub(super) fn last(&self, count: usize) -> Vec<RequestRecord> {
        self.kept.last(count, self.clock.0.now())
    }

    /// The files, to be read.
    #[must_use]
    pub const fn kept(&self) -> &KeptRefusals {
        &self.kept
    }

    /// Removes files that are too old, for ever.
    pub async fn tidy_up(self) {
        let mut tick = tokio::time::interval(TIDY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let (folder, now) = (self.kept.folder.clone(), self.clock.0.now());
            // When the runtime ends, so does the work.
            let _ended = tokio::task::spawn_blocking(move || segments::tidy(&folder, now, 0)).await;
        }
    }
}

/// Kept refusals, as a reader finds them. Reading blocks.
#[derive(Debug, Clone)]
pub struct KeptRefusals {
    folder: PathBuf,
}

impl KeptRefusals {
    /// Those in the folder `refusals` inside of `path`.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        Self { folder: path.join("refusals") }
    }

    /// The one of that request, the newest of that id.
    #[must_use]
    pub fn find(&self, request_id: &str, now: Instant) -> Option<RequestRecord> {
        let id = serde_json::to_string(request_id).ok()?;
        let wanted = memmem::FinderRev::new(&id).into_owned();
        segments::all(&self.folder).into_iter().rev().find_map(|path| {
            let text = fs::read(path).ok()?;
            let mut end = text.len();
            loop {
                let at = wanted.rfind(text.get(..end)?)?;
                let entry = line::read(line_at(&text, at)).filter(|entry| is_young(entry, now));
                if let Some(entry) = entry.filter(|entry| entry.request_id.with_text(|id| id == request_id)) {
                    return Some(entry);
                }
                end = at;
            }
        })
    }

    /// When the oldest was refused; absent when there is none.
    #[must_use]
    pub fn since(&self, now: Instant) -> Option<Instant> {
        segments::all(&self.folder).into_iter().find_map(|path| {
            let text = fs::read(path).ok()?;
            text.split(|b| *b == b'\n')
                .filter_map(line::read)
                .find(|entry| is_young(entry, now))
                .map(|e| e.at)
        })
    }

    fn last(&self, count: usize, now: Instant) -> Vec<RequestRecord> {
        let mut last = Vec::new();
        for path in segments::all(&self.folder).into_iter().rev() {
            let Ok(text) = fs::read(path) else { continue };
            let lines = text.rsplit(|b| *b == b'\n').filter_map(line::read);
            last.extend(lines.filter(|entry| is_young(entry, now)).take(count - last.len()));
            if last.len() >= count {
                break;
            }
        }
        last.reverse();
        last
    }
}

fn is_young(entry: &RequestRecord, now: Instant) -> bool {
    now.since(entry.at) <= AGE
}

/// The line around a byte.
fn line_at(text: &[u8], at: usize) -> &[u8] {
    let (before, after) = text.split_at_checked(at).unwrap_or((text, &[]));
    let from = before.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
    let to = after.iter().position(|b| *b == b'\n').map_or(text.len(), |end| at + end);
    text.get(from..to).unwrap_or_default()
}

#[cfg(test)]
mod tests;
