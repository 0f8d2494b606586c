//! The denials of one machine, in a file of a folder. Requests meet them from memory, where a denial takes 34 bytes; what else
//! an entry says is read again when somebody asks.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use super::access::Writer;
use super::denial::{Denial, DenialEntry};
use super::denial_file::{DenialFile, Held, Mark, line};
use super::denials::{AskedDenials, DenialStore, ListedDenials, ToldDenials};
use super::durable::make_folder;
use super::leisure::{at_leisure, blocking};
use super::watch::{AT_LEAST_EVERY, FileWatch};
use super::{StoreError, WriteError};
use crate::model::Instant;

/// As many entries are written again each time that one is added, so that none stays after its end; of more, when a quarter has
/// ended.
const FEW: usize = 1000;

/// The denials in a folder.
#[derive(Debug)]
pub struct FileDenials {
    kept: Arc<Kept>,
    begun: Once,
}

/// The file, and what is known of it.
struct Kept {
    file: DenialFile,
    /// Whether this process changes it.
    writes: bool,
    /// How far the file is known.
    place: Mutex<Place>,
    told: watch::Sender<Arc<ToldDenials>>,
}

/// How far the file is known.
#[derive(Default)]
struct Place {
    mark: Mark,
    /// How far it was known when it was taken away, and what it said.
    lost: Option<(Mark, Arc<ToldDenials>)>,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("file", &self.file).finish_non_exhaustive()
    }
}

impl FileDenials {
    /// Those in this folder, as they are now.
    ///
    /// # Errors
    /// When there is a file of denials that cannot be read: nothing may be served then.
    pub async fn open(folder: PathBuf, writer: Writer) -> Result<Self, StoreError> {
        let kept = Kept {
            file: DenialFile::in_folder(&folder),
            writes: writer != Writer::Never,
            place: Mutex::default(),
            told: watch::Sender::new(Arc::default()),
        };
        let denials = Self { kept: Arc::new(kept), begun: Once::new() };
        denials.ask(Kept::refresh).await?;
        Ok(denials)
    }

    /// The file of denials in a folder where they are not kept any more; `None` where it is known to deny nobody.
    pub async fn left_in(folder: &Path) -> Option<PathBuf> {
        let file = DenialFile::in_folder(folder);
        blocking(move || {
            let mut denies = false;
            let read = file.read_after(&Mark::default(), &mut |_, _| denies = true);
            (denies || read.is_err()).then(|| file.path().to_owned())
        })
        .await
    }

    /// Runs something that blocks.
    async fn ask<T: Send + 'static>(&self, what: impl FnOnce(&Kept) -> T + Send + 'static) -> T {
        let kept = Arc::clone(&self.kept);
        blocking(move || what(&kept)).await
    }
}

#[async_trait]
impl DenialStore for FileDenials {
    fn follow(&self) -> watch::Receiver<Arc<ToldDenials>> {
        self.kept.told.subscribe()
    }

    fn begin(&self) {
        self.begun.call_once(|| {
            let path = self.kept.file.path().to_owned();
            tokio::spawn(follow(Arc::downgrade(&self.kept), path));
        });
    }

    async fn add(&self, denial: Denial) -> Result<Arc<DenialEntry>, WriteError> {
        self.ask(move |kept| kept.insert(&denial)).await
    }

    async fn lift(&self, id: &str, text: &str) -> Result<bool, WriteError> {
        let (id, text) = (id.to_owned(), text.to_owned());
        self.ask(move |kept| kept.remove(&id, &text)).await
    }

    async fn find(&self, id: &str) -> Result<Option<Arc<DenialEntry>>, StoreError> {
        let id = id.to_owned();
        self.ask(move |kept| kept.entry(&id)).await
    }

    async fn list(&self, asked: AskedDenials) -> Result<ListedDenials, StoreError> {
        let kept = Arc::clone(&self.kept);
        at_leisure(move || kept.all(&asked)).await
    }
}

impl Kept {
    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what the file has that is not known yet.
    fn refresh(&self) -> Result<(), StoreError> {
        self.catch_up(&mut self.place())
    }

