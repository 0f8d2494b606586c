//! Lines for a reader that may stand still: they are written by a thread of their own, and those that find no room are
//! dropped and counted. Whoever says something never waits.
//!
//! What stands in a line is `access_log`'s and `logging`'s.

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Lines that wait are written together up to this size.
const TOGETHER: usize = 64 * 1024;
/// How long the end waits for the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// What was dropped, of every log of the process: metrics are made after the first lines.
static LOST: Mutex<Vec<(&'static str, Arc<AtomicU64>)>> = Mutex::new(Vec::new());

/// Where lines go. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    sender: SyncSender<Message>,
    lost: Arc<AtomicU64>,
}

/// Keeps the writer alive; dropping it writes what still waits, if somebody reads.
#[derive(Debug)]
pub(super) struct Written {
    sender: SyncSender<Message>,
    ending: Arc<AtomicBool>,
    ended: Receiver<()>,
}

#[derive(Debug)]
enum Message {
    Line(Vec<u8>),
    End,
}

impl Lines {
    /// Lines to `out`, of which at most `room` wait. `log` is the name of the log in the metrics.
    pub(super) fn to(out: impl Write + Send + 'static, log: &'static str, room: usize) -> (Self, Written) {
        let (sender, lines) = sync_channel(room);
        let (end, ended) = sync_channel(1);
        let (lost, ending) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        LOST.lock().unwrap_or_else(PoisonError::into_inner).push((log, Arc::clone(&lost)));
        let (unwritten, told) = (Arc::clone(&lost), Arc::clone(&ending));
        let spawned = std::thread::Builder::new().name(format!("{log}-log")).spawn(move || {
            write(&lines, out, &unwritten, &told);
            let _nobody_waits = end.try_send(());
        });
        // Without a thread nothing reads the channel any more, and every line counts as lost.
        drop(spawned);
        (Self { sender: sender.clone(), lost }, Written { sender, ending, ended })
    }

    /// Gives a line away, or drops it.
    pub(super) fn say(&self, line: Vec<u8>) {
        if self.sender.try_send(Message::Line(line)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A writer of one line, for those that write in pieces.
#[derive(Debug)]
pub(super) struct Line<'a> {
    lines: &'a Lines,
    text: Vec<u8>,
}

impl<'a> Line<'a> {
    pub(super) fn of(lines: &'a Lines) -> Self {
        Self { lines, text: Vec::with_capacity(256) }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
        self.text.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if !self.text.is_empty() {
            self.lines.say(std::mem::take(&mut self.text));
        }
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        // Before the message: a full channel has no room for it, and its reader looks at this when it is empty.
        self.ending.store(true, Ordering::SeqCst);
        if let Err(TrySendError::Disconnected(_)) = self.sender.try_send(Message::End) {
            return;
        }
        let _stuck: Result<(), RecvTimeoutError> = self.ended.recv_timeout(LAST_LINES);
    }
}

/// How many lines of each log were dropped since the process began.
pub(super) fn lost() -> Vec<(&'static str, u64)> {
    let lost = LOST.lock().unwrap_or_else(PoisonError::into_inner);
    lost.iter().map(|(log, count)| (*log, count.load(Ordering::Relaxed))).collect()
}

fn write(lines: &Receiver<Message>, mut out: impl Write, lost: &AtomicU64, ending: &AtomicBool) {
    let mut text = Vec::new();
    while let Ok(Message::Line(line)) = lines.recv() {
        text.extend_from_slice(&line);
        let mut count = 1;
        let mut is_last = false;
        while text.len() < TOGETHER {
            match lines.try_recv() {
                Ok(Message::Line(line)) => {
                    text.extend_from_slice(&line);
                    count += 1;
                }
                Ok(Message::End) | Err(TryRecvError::Disconnected) => {
                    is_last = true;
                    break;
                }
                Err(TryRecvError::Empty) => {
                    is_last = ending.load(Ordering::SeqCst);
                    break;
                }
            }
        }
        if out.write_all(&text).and_then(|()| out.flush()).is_err() {
            lost.fetch_add(count, Ordering::Relaxed);
        }
        text.clear();
        if is_last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Sender, channel};

    /// A writer that waits for a word before each write.
    struct Slow(Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl Write for Slow {
        fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
            let _word = self.0.recv();
            self.1.lock().unwrap().extend_from_slice(piece);
            Ok(piece.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn slow(room: usize) -> (Lines, Written, Sender<()>, Arc<Mutex<Vec<u8>>>) {
        let (word, words) = channel();
        let text = Arc::default();
        let (lines, written) = Lines::to(Slow(words, Arc::clone(&text)), "test", room);
        (lines, written, word, text)
    }

    #[test]
    fn nobody_waits_for_a_writer_that_stands_still_and_what_is_dropped_is_counted() {
        let (lines, written, word, text) = slow(10);
        for n in 0..100 {
            lines.say(format!("{n}\n").into_bytes());
        }
        // The writer holds some already, the channel ten.
        let dropped = lines.lost.load(Ordering::Relaxed);
        assert!((50..=90).contains(&dropped), "{dropped}");
        let began = std::time::Instant::now();
        drop(written);
        assert!(began.elapsed() >= LAST_LINES && began.elapsed() < 3 * LAST_LINES, "{:?}", began.elapsed());
        drop(word);
        assert!(lost().iter().any(|(log, count)| *log == "test" && *count == dropped));
        drop(text);
    }

    #[test]
    fn what_waits_at_the_end_is_written_also_when_the_channel_is_full() {
        for count in [1, 5, 10, 11, 12] {
            let (lines, written, word, text) = slow(10);
            for n in 0..count {
                lines.say(format!("{n}\n").into_bytes());
            }
            let kept = count - lines.lost.load(Ordering::Relaxed);
            // From now on it does not wait any more.
            drop(word);
            drop(written);
            let text = String::from_utf8(text.lock().unwrap().clone()).unwrap();
            assert_eq!(text.lines().count() as u64, kept, "{count}: {text:?}");
        }
    }

    #[test]
    fn a_line_that_is_written_in_pieces_is_one_line() {
        let (lines, written, word, text) = slow(10);
        drop(word);
        let mut line = Line::of(&lines);
        line.write_all(b"one ").unwrap();
        line.write_all(b"line\n").unwrap();
        drop(line);
        drop(Line::of(&lines));
        drop(written);
        assert_eq!(text.lock().unwrap().as_slice(), b"one line\n");
    }
}
