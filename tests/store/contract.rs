//! The cases, as functions over a kind of store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use portcullis::model::{ResourceId, ResourceKind};
use portcullis::store::{Change, Commit, Query, Record, StoreError, WriteError};

use super::asked::Asked;

/// Where stores of one kind are opened, and what others do to what they hold.
pub(crate) trait Place {
    /// An empty place.
    fn empty() -> Self
    where
        Self: Sized;
    /// Opens it as a process that writes.
    fn writer(&self) -> Result<Asked, StoreError>;
    /// Opens it as a process that only looks.
    fn reader(&self) -> Asked;
    /// Puts a history there, and what it led to, as earlier writers left it.
    fn has_history(&self, records: Vec<Record>);
}

/// A place on one machine, with one writer, where people edit with tools of their own.
pub(crate) trait LocalPlace: Place {
    /// Opens it as a process that takes over from the writer.
    fn successor(&self) -> Asked;
    /// What somebody does who knows nothing of stores.
    fn by_hand(&self, id: &ResourceId, text: Option<&str>);
}

/// Gives the names of the cases of every store to a macro.
macro_rules! cases_of_every_store {
    ($($then:ident)::+, $($with:tt)*) => {
        $($then)::+! { $($with)*
            nothing_is_there_before_the_first_commit
            what_is_written_is_read_in_the_order_of_ids
            a_change_starts_from_what_stands_there_or_conflicts
            a_commit_takes_place_whole_or_not_at_all
            a_commit_without_changes_is_no_revision
            revisions_are_numbered_in_order_and_listed_newest_first
            the_history_is_asked_for_in_pages_and_for_one_resource
            a_revision_is_kept_word_for_word
            old_revisions_are_forgotten
            everything_is_there_after_opening_again
            the_history_knows_the_last_text_of_each
            a_record_leads_from_one_reading_to_the_next
            who_reads_while_it_is_written_sees_whole_commits
            every_commit_rings
        }
    };
}

/// One test for each case, for a kind of store on one machine.
macro_rules! holds_to_the_contract {
    ($place:ty) => {
        $crate::contract::cases_of_every_store! { crate::contract::each_is_a_test, $place: }
        $crate::contract::each_is_a_test! { $place:
            edits_by_hand_are_read_and_conflict_with_what_was_thought
            there_is_one_writer_and_any_number_of_readers
            a_successor_writes_once_the_writer_has_gone
            every_edit_by_hand_rings
        }
    };
}

macro_rules! each_is_a_test {
    ($place:ty: $($case:ident)+) => {
        $(
            #[test]
            fn $case() {
                $crate::contract::$case(&<$place as $crate::contract::Place>::empty());
            }
        )+
    };
}
pub(crate) use {cases_of_every_store, each_is_a_test, holds_to_the_contract};

/// What a history led to.
pub(crate) fn led_to(records: &[Record]) -> BTreeMap<ResourceId, String> {
    let mut texts = BTreeMap::new();
    for change in records.iter().flat_map(|record| &record.commit.changes) {
        match &change.to {
            Some(text) => texts.insert(change.id.clone(), text.clone()),
            None => texts.remove(&change.id),
        };
    }
    texts
}

pub(crate) fn agent(name: &str) -> ResourceId {
    ResourceId::new(ResourceKind::Agent, name).expect("a name")
}

pub(crate) fn provider(name: &str) -> ResourceId {
    ResourceId::new(ResourceKind::IdentityProvider, name).expect("a name")
}

pub(crate) fn key(name: &str) -> ResourceId {
    ResourceId::new(ResourceKind::ApiKey, name).expect("a name")
}

pub(crate) fn limit(name: &str) -> ResourceId {
    ResourceId::new(ResourceKind::Limit, name).expect("a name")
}

pub(crate) fn change(id: &ResourceId, from: Option<&str>, to: Option<&str>) -> Change {
    Change { id: id.clone(), from: from.map(str::to_owned), to: to.map(str::to_owned) }
}

