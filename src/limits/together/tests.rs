//! Three members and a place where they count, with a clock of their own: what they let in together.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Tick};

use super::*;
use crate::limits::{Answers, Common, Fleetwide, OnLoss, Period, Quota, Rate, Refill, Taken, Who};
use crate::model::Instant;

const ROUND: u64 = 200;
/// Ten minutes before a day ends, and with it a month: 2026-11-30T23:50:00Z.
const START: Instant = Instant::from_unix(1_796_082_600);
const TEN_MINUTES: u64 = 600_000;

/// The place, as the scripts of the store have it.
#[derive(Default)]
struct Place {
    buckets: HashMap<KeyedHash, Bucket>,
    news: Vec<(u64, KeyedHash, KeyedHash)>,
}

#[derive(Clone, Default)]
struct Bucket {
    spent: f64,
    at: u64,
    askers: HashMap<usize, u64>,
    drain: f64,
}

impl Place {
    fn tell(&mut self, me: usize, tale: &Tale, now: u64) -> Heard {
        let bucket = self.buckets.entry(tale.key).or_default();
        bucket.drain = match tale.refill {
            Refill::Steady { count, window } => f64::from(count) / window.as_secs_f64() / 1_000.0,
            Refill::Whole { .. } => 0.0,
        };
        bucket.spent =
            (bucket.spent - (now - bucket.at) as f64 * bucket.drain).max(tale.spent).max(0.0) + tale.own;
        bucket.at = now;
        if tale.is_wanted {
            bucket.askers.insert(me, now);
        }
        if tale.own != 0.0 && bucket.spent > tale.told_from {
            self.news.push((now, tale.limit, tale.key));
        }
        self.heard(me, tale.key, now)
    }

    fn heard(&self, me: usize, key: KeyedHash, now: u64) -> Heard {
        let bucket = self.buckets.get(&key).cloned().unwrap_or_default();
        let spent = (bucket.spent - (now - bucket.at) as f64 * bucket.drain).max(0.0);
        let others = bucket.askers.iter().filter(|(name, at)| **name != me && now - **at < 1_000).count();
        Heard { spent, others: u32::try_from(others).unwrap() }
    }
}

struct Member {
    state: Arc<LimitState>,
    limit: Arc<Limit>,
    is_woken: Arc<AtomicBool>,
    next: u64,
    read: u64,
}

struct NoCounter;

impl Counter for NoCounter {
    fn take<'a>(&'a self, _: &'a [Ask]) -> Answers<'a> {
        Box::pin(async { None })
    }
}

/// Members of a fleet, a place, and the milliseconds since they began.
struct Fleet {
    members: Vec<Member>,
    place: Option<Place>,
    start: Tick,
    now: u64,
    admitted: Vec<u64>,
}

impl Fleet {
    fn new(permits: impl Into<Common>, how: Fleetwide) -> Self {
        let permits = permits.into();
        let id = KeyedHash::common(&["limit"]);
        let start = Tick::now();
        let member = |nth: u64| {
            let state = Arc::new(LimitState::new(1_000));
            let limit = state.common_limit(permits, how, id);
            state.share(3, start);
            state.tell_time(start, START);
            let is_woken = Arc::new(AtomicBool::new(false));
            let woken = Arc::clone(&is_woken);
            state.connect(move || woken.store(true, Ordering::Relaxed), NoCounter);
            state.link(true);
            // The rounds of members do not come at the same time.
            Member { state, limit, is_woken, next: nth * 67, read: 0 }
        };
        let members = (0..3).map(member).collect();
        Self { members, place: Some(Place::default()), start, now: 0, admitted: vec![0; 3] }
    }

    fn at(&self) -> Tick {
        self.start + Duration::from_millis(self.now)
    }

    /// So many milliseconds, in each of which each member is asked so often by this caller.
    fn run(&mut self, millis: u64, demand: [f64; 3], caller: &str) -> u64 {
        let before: u64 = self.admitted.iter().sum();
        let mut owed = [0.0_f64; 3];
        let who = Who::Caller(KeyedHash::common(&[caller]));
        for _ in 0..millis {
            self.now += 1;
            let at = self.at();
            for (nth, member) in self.members.iter().enumerate() {
                owed[nth] += demand[nth];
                while owed[nth] >= 1.0 {
                    owed[nth] -= 1.0;
                    let weighed = Weighed { limit: &member.limit, scope: member.limit.scope(None), who };
                    let standing = member.state.look(weighed, at);
                    let taken =
                        standing.left > 0 && matches!(member.state.take(weighed, at), Taken::Request(_));
                    self.admitted[nth] += u64::from(taken);
                }
            }
            self.rounds();
        }
        self.admitted.iter().sum::<u64>() - before
    }

