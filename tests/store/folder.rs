//! What a store in a folder makes of the folder: names, modes, links, strays, and what it does when it cannot write.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use portcullis::store::{Reading, StoreError, WriteError, Writer};

use super::asked::Asked;
use super::contract::{Place as _, agent, all, change, commit, key, provider, resources};
use super::directory::Directory;

/// Every file and folder below, with its mode.
fn tree(folder: &Path) -> Vec<(String, u32)> {
    let mut all = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(&path).unwrap() {
            let path = entry.unwrap().path();
            let mode = fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o777;
            all.push((path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned(), mode));
            if path.is_dir() {
                open.push(path);
            }
        }
    }
    all.sort();
    all
}

fn names(folder: &Path) -> Vec<String> {
    tree(folder).into_iter().map(|(name, _)| name).collect()
}

fn failed(result: Result<u64, WriteError>) -> (PathBuf, String) {
    match result {
        Err(WriteError::Failed { path, why, full: false }) => (path, why),
        other => panic!("{other:?}"),
    }
}

#[test]
fn files_and_folders_are_their_owners_alone() {
    let place = Directory::empty();
    let store = place.open(Writer::Now).unwrap();
    store
        .commit(&commit([change(&agent("a"), None, Some("a")), change(&key("K1"), None, Some("k"))]))
        .unwrap();
    assert_eq!(fs::metadata(place.folder()).unwrap().permissions().mode() & 0o777, 0o700);
    let wanted = [
        (".lock", 0o600),
        ("agents", 0o700),
        ("agents/a.yaml", 0o600),
        ("api_keys", 0o700),
        ("api_keys/K1.yaml", 0o600),
        ("identity_providers", 0o700),
        ("limits", 0o700),
        ("revisions", 0o700),
        ("revisions/00000001.json", 0o600),
    ];
    assert_eq!(tree(&place.folder()), wanted.map(|(name, mode)| (name.to_owned(), mode)));
}

#[test]
fn a_reader_leaves_no_trace() {
    let place = Directory::empty();
    for writer in [Writer::Never, Writer::Later] {
        let store = place.open(writer).unwrap();
        store.read().unwrap();
        store.history(&all()).unwrap();
        assert!(!place.folder().exists(), "{writer:?}");
    }
}

#[test]
fn hidden_and_stray_files_are_no_resources_and_stay() {
    let place = Directory::empty();
    let store = place.open(Writer::Now).unwrap();
    store.commit(&commit([change(&agent("a"), None, Some("a"))])).unwrap();
    let strays = [
        "agents/.a.yaml.swp",
        "agents/.hidden.yaml",
        "agents/a.yaml~",
        "agents/b.yml",
        "agents/c_d.yaml",
        "agents/README",
        "notes.yaml",
        "revisions/7.json",
        "revisions/00000009.json.bak",
    ];
    for stray in strays {
        fs::write(place.folder().join(stray), "stray").unwrap();
    }
    fs::create_dir(place.folder().join("agents/folder.yaml")).unwrap();
    let before = names(&place.folder());
    drop(store);
    let store = place.open(Writer::Now).unwrap();
    assert_eq!(resources(&store).into_keys().collect::<Vec<_>>(), ["agents/a"]);
    assert_eq!((store.head(), store.history(&all()).unwrap().len()), (1, 1));
    assert_eq!(names(&place.folder()), before);
}

#[test]
fn a_link_is_read_through_and_replaced_itself() {
    let place = Directory::empty();
    let store = place.open(Writer::Now).unwrap();
    let target = place.folder().join("elsewhere");
    fs::write(&target, "one").unwrap();
    symlink(&target, place.file(&agent("a"))).unwrap();
    assert_eq!(resources(&store)["agents/a"], "one");
    store.commit(&commit([change(&agent("a"), Some("one"), Some("two"))])).unwrap();
    assert!(!place.file(&agent("a")).is_symlink());
    assert_eq!(
        (resources(&store)["agents/a"].as_str(), fs::read_to_string(&target).unwrap()),
        ("two", "one".into())
    );
    // One that leads nowhere is a mistake that must not make an agent vanish.
    symlink(place.folder().join("nowhere"), place.file(&agent("b"))).unwrap();
    assert!(
        matches!(store.read().and_then(Reading::whole), Err(StoreError::Unreadable { path, .. }) if path == place.file(&agent("b")))
    );
    store.commit(&commit([change(&agent("b"), None, Some("three"))])).unwrap();
    assert_eq!(resources(&store)["agents/b"], "three");
}

