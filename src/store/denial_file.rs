//! The file in which a machine keeps its denials: a line that says what it is, then one JSON object in each line. A denial is
//! added at the end, and is there when its line is; lifting one replaces the file. All calls block.
//!
//! Several processes may use it: who changes it holds a lock for that long. Nobody needs one to read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::denial::DenialEntry;
use super::{StoreError, WriteError};
use crate::model::{Clock as _, KeyedHash, SystemClock};
use crate::private_file;

/// Its name in the folder, and that of its lock.
const NAME: &str = "denials.jsonl";
const LOCK: &str = "denials.lock";
/// The version of the format. There is one so far, and files of others are not used.
const VERSION: u32 = 1;
/// The longest line, in bytes: a value, a reason and an actor, each of which is much shorter.
const LONGEST_LINE: u64 = 64 << 10;

/// The file.
#[derive(Debug, Clone)]
pub(super) struct DenialFile {
    path: PathBuf,
    lock: PathBuf,
}

/// How far a file was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Mark {
    /// What the file calls itself, which lifting replaces by another; empty where there is none.
    file: Box<str>,
    /// The bytes of whole lines.
    bytes: u64,
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Title {
    portcullis_denials: u32,
    /// Another one in each file: the kernel gives a new file the number of an old one.
    file: Box<str>,
}

