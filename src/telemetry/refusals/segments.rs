//! The files of kept refusals, as one writer: a new one each hour or at a few MiB, and the oldest ones go, so that
//! together they stay within their bounds. A file belongs to one process, and ends with it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use crate::model::{Clock, Instant};

/// Refusals are kept for so long.
pub(super) const AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// The most bytes of all files together.
pub(super) const BYTES: u64 = 64 << 20;
/// The most bytes of one file.
pub(super) const SEGMENT: u64 = 4 << 20;
/// A file is written to for so long.
const SPAN: Duration = Duration::from_secs(60 * 60);
/// A fault that lasts is told so often.
const TELL: Duration = Duration::from_secs(60);
const ENDING: &str = ".jsonl";

/// The writer. Each write is of whole lines, and stands whole or not at all.
pub(super) struct Segments {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    open: Option<Open>,
    told: Option<Instant>,
}

struct Open {
    file: File,
    len: u64,
    began: Instant,
}

impl Segments {
    pub(super) fn new(folder: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self { folder, clock, open: None, told: None }
    }

    fn append(&mut self, lines: &[u8], now: Instant) -> io::Result<()> {
        let more = lines.len() as u64;
        let fits = |open: &Open| open.len + more <= SEGMENT && now.since(open.began) < SPAN;
        if !self.open.as_ref().is_some_and(fits) {
            self.open = None;
            tidy(&self.folder, now, more.max(SEGMENT));
            self.open = Some(begin(&self.folder, now)?);
        }
        let Some(open) = &mut self.open else { return Err(io::Error::other("no file is open")) };
        if let Err(error) = open.file.write_all(lines) {
            // What stands there of a line would spoil the next one.
            if open.file.set_len(open.len).is_err() {
                self.open = None;
            }
            return Err(error);
        }
        open.len += more;
        Ok(())
    }
}

impl Write for Segments {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let now = self.clock.now();
        let appended = self.append(lines, now);
        if let Err(error) = &appended
            && self.told.is_none_or(|told| now.since(told) >= TELL)
        {
            self.told = Some(now);
            let folder = self.folder.display();
            tracing::warn!(%folder, %error, "refusals cannot be kept on disk; those of the last minutes are in memory");
        }
        appended.map(|()| lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn begin(folder: &Path, now: Instant) -> io::Result<Open> {
    let mut millis = now.since_epoch().as_millis();
    loop {
        let path = folder.join(format!("{millis:015}-{}{ENDING}", std::process::id()));
        match OpenOptions::new().append(true).create_new(true).mode(0o600).open(path) {
            Ok(file) => return Ok(Open { file, len: 0, began: now }),
            // The clock was set back.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => millis += 1,
            Err(error) => return Err(error),
        }
    }
}

/// The files, the oldest first.
pub(super) fn all(folder: &Path) -> Vec<PathBuf> {
    let ours = |path: &PathBuf| {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.ends_with(ENDING) && name.starts_with(|c: char| c.is_ascii_digit()))
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut all: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(ours).collect();
    all.sort_unstable();
    all
}

/// Removes what is too old, and the oldest of what is too much when `more` bytes are to come.
pub(super) fn tidy(folder: &Path, now: Instant, more: u64) {
    let mut room = BYTES.saturating_sub(more);
    for path in all(folder).into_iter().rev() {
        let Ok(known) = fs::metadata(&path) else { continue };
        let last = known.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let is_old = last.is_some_and(|last| now.since(Instant::from_duration(last)) > AGE);
        let rest = room.checked_sub(known.len());
        if let (Some(rest), false) = (rest, is_old) {
            room = rest;
            continue;
        }
        // All that are older go, too.
        room = 0;
        if let Err(error) = fs::remove_file(&path) {
            tracing::warn!(path = %path.display(), %error, "an old file of refusals cannot be removed");
        }
    }
}
