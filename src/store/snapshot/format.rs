//! The bytes of a snapshot: a line of JSON that says what it is, each text behind a line with its lengths, and a checksum
//! over all of it. It is written and read piece by piece, because a hundred thousand texts are tens of megabytes.

use std::io::{self, BufRead, Read as _, Write};

use serde::{Deserialize, Serialize};

use super::{NamedTexts, SnapshotHead, StoreSnapshot};
use crate::model::{Digest, RunningDigest};

/// The version of the format; there is one so far, and files of others are not used.
const VERSION: u32 = 1;
/// Marks a text of a resource, a denial, and the checksum.
const RESOURCE: &str = "r";
const DENIAL: &str = "d";
const CHECKSUM: &str = "sha256";
/// The longest line, in bytes: the first one has a prefix, two ids, an author and a digest.
const LONGEST_LINE: u64 = 16 << 10;
/// The longest name or text, in bytes: far above what a store takes, so that a damaged length allocates no more.
const LONGEST: usize = 16 << 20;

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Title {
    portcullis_snapshot: u32,
    prefix: String,
    store_id: String,
    head: String,
}

/// Writes a snapshot.
pub(super) fn write(
    to: &mut dyn Write,
    SnapshotHead { prefix, store_id, head }: &SnapshotHead,
    resources: &dyn NamedTexts,
    denials: &dyn NamedTexts,
) -> io::Result<()> {
    let mut summed = Summed { to, sum: Digest::running() };
    let (prefix, store_id, head) = (prefix.clone(), store_id.clone(), head.clone());
    serde_json::to_writer(&mut summed, &Title { portcullis_snapshot: VERSION, prefix, store_id, head })?;
    writeln!(summed)?;
    for (mark, texts) in [(RESOURCE, resources), (DENIAL, denials)] {
        texts
            .each(&mut |name, text| writeln!(summed, "{mark} {} {}\n{name}{text}", name.len(), text.len()))?;
    }
    writeln!(summed.to, "{CHECKSUM} {}", summed.sum.finish().to_hex())
}

/// Reads a snapshot.
///
/// # Errors
/// What is wrong with it, in a few words.
pub(super) fn read(from: &mut dyn BufRead) -> Result<StoreSnapshot, String> {
    let mut summing = Summing { from, sum: Digest::running() };
    let title = summing.line()?;
    let title: Title =
        serde_json::from_slice(&title).map_err(|_| "its first line is not one of a snapshot".to_owned())?;
    let Title { portcullis_snapshot, prefix, store_id, head } = title;
    if portcullis_snapshot != VERSION {
        return Err(format!("expected version {VERSION} of the format, found {portcullis_snapshot}"));
    }
    let head = SnapshotHead { prefix, store_id, head };
    let mut snapshot = StoreSnapshot { head, resources: Vec::new(), denials: Vec::new() };
    loop {
        let so_far = summing.sum.clone().finish();
        let line = summing.line()?;
        let line = String::from_utf8(line).map_err(|_| "a line is not text".to_owned())?;
        let mut words = line.split(' ');
        let texts = match words.next() {
            Some(CHECKSUM) => {
                let is_right = words.next().and_then(Digest::from_hex).is_some_and(|sum| sum == so_far);
                let is_end = summing.from.fill_buf().map_err(|e| e.to_string())?.is_empty();
                return if is_right && is_end {
                    Ok(snapshot)
                } else {
                    Err("its checksum is wrong".to_owned())
                };
            }
            Some(RESOURCE) => &mut snapshot.resources,
            Some(DENIAL) => &mut snapshot.denials,
            _ => return Err("a line is not one of a snapshot".to_owned()),
        };
        let mut length = || words.next().and_then(|word| word.parse().ok()).filter(|n| *n <= LONGEST);
        let (Some(name), Some(text)) = (length(), length()) else {
            return Err("a length is not one of a snapshot".to_owned());
        };
        texts.push((summing.text(name)?, summing.text(text)?));
        if summing.text(1)? != "\n" {
            return Err("a text does not end where it should".to_owned());
        }
    }
}

/// Writes, and sums up what was written.
struct Summed<'w> {
    to: &'w mut dyn Write,
    sum: RunningDigest,
}

impl Write for Summed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write_all(bytes)?;
        self.sum.add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Reads, and sums up what was read.
struct Summing<'r> {
    from: &'r mut dyn BufRead,
    sum: RunningDigest,
}

impl Summing<'_> {
    /// The next line, without its end.
    fn line(&mut self) -> Result<Vec<u8>, String> {
        let mut line = Vec::new();
        (&mut *self.from).take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(|e| e.to_string())?;
        self.sum.add(&line);
        if line.pop() != Some(b'\n') {
            return Err("it is cut off".to_owned());
        }
        Ok(line)
    }

    /// A text of so many bytes.
    fn text(&mut self, length: usize) -> Result<String, String> {
        let mut bytes = vec![0; length];
        self.from.read_exact(&mut bytes).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => "it is cut off".to_owned(),
            _ => e.to_string(),
        })?;
        self.sum.add(&bytes);
        String::from_utf8(bytes).map_err(|_| "a text is not UTF-8".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot() -> StoreSnapshot {
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        StoreSnapshot {
            head: SnapshotHead {
                prefix: "/portcullis/".into(),
                store_id: "5e".repeat(16),
                head: "{\"revision\":41,\n\"who\":\"ä\"}".into(),
            },
            resources: vec![pair("agents/a", "upstream: \n\nr 1 1\nsha256 0\n"), pair("api_keys/b", "")],
            denials: vec![pair("key b\n", "{}")],
        }
    }

    fn bytes(of: &StoreSnapshot) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, &of.head, &of.resources, &of.denials).unwrap();
        bytes
    }

    #[test]
    fn a_snapshot_is_read_as_it_was_written() {
        let with = snapshot();
        let without = StoreSnapshot { resources: Vec::new(), denials: Vec::new(), ..with.clone() };
        for snapshot in [with, without] {
            assert_eq!(read(&mut bytes(&snapshot).as_slice()), Ok(snapshot));
        }
    }

    #[test]
    fn no_byte_can_be_lost_added_or_changed() {
        let whole = bytes(&snapshot());
        for length in 0..whole.len() {
            assert!(read(&mut whole.get(..length).unwrap()).is_err(), "cut off after {length} bytes");
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            *changed.get_mut(at).unwrap() ^= 1;
            assert!(read(&mut changed.as_slice()).is_err(), "byte {at} changed");
        }
        assert!(read(&mut [whole.as_slice(), b"\n"].concat().as_slice()).is_err(), "a byte more");
    }

    #[test]
    fn another_version_and_a_file_of_something_else_are_named() {
        let text = String::from_utf8(bytes(&snapshot())).unwrap();
        let newer = text.replacen("\"portcullis_snapshot\":1", "\"portcullis_snapshot\":2", 1);
        assert!(read(&mut newer.as_bytes()).unwrap_err().contains("expected version 1"));
        for other in ["{}\n", "agents: {}\n", "\u{0}\n"] {
            assert!(read(&mut other.as_bytes()).unwrap_err().contains("first line"), "{other:?}");
        }
        let endless = vec![b'a'; LONGEST_LINE as usize * 2];
        assert!(read(&mut endless.as_slice()).is_err());
    }
}
