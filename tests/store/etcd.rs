//! The store in etcd, held to the contract, and what only a store with several writers and a network can do wrong.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use portcullis::model::{Digest, ResourceId};
use portcullis::store::{
    Change, Commit, EtcdOptions, EtcdStore, Record, ResourceStore as _, StoreError, Unobserved, WriteError,
};
use serde_json::json;
use testkit::cut::Direction;
use testkit::etcd::coded;
use testkit::{Cut, Etcd, EtcdStart, eventually};

use super::asked::{Asked, wait};
use super::contract::{
    self, Place, agent, all, cases_of_every_store, change, commit, key, led_to, resources,
};

const PREFIX: &str = "/portcullis/";

fn options(endpoints: Vec<String>, prefix: &str) -> EtcdOptions {
    EtcdOptions {
        endpoints,
        prefix: prefix.to_owned(),
        store_id: None,
        ca_file: None,
        certificate: None,
        user: None,
        masked: |id, text| if *id == key("hidden") { "masked".to_owned() } else { text.to_owned() },
    }
}

/// A store that follows what others commit.
fn followed(options: EtcdOptions) -> EtcdStore {
    let mut store = EtcdStore::new(options, Arc::new(Unobserved));
    wait(async { store.follow() });
    store
}

fn opened(etcd: &Etcd) -> EtcdStore {
    followed(options(etcd.endpoints(), PREFIX))
}

fn through(cut: &Cut) -> EtcdStore {
    followed(options(vec![format!("http://127.0.0.1:{}", cut.port)], PREFIX))
}

/// A prefix in an etcd that several cases share.
struct Prefix {
    etcd: Arc<Etcd>,
    prefix: String,
}

impl Prefix {
    fn open(&self) -> Asked {
        Asked::new(followed(options(self.etcd.endpoints(), &self.prefix)))
    }

    fn put(&self, key: &str, value: &str) -> serde_json::Value {
        let key = coded(&format!("{}{key}", self.prefix));
        json!({"requestPut": {"key": key, "value": coded(value)}})
    }
}

impl Place for Prefix {
    fn empty() -> Self {
        Self { etcd: Arc::new(wait(Etcd::start())), prefix: PREFIX.to_owned() }
    }

    fn writer(&self) -> Result<Asked, StoreError> {
        Ok(self.open())
    }

    fn reader(&self) -> Asked {
        self.open()
    }

    fn has_history(&self, records: Vec<Record>) {
        let texts = led_to(&records);
        let line =
            |(id, text): (&ResourceId, &String)| format!("{id}\0{}\n", Digest::of(text.as_bytes()).to_hex());
        let lines: String = texts.iter().map(line).collect();
        let last = records.last().expect("a history");
        let head = json!({
            "store_id": "5e".repeat(16), "revision": last.number, "generation": 1,
            "sha256": Digest::of(lines.as_bytes()).to_hex(), "at": last.commit.at.to_string(),
            "who": last.commit.who, "commit": format!("{:032x}", last.number),
        });
        let mut puts = vec![self.put("format", "1"), self.put("head", &head.to_string())];
        puts.extend(texts.iter().map(|(id, text)| self.put(&format!("g/1/{id}"), text)));
        for Record { number, commit, .. } in &records {
            let change = |c: &Change| {
                let action = if c.from.is_some() { "updated" } else { "created" };
                json!({"resource": c.id.to_string(), "action": action, "from": c.from, "to": c.to})
            };
            let record = json!({
                "number": number, "at": commit.at.to_string(), "who": commit.who, "what": commit.what,
                "commit": format!("{number:032x}"),
                "changes": commit.changes.iter().map(change).collect::<Vec<_>>(),
            });
            puts.push(self.put(&format!("rev/{number}"), &record.to_string()));
        }
        for some in puts.chunks(100) {
            assert!(wait(self.etcd.txn(&json!({"success": some}))));
        }
    }
}

/// Each case at a prefix of its own: an etcd takes longer to start than a case.
macro_rules! each_at_a_prefix_of_its_own {
    ($($case:ident)+) => {
        #[test]
        fn a_store_in_etcd_holds_to_the_contract() {
            let etcd = Arc::new(wait(Etcd::start()));
            $(
                let prefix = concat!("/", stringify!($case), "/").to_owned();
                contract::$case(&Prefix { etcd: Arc::clone(&etcd), prefix });
            )+
        }
    };
}
cases_of_every_store! { each_at_a_prefix_of_its_own, }

