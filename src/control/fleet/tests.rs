//! A fleet whose other members a test makes up.

use std::sync::Mutex;

use async_trait::async_trait;
use tokio::sync::watch;

use super::*;
use crate::control::fixtures::{DOCUMENT, World};
use crate::control::status::Runs;
use crate::store::{Health, HealthSource, Member, RefusedRevision, Reporter, StoreState};

/// Others whose state a test says, and a store at revision 7.
struct Others {
    seen: Mutex<Vec<Seen>>,
    changes: watch::Sender<()>,
}

impl Others {
    fn say(&self, seen: Vec<Seen>) {
        *self.seen.lock().unwrap() = seen;
        self.changes.send_replace(());
    }
}

#[async_trait]
impl Presence for Others {
    async fn attend(&self, _: &dyn Reporter) {}
    fn touch(&self) {}
    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
    fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }
    async fn leave(&self) {}
}

struct AtSeven;

impl HealthSource for AtSeven {
    fn health(&self) -> Health {
        Health {
            state: StoreState::Ok,
            why: None,
            store_id: Some("a".to_owned()),
            head: 7,
            held: 7,
            hash: "h".to_owned(),
            confirmed: Some(Duration::ZERO),
        }
    }
}

fn other(name: &str, revision: u64, refused: Option<u64>) -> Seen {
    let refused = refused.map(|revision| RefusedRevision { revision, findings: Vec::new() });
    let member = Member {
        name: name.to_owned(),
        boot_id: name.to_owned(),
        revision,
        refused,
        confirmed_age_ms: Some(0),
        ..Member::default()
    };
    Seen { member, sight: Sight::Present { changed: Instant::now(), contested: false } }
}

/// A member that runs revision 7, and others.
async fn fleet() -> (Fleet, Arc<Others>) {
    let others = Arc::new(Others { seen: Mutex::default(), changes: watch::Sender::new(()) });
    let shared = SharedStore {
        health: Arc::new(AtSeven),
        presence: Arc::clone(&others) as Arc<dyn Presence>,
        observed: None,
    };
    let settings = crate::config::Member { name: Some("m".to_owned()), ..crate::config::Member::default() };
    let world = World::start(DOCUMENT).await;
    let mut status = Status::clone(&world.control.status());
    status.runs = Runs { revision: 7, hash: "h".to_owned(), refused: None };
    (Fleet::new(Some(shared), &settings, Arc::new(Live::new(status))), others)
}

fn names(overview: &Overview) -> Vec<(&str, MemberState)> {
    overview.members.iter().map(|one| (one.member.name.as_str(), one.state)).collect()
}

#[tokio::test(start_paused = true)]
async fn this_member_stands_among_the_others_with_what_it_knows_of_itself() {
    use MemberState::{Behind, Refused, Running, Vanished};
    let (fleet, others) = fleet().await;
    assert_eq!(names(&fleet.overview()), [("m", Running)]);
    let before = Seen { sight: Sight::Vanished, ..other("m", 3, None) };
    let gone = Seen { sight: Sight::Vanished, ..other("z", 7, None) };
    others.say(vec![other("a", 7, None), before, other("n", 6, None), other("o", 6, Some(7)), gone]);
    let overview = fleet.overview();
    assert_eq!(
        names(&overview),
        [("a", Running), ("m", Running), ("n", Behind), ("o", Refused), ("z", Vanished)]
    );
    assert_eq!((overview.revision, overview.store_id.as_deref()), (7, Some("a")));
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_when_all_that_is_missing_has_refused_or_its_time_is_over() {
    let (fleet, others) = fleet().await;
    let until = |seconds| Instant::now() + Duration::from_secs(seconds);
    let list = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let start = Instant::now();
    let alone = fleet.wait(7, until(10)).await;
    assert_eq!((alone.members, alone.running), (1, 1));

    let gone = Seen { sight: Sight::Vanished, ..other("z", 1, None) };
    others.say(vec![other("a", 6, None), other("b", 6, Some(7)), gone]);
    let late = fleet.wait(7, until(10)).await;
    assert_eq!(start.elapsed(), Duration::from_secs(10));
    let expected =
        Reached { revision: 7, members: 3, running: 1, behind: list(&["a"]), refused: list(&["b"]) };
    assert_eq!(late, expected);

    let waiting = tokio::spawn({
        let fleet = fleet.clone();
        async move { fleet.wait(7, Instant::now() + Duration::from_secs(60)).await }
    });
    tokio::task::yield_now().await;
    others.say(vec![other("a", 6, Some(7)), other("b", 8, None)]);
    let ended = waiting.await.unwrap();
    assert_eq!((ended.running, ended.behind, ended.refused), (2, list(&[]), list(&["a"])));
    assert_eq!(start.elapsed(), Duration::from_secs(10), "nothing is left to wait for");
}
