//! A writer that is killed at any moment: what it acknowledged is there, what it did not is there whole or not at
//! all, and nothing of its work lies about.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use portcullis::store::{Commit, DirectoryStore, Record, Writer};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::asked::{Asked, wait};
use super::contract::{Place as _, agent, all, change, commit, key, provider, resources};
use super::directory::Directory;

const KILLS_OF_ONE_STORE: u64 = 30;
const STORES: u64 = 12;
/// Tells a child which folder to write to.
const FOLDER: &str = "STORE_FOLDER_OF_A_WRITER_TO_KILL";

/// What revision `number` writes everywhere: long enough to be cut in the middle, and its own in each part.
fn text(number: u64) -> String {
    let lines = usize::try_from(number * 37 % 700).unwrap() + 1;
    format!("revision: {number}\n").repeat(lines)
}

/// What stands in the folder after a revision: a function of its number alone.
fn after(number: u64) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    if number >= 1 {
        all.insert(agent("x").to_string(), text(number));
        all.insert(agent("y").to_string(), text(number));
    }
    if number >= 2 {
        all.insert(provider("p").to_string(), text(number / 2 * 2));
    }
    if !number.is_multiple_of(2) {
        all.insert(key("K").to_string(), text(number));
    }
    all
}

/// The commit that leads to a revision.
fn leading_to(number: u64) -> Commit {
    let (from, to) = (after(number - 1), after(number));
    let ids = [agent("x"), provider("p"), key("K"), agent("y")];
    let changes = ids.iter().map(|id| (id, from.get(&id.to_string()), to.get(&id.to_string())));
    let changes = changes.filter(|(_, from, to)| from != to);
    commit(changes.map(|(id, from, to)| change(id, from.map(String::as_str), to.map(String::as_str))))
}

/// Run in a child: commits for ever, and says which are acknowledged. By itself it has nothing to do.
#[test]
fn a_writer_to_kill() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let mut out = std::io::stdout();
    let mut say =
        |word: &str, number: u64| writeln!(out, "\n{word} {number}").and_then(|()| out.flush()).unwrap();
    say("opens", 0);
    let store = Asked::new(wait(DirectoryStore::open(folder.into(), Writer::Now)).unwrap());
    for number in store.head() + 1.. {
        assert_eq!(store.commit(&leading_to(number)), Ok(number));
        say("acknowledged", number);
    }
}

/// A child that does not outlive its test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _dead = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn start(folder: &Path) -> (Killed, Receiver<(String, u64)>) {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::a_writer_to_kill", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = Killed(child.unwrap());
    let lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let (said, hears) = mpsc::channel();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if let Some((word, number)) = line.split_once(' ')
                && let Ok(number) = number.parse()
                && said.send((word.to_owned(), number)).is_err()
            {
                return;
            }
        }
    });
    (child, hears)
}

/// When a writer is killed: so many commits after it began to open the store, and a part of one later; or else in the
/// middle of the next one.
struct Moment {
    commits: u64,
    part: f64,
    in_the_middle: bool,
}

/// Lets a writer run and kills it. `takes` is what a commit takes, as far as is known. Gives the last revision that
/// was acknowledged.
fn run_and_kill(folder: &Path, moment: &Moment, takes: &mut Duration) -> Option<u64> {
    let (child, said) = start(folder);
    let mut last = None;
    let mut since = Instant::now();
    for commits in 0..=moment.commits {
        let (word, number) = said.recv_timeout(Duration::from_secs(20)).expect("the writer goes on");
        assert_eq!(word, if commits == 0 { "opens" } else { "acknowledged" });
        if commits > 0 {
            last = Some(number);
        }
        if commits > 1 {
            *takes = since.elapsed();
        }
        since = Instant::now();
    }
    let deadline = since + takes.mul_f64(moment.part);
    while let Ok((_, number)) = said.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        last = Some(number);
    }
    let pending = folder.join("revisions/pending.json");
    let patience = Instant::now() + takes.mul_f64(5.0);
    while moment.in_the_middle && !pending.exists() && Instant::now() < patience {
        std::hint::spin_loop();
    }
    drop(child);
    // What it said before it died was said.
    said.iter().filter(|(word, _)| word == "acknowledged").last().map(|(_, number)| number).or(last)
}

#[test]
fn what_is_acknowledged_survives_and_nothing_is_there_by_halves() {
    let (mut cut, mut takes) = (0, Duration::from_millis(2));
    for seed in 0..STORES {
        let mut random = StdRng::seed_from_u64(seed);
        let place = Directory::in_memory();
        let mut last = 0;
        for kill in 0..KILLS_OF_ONE_STORE {
            let why = format!("store {seed}, kill {kill}");
            let moment = Moment {
                commits: random.random_range(0..6),
                part: random.random_range(0.0..1.5),
                in_the_middle: random.random_bool(0.6),
            };
            last = run_and_kill(&place.folder(), &moment, &mut takes).unwrap_or(last);
            cut += u64::from(place.folder().join("revisions/pending.json").exists());
            // Who only looks sees a whole revision before anybody has mended anything.
            let seen = resources(&place.reader());
            let one_of = [after(last), after(last + 1)];
            assert!(one_of.contains(&seen), "{why}: {:?}", seen.keys());
            // Now and then it is the next writer that has to mend.
            if random.random_bool(0.3) {
                last = if seen == one_of[0] { last } else { last + 1 };
                continue;
            }
            let store = place.open(Writer::Now).unwrap();
            let head = store.head();
            assert!((last..=last + 1).contains(&head), "{why}: {last} was acknowledged, {head} is the last");
            assert_eq!(resources(&store), after(head), "{why}");
            assert_eq!(after(head), seen, "{why}");
            is_tidy(&place.folder(), head, &why);
            last = head;
        }
        let store = place.open(Writer::Now).unwrap();
        let history = store.history(&all()).unwrap();
        let wanted = (1..=last).rev().map(|number| Record::new(number, leading_to(number)));
        assert!(history.into_iter().eq(wanted), "store {seed}: its history is not what was done");
    }
    assert!(cut > 0, "none of {} kills cut a commit in the middle", STORES * KILLS_OF_ONE_STORE);
}

/// Nothing but what a store in rest consists of.
fn is_tidy(folder: &Path, head: u64, why: &str) {
    let names = |path: &str| -> Vec<String> {
        let entries = fs::read_dir(folder.join(path)).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let revisions: Vec<String> = (1..=head).map(|number| format!("{number:08}.json")).collect();
    assert_eq!(names("revisions"), revisions, "{why}");
    let resources = after(head);
    for kind in ["agents", "api_keys", "identity_providers"] {
        let wanted = resources.keys().filter_map(|id| id.strip_prefix(&format!("{kind}/")));
        assert_eq!(names(kind), wanted.map(|name| format!("{name}.yaml")).collect::<Vec<_>>(), "{why}");
    }
}