/// Commits as often as it takes, as the writers of a fleet do; the number of the revision.
fn persist(store: &EtcdStore, make: impl Fn(&[(ResourceId, String)]) -> Commit) -> u64 {
    loop {
        wait(store.refresh()).expect("etcd is there");
        let reading = wait(store.read()).expect("it is read");
        let held: Vec<_> =
            reading.resources.into_iter().map(|(id, text)| (id, text.text.to_string())).collect();
        match wait(store.commit_after(reading.head, make(&held), Vec::new())) {
            Ok(number) => return number,
            Err(WriteError::Moved { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}

fn texts(store: &EtcdStore) -> Vec<String> {
    wait(store.refresh()).expect("etcd is there");
    let reading = wait(store.read()).expect("it is read");
    reading.resources.into_iter().map(|(_, text)| text.text.to_string()).collect()
}

#[test]
fn of_writers_at_once_each_number_is_given_to_one_and_none_is_left_out() {
    const EACH: usize = 12;
    let etcd = wait(Etcd::start());
    let stores = [opened(&etcd), opened(&etcd), opened(&etcd)];
    let conflicts = AtomicUsize::new(0);
    let numbers: Vec<u64> = std::thread::scope(|scope| {
        let writers: Vec<_> = stores
            .iter()
            .map(|store| {
                scope.spawn(|| {
                    let add = |held: &[(ResourceId, String)]| {
                        conflicts.fetch_add(1, Ordering::SeqCst);
                        let from = held.first().map(|(_, text)| text.as_str());
                        let to = from.map_or(0, str::len) + 1;
                        commit([change(&agent("a"), from, Some(&"x".repeat(to)))])
                    };
                    (0..EACH).map(|_| persist(store, add)).collect::<Vec<_>>()
                })
            })
            .collect();
        writers.into_iter().flat_map(|writer| writer.join().expect("a writer")).collect()
    });
    let given: BTreeSet<u64> = numbers.iter().copied().collect();
    let every = 3 * EACH as u64;
    assert_eq!((numbers.len(), given), (3 * EACH, (1..=every).collect()));
    assert!(conflicts.into_inner() > 3 * EACH, "they never met");
    for store in &stores {
        assert_eq!(texts(store), ["x".repeat(3 * EACH)], "no commit was lost or done twice");
    }
    let heads = wait(etcd.all(PREFIX));
    let records = heads.keys().filter(|key| key.starts_with("/portcullis/rev/")).count();
    assert_eq!(records, 3 * EACH);
}

#[test]
fn a_commit_whose_response_is_lost_is_found_out() {
    let etcd = wait(Etcd::start());
    let cut = wait(Cut::to(etcd.members[0].port));
    let store = through(&cut);
    let first = wait(store.commit(commit([change(&agent("a"), None, Some("1"))])));
    assert_eq!(first, Ok(1));

    // It arrives, and the response does not.
    cut.swallow_one(Direction::Back);
    let made = std::thread::scope(|scope| {
        let commits = scope.spawn(|| wait(store.commit(commit([change(&agent("b"), None, Some("1"))]))));
        wait(eventually("the record is there", Duration::from_secs(5), async || {
            etcd.get("/portcullis/rev/2").await
        }));
        cut.let_die();
        cut.pass();
        commits.join().expect("an answer")
    });
    assert_eq!(made, Ok(2));

    // It does not arrive, and never will: it was made for a head that was written anew since.
    let before = wait(etcd.get("/portcullis/head"));
    cut.let_die();
    let third = || commit([change(&agent("c"), None, Some("1"))]);
    assert!(matches!(wait(store.commit(third())), Err(WriteError::Moved { .. })));
    assert_eq!(wait(etcd.get("/portcullis/head")), before);
    assert_eq!(persist(&store, |_| third()), 3);

    // It is held up, and so is every question.
    cut.swallow();
    let began = std::time::Instant::now();
    let fourth = wait(store.commit(commit([change(&agent("d"), None, Some("1"))])));
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    let Err(WriteError::OutcomeUnknown { commit: id }) = fourth else { panic!("{fourth:?}") };
    let waited = wait(store.refresh());
    assert!(matches!(waited, Err(WriteError::Unavailable(_))), "{waited:?}");
    cut.pass();
    let became = wait(eventually("it can be asked", Duration::from_secs(10), async || {
        store.committed(&id).await.ok()
    }));
    let number = became.map_or(4, |record| record.number + 1);
    assert_eq!(persist(&store, |_| commit([change(&agent("e"), None, Some("1"))])), number);
    let second = wait(store.record(2)).expect("read").expect("there");
    let id = second.id.clone().expect("an id");
    assert_eq!(wait(store.committed(&id)), Ok(Some(second)));
    assert_eq!(wait(store.committed(&"0".repeat(32))), Ok(None));
}

#[test]
fn what_etcd_cannot_take_at_once_is_not_sent() {
    let etcd = wait(Etcd::start());
    let store = opened(&etcd);
    let many =
        |number: usize| commit((0..number).map(|n| change(&agent(&format!("a{n}")), None, Some("text"))));
    let size = |made: Result<u64, WriteError>| match made {
        Err(WriteError::TooLarge(size)) => (size.resources, size.bytes),
        other => panic!("{other:?}"),
    };
    let before = wait(etcd.revision());
    let (resources, _) = size(wait(store.commit(many(121))));
    assert_eq!(resources, 121);
    let long = |bytes: usize| "x".repeat(bytes);
    let (_, bytes) = size(wait(store.commit(commit([change(&agent("a"), None, Some(&long(1_572_864)))]))));
    assert!(bytes > 1_572_864, "{bytes}");
    assert_eq!(wait(etcd.revision()), before, "nothing was sent");
    // The text is in the record too.
    let half = 1_468_006 / 2 - 1000;
    assert_eq!(wait(store.commit(commit([change(&agent("a"), None, Some(&long(half)))]))), Ok(1));
    assert_eq!(wait(store.commit(many(120))), Ok(2));
    let gone = (0..120).map(|n| change(&agent(&format!("a{n}")), Some("text"), None));
    assert_eq!(wait(store.commit(commit(gone))), Ok(3));
}

#[test]
fn a_full_etcd_is_a_full_disk() {
    let etcd =
        wait(EtcdStart { args: &["--quota-backend-bytes", "2097152"], ..EtcdStart::default() }.start());
    let store = opened(&etcd);
    let (mut from, mut number) = (None, 0);
    let full = loop {
        let to = format!("{number}{}", "x".repeat(150_000));
        match wait(store.commit(commit([change(&agent("a"), from.as_deref(), Some(&to))]))) {
            Ok(made) => (from, number) = (Some(to), made),
            Err(error) => break error,
        }
        assert!(number < 40, "it is never full");
    };
    assert!(matches!(full, WriteError::Failed { full: true, .. }), "{full:?}");
    assert_eq!(texts(&store), [from.expect("what was written stays")]);
}

/// A member with this user, whose password is `secret`.
fn as_user(etcd: &Etcd, name: &str, folder: &std::path::Path) -> EtcdStore {
    let password: PathBuf = folder.join("password");
    std::fs::write(&password, "secret\n").expect("a file");
    followed(EtcdOptions { user: Some((name.to_owned(), password)), ..options(etcd.endpoints(), PREFIX) })
}

#[test]
fn a_member_without_the_right_is_told_which_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let etcd = wait(Etcd::start());
    let nobody = opened(&etcd);
    let one = || commit([change(&agent("a"), None, Some("1"))]);
    assert_eq!(wait(nobody.commit(one())), Ok(1));
    wait(async {
        etcd.add_user("reader", "secret", &[("READ", PREFIX)]).await;
        etcd.add_user("writer", "secret", &[("READWRITE", PREFIX)]).await;
        etcd.add_user("absent", "secret", &[]).await;
        etcd.auth_on().await;
    });
    let two = || commit([change(&agent("b"), None, Some("1"))]);
    for (who, store) in [
        ("without `store.etcd.username`", nobody),
        ("`reader`", as_user(&etcd, "reader", folder.path())),
        ("`absent`", as_user(&etcd, "absent", folder.path())),
        ("`stranger`", as_user(&etcd, "stranger", folder.path())),
    ] {
        let refused = wait(async {
            store.refresh().await?;
            store.commit(two()).await
        });
        let Err(WriteError::ReadOnly(why)) = refused else { panic!("{who}: {refused:?}") };
        assert!(why.contains(who) && why.contains("readwrite") && why.contains(PREFIX), "{why}");
        assert!(!why.contains("secret"), "{why}");
    }
    let writer = as_user(&etcd, "writer", folder.path());
    assert_eq!(persist(&writer, |_| two()), 2);
}

#[test]
fn the_history_holds_no_hash_of_a_key() {
    let etcd = wait(Etcd::start());
    let store = Asked::new(opened(&etcd));
    store.commit(&commit([change(&key("hidden"), None, Some("the hash"))])).unwrap();
    store.commit(&commit([change(&key("hidden"), Some("the hash"), Some("another"))])).unwrap();
    assert_eq!(resources(&store)["api_keys/hidden"], "another");
    for record in store.history(&all()).unwrap() {
        let texts = record.commit.changes.iter().flat_map(|change| [&change.from, &change.to]).flatten();
        assert!(texts.clone().all(|text| text == "masked"), "{record:?}");
    }
    let kept = wait(etcd.all("/portcullis/rev/"));
    assert_eq!(kept.len(), 2);
    assert!(
        kept.values().all(|record| !record.value.contains("the hash") && !record.value.contains("another"))
    );
}