pub(crate) fn commit(changes: impl IntoIterator<Item = Change>) -> Commit {
    Commit {
        at: jiff::Timestamp::UNIX_EPOCH,
        who: "somebody".to_owned(),
        what: "a change".to_owned(),
        changes: changes.into_iter().collect(),
    }
}

/// What a store holds.
pub(crate) fn resources(store: &Asked) -> BTreeMap<String, String> {
    let texts = store.read().and_then(|reading| reading.whole()).expect("the store is read");
    texts.into_iter().map(|(id, text)| (id.to_string(), text.text.to_string())).collect()
}

fn pairs<'a>(all: impl IntoIterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    all.into_iter().map(|(id, text)| (id.to_owned(), text.to_owned())).collect()
}

fn numbers(store: &Asked, query: &Query) -> Vec<u64> {
    store.history(query).expect("the history is read").iter().map(|record| record.number).collect()
}

pub(crate) fn all() -> Query {
    Query { limit: usize::MAX, ..Query::default() }
}

pub(crate) fn nothing_is_there_before_the_first_commit(place: &dyn Place) {
    for store in [place.reader(), place.writer().unwrap()] {
        let reading = store.read().unwrap();
        assert_eq!((reading.head, reading.resources.len(), reading.unreadable.len()), (0, 0, 0));
        assert_eq!((store.head(), store.record(1), store.history(&all())), (0, Ok(None), Ok(Vec::new())));
    }
}

pub(crate) fn what_is_written_is_read_in_the_order_of_ids(place: &dyn Place) {
    let store = place.writer().unwrap();
    let ids = [limit("a"), key("Yq3Zk81b"), agent("b"), provider("corp"), agent("a"), provider("a")];
    let text = |id: &ResourceId| format!("# ü \u{1F980}\nname: {id}\n");
    store.commit(&commit(ids.iter().map(|id| change(id, None, Some(&text(id)))))).unwrap();
    let mut sorted = ids.to_vec();
    sorted.sort();
    let wanted: Vec<_> = sorted.iter().map(|id| (id.clone(), text(id))).collect();
    for store in [store, place.reader()] {
        let reading = store.read().unwrap();
        let seen: Vec<_> =
            reading.resources.into_iter().map(|(id, text)| (id, text.text.to_string())).collect();
        assert_eq!((reading.head, seen), (1, wanted.clone()));
    }
}

pub(crate) fn a_change_starts_from_what_stands_there_or_conflicts(place: &dyn Place) {
    let store = place.writer().unwrap();
    let id = agent("a");
    let refused = |from: Option<&str>, to: Option<&str>| {
        assert_eq!(store.commit(&commit([change(&id, from, to)])), Err(WriteError::Conflict(id.clone())));
    };
    refused(Some("one"), Some("two"));
    refused(Some("one"), None);
    store.commit(&commit([change(&id, None, Some("one"))])).unwrap();
    for (from, to) in
        [(None, Some("two")), (None, None), (Some("two"), None), (Some(""), None), (Some("one "), None)]
    {
        refused(from, to);
    }
    store.commit(&commit([change(&id, Some("one"), Some("two"))])).unwrap();
    refused(Some("one"), Some("three"));
    assert_eq!(resources(&store), pairs([("agents/a", "two")]));
    store.commit(&commit([change(&id, Some("two"), None)])).unwrap();
    refused(Some("two"), None);
    assert_eq!((resources(&store), store.head()), (pairs([]), 3));
}

