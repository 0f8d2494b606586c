//! A provider of which the test says what it answers, and the time is paused.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::super::fixtures::World;
use super::*;
use crate::model::{EndedBy, Extent, FixedClock};
use crate::upstream::Listed;
use crate::upstream::held_token::tests::token;
use crate::upstream::running::tests::facts;

const DOCUMENT: &str =
    "version: 1\nagents: { a: { route: /a, upstream: \"http://127.0.0.1:9\", auth: public } }\n";
const NOW: Instant = Instant::from_unix(1_000);
/// How long a word counts.
const EVERY_MINUTE: Pace = Pace { every: Duration::from_secs(60), leeway: Duration::from_secs(5) };
/// When a provider wants to be asked again.
const AGAIN: AskedAgain = AskedAgain::Active(Duration::from_secs(55));
/// How many questions at once it is asked.
const PLACES: usize = 4;

/// What a provider answers, and what it was asked.
#[derive(Clone)]
struct Script(Arc<Book>);

struct Book {
    answers: Mutex<BTreeMap<String, AskedAgain>>,
    asked: Mutex<BTreeMap<String, usize>>,
    places: Arc<Semaphore>,
    takes: Duration,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl Script {
    fn new(takes: Duration) -> Self {
        Self(Arc::new(Book {
            answers: Mutex::default(),
            asked: Mutex::default(),
            places: Arc::new(Semaphore::new(PLACES)),
            takes,
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        }))
    }

    fn says(&self, text: &str, answer: AskedAgain) {
        self.0.answers.lock().unwrap().insert(text.to_owned(), answer);
    }

    fn asked(&self, text: &str) -> usize {
        self.0.asked.lock().unwrap().get(text).copied().unwrap_or(0)
    }
}

impl Asks for Script {
    fn place(&self, _: &Issuer) -> Option<Place> {
        let own = Arc::clone(&self.0.places).try_acquire_owned().ok()?;
        Some(Place { own: Some(own) })
    }

    async fn ask(&self, token: &HeldToken, _: Instant) -> Said {
        let (book, text) = (&self.0, token.text().expose_secret().to_owned());
        let now = book.at_once.fetch_add(1, Ordering::Relaxed) + 1;
        book.most_at_once.fetch_max(now, Ordering::Relaxed);
        sleep(book.takes).await;
        book.at_once.fetch_sub(1, Ordering::Relaxed);
        *book.asked.lock().unwrap().entry(text.clone()).or_default() += 1;
        let answer = book.answers.lock().unwrap().get(&text).copied().unwrap_or(AGAIN);
        Said { answer, pace: EVERY_MINUTE }
    }
}

struct Stage {
    world: World,
    script: Script,
    clock: Arc<FixedClock>,
}

impl Stage {
    async fn start(takes: Duration) -> Self {
        let (world, script) = (World::start(DOCUMENT).await, Script::new(takes));
        let clock = Arc::new(FixedClock::at(NOW));
        let (control, asks, clocks) = (world.control.clone(), script.clone(), Arc::clone(&clock));
        tokio::spawn(world.control.clone().end_expired_streams(Arc::clone(&clock) as Arc<dyn Clock>));
        tokio::spawn(async move { control.recheck_with(&asks, clocks, &Metrics::new().unwrap()).await });
        Self { world, script, clock }
    }

    /// A stream that begins with this token.
    fn begin(&self, text: &str, expires_at: Option<u64>) -> Listed {
        self.begin_as(text, expires_at, Extent::Open)
    }

