//! Keeps the snapshot of a store: the first one at once, later ones soon after they went live and once for a burst of
//! changes, off the threads that answer.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::super::leisure::at_leisure;
use super::{NamedTexts, SnapshotFile, SnapshotHead};

/// Changes within this time of one another are written once, but for the first of a process. A change is on disk within a
/// second, with time left for the write itself.
const JOIN: Duration = Duration::from_millis(500);

/// Writes what it is given last. What is given is shared, not copied, and giving it never waits.
#[derive(Clone)]
pub struct SnapshotKeeper {
    last: watch::Sender<Given>,
}

#[derive(Clone)]
struct Given {
    /// `None` until something is live: denials alone are no snapshot.
    live: Option<(SnapshotHead, Arc<dyn NamedTexts>)>,
    denials: Arc<dyn NamedTexts>,
}

impl std::fmt::Debug for SnapshotKeeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SnapshotKeeper")
    }
}

impl SnapshotKeeper {
    /// Keeps it in `file`, on the runtime that this is called on. `denials` are those that are known from the start: a
    /// snapshot that is written before others are known must not lose them.
    #[must_use]
    pub fn spawn(file: SnapshotFile, denials: Arc<dyn NamedTexts>) -> Self {
        let (last, given) = watch::channel(Given { live: None, denials });
        tokio::spawn(keep(given, move |given: Given| {
            let file = file.clone();
            async move { at_leisure(move || save(&file, &given)).await }
        }));
        Self { last }
    }

    /// This is live. It is written only when it is another one than before.
    pub fn is_live(&self, head: SnapshotHead, resources: Arc<dyn NamedTexts>) {
        self.last.send_if_modified(|given| {
            let is_other = given.live.as_ref().is_none_or(|(before, _)| *before != head);
            given.live = Some((head, resources));
            is_other
        });
    }

    /// These are denied.
    pub fn is_denied(&self, denials: Arc<dyn NamedTexts>) {
        self.last.send_modify(|given| given.denials = denials);
    }
}

/// Writes what is given last, as long as somebody may give something, and what was given before that ended.
///
/// The first snapshot waits for nothing: a member that is killed before it has one knows no store, and takes one that was
/// wiped for one that is new.
async fn keep<F: Future<Output = ()>>(mut given: watch::Receiver<Given>, write: impl Fn(Given) -> F) {
    let mut is_first = true;
    while given.changed().await.is_ok() {
        if !is_first {
            sleep(JOIN).await;
        }
        let now = given.borrow_and_update().clone();
        if now.live.is_some() {
            write(now).await;
            is_first = false;
        }
    }
}

fn save(file: &SnapshotFile, given: &Given) {
    let Some((head, resources)) = &given.live else { return };
    let saved: io::Result<()> = file.save(head, resources.as_ref(), given.denials.as_ref());
    if let Err(error) = saved {
        tracing::error!(
            path = %file.path().display(),
            %error,
            "the snapshot of the store cannot be written: a start while the store is away would not have it"
        );
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn texts(count: usize) -> Arc<dyn NamedTexts> {
        Arc::new(vec![(String::new(), String::new()); count])
    }

    fn head(number: usize) -> SnapshotHead {
        SnapshotHead { prefix: String::new(), store_id: String::new(), head: number.to_string() }
    }

    fn count(texts: &dyn NamedTexts) -> usize {
        let mut count = 0;
        let mut add = |_: &str, _: &str| {
            count += 1;
            Ok(())
        };
        texts.each(&mut add).unwrap();
        count
    }

    /// What was written, each with the time since the start: the head, and the number of denials.
    type Written = Arc<Mutex<Vec<(String, usize, Duration)>>>;

    fn keeper(denials: usize) -> (SnapshotKeeper, Written) {
        let (last, given) = watch::channel(Given { live: None, denials: texts(denials) });
        let (written, began) = (Written::default(), tokio::time::Instant::now());
        let log = Arc::clone(&written);
        tokio::spawn(keep(given, move |given: Given| {
            let head = given.live.unwrap().0.head;
            log.lock().unwrap().push((head, count(given.denials.as_ref()), began.elapsed()));
            std::future::ready(())
        }));
        (SnapshotKeeper { last }, written)
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_written_a_few_times_and_its_last_change_within_a_second() {
        let (keeper, written) = keeper(0);
        for number in 0..=1000 {
            keeper.is_live(head(number), texts(0));
            sleep(Duration::from_millis(2)).await;
        }
        sleep(Duration::from_secs(1)).await;
        let written = written.lock().unwrap();
        assert!((3..=6).contains(&written.len()), "{} writes", written.len());
        let (last, _, when) = written.last().unwrap();
        assert_eq!(last, "1000");
        assert!(*when <= Duration::from_secs(3), "{when:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_is_written_at_once_and_the_next_ones_together() {
        let (keeper, written) = keeper(0);
        keeper.is_denied(texts(1));
        sleep(JOIN * 2).await;
        for number in 1..=3 {
            keeper.is_live(head(number), texts(0));
            sleep(JOIN / 10).await;
        }
        sleep(JOIN * 2).await;
        let written = written.lock().unwrap();
        let written: Vec<_> = written.iter().map(|(head, _, when)| (head.as_str(), *when)).collect();
        assert_eq!(written, [("1", JOIN * 2), ("3", JOIN * 3 + JOIN / 10)]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_is_written_once() {
        let (keeper, written) = keeper(0);
        for _ in 0..3 {
            keeper.is_live(head(1), texts(0));
            sleep(JOIN * 2).await;
        }
        assert_eq!(written.lock().unwrap().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn denials_go_with_what_is_live_and_are_nothing_without_it() {
        let (keeper, written) = keeper(2);
        keeper.is_denied(texts(3));
        sleep(JOIN * 2).await;
        assert!(written.lock().unwrap().is_empty());
        keeper.is_live(head(1), texts(0));
        sleep(JOIN * 2).await;
        keeper.is_denied(texts(4));
        sleep(JOIN * 2).await;
        let written: Vec<_> = written.lock().unwrap().iter().map(|(h, n, _)| (h.clone(), *n)).collect();
        assert_eq!(written, [("1".to_owned(), 3), ("1".to_owned(), 4)]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_denials_that_were_known_at_the_start_are_kept() {
        let (keeper, written) = keeper(2);
        keeper.is_live(head(1), texts(0));
        sleep(JOIN * 2).await;
        assert_eq!(written.lock().unwrap().first().map(|(_, n, _)| *n), Some(2));
    }
}