    fn catch_up(&self, Place { mark, lost }: &mut Place) -> Result<(), StoreError> {
        let before = Arc::clone(&self.told.borrow());
        let (mut entries, mut not_understood) = (0, Vec::new());
        let mut fresh = before.set.more();
        let (end, is_all) = self.file.read_after(mark, &mut |id, entry| {
            entries += 1;
            match (id, entry.denies) {
                (Some(_), Some(denied)) => fresh.add(&denied),
                (id, _) => not_understood.push(id.unwrap_or_else(|| "a line without an id".into())),
            }
        })?;
        if end == *mark && !(is_all && before.entries > 0) {
            return Ok(());
        }
        if end == Mark::default() && before.entries > 0 {
            // Nobody lifts a denial by taking the file away.
            if *mark != Mark::default() {
                *lost = Some((std::mem::take(mark), Arc::clone(&before)));
                self.told.send_replace(Arc::new(ToldDenials { went_back: true, ..(*before).clone() }));
            }
            return Ok(());
        }
        if lost.as_ref().is_some_and(|(mark, _)| end.goes_on_from(mark)) {
            // It is back.
            *lost = None;
        }
        // What this is added to. Issuers that only the file of before named stay, and are in nobody's way.
        let more_than = match (is_all, &*lost) {
            (true, None) => Arc::default(),
            (true, Some((_, told))) => Arc::clone(told),
            (false, _) => before,
        };
        not_understood.splice(0..0, more_than.not_understood.iter().cloned());
        *mark = end;
        self.told.send_replace(Arc::new(ToldDenials {
            set: Arc::new(more_than.set.and(fresh)),
            entries: more_than.entries + entries,
            not_understood,
            went_back: lost.is_some(),
        }));
        Ok(())
    }

    fn may_write(&self) -> Result<Held, WriteError> {
        if !self.writes {
            let why = "this process only reads the configuration".to_owned();
            return Err(WriteError::ReadOnly(why));
        }
        self.file.hold()
    }

    fn insert(&self, denial: &Denial) -> Result<Arc<DenialEntry>, WriteError> {
        let held = self.may_write()?;
        let mut place = self.place();
        self.catch_up(&mut place)?;
        let id = denial.id();
        let now = Instant::from_duration(Duration::try_from(denial.at.as_duration()).unwrap_or_default());
        let known = self.entry(&id)?;
        if let Some(entry) = known.as_ref().filter(|entry| entry.covers(denial, now)) {
            return Ok(Arc::clone(entry));
        }
        let text = denial.text();
        if known.is_some() || self.has_much_to_drop(now) {
            self.rewrite(&held, Some((&id, &text)), &|other, entry| {
                *other != *id && !entry.until.has_passed(now)
            })?;
        } else {
            self.file.append(&held, &place.mark, &id, &text)?;
        }
        self.catch_up(&mut place)?;
        Ok(Arc::new(DenialEntry::read(&line(&id, &text))))
    }

    /// Whether entries have ended, and enough of them that the file is worth writing again.
    fn has_much_to_drop(&self, now: Instant) -> bool {
        let told = Arc::clone(&self.told.borrow());
        let ended = told.set.ended(now);
        if told.entries <= FEW { ended > 0 } else { ended >= told.entries / 4 }
    }

    fn remove(&self, id: &str, text: &str) -> Result<bool, WriteError> {
        let held = self.may_write()?;
        let mut place = self.place();
        self.catch_up(&mut place)?;
        if self.entry(id)?.is_none_or(|entry| *entry.text != *text) {
            return Ok(false);
        }
        self.rewrite(&held, None, &|other, _| *other != *id)?;
        self.catch_up(&mut place)?;
        Ok(true)
    }

    /// Replaces the file by one with those entries of it that stay, and one more.
    fn rewrite(
        &self,
        held: &Held,
        more: Option<(&str, &str)>,
        stays: &dyn Fn(&str, &DenialEntry) -> bool,
    ) -> Result<(), WriteError> {
        let mut kept: Vec<(Box<str>, DenialEntry)> = Vec::new();
        self.file.read_after(&Mark::default(), &mut |id, entry| {
            let id = id.unwrap_or_default();
            if stays(&id, &entry) {
                kept.push((id, entry));
            }
        })?;
        let kept = kept.iter().map(|(id, entry)| (&**id, &*entry.text));
        self.file.replace(held, kept.chain(more))
    }

    fn entry(&self, id: &str) -> Result<Option<Arc<DenialEntry>>, StoreError> {
        let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        Ok(if is_plain { self.file.find(id)?.map(Arc::new) } else { None })
    }