    fn begin_as(&self, text: &str, expires_at: Option<u64>, extent: Extent) -> Listed {
        let (running, expires_at) = (&self.world.control.running, expires_at.map(Instant::from_unix));
        let plain = facts("a");
        let mut held = None;
        token(text, expires_at, |new| held = Some(running.held().hold(&plain.agent, new)));
        running.begin(StreamFacts { held, expires_at, extent, ..plain })
    }
}

fn given(listed: &Listed) -> Option<EndedBy> {
    listed.stream().order.given()
}

const fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_streams_of_one_token_are_one_question_and_all_end_when_it_is_inactive() {
    let stage = Stage::start(Duration::ZERO).await;
    let streams: Vec<_> = (0..10_000).map(|_| stage.begin("t", Some(100_000))).collect();
    let other = stage.begin("other", None);
    sleep(Duration::from_secs(1)).await;
    assert_eq!((stage.script.asked("t"), stage.script.asked("other")), (1, 1), "they were due at once");
    sleep(minutes(10)).await;
    let asked = stage.script.asked("t");
    assert!((10..=12).contains(&asked), "{asked}");
    assert!(streams.iter().all(|listed| given(listed).is_none()));
    stage.script.says("t", AskedAgain::Inactive);
    sleep(minutes(1)).await;
    assert!(streams.iter().all(|listed| given(listed) == Some(EndedBy::Revoked)));
    assert_eq!(given(&other), None, "a bystander");
    assert!(streams[0].stream().order.is_urgent(), "they have had their time for a boundary");
    let last = stage.script.asked("t");
    sleep(minutes(10)).await;
    assert_eq!(stage.script.asked("t"), last, "nobody asks any more");
}

#[tokio::test(start_paused = true)]
async fn an_outage_keeps_streams_until_their_token_ends_and_those_without_an_end_until_the_second_failure() {
    let stage = Stage::start(Duration::ZERO).await;
    let [ends, endless, answer] = [
        stage.begin("ends", Some(100_000)),
        stage.begin("endless", None),
        stage.begin_as("answer", None, Extent::Answer),
    ];
    for text in ["ends", "endless", "answer"] {
        stage.script.says(text, AskedAgain::Failed);
    }
    sleep(minutes(1) / 2).await;
    assert_eq!([&ends, &endless, &answer].map(given), [None; 3], "once");
    sleep(minutes(1)).await;
    assert_eq!([&ends, &endless, &answer].map(given), [None, Some(EndedBy::Expiry), None], "twice");
    stage.clock.set(NOW.plus(minutes(6)));
    sleep(minutes(10)).await;
    assert_eq!(
        [&ends, &answer].map(given),
        [None, Some(EndedBy::Expiry)],
        "what may finish had five minutes"
    );
    assert!(stage.script.asked("ends") > 5, "it is asked on");
    stage.script.says("ends", AskedAgain::Inactive);
    sleep(minutes(1)).await;
    assert_eq!(given(&ends), Some(EndedBy::Revoked));
}

#[tokio::test(start_paused = true)]
async fn one_answer_between_two_failures_keeps_a_stream() {
    let stage = Stage::start(Duration::ZERO).await;
    let stream = stage.begin("t", None);
    for round in 0..6 {
        stage.script.says("t", if round % 2 == 0 { AskedAgain::Failed } else { AGAIN });
        let before = stage.script.asked("t");
        while stage.script.asked("t") == before {
            sleep(EVERY).await;
        }
    }
    sleep(EVERY * 4).await;
    assert_eq!(given(&stream), None);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ends_by_itself_is_not_called_revoked_and_not_asked_about_afterwards() {
    let stage = Stage::start(Duration::ZERO).await;
    let end = NOW.unix() + 4;
    let (soon, over) = (stage.begin("soon", Some(end)), stage.begin("over", Some(NOW.unix())));
    stage.script.says("soon", AskedAgain::Inactive);
    sleep(minutes(5)).await;
    assert_eq!((given(&soon), given(&over)), (None, None));
    assert_eq!((stage.script.asked("soon"), stage.script.asked("over")), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn questions_are_as_many_at_once_as_there_are_places_and_each_token_has_its_turn() {
    const TOKENS: usize = 100;
    let takes = Duration::from_secs(1);
    let stage = Stage::start(takes).await;
    let _streams: Vec<_> = (0..TOKENS).map(|nth| stage.begin(&format!("t{nth}"), None)).collect();
    sleep(takes * u32::try_from(TOKENS / PLACES).unwrap() + takes).await;
    assert!((0..TOKENS).all(|nth| stage.script.asked(&format!("t{nth}")) == 1));
    assert_eq!(stage.script.0.most_at_once.load(Ordering::Relaxed), PLACES);
}

#[tokio::test(start_paused = true)]
async fn a_question_that_finds_no_place_for_long_has_failed() {
    let stage = Stage::start(Duration::ZERO).await;
    let stream = stage.begin("t", None);
    stage.script.says("t", AskedAgain::Crowded);
    sleep(Duration::from_secs(u64::from(WAITS) - 5)).await;
    assert_eq!((given(&stream), stage.script.asked("t") > 20), (None, true), "it is tried each second");
    sleep(minutes(3)).await;
    assert_eq!(given(&stream), Some(EndedBy::Expiry));
}