pub(crate) fn a_commit_takes_place_whole_or_not_at_all(place: &dyn Place) {
    let store = place.writer().unwrap();
    let (a, b, p, k, l) = (agent("a"), agent("b"), provider("p"), key("k"), limit("a"));
    store.commit(&commit([change(&a, None, Some("a1")), change(&p, None, Some("p1"))])).unwrap();
    let before = resources(&store);
    // The one that does not hold stands first, in the middle and last.
    let good = [
        change(&a, Some("a1"), Some("a2")),
        change(&b, None, Some("b1")),
        change(&p, Some("p1"), None),
        change(&l, None, Some("l1")),
    ];
    for at in 0..=good.len() {
        let mut changes = good.to_vec();
        changes.insert(at, change(&k, Some("not there"), Some("k2")));
        assert_eq!(store.commit(&commit(changes)), Err(WriteError::Conflict(k.clone())));
        assert_eq!((resources(&store), store.head()), (before.clone(), 1));
    }
    // Nor does a commit change one thing twice, as if in two steps.
    let twice = [change(&a, Some("a1"), Some("a2")), change(&a, Some("a2"), Some("a3"))];
    assert_eq!(store.commit(&commit(twice)), Err(WriteError::Conflict(a.clone())));
    let twice = [change(&a, Some("a1"), Some("a2")), change(&a, Some("a1"), Some("a3"))];
    assert_eq!(store.commit(&commit(twice)), Err(WriteError::Conflict(a)));
    assert_eq!((resources(&store), numbers(&store, &all())), (before, vec![1]));
    assert_eq!(store.commit(&commit(good)), Ok(2));
    assert_eq!(resources(&store), pairs([("agents/a", "a2"), ("agents/b", "b1"), ("limits/a", "l1")]));
}

pub(crate) fn a_commit_without_changes_is_no_revision(place: &dyn Place) {
    let store = place.writer().unwrap();
    assert_eq!(store.commit(&commit([])), Ok(0));
    store.commit(&commit([change(&agent("a"), None, Some("a1"))])).unwrap();
    assert_eq!(store.commit(&commit([])), Ok(1));
    assert_eq!(numbers(&store, &all()), [1]);
}

pub(crate) fn revisions_are_numbered_in_order_and_listed_newest_first(place: &dyn Place) {
    let store = place.writer().unwrap();
    let mut from: Option<String> = None;
    for number in 1..=12 {
        let to = format!("text {number}");
        assert_eq!(store.commit(&commit([change(&agent("a"), from.as_deref(), Some(&to))])), Ok(number));
        assert_eq!(store.head(), number);
        from = Some(to);
    }
    let wanted: Vec<u64> = (1..=12).rev().collect();
    for store in [store, place.reader()] {
        assert_eq!((numbers(&store, &all()), store.head()), (wanted.clone(), 12));
    }
}

pub(crate) fn the_history_is_asked_for_in_pages_and_for_one_resource(place: &dyn Place) {
    let store = place.writer().unwrap();
    let (a, b) = (agent("a"), agent("b"));
    let steps = [
        vec![change(&a, None, Some("1"))],
        vec![change(&b, None, Some("1"))],
        vec![change(&a, Some("1"), Some("2")), change(&b, Some("1"), Some("2"))],
        vec![change(&b, Some("2"), None)],
        vec![change(&a, Some("2"), None)],
    ];
    for changes in steps {
        store.commit(&commit(changes)).unwrap();
    }
    let query = |before: Option<u64>, limit: usize, only: Option<&ResourceId>| Query {
        before,
        limit,
        only: only.cloned(),
    };
    let cases = [
        (query(None, 2, None), vec![5, 4]),
        (query(Some(4), 2, None), vec![3, 2]),
        (query(Some(2), 2, None), vec![1]),
        (query(Some(1), 2, None), vec![]),
        (query(Some(0), 2, None), vec![]),
        (query(Some(99), 1, None), vec![5]),
        (query(None, 0, None), vec![]),
        (query(None, 9, Some(&a)), vec![5, 3, 1]),
        (query(None, 2, Some(&b)), vec![4, 3]),
        (query(Some(3), 9, Some(&b)), vec![2]),
        (query(None, 9, Some(&agent("c"))), vec![]),
        // Of the same name, and another resource.
        (query(None, 9, Some(&provider("a"))), vec![]),
        (query(None, 9, Some(&limit("a"))), vec![]),
    ];
    // Twice, since what was read once may be remembered.
    for _ in 0..2 {
        for (query, wanted) in &cases {
            assert_eq!(numbers(&store, query), *wanted, "{query:?}");
        }
    }
}