    fn all(&self, asked: &AskedDenials) -> Result<ListedDenials, StoreError> {
        let mut all = asked.page();
        self.file.read_after(&Mark::default(), &mut |id, entry| {
            if let Some(id) = id {
                all.take(id, Arc::new(entry));
            }
        })?;
        Ok(all.listed())
    }
}

/// Follows the file as long as somebody has its denials.
async fn follow(kept: Weak<Kept>, path: PathBuf) {
    let mut watch = FileWatch::new();
    let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
    let mut told: Option<String> = None;
    let (made, writes) = (folder.clone(), kept.upgrade().is_some_and(|kept| kept.writes));
    if writes && let Err(error) = blocking(move || make_folder(&made)).await {
        tracing::debug!(%error, "the folder of the denials cannot be made");
    }
    loop {
        watch.follow(&[], &[&folder]);
        watch.rung(AT_LEAST_EVERY).await;
        let Some(kept) = kept.upgrade() else { return };
        match blocking(move || kept.refresh()).await {
            Ok(()) => told = None,
            Err(error) => {
                let error = error.to_string();
                if told.as_ref() != Some(&error) {
                    tracing::error!(
                        "the denials cannot be read: {error}; those that are known stay in force"
                    );
                    told = Some(error);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::model::{DenialKind, Denied, IssuedBefore, Until};

    const NOW: u64 = 1_800_000_000;

    fn denial(value: &str, until: Until) -> Denial {
        let denied = Denied {
            kind: DenialKind::Sub,
            issuer: None,
            value: value.into(),
            issued_before: IssuedBefore::All,
            until,
        };
        let (reason, actor) = ("INC-42".to_owned(), "ops".to_owned());
        Denial { denied, reason, actor, at: Instant::from_unix(NOW).timestamp() }
    }

    async fn open(folder: &Path) -> FileDenials {
        FileDenials::open(folder.to_owned(), Writer::Now).await.unwrap()
    }

    async fn values(denials: &FileDenials) -> String {
        let now = Instant::from_unix(NOW);
        let asked = AskedDenials { after: None, limit: 100, kind: None, now };
        let listed = denials.list(asked).await.unwrap();
        let mut all: Vec<_> =
            listed.items.iter().map(|(_, entry)| entry.denies.as_ref().unwrap().value.to_string()).collect();
        assert_eq!(listed.total, all.len());
        all.sort();
        all.concat()
    }

    fn lines(folder: &Path) -> usize {
        std::fs::read_to_string(folder.join("denials.jsonl")).unwrap().lines().count()
    }

    #[tokio::test]
    async fn what_was_added_is_there_for_the_next_process_until_it_is_lifted() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("made/on demand");
        let denials = open(&place).await;
        let (a, b) = (denial("a", Until::Never), denial("b", Until::Never));
        let entry = denials.add(a.clone()).await.unwrap();
        denials.add(b).await.unwrap();
        denials.add(a.clone()).await.unwrap();
        assert_eq!((values(&denials).await.as_str(), lines(&place)), ("ab", 3), "the same twice is once");
        assert_eq!(denials.follow().borrow().set.len(DenialKind::Sub), 2);
        let mode = std::fs::metadata(place.join("denials.jsonl")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let next = open(&place).await;
        assert_eq!(values(&next).await, "ab");
        assert_eq!(next.find(&a.id()).await.unwrap().unwrap(), entry);
        assert!(!next.lift(&a.id(), "{}").await.unwrap(), "another text");
        assert!(next.lift(&a.id(), &entry.text).await.unwrap());
        assert!(!next.lift(&a.id(), &entry.text).await.unwrap(), "it is gone");
        assert_eq!((values(&denials).await.as_str(), values(&open(&place).await).await.as_str()), ("b", "b"));
        let readers = FileDenials::open(place, Writer::Never).await.unwrap();
        assert!(matches!(readers.add(a).await, Err(WriteError::ReadOnly(_))));
    }

    #[tokio::test]
    async fn the_files_are_those_of_the_owner_of_the_folder_also_when_root_writes() {
        use std::os::unix::fs::{MetadataExt as _, chown};
        let folder = tempfile::tempdir().unwrap();
        if rustix::process::geteuid().is_root() {
            chown(folder.path(), Some(65_534), Some(65_534)).unwrap();
        }
        let owner = |path: &Path| std::fs::metadata(path).unwrap().uid();
        let denials = open(folder.path()).await;
        let a = denials.add(denial("a", Until::Never)).await.unwrap();
        denials.add(denial("b", Until::Never)).await.unwrap();
        assert!(denials.lift(&denial("a", Until::Never).id(), &a.text).await.unwrap());
        for name in ["denials.jsonl", "denials.lock"] {
            assert_eq!(owner(&folder.path().join(name)), owner(folder.path()), "{name}");
        }
    }

    #[tokio::test]
    async fn another_process_is_told_of_changes_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (open(folder.path()).await, open(folder.path()).await);
        other.begin();
        let mut told = other.follow();
        let len = |told: &ToldDenials| told.set.len(DenialKind::Sub);
        let soon = Duration::from_secs(5);
        let a = one.add(denial("a", Until::Never)).await.unwrap();
        tokio::time::timeout(soon, told.wait_for(|told| len(told) == 1)).await.unwrap().unwrap();
        one.add(denial("b", Until::Never)).await.unwrap();
        tokio::time::timeout(soon, told.wait_for(|told| len(told) == 2)).await.unwrap().unwrap();
        assert!(one.lift(&denial("a", Until::Never).id(), &a.text).await.unwrap());
        tokio::time::timeout(soon, told.wait_for(|told| len(told) == 1)).await.unwrap().unwrap();
        // Both write.
        other.add(denial("c", Until::Never)).await.unwrap();
        one.add(denial("d", Until::Never)).await.unwrap();
        assert_eq!(values(&one).await, "bcd");
    }

    #[tokio::test]
    async fn what_a_crash_left_of_a_line_denies_nobody_and_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("denials.jsonl");
        open(folder.path()).await.add(denial("a", Until::Never)).await.unwrap();
        let whole = std::fs::read_to_string(&path).unwrap();
        let full = format!("{whole}{}", whole.lines().last().unwrap().replace("\"a\"", "\"b\""));
        for length in whole.len()..=full.len() {
            std::fs::write(&path, &full[..length]).unwrap();
            let denials = open(folder.path()).await;
            assert_eq!(values(&denials).await, "a", "{length}");
            denials.add(denial("c", Until::Never)).await.unwrap();
            assert_eq!(values(&open(folder.path()).await).await, "ac", "{length}");
        }
    }

    #[tokio::test]
    async fn entries_that_have_ended_are_dropped_from_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let denials = open(folder.path()).await;
        let ends = |after: u64| Until::At(Instant::from_unix(NOW + after));
        denials.add(denial("a", ends(0))).await.unwrap();
        denials.add(denial("b", ends(1))).await.unwrap();
        assert_eq!((values(&denials).await.as_str(), lines(folder.path())), ("b", 2));
        assert_eq!(denials.follow().borrow().entries, 1);
    }

    #[tokio::test]
    async fn a_key_that_is_denied_for_longer_has_one_entry_with_the_longer_end() {
        let folder = tempfile::tempdir().unwrap();
        let denials = open(folder.path()).await;
        let key = |until| Denial { denied: Denied::api_key("Yq3Zk81b", until), ..denial("", until) };
        let ends = |after: u64| Until::At(Instant::from_unix(NOW + after));
        for (until, wanted) in [
            (ends(9), ends(9)),
            (ends(10), ends(10)),
            (ends(9), ends(10)),
            (Until::Never, Until::Never),
            (ends(11), Until::Never),
        ] {
            let entry = denials.add(key(until)).await.unwrap();
            assert_eq!((entry.until, lines(folder.path())), (wanted, 2), "{until:?}");
            assert_eq!(denials.follow().borrow().set.len(DenialKind::ApiKey), 1, "{until:?}");
        }
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_read_is_no_empty_one() {
        for text in ["", "{}\n", "{\"portcullis_denials\":2,\"file\":\"a\"}\n", "\u{0}\n"] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("denials.jsonl"), text).unwrap();
            let opened = FileDenials::open(folder.path().to_owned(), Writer::Now).await;
            assert_eq!(opened.is_ok(), text.is_empty(), "{text:?}");
            let error = opened.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(text.is_empty() || error.contains("denials.jsonl"), "{error}");
        }
        let folder = tempfile::tempdir().unwrap();
        let denials = open(folder.path()).await;
        denials.add(denial("a", Until::Never)).await.unwrap();
        std::fs::remove_file(folder.path().join("denials.jsonl")).unwrap();
        denials.kept.refresh().unwrap();
        let told = Arc::clone(&denials.follow().borrow());
        assert_eq!((told.went_back, told.set.len(DenialKind::Sub)), (true, 1), "it stays in force");
    }

    #[tokio::test]
    async fn while_the_file_is_away_denials_are_added_and_lifted_and_the_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("denials.jsonl");
        let denials = open(folder.path()).await;
        denials.add(denial("a", Until::Never)).await.unwrap();
        let told = || {
            let told = Arc::clone(&denials.follow().borrow());
            (told.went_back, told.entries, told.set.len(DenialKind::Sub))
        };
        std::fs::remove_file(&path).unwrap();
        let b = denials.add(denial("b", Until::Never)).await.unwrap();
        denials.add(denial("c", Until::Never)).await.unwrap();
        assert_eq!((told(), values(&denials).await.as_str()), ((true, 3, 3), "bc"));
        assert!(denials.lift(&denial("b", Until::Never).id(), &b.text).await.unwrap());
        assert_eq!((told(), values(&denials).await.as_str()), ((true, 2, 2), "c"));
        std::fs::remove_file(&path).unwrap();
        denials.kept.refresh().unwrap();
        denials.add(denial("d", Until::Never)).await.unwrap();
        assert_eq!((told(), values(&denials).await.as_str()), ((true, 3, 3), "d"), "it was taken away again");
    }

    #[tokio::test]
    async fn a_file_that_is_put_back_says_all_there_is() {
        let folder = tempfile::tempdir().unwrap();
        let (path, kept) = (folder.path().join("denials.jsonl"), folder.path().join("kept"));
        let denials = open(folder.path()).await;
        denials.add(denial("a", Until::Never)).await.unwrap();
        let told = || {
            let told = Arc::clone(&denials.follow().borrow());
            (told.went_back, told.entries, told.set.len(DenialKind::Sub))
        };
        std::fs::rename(&path, &kept).unwrap();
        denials.kept.refresh().unwrap();
        assert_eq!(told(), (true, 1, 1));
        std::fs::rename(&kept, &path).unwrap();
        denials.kept.refresh().unwrap();
        assert_eq!(told(), (false, 1, 1));
        std::fs::rename(&path, &kept).unwrap();
        denials.add(denial("b", Until::Never)).await.unwrap();
        std::fs::rename(&kept, &path).unwrap();
        denials.kept.refresh().unwrap();
        assert_eq!((told(), values(&denials).await.as_str()), ((false, 1, 1), "a"));
    }

    #[tokio::test]
    async fn what_another_version_wrote_is_kept_and_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("denials.jsonl");
        let newer = "{\"id\":\"tool-1\",\"by\":\"tool\",\"value\":\"x\",\"until\":\"never\"}";
        std::fs::write(&path, format!("{{\"portcullis_denials\":1,\"file\":\"a\"}}\n{newer}\nno JSON\n"))
            .unwrap();
        let denials = open(folder.path()).await;
        assert_eq!(denials.follow().borrow().not_understood.len(), 2);
        let a = denials.add(denial("a", Until::Never)).await.unwrap();
        assert!(denials.lift(&denial("a", Until::Never).id(), &a.text).await.unwrap());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(newer) && text.contains("no JSON"), "{text}");
    }

    #[tokio::test]
    async fn a_folder_where_denials_were_kept_before_says_so_until_they_are_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(FileDenials::left_in(folder.path()).await, None);
        let denials = open(folder.path()).await;
        let entry = denials.add(denial("a", Until::Never)).await.unwrap();
        let path = folder.path().join("denials.jsonl");
        assert_eq!(FileDenials::left_in(folder.path()).await, Some(path.clone()));
        assert!(denials.lift(&denial("a", Until::Never).id(), &entry.text).await.unwrap());
        assert_eq!(FileDenials::left_in(folder.path()).await, None, "all were lifted");
        std::fs::write(&path, "no denials\n").unwrap();
        assert_eq!(FileDenials::left_in(folder.path()).await, Some(path), "nobody knows whom it denies");
    }
}
