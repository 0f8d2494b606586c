//! Lines for a reader that may stand still: they are written out by a thread of their own, and those that find no room
//! are dropped and counted. A caller never waits, and wakes the writer only when it sleeps.
//!
//! What stands in a line is `access_log`'s and `logging`'s.

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Thread;
use std::time::Duration;

use crossbeam_queue::SegQueue;

use crate::model::PerShard;

use super::thread_end::{ThreadEnd, start_thread};

/// Lines that wait are written together up to this size.
const TOGETHER: usize = 64 * 1024;
/// How long lines gather before they are written. To wake a thread costs more than a request's share of anything else.
const GATHER: Duration = Duration::from_millis(5);
/// How long the end waits for the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// What was dropped, of every log of the process: metrics are made after the first lines.
static LOST: Mutex<Vec<(&'static str, Arc<AtomicU64>)>> = Mutex::new(Vec::new());

/// Where lines go, each as something that the writer's thread puts into words.
#[derive(Debug)]
pub(super) struct Lines<T> {
    queue: Arc<Queue<T>>,
    /// Absent when the system had no thread for it: then every line that finds no room counts as lost.
    writer: Option<Thread>,
}

#[derive(Debug)]
struct Queue<T> {
    /// By the shard that says them; so the lines of two shards may change places.
    waiting: PerShard<SegQueue<T>>,
    /// The lines of one shard that may wait.
    room: usize,
    /// Whether the writer sleeps until it is woken.
    sleeps: AtomicBool,
    ending: AtomicBool,
    lost: Arc<AtomicU64>,
}

impl<T: Send + 'static> Lines<T> {
    /// Lines to `out`, of which about `room` wait at most; `word` puts one into words. `log` is the name of the log in
    /// the metrics. Dropping the second writes what still waits, if somebody reads.
    pub(super) fn to(
        out: impl Write + Send + 'static,
        log: &'static str,
        room: usize,
        mut word: impl FnMut(&T, &mut Vec<u8>) + Send + 'static,
    ) -> (Self, ThreadEnd) {
        let lost = Arc::new(AtomicU64::new(0));
        LOST.lock().unwrap_or_else(PoisonError::into_inner).push((log, Arc::clone(&lost)));
        let (sleeps, ending) = (AtomicBool::new(false), AtomicBool::new(false));
        let waiting = PerShard::new(SegQueue::new);
        let room = (room / waiting.count()).max(1);
        let queue = Arc::new(Queue { waiting, room, sleeps, ending, lost });
        let read = Arc::clone(&queue);
        let (started, ended) = start_thread(format!("{log}-log"), move || read.write(out, &mut word));
        let lines = Self { queue, writer: started.ok() };
        let last = lines.clone();
        (lines, ended.asked_by(move || last.end(), LAST_LINES))
    }

    /// Gives a line away, or drops it.
    pub(super) fn say(&self, line: T) {
        let waiting = self.queue.waiting.here();
        if waiting.len() >= self.queue.room {
            self.queue.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.push(line);
        // Either this sees that the writer sleeps, or the writer sees the line before it does.
        fence(Ordering::SeqCst);
        if self.queue.sleeps.load(Ordering::Relaxed) {
            self.wake();
        }
    }

    fn end(&self) {
        self.queue.ending.store(true, Ordering::SeqCst);
        self.wake();
    }

    fn wake(&self) {
        if let (true, Some(writer)) = (self.queue.sleeps.swap(false, Ordering::SeqCst), &self.writer) {
            writer.unpark();
        }
    }
}

impl<T> Clone for Lines<T> {
    fn clone(&self) -> Self {
        Self { queue: Arc::clone(&self.queue), writer: self.writer.clone() }
    }
}

impl<T> Queue<T> {
    fn write(&self, mut out: impl Write, word: &mut impl FnMut(&T, &mut Vec<u8>)) {
        let mut text = Vec::new();
        loop {
            let mut count = 0;
            let mut more = true;
            while more && text.len() < TOGETHER {
                more = false;
                // One of each in turn, so that none waits for another.
                for line in self.waiting.iter().filter_map(SegQueue::pop) {
                    word(&line, &mut text);
                    count += 1;
                    more = true;
                }
            }
            if count > 0 && out.write_all(&text).and_then(|()| out.flush()).is_err() {
                self.lost.fetch_add(count, Ordering::Relaxed);
            }
            let more = text.len() >= TOGETHER;
            text.clear();
            match (more, count) {
                (true, _) => {}
                (false, 0) if self.ending.load(Ordering::SeqCst) && self.is_empty() => return,
                (false, 0) => self.sleep(),
                (false, _) if self.ending.load(Ordering::SeqCst) => {}
                (false, _) => std::thread::park_timeout(GATHER),
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.waiting.iter().all(SegQueue::is_empty)
    }

    fn sleep(&self) {
        self.sleeps.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        if self.is_empty() && !self.ending.load(Ordering::SeqCst) {
            std::thread::park();
        }
        self.sleeps.store(false, Ordering::SeqCst);
    }
}

/// A writer of one line, for those that write in pieces.
#[derive(Debug)]
pub(super) struct Line<'a> {
    lines: &'a Lines<Vec<u8>>,
    text: Vec<u8>,
}

impl<'a> Line<'a> {
    pub(super) fn of(lines: &'a Lines<Vec<u8>>) -> Self {
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

/// How many lines of each log were dropped since the process began.
pub(super) fn lost() -> Vec<(&'static str, u64)> {
    let lost = LOST.lock().unwrap_or_else(PoisonError::into_inner);
    lost.iter().map(|(log, count)| (*log, count.load(Ordering::Relaxed))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// A writer that says when it writes, and waits for a word before it does.
    struct Slow(Sender<()>, Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl Write for Slow {
        fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
            let _said = self.0.send(());
            let _word = self.1.recv();
            self.2.lock().unwrap().extend_from_slice(piece);
            Ok(piece.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    struct Slowly {
        lines: Lines<Vec<u8>>,
        written: ThreadEnd,
        writes: Receiver<()>,
        word: Sender<()>,
        text: Arc<Mutex<Vec<u8>>>,
    }

    fn slowly(room: usize) -> Slowly {
        let ((says, writes), (word, words)) = (channel(), channel());
        let text = Arc::default();
        let out = Slow(says, words, Arc::clone(&text));
        let (lines, written) = Lines::to(out, "test", room, |line: &Vec<u8>, text| text.extend(line));
        Slowly { lines, written, writes, word, text }
    }

    #[test]
    fn nobody_waits_for_a_writer_that_stands_still_and_what_is_dropped_is_counted() {
        let Slowly { lines, written, writes, word, text } = slowly(10);
        lines.say(b"first\n".to_vec());
        writes.recv().unwrap();
        for n in 0..100 {
            lines.say(format!("{n}\n").into_bytes());
        }
        assert_eq!(lines.queue.lost.load(Ordering::Relaxed), 90, "there was room for ten");
        let began = std::time::Instant::now();
        drop(written);
        assert!(began.elapsed() >= LAST_LINES && began.elapsed() < 3 * LAST_LINES, "{:?}", began.elapsed());
        drop(word);
        assert!(lost().iter().any(|(log, count)| *log == "test" && *count == 90));
        drop(text);
    }

    #[test]
    fn what_waits_at_the_end_is_written_also_when_there_is_no_room_left() {
        for count in [0, 1, 5, 10, 11, 12, 1000] {
            let Slowly { lines, written, word, text, .. } = slowly(10);
            for n in 0..count {
                lines.say(format!("{n}\n").into_bytes());
            }
            let kept = count - lines.queue.lost.load(Ordering::Relaxed);
            // From now on it does not wait any more.
            drop(word);
            drop(written);
            let text = String::from_utf8(text.lock().unwrap().clone()).unwrap();
            assert_eq!(text.lines().count() as u64, kept, "{count}: {text:?}");
        }
    }

    #[test]
    fn a_writer_that_sleeps_is_woken_by_a_line() {
        let Slowly { lines, written: _written, writes, word, .. } = slowly(10);
        drop(word);
        for n in 0..200 {
            lines.say(vec![b'x']);
            writes
                .recv_timeout(Duration::from_secs(10))
                .unwrap_or_else(|_| panic!("line {n} was not written"));
            if n % 2 == 0 {
                // Long enough for it to fall asleep, or to be about to.
                std::thread::park_timeout(GATHER);
            }
        }
    }

    #[test]
    fn a_line_that_is_written_in_pieces_is_one_line() {
        let Slowly { lines, written, word, text, .. } = slowly(10);
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