pub(crate) fn a_revision_is_kept_word_for_word(place: &dyn Place) {
    let store = place.writer().unwrap();
    let text = "route: \"/ü\"\n# \u{1F980} \\ \u{7} \u{2028}\r\n\tend without a line break";
    let wanted = Commit {
        at: "2026-11-24T12:00:00.123456789Z".parse().unwrap(),
        who: "token (10.0.0.1)".to_owned(),
        what: "made \"a\"\nand wrote two lines".to_owned(),
        changes: vec![
            change(&agent("a"), None, Some(text)),
            change(&key("Yq3Zk81b"), None, Some("")),
            change(&limit("a"), None, Some("rate: 1/1m # why")),
        ],
    };
    assert_eq!(store.commit(&wanted), Ok(1));
    for store in [store, place.reader()] {
        let record = store.record(1).unwrap().expect("the revision");
        assert_eq!((record.number, &record.commit), (1, &wanted));
        assert_eq!(store.history(&all()), Ok(vec![record]));
        assert_eq!((store.record(0), store.record(2)), (Ok(None), Ok(None)));
        assert_eq!(
            resources(&store),
            pairs([("agents/a", text), ("api_keys/Yq3Zk81b", ""), ("limits/a", "rate: 1/1m # why")])
        );
    }
}

pub(crate) fn old_revisions_are_forgotten(place: &dyn Place) {
    const KEPT: u64 = 1000;
    let text = |number: u64| format!("text {number}");
    let changed = |number: u64| {
        let from = (number > 1).then(|| text(number - 1));
        commit([change(&agent("a"), from.as_deref(), Some(&text(number)))])
    };
    place.has_history((1..=KEPT).map(|number| Record::new(number, changed(number))).collect());
    let store = place.writer().unwrap();
    assert_eq!((store.head(), numbers(&store, &all()).len()), (KEPT, 1000));
    for number in KEPT + 1..=KEPT + 3 {
        assert_eq!(store.commit(&changed(number)), Ok(number));
    }
    for store in [store, place.reader()] {
        let wanted: Vec<u64> = (4..=KEPT + 3).rev().collect();
        assert_eq!((numbers(&store, &all()), store.head()), (wanted, KEPT + 3));
        assert_eq!(store.record(3), Ok(None));
        assert_eq!(store.record(4).unwrap().unwrap().commit, changed(4));
    }
}

pub(crate) fn everything_is_there_after_opening_again(place: &dyn Place) {
    for number in 1..=5u64 {
        let store = place.writer().unwrap();
        let name = format!("a{number}");
        assert_eq!(store.commit(&commit([change(&agent(&name), None, Some(&name))])), Ok(number));
    }
    let store = place.writer().unwrap();
    assert_eq!((store.head(), numbers(&store, &all())), (5, vec![5, 4, 3, 2, 1]));
    assert_eq!(resources(&store).into_values().collect::<Vec<_>>(), ["a1", "a2", "a3", "a4", "a5"]);
}

pub(crate) fn edits_by_hand_are_read_and_conflict_with_what_was_thought(place: &dyn LocalPlace) {
    let store = place.writer().unwrap();
    let (a, b) = (agent("a"), agent("b"));
    store.commit(&commit([change(&a, None, Some("a1")), change(&b, None, Some("b1"))])).unwrap();
    place.by_hand(&a, Some("mine"));
    place.by_hand(&b, None);
    place.by_hand(&provider("p"), Some("p1"));
    let seen = pairs([("agents/a", "mine"), ("identity_providers/p", "p1")]);
    assert_eq!(resources(&store), seen);
    let refused = [
        change(&a, Some("a1"), Some("a2")),
        change(&b, Some("b1"), None),
        change(&provider("p"), None, Some("p2")),
    ];
    for change in refused {
        let id = change.id.clone();
        assert_eq!(store.commit(&commit([change])), Err(WriteError::Conflict(id)));
    }
    assert_eq!((resources(&store), store.head()), (seen, 1));
    assert_eq!(
        store.commit(&commit([change(&a, Some("mine"), Some("a2")), change(&b, None, Some("b2"))])),
        Ok(2)
    );
}