    fn rounds(&mut self) {
        let (now, at) = (self.now, self.at());
        let Some(place) = &mut self.place else { return };
        for (nth, member) in self.members.iter_mut().enumerate() {
            let is_woken = member.is_woken.swap(false, Ordering::Relaxed);
            if now < member.next && !is_woken {
                continue;
            }
            for tale in member.state.tales(1_000, at) {
                let heard = place.tell(nth, &tale, now);
                member.state.hear(tale.key, heard, at);
            }
            if now >= member.next {
                member.next = now + ROUND;
                let news = place.news.iter().filter(|(told, ..)| *told >= member.read);
                let news: Vec<_> =
                    news.map(|(_, limit, key)| (*limit, *key, place.heard(nth, *key, now))).collect();
                member.state.overhear(&news, at);
                member.read = now;
            }
        }
    }

    fn lose(&mut self) {
        self.place = None;
        self.members.iter().for_each(|member| member.state.link(false));
    }

    fn find(&mut self) {
        self.place = Some(Place::default());
        let at = self.at();
        self.members.iter().for_each(|member| member.state.doubt(at));
        // Each tells, and hears the others, before any counts by what it has heard.
        self.run(2 * ROUND, [0.0; 3], "");
        self.members.iter().for_each(|member| member.state.link(true));
    }
}

fn rate(count: u32, seconds: u64, burst: u32) -> Rate {
    Rate { count, window: Duration::from_secs(seconds), burst }
}

impl From<Rate> for Common {
    fn from(rate: Rate) -> Self {
        Self::Rate(rate)
    }
}

fn quota(count: u32, period: Period) -> Common {
    Common::Quota(Quota { count, period })
}

const SHARED: Fleetwide = Fleetwide { is_strict: false, on_loss: OnLoss::Share };

#[test]
fn members_let_in_together_what_the_limit_says_however_the_callers_are_spread() {
    for (rate, demand) in [
        (rate(100, 2, 100), [0.2, 0.0, 0.0]),
        (rate(100, 2, 100), [0.1, 0.1, 0.0]),
        (rate(100, 2, 100), [0.07, 0.07, 0.07]),
        (rate(100, 2, 100), [0.3, 0.03, 0.01]),
        (rate(100, 2, 10), [0.2, 0.0, 0.0]),
        (rate(1_000, 2, 1_000), [3.0, 1.0, 0.5]),
        (rate(60, 10, 60), [0.03, 0.03, 0.03]),
        (rate(50, 2, 1), [0.1, 0.0, 0.0]),
    ] {
        let mut fleet = Fleet::new(rate, SHARED);
        let windows = 10;
        let millis = windows * rate.window.as_secs() * 1_000;
        let admitted = fleet.run(millis, demand, "a");
        let limit = windows * u64::from(rate.count) + u64::from(rate.burst);
        let part = admitted as f64 / limit as f64;
        assert!((0.95..=1.05).contains(&part), "{rate:?} {demand:?}: {admitted} of {limit}");
    }
}

#[test]
fn demand_that_moves_from_one_member_to_another_gets_no_more() {
    let rate = rate(100, 3_600, 100);
    let mut fleet = Fleet::new(rate, SHARED);
    assert_eq!(fleet.run(1_000, [0.05, 0.0, 0.0], "a"), 50);
    let rest = fleet.run(4_000, [0.0, 0.05, 0.0], "a");
    let more = fleet.run(4_000, [0.0, 0.0, 0.05], "a");
    assert!((45..=52).contains(&rest) && more <= 1, "{rest} and {more}");
    // Another caller has a bucket of its own, and a burst at one member is let in as soon as it was told of.
    assert!(fleet.run(1_000, [0.1, 0.0, 0.0], "b") >= 99);
}

#[test]
fn without_the_place_members_let_in_their_part_of_what_was_left_and_no_more() {
    let rate = rate(90, 3_600, 90);
    let mut fleet = Fleet::new(rate, SHARED);
    // Sixty of ninety are spent at one member: thirty are left, ten for each.
    assert_eq!(fleet.run(3_000, [0.02, 0.0, 0.0], "a"), 60);
    fleet.lose();
    // What the others had not heard of yet is of its own part.
    let (own, others) = (fleet.run(1_000, [0.1, 0.0, 0.0], "a"), fleet.run(1_000, [0.0, 0.1, 0.1], "a"));
    assert!((29..=31).contains(&(own + others)) && own >= 5 && others >= 20, "{own} and {others}");
    // Of a caller that nobody has seen each lets a third in.
    let alone = fleet.run(1_000, [0.1, 0.1, 0.1], "b");
    assert_eq!(alone, 90);
    // It comes back, and knows nothing: it is told of all.
    fleet.find();
    let more = fleet.run(2_000, [0.05, 0.05, 0.05], "a") + fleet.run(2_000, [0.05, 0.05, 0.05], "b");
    // One in fifty: what drains meanwhile, and whoever asks first for the last one.
    assert!(more <= 4, "{more}");
}

#[test]
fn what_members_let_in_alone_for_long_is_not_held_against_the_caller_when_they_are_linked_again() {
    let rate = rate(60, 60, 6);
    let mut fleet = Fleet::new(rate, SHARED);
    fleet.lose();
    let alone = fleet.run(600_000, [0.01, 0.01, 0.01], "a");
    assert!((600..=606).contains(&alone), "{alone} in ten minutes");
    fleet.find();
    let together = fleet.run(60_000, [0.01, 0.01, 0.01], "a");
    assert!((57..=66).contains(&together), "{together} in the next");
}