/// The right to change the file, until it is dropped.
#[derive(Debug)]
pub(super) struct Held(#[expect(dead_code, reason = "the lock is held as long as this is")] File);

#[derive(Deserialize)]
struct Id {
    id: Box<str>,
}

/// The lines behind the first one, and what that says, with its length, where the file has it.
type Opened = (BufReader<File>, Option<(Title, u64)>);

impl Mark {
    /// Whether this is of the same file, and nothing of it is gone.
    pub(super) fn goes_on_from(&self, other: &Self) -> bool {
        self.file == other.file && self.bytes >= other.bytes
    }
}

impl DenialFile {
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join(NAME), lock: folder.join(LOCK) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Hands on the entries after `mark`, or all of another file than that one was in, and gives the new mark, and whether they
    /// are all. A line that is cut off, which a crash leaves, is none. A line without an id is one that this version does not
    /// understand.
    ///
    /// # Errors
    /// When the file cannot be read, or is none of this version.
    pub(super) fn read_after(
        &self,
        mark: &Mark,
        take: &mut dyn FnMut(Option<Box<str>>, DenialEntry),
    ) -> Result<(Mark, bool), StoreError> {
        let Some((mut lines, title)) = self.open()? else { return Ok((Mark::default(), true)) };
        let Some((Title { file, .. }, begins)) = title else { return Ok((Mark::default(), true)) };
        let unreadable = |error: io::Error| StoreError::unreadable(&self.path, &error);
        let length = lines.get_ref().metadata().map_err(unreadable)?.len();
        let goes_on = mark.file == file && (begins..=length).contains(&mark.bytes);
        let mut mark = if goes_on { mark.clone() } else { Mark { file, bytes: begins } };
        lines.seek(SeekFrom::Start(mark.bytes)).map_err(unreadable)?;
        let mut line = Vec::new();
        while let Some(length) = self.line(&mut lines, &mut line)? {
            let text = str::from_utf8(&line).map_err(|_| self.damaged("a line is not UTF-8"))?;
            take(serde_json::from_str(text).ok().map(|Id { id }| id), DenialEntry::read(text));
            mark.bytes += length;
        }
        Ok((mark, !goes_on))
    }

    /// The entry of this id. No other line is read further than its id.
    ///
    /// # Errors
    /// As [`Self::read_after`].
    pub(super) fn find(&self, id: &str) -> Result<Option<DenialEntry>, StoreError> {
        let Some((mut lines, Some(_))) = self.open()? else { return Ok(None) };
        let (begins, mut line, mut found) = (format!("{{\"id\":\"{id}\","), Vec::new(), None);
        while self.line(&mut lines, &mut line)?.is_some() {
            if line.starts_with(begins.as_bytes()) {
                found = Some(DenialEntry::read(&String::from_utf8_lossy(&line)));
            }
        }
        Ok(found)
    }

    /// The file behind its first line, where it has one: what that says, and its length.
    fn open(&self) -> Result<Option<Opened>, StoreError> {
        let file = match File::open(&self.path) {
            // Where a folder cannot be one, whoever needs it says so by the name of its setting.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            file => file.map_err(|error| StoreError::unreadable(&self.path, &error))?,
        };
        let (mut lines, mut line) = (BufReader::with_capacity(256 << 10, file), Vec::new());
        let Some(length) = self.line(&mut lines, &mut line)? else { return Ok(Some((lines, None))) };
        let title: Option<Title> = serde_json::from_slice(&line).ok();
        match title.filter(|title| title.portcullis_denials == VERSION) {
            Some(title) => Ok(Some((lines, Some((title, length))))),
            None => Err(self.damaged("its first line is not that of denials of this version")),
        }
    }

    /// Reads a line, and gives its length with its end; `None` where there is no whole one.
    fn line(&self, lines: &mut BufReader<File>, line: &mut Vec<u8>) -> Result<Option<u64>, StoreError> {
        line.clear();
        let read = lines.by_ref().take(LONGEST_LINE).read_until(b'\n', line);
        let length = read.map_err(|error| StoreError::unreadable(&self.path, &error))? as u64;
        match line.pop() {
            Some(b'\n') => Ok(Some(length)),
            Some(_) | None if length == LONGEST_LINE => {
                Err(self.damaged("a line is longer than any that a gateway writes"))
            }
            Some(_) | None => Ok(None),
        }
    }

    fn damaged(&self, why: &str) -> StoreError {
        let why = format!("{why}; as long as it cannot be read, nobody knows who is denied");
        StoreError::Damaged { path: self.path.clone(), why }
    }

    /// Waits for the right to change the file. Whoever holds it changes a file and is done.
    pub(super) fn hold(&self) -> Result<Held, WriteError> {
        let failed = |error: io::Error| refused(&self.lock, &error);
        if let Some(folder) = self.path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        }
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(0o600).open(&self.lock);
        let file = file.map_err(failed)?;
        private_file::give_to_owner_of_folder(&file, &self.lock);
        file.lock().map_err(failed)?;
        Ok(Held(file))
    }

    /// Adds a line at the end, durably. What a crash left of another one is cut off.
    pub(super) fn append(&self, _: &Held, mark: &Mark, id: &str, text: &str) -> Result<(), WriteError> {
        let failed = |error: io::Error| refused(&self.path, &error);
        if mark.bytes == 0 {
            return self.replace_with(std::iter::once((id, text)));
        }
        let mut options = OpenOptions::new();
        let mut file = options.write(true).open(&self.path).map_err(failed)?;
        let written = file.set_len(mark.bytes).and_then(|()| {
            file.seek(SeekFrom::End(0))?;
            file.write_all((line(id, text) + "\n").as_bytes())?;
            file.sync_data()
        });
        written.map_err(|error| {
            // What was not acknowledged denies nobody.
            let _cut_off = file.set_len(mark.bytes);
            failed(error)
        })
    }

    /// Replaces the file by one with these entries: after a crash, the old one or the new one is there.
    pub(super) fn replace<'e>(
        &self,
        _: &Held,
        entries: impl Iterator<Item = (&'e str, &'e str)>,
    ) -> Result<(), WriteError> {
        private_file::sweep(&self.path);
        self.replace_with(entries)
    }

    fn replace_with<'e>(
        &self,
        mut entries: impl Iterator<Item = (&'e str, &'e str)>,
    ) -> Result<(), WriteError> {
        let written = private_file::replace_with(&self.path, |file| {
            private_file::give_to_owner_of_folder(file, &self.path);
            let mut buffered = BufWriter::with_capacity(256 << 10, file);
            let now = SystemClock.now().since_epoch();
            let file = KeyedHash::of((now, std::process::id())).to_hex().into();
            serde_json::to_writer(&mut buffered, &Title { portcullis_denials: VERSION, file })?;
            writeln!(buffered)?;
            entries.try_for_each(|(id, text)| writeln!(buffered, "{}", line(id, text)))?;
            buffered.flush()
        });
        written.map_err(|error| refused(&self.path, &error))
    }
}

/// The line of an entry, without its end: its text, with its id as the first member. One that was read from a line is written as it was.
pub(super) fn line(id: &str, text: &str) -> String {
    match text.strip_prefix('{') {
        Some(members) if !id.is_empty() && !text.starts_with("{\"id\":") => {
            format!("{{\"id\":{},{members}", serde_json::Value::from(id))
        }
        _ => text.to_owned(),
    }
}

/// Why the file was not changed: a folder that cannot be written is one of a process that only reads.
fn refused(path: &Path, error: &io::Error) -> WriteError {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => WriteError::ReadOnly(format!(
            "denials cannot be kept: {} cannot be written: {error}",
            path.display()
        )),
        _ => WriteError::failed(path, error),
    }
}