pub(crate) fn the_history_knows_the_last_text_of_each(place: &dyn Place) {
    let store = place.writer().unwrap();
    let (a, b) = (agent("a"), agent("b"));
    for changes in [
        vec![change(&a, None, Some("a1")), change(&b, None, Some("b1"))],
        vec![change(&b, Some("b1"), None)],
        vec![change(&a, Some("a1"), Some("a2"))],
    ] {
        store.commit(&commit(changes)).unwrap();
    }
    let all = BTreeMap::from([(a.clone(), (3, Some("a2".to_owned()))), (b.clone(), (2, None))]);
    for store in [store, place.reader()] {
        assert_eq!(store.latest(None).unwrap(), all);
        let only = BTreeSet::from([b.clone(), agent("unknown")]);
        assert_eq!(store.latest(Some(&only)).unwrap(), BTreeMap::from([(b.clone(), (2, None))]));
    }
}

/// For stores that people may edit by hand.
pub(crate) fn an_edit_by_hand_is_noted_once(place: &dyn LocalPlace) {
    let store = place.writer().unwrap();
    let (a, b) = (agent("a"), agent("b"));
    store.commit(&commit([change(&a, None, Some("a1")), change(&b, None, Some("b1"))])).unwrap();
    place.by_hand(&a, Some("mine"));
    place.by_hand(&b, None);
    let edit = commit([change(&a, Some("a1"), Some("mine")), change(&b, Some("b1"), None)]);
    assert_eq!(store.note(&edit), Ok(Some(2)));
    assert_eq!(store.note(&edit), Ok(None), "the history says so already");
    assert_eq!(store.record(2).unwrap().unwrap().commit, edit);
    assert_eq!(store.commit(&commit([change(&a, Some("mine"), Some("a2"))])), Ok(3));
    let text = |text: Option<&str>| text.map(str::to_owned);
    let all = BTreeMap::from([(a, (3, text(Some("a2")))), (b, (2, None))]);
    assert_eq!(store.latest(None).unwrap(), all);
}

pub(crate) fn there_is_one_writer_and_any_number_of_readers(place: &dyn LocalPlace) {
    let first = place.writer().unwrap();
    let Err(error) = place.writer() else { panic!("there are two writers") };
    assert!(matches!(error, StoreError::Locked { .. }));
    let message = error.to_string();
    assert!(message.contains("another portcullis") && message.contains("one writer"), "{message}");
    let readers = [place.reader(), place.reader()];
    first.commit(&commit([change(&agent("a"), None, Some("a1"))])).unwrap();
    for reader in readers {
        assert_eq!((resources(&reader), reader.head()), (pairs([("agents/a", "a1")]), 1));
        let Some(why) = reader.describe().read_only else { panic!("a reader says that it writes") };
        let refused = reader.commit(&commit([change(&agent("b"), None, Some("b1"))]));
        assert_eq!(refused, Err(WriteError::ReadOnly(why)));
    }
    assert!(first.describe().is_writable());
    drop(first);
    assert!(place.writer().is_ok());
}

pub(crate) fn a_successor_writes_once_the_writer_has_gone(place: &dyn LocalPlace) {
    let first = place.writer().unwrap();
    let second = place.successor();
    let wanted = commit([change(&agent("a"), Some("a1"), Some("a2"))]);
    first.commit(&commit([change(&agent("a"), None, Some("a1"))])).unwrap();
    let Err(WriteError::Locked(why)) = second.commit(&wanted) else { panic!("there are two writers") };
    assert!(why.contains("another portcullis"), "{why}");
    assert_eq!((resources(&second), second.head()), (pairs([("agents/a", "a1")]), 1));
    drop(first);
    assert_eq!(second.commit(&wanted), Ok(2));
    assert!(second.describe().is_writable());
    assert!(matches!(place.writer(), Err(StoreError::Locked { .. })));
}