#[test]
fn a_strict_limit_is_decided_here_only_by_this_members_part() {
    let strict = Fleetwide { is_strict: true, on_loss: OnLoss::Share };
    let fleet = Fleet::new(rate(30, 3_600, 30), strict);
    let (member, at) = (&fleet.members[0], fleet.at());
    let weighed = Weighed { limit: &member.limit, scope: member.limit.scope(None), who: Who::Everybody };
    let ask = member.state.ask(weighed, true, at).unwrap();
    let answer = Answer { is_let_in: true, heard: Heard { spent: 15.0, others: 0 } };
    assert_eq!(member.state.answered(&member.limit, &ask, &answer, at).left, 15);
    let takes = || matches!(member.state.take(weighed, at), Taken::Request(_));
    assert_eq!(
        std::iter::repeat_with(takes).take_while(|taken| *taken).count(),
        5,
        "a third of what is left"
    );
    let none = Answer { is_let_in: false, heard: Heard { spent: 29.5, others: 0 } };
    let standing = member.state.answered(&member.limit, &ask, &none, at);
    assert_eq!(standing, Standing { left: 0, seconds: 60 });
    assert!(member.state.counter().is_some());
    member.state.link(false);
    assert!(member.state.counter().is_none() && member.state.lost(&member.limit) == Some(OnLoss::Share));
}

#[test]
fn a_quota_comes_back_as_a_whole_when_its_day_or_month_ends_and_not_before() {
    for period in [Period::Day, Period::Month] {
        let mut fleet = Fleet::new(quota(100, period), SHARED);
        let first = fleet.run(30_000, [0.005, 0.005, 0.005], "a");
        assert!((100..=103).contains(&first), "{period}: {first}");
        assert_eq!(fleet.run(TEN_MINUTES - 32_000, [0.001, 0.001, 0.001], "a"), 0, "{period}");
        let (member, at) = (&fleet.members[0], fleet.at());
        let who = Who::Caller(KeyedHash::common(&["a"]));
        let weighed = Weighed { limit: &member.limit, scope: member.limit.scope(None), who };
        assert_eq!(member.state.look(weighed, at), Standing { left: 0, seconds: 2 }, "{period}");
        fleet.run(2_000, [0.0; 3], "a");
        let next = fleet.run(30_000, [0.005, 0.005, 0.005], "a");
        assert!((100..=103).contains(&next), "{period}: {next}");
        let usage = fleet.members[0].state.usage(&[&fleet.members[0].limit], fleet.at());
        let usage = &usage[&fleet.members[0].limit.number()];
        assert_eq!((usage.in_use, usage.exhausted), (1, 1), "{period}: that of the past one is gone");
    }
}

#[test]
fn without_the_place_members_let_in_their_part_of_a_quota_once() {
    let mut fleet = Fleet::new(quota(90, Period::Day), SHARED);
    assert_eq!(fleet.run(3_000, [0.02, 0.0, 0.0], "a"), 60);
    fleet.lose();
    let alone = fleet.run(TEN_MINUTES / 2, [0.01, 0.01, 0.01], "a");
    assert!((29..=31).contains(&alone), "{alone} of the thirty that are left");
    fleet.find();
    let more = fleet.run(10_000, [0.01, 0.01, 0.01], "a");
    // Where less than one part was left for each, all may ask for the last one at the same time.
    assert!(more <= 3, "{more} when it is back");
    fleet.run(TEN_MINUTES / 2, [0.0; 3], "a");
    let next = fleet.run(30_000, [0.005, 0.005, 0.005], "a");
    assert!((90..=93).contains(&next), "{next} on the next day");
}

#[test]
fn a_changed_quota_keeps_what_was_spent() {
    let mut fleet = Fleet::new(quota(50, Period::Month), SHARED);
    assert!((50..=52).contains(&fleet.run(30_000, [0.003, 0.003, 0.003], "a")));
    for member in &fleet.members {
        let measure = crate::limits::Measure::Quota(Quota { count: 80, period: Period::Month });
        member.state.settle([(&member.limit, measure)].into_iter(), fleet.at());
    }
    let more = fleet.run(30_000, [0.003, 0.003, 0.003], "a");
    assert!((28..=32).contains(&more), "{more}");
}

#[test]
fn buckets_of_a_quota_make_room_when_all_that_they_know_is_told() {
    let mut fleet = Fleet::new(quota(5, Period::Month), SHARED);
    // More callers than a member has room for: it forgets those of whom the place knows everything, and asks again.
    for nth in 0..4_000 {
        assert_eq!(fleet.run(8, [0.125, 0.0, 0.0], &format!("{nth}")), 1, "{nth}");
    }
    let known = fleet.members[0].state.usage(&[&fleet.members[0].limit], fleet.at());
    let known = known[&fleet.members[0].limit.number()].in_use;
    assert!(known <= 1_100, "{known}");
    let mut first = 0;
    for _ in 0..3 {
        first += fleet.run(3_000, [0.002, 0.0, 0.0], "1");
    }
    assert!((4..=5).contains(&first), "{first}: one was spent before it was forgotten");
}