#[test]
fn what_a_link_points_to_rings() {
    let place = Directory::empty();
    let mut store = place.open(Writer::Now).unwrap();
    let elsewhere = place.folder().with_file_name("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("a"), "one").unwrap();
    store.rings_for("a link", || symlink(elsewhere.join("a"), place.file(&agent("a"))).unwrap());
    assert_eq!(resources(&store)["agents/a"], "one");
    store.rings_for("what it points to", || fs::write(elsewhere.join("a"), "two").unwrap());
    assert_eq!(resources(&store)["agents/a"], "two");
}

#[test]
fn a_folder_that_is_put_in_the_place_of_another_is_watched() {
    let place = Directory::empty();
    drop(place.open(Writer::Now).unwrap());
    let mut store = place.open(Writer::Never).unwrap();
    let (agents, new) = (place.folder().join("agents"), place.folder().join("new"));
    let mut rings = |what: &str, act: &dyn Fn()| store.rings_for(what, act);
    rings("another folder", &|| {
        fs::create_dir(&new).unwrap();
        fs::rename(&agents, place.folder().join("old")).unwrap();
        fs::rename(&new, &agents).unwrap();
    });
    rings("a file in it", &|| fs::write(agents.join("a.yaml"), "one").unwrap());
    rings("its removal", &|| fs::remove_dir_all(&agents).unwrap());
    rings("its return", &|| fs::create_dir(&agents).unwrap());
    rings("a file in it again", &|| fs::write(agents.join("a.yaml"), "two").unwrap());
    assert_eq!(resources(&store)["agents/a"], "two");
}

#[test]
fn a_file_where_a_folder_should_be_is_said_and_changes_nothing() {
    let place = Directory::empty();
    let store = place.open(Writer::Now).unwrap();
    store.commit(&commit([change(&provider("p"), None, Some("p1"))])).unwrap();
    let agents = place.folder().join("agents");
    fs::remove_dir(&agents).unwrap();
    fs::write(&agents, "").unwrap();
    let both =
        commit([change(&provider("p"), Some("p1"), Some("p2")), change(&agent("a"), None, Some("a1"))]);
    let (path, why) = failed(store.commit(&both));
    assert!(path.starts_with(&agents) && why.contains("Not a directory"), "{path:?}: {why}");
    assert!(
        matches!(store.read().and_then(Reading::whole), Err(StoreError::Unreadable { path, .. }) if path == agents)
    );
    fs::remove_file(&agents).unwrap();
    // A folder that was there and is not any more may be a volume that is not mounted: no agent vanishes for it.
    assert!(
        matches!(store.read().and_then(Reading::whole), Err(StoreError::Unreadable { path, .. }) if path == agents)
    );
    fs::create_dir(&agents).unwrap();
    assert_eq!(resources(&store)["identity_providers/p"], "p1");
    assert_eq!((store.commit(&both), store.head()), (Ok(2), 2));
}

#[test]
fn a_commit_that_fails_on_its_way_is_taken_back() {
    let (a, p, k) = (agent("a"), provider("p"), key("k"));
    let obstacles: [fn(&Directory) -> PathBuf; 4] = [
        // Where the second text is written, where it gets its name, where the intent is written, where it is kept.
        |place| place.folder().join("api_keys/.k.yaml.new/x"),
        |place| place.folder().join("api_keys/k.yaml/x"),
        |place| place.folder().join("revisions/pending.json/x"),
        |place| place.folder().join("revisions/00000002.json/x"),
    ];
    for (at, obstacle) in obstacles.iter().enumerate() {
        let place = Directory::empty();
        let store = place.open(Writer::Now).unwrap();
        store.commit(&commit([change(&a, None, Some("a1")), change(&p, None, Some("p1"))])).unwrap();
        let (before, tree) = (resources(&store), names(&place.folder()));
        let changes =
            [change(&a, Some("a1"), Some("a2")), change(&p, Some("p1"), None), change(&k, None, Some("k1"))];
        let wanted = commit(changes);
        let obstacle = obstacle(&place);
        fs::create_dir_all(&obstacle).unwrap();
        failed(store.commit(&wanted));
        fs::remove_dir_all(obstacle.parent().unwrap()).unwrap();
        assert_eq!((resources(&store), store.head()), (before, 1), "obstacle {at}");
        assert_eq!(names(&place.folder()), tree, "obstacle {at}");
        assert_eq!(store.commit(&wanted), Ok(2), "obstacle {at}");
    }
}

#[test]
fn a_text_that_could_not_be_read_again_is_not_written() {
    let place = Directory::empty();
    let store = place.open(Writer::Now).unwrap();
    let large = "x".repeat((8 << 20) + 1);
    let (path, why) = failed(store.commit(&commit([change(&agent("a"), None, Some(&large))])));
    assert_eq!((path, why.contains("larger than")), (place.file(&agent("a")), true));
    // Two of the largest make a record that is larger than any of them.
    let texts = ["a", "b"].map(|x| x.repeat(8 << 20));
    let first = commit([change(&agent("a"), None, Some(&texts[0]))]);
    assert_eq!(store.commit(&first), Ok(1));
    let second = commit([change(&agent("a"), Some(&texts[0]), Some(&texts[1]))]);
    assert_eq!(store.commit(&second), Ok(2));
    assert_eq!(store.record(2).unwrap().unwrap().commit, second);
}

#[test]
fn what_is_no_text_conflicts_and_cannot_be_read() {
    let place = Directory::empty();
    let store = place.open(Writer::Now).unwrap();
    fs::write(place.file(&agent("a")), b"\xff").unwrap();
    assert!(matches!(store.read().and_then(Reading::whole), Err(StoreError::NotUtf8 { offset: 0, .. })));
    let refused = store.commit(&commit([change(&agent("a"), None, Some("a1"))]));
    assert_eq!(refused, Err(WriteError::Conflict(agent("a"))));
}

#[test]
fn a_damaged_revision_costs_itself_alone() {
    let place = Directory::empty();
    let store = place.open(Writer::Now).unwrap();
    for name in ["a", "b", "c"] {
        store.commit(&commit([change(&agent(name), None, Some(name))])).unwrap();
    }
    let revision = |number: u64| place.folder().join(format!("revisions/{number:08}.json"));
    fs::write(revision(2), "{").unwrap();
    assert!(matches!(store.record(2), Err(StoreError::Damaged { path, .. }) if path == revision(2)));
    let numbers: Vec<u64> = store.history(&all()).unwrap().iter().map(|r| r.number).collect();
    assert_eq!(numbers, [3, 1]);
    // A revision under another's number is not that one.
    fs::copy(revision(1), revision(2)).unwrap();
    assert!(matches!(store.record(2), Err(StoreError::Damaged { .. })));
}

#[test]
fn a_number_is_not_given_twice_when_the_history_is_removed_by_hand() {
    let place = Directory::empty();
    let store = place.open(Writer::Now).unwrap();
    store.commit(&commit([change(&agent("a"), None, Some("a1"))])).unwrap();
    fs::remove_file(place.folder().join("revisions/00000001.json")).unwrap();
    assert_eq!((store.history(&all()), store.head()), (Ok(Vec::new()), 1));
    assert_eq!(store.commit(&commit([change(&agent("a"), Some("a1"), None)])), Ok(2));
}

#[test]
fn another_folder_in_the_place_of_the_one_that_was_locked_is_locked_before_it_is_written() {
    let place = Directory::empty();
    let store = place.open(Writer::Now).unwrap();
    store.commit(&commit([change(&agent("a"), None, Some("a1"))])).unwrap();
    fs::rename(place.folder(), place.folder().with_file_name("old")).unwrap();
    let other = place.open(Writer::Now).unwrap();
    let wanted = commit([change(&agent("b"), None, Some("b1"))]);
    assert!(matches!(store.commit(&wanted), Err(WriteError::Locked(_))));
    drop(other);
    assert!(store.commit(&wanted).is_ok());
    assert_eq!(resources(&store).into_keys().collect::<Vec<_>>(), ["agents/b"]);
    assert!(matches!(place.open(Writer::Now), Err(StoreError::Locked { .. })));
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_and_one_that_cannot_be_written_is_read() {
    let place = Directory::empty();
    fs::write(place.folder(), "").unwrap();
    let Err(error) = place.open(Writer::Now) else { panic!("a file is no folder") };
    assert!(matches!(error, StoreError::Unmade { .. }), "{error}");
    fs::remove_file(place.folder()).unwrap();

    fs::create_dir_all(place.folder().join("agents")).unwrap();
    fs::write(place.file(&agent("a")), "a1").unwrap();
    // Nobody, whatever their rights, writes to a folder as if it were a file.
    fs::create_dir(place.folder().join(".lock")).unwrap();
    let store = place.open(Writer::Now).unwrap();
    assert_eq!(resources(&store)["agents/a"], "a1");
    let why = store.describe().read_only.unwrap();
    assert!(why.contains(".lock cannot be written: Is a directory"), "{why}");
    let refused = store.commit(&commit([change(&agent("a"), Some("a1"), None)]));
    assert_eq!(refused, Err(WriteError::ReadOnly(why)));
}

#[test]
fn a_file_that_was_read_before_is_still_whole_for_who_reads_it() {
    let place = Directory::empty();
    let store = place.open(Writer::Now).unwrap();
    store.commit(&commit([change(&agent("a"), None, Some("a1"))])).unwrap();
    let before = fs::metadata(place.file(&agent("a"))).unwrap().ino();
    let held = fs::File::open(place.file(&agent("a"))).unwrap();
    store.commit(&commit([change(&agent("a"), Some("a1"), Some("a2"))])).unwrap();
    assert_ne!(fs::metadata(place.file(&agent("a"))).unwrap().ino(), before);
    assert_eq!(std::io::read_to_string(held).unwrap(), "a1");
}

/// Something that is done to the files in the folder of the agents, and beside it.
type Edit = (&'static str, fn(&Path));

/// What people and programs do to the files of a store, one after the other.
const EDITS: [Edit; 21] = [
    ("nothing", |_| ()),
    ("a write", |agents| fs::write(agents.join("a.yaml"), "2").unwrap()),
    ("another of the same size at once", |agents| fs::write(agents.join("a.yaml"), "3").unwrap()),
    ("two at once", |agents| ["b", "c"].iter().for_each(|name| named(agents, name, "1"))),
    ("an editor's temporary file", |agents| {
        fs::write(agents.join(".a.yaml.swp"), "4").unwrap();
        fs::rename(agents.join(".a.yaml.swp"), agents.join("a.yaml")).unwrap();
    }),
    ("an older file in its place", |agents| {
        let old = agents.with_file_name("old.yaml");
        fs::write(&old, "5").unwrap();
        let before = std::time::SystemTime::UNIX_EPOCH;
        fs::File::options().write(true).open(&old).unwrap().set_modified(before).unwrap();
        fs::rename(&old, agents.join("a.yaml")).unwrap();
    }),
    ("another name", |agents| fs::rename(agents.join("b.yaml"), agents.join("d.yaml")).unwrap()),
    ("one goes", |agents| fs::remove_file(agents.join("c.yaml")).unwrap()),
    ("one goes to another kind", |agents| {
        fs::rename(agents.join("d.yaml"), agents.with_file_name("api_keys").join("d.yaml")).unwrap();
    }),
    ("a stray", |agents| fs::write(agents.join("a.yaml~"), "6").unwrap()),
    ("no text", |agents| fs::write(agents.join("e.yaml"), b"\xff").unwrap()),
    ("a text again", |agents| named(agents, "e", "7")),
    ("a link", |agents| {
        named(agents.parent().unwrap(), "elsewhere", "8");
        symlink("../elsewhere.yaml", agents.join("f.yaml")).unwrap();
    }),
    ("what it leads to", |agents| named(agents.parent().unwrap(), "elsewhere", "9")),
    ("the link goes", |agents| fs::remove_file(agents.join("f.yaml")).unwrap()),
    ("a folder with the name of a resource", |agents| fs::create_dir(agents.join("g.yaml")).unwrap()),
    ("another folder", |agents| {
        fs::rename(agents, agents.with_file_name("before")).unwrap();
        fs::create_dir(agents).unwrap();
        named(agents, "a", "10");
    }),
    ("a write into that", |agents| named(agents, "a", "11")),
    ("a store in the place of another", |agents| {
        let store = agents.parent().unwrap();
        fs::rename(store, store.with_file_name("before")).unwrap();
        fs::create_dir_all(agents).unwrap();
        named(agents, "h", "12");
    }),
    ("a write into that one", |agents| named(agents, "h", "13")),
    ("a thousand and more at once", |agents| (0..1_100).for_each(|n| named(agents, &n.to_string(), "14"))),
];

fn named(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(format!("{name}.yaml")), text).unwrap();
}

#[test]
fn who_has_listened_reads_at_once_what_who_comes_now_reads() {
    let place = Directory::empty();
    let store = place.open(Writer::Now).unwrap();
    store.commit(&commit([change(&agent("a"), None, Some("1"))])).unwrap();
    drop(store);
    let agents = place.folder().join("agents");
    // One that hears of each edit by itself, and one that is a few behind and listens to new folders later.
    let [mut at_once, mut later] = [(); 2].map(|()| place.open(Writer::Never).unwrap());
    [&mut at_once, &mut later].into_iter().for_each(Asked::listens);
    let _all_is_held = [&at_once, &later].map(|store| store.read().map(drop));
    for (nth, (edit, act)) in EDITS.into_iter().enumerate() {
        act(&agents);
        let read = |store: &Asked| store.read().map(|it| (it.resources, it.unreadable)).unwrap();
        let now = read(&place.open(Writer::Never).unwrap());
        assert_eq!(read(&at_once), now, "{edit}");
        assert_eq!(read(&at_once), now, "{edit}, once more");
        if nth % 3 == 2 {
            assert_eq!(read(&later), now, "{edit}, and those before it");
            later.listens();
        }
    }
}

#[test]
fn a_commit_is_read_at_once_by_who_has_listened() {
    let place = Directory::empty();
    let mut store = place.open(Writer::Now).unwrap();
    store.listens();
    store.read().unwrap();
    let texts: Vec<String> = (0..5).map(|n| n.to_string()).collect();
    for pair in texts.windows(2) {
        let before = pair.first().filter(|before| *before != "0").map(String::as_str);
        store.commit(&commit([change(&agent("a"), before, pair.last().map(String::as_str))])).unwrap();
        assert_eq!(Some(&resources(&store)["agents/a"]), pair.last());
    }
}

#[test]
fn what_no_event_tells_of_is_read_when_somebody_asks_for_it() {
    let place = Directory::empty();
    let mut store = place.open(Writer::Now).unwrap();
    store.commit(&commit([change(&agent("a"), None, Some("1"))])).unwrap();
    // A second name outside of the folders that are listened to.
    let outside = place.folder().with_file_name("outside");
    fs::hard_link(place.file(&agent("a")), &outside).unwrap();
    store.listens();
    assert_eq!(resources(&store)["agents/a"], "1");
    fs::write(&outside, "2").unwrap();
    assert_eq!(resources(&store)["agents/a"], "1", "files that nobody changed are not read each time");
    store.read_anew();
    assert_eq!(resources(&store)["agents/a"], "2");
}