pub(crate) fn who_reads_while_it_is_written_sees_whole_commits(place: &dyn Place) {
    // The first and the last that is read, with so much between them that commits overtake a reader.
    let (first, last) = (provider("p"), key("K"));
    let writer = place.writer().unwrap();
    for hundred in 0..15 {
        let ids = (0..100).map(|number| agent(&format!("a{hundred}-{number}")));
        writer.commit(&commit(ids.map(|id| change(&id, None, Some("between"))))).unwrap();
    }
    writer.commit(&commit([&first, &last].map(|id| change(id, None, Some("0"))))).unwrap();
    let reader = place.reader();
    let (enough, is_enough) = (5, AtomicBool::new(false));
    let (mut reads, mut overtaken) = (0, 0);
    std::thread::scope(|scope| {
        let writes = scope.spawn(|| {
            // So many that a reader who is never overtaken does not wait for ever.
            for number in (1..=20_000).take_while(|_| !is_enough.load(Ordering::SeqCst)) {
                let [from, to] = [number - 1, number].map(|number: u64| number.to_string());
                writer.commit(&commit([&first, &last].map(|id| change(id, Some(&from), Some(&to))))).unwrap();
            }
        });
        while overtaken < enough && !writes.is_finished() {
            let before = reader.head();
            let seen = resources(&reader);
            overtaken += u64::from(reader.head() > before);
            reads += 1;
            assert_eq!(seen.len(), 1502);
            assert_eq!(seen[&first.to_string()], seen[&last.to_string()], "read {reads}");
        }
        is_enough.store(true, Ordering::SeqCst);
    });
    assert_eq!(overtaken, enough, "too few commits overtook any of {reads} readings");
}

/// The record of a revision is what lies between two heads: who holds the reading before it and adds the record has the
/// reading after it.
pub(crate) fn a_record_leads_from_one_reading_to_the_next(place: &dyn Place) {
    let store = place.writer().unwrap();
    let (a, b, p) = (agent("a"), agent("b"), provider("p"));
    let steps = [
        vec![change(&a, None, Some("a1")), change(&p, None, Some("p1"))],
        vec![change(&a, Some("a1"), Some("a2")), change(&b, None, Some("b1")), change(&p, Some("p1"), None)],
        vec![change(&b, Some("b1"), None)],
    ];
    let mut held = resources(&store);
    for changes in steps {
        let before = store.read().unwrap().head;
        store.commit(&commit(changes)).unwrap();
        let after = store.read().unwrap().head;
        assert_eq!((after, store.head()), (before + 1, before + 1));
        for Change { id, from, to } in store.record(after).unwrap().unwrap().commit.changes {
            assert_eq!(held.get(&id.to_string()), from.as_ref());
            match to {
                Some(text) => held.insert(id.to_string(), text),
                None => held.remove(&id.to_string()),
            };
        }
        assert_eq!(resources(&store), held);
    }
}

pub(crate) fn every_commit_rings(place: &dyn Place) {
    let writer = place.writer().unwrap();
    let mut reader = place.reader();
    let write = |id: &ResourceId, from: Option<&str>, to: Option<&str>| {
        writer.commit(&commit([change(id, from, to)])).unwrap();
    };
    for id in [agent("a"), provider("p"), key("k")] {
        reader.rings_for("a new resource", || write(&id, None, Some("1")));
        reader.rings_for("a change", || write(&id, Some("1"), Some("2")));
        reader.rings_for("a removal", || write(&id, Some("2"), None));
    }
}

pub(crate) fn every_edit_by_hand_rings(place: &dyn LocalPlace) {
    let mut reader = place.reader();
    let opened = std::cell::OnceCell::new();
    reader.rings_for("a writer that makes what is missing", || {
        opened.set(place.writer().unwrap()).ok().unwrap();
    });
    let writer = opened.get().unwrap();
    for id in [agent("a"), provider("p"), key("k")] {
        reader.rings_for("a resource made by hand", || place.by_hand(&id, Some("1")));
        reader.rings_for("a change by hand", || place.by_hand(&id, Some("2")));
        let removed = commit([change(&id, Some("2"), None)]);
        reader.rings_for("a removal", || {
            writer.commit(&removed).unwrap();
        });
        place.by_hand(&id, Some("3"));
        reader.rings_for("a removal by hand", || place.by_hand(&id, None));
    }
}
