//! The choice among targets that may be asked: the one of two with fewer requests under way, the next in turn, or the one that a
//! hash names. Nothing is allocated, and nothing is written but the number of the turn.

use std::time::Duration;

use crate::model::Instant;

use super::member::{Member, bit, bits};
use super::standing::WHOLE;

/// An odd number whose bits have no pattern: those of the golden ratio.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/// The targets among which one is chosen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidates<'a> {
    pub(super) members: &'a [Member],
    pub(super) slow_start: Duration,
    pub(super) now: Instant,
    /// A bit for each.
    pub(super) of: u64,
}

impl Candidates<'_> {
    /// Of two that are drawn by their weight, the one with fewer requests under way for its weight ("power of two choices").
    /// Requests under way are streams too, so new ones go where few run.
    pub(super) fn least(self, turn: usize) -> Option<usize> {
        let random = mixed(turn as u64);
        let first = self.draw(self.of, random)?;
        let Some(second) = self.draw(self.of & !bit(first), mixed(random)) else { return Some(first) };
        let load = |i: usize| self.members.get(i).map_or(0, |m| m.target.in_flight() as u64);
        let heavier =
            load(first).saturating_mul(self.weight(second)) > load(second).saturating_mul(self.weight(first));
        Some(if heavier { second } else { first })
    }

    /// The next in the order of turns that may be asked.
    pub(super) fn in_turn(self, order: &[u8], turn: usize) -> Option<usize> {
        let turns = (0..order.len()).filter_map(|ahead| {
            let at = turn.wrapping_add(ahead).checked_rem(order.len())?;
            order.get(at).map(|i| (ahead, usize::from(*i)))
        });
        let mut may = turns.filter(|(_, i)| self.of & bit(*i) != 0);
        let slow = |ahead: usize, i: usize| {
            let share = self.share(i);
            share < WHOLE && mixed(turn.wrapping_add(ahead) as u64) % u64::from(WHOLE) >= u64::from(share)
        };
        let first = may.clone().next();
        may.find(|(ahead, i)| !slow(*ahead, *i)).or(first).map(|(_, i)| i)
    }

    /// The one that the hash names: of each pair of hash and target a number is made, and the highest wins ("rendezvous"). So
    /// only the requests of a target that is out go elsewhere, and all members of a fleet choose the same.
    pub(super) fn by_hash(self, key: u64) -> Option<usize> {
        let score = |i: usize| {
            let name = self.members.get(i).map_or(0, |member| text_hash(member.target.name.as_bytes()));
            let drawn = mixed(key ^ name);
            #[expect(clippy::cast_precision_loss, reason = "53 of the bits are as random")]
            let part = ((drawn >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
            #[expect(clippy::cast_precision_loss, reason = "a weight is small")]
            let weight = self.weight(i) as f64;
            // The negative logarithm of a random part, by weight, is least as often as the weight says.
            -part.ln() / weight
        };
        bits(self.of).min_by(|a, b| score(*a).total_cmp(&score(*b)))
    }

    /// One of a set, each as often as its weight says.
    fn draw(self, of: u64, random: u64) -> Option<usize> {
        let all: u64 = bits(of).map(|i| self.weight(i)).sum();
        let mut at = random.checked_rem(all)?;
        for i in bits(of) {
            match at.checked_sub(self.weight(i)) {
                Some(rest) => at = rest,
                None => return Some(i),
            }
        }
        None
    }

    /// Its weight now, which is never 0.
    fn weight(self, index: usize) -> u64 {
        let weight = self.members.get(index).map_or(0, |member| member.weight);
        (u64::from(weight) * u64::from(self.share(index))).max(1)
    }

    fn share(self, index: usize) -> u32 {
        let member = self.members.get(index);
        member.map_or(0, |member| member.target.standing.share(self.now, self.slow_start))
    }
}

/// A hash that is the same on every member of a fleet.
#[must_use]
pub fn text_hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(MIX, |hash, byte| mixed(hash ^ u64::from(*byte)))
}

/// A number whose bits all depend on all bits of another (the finalizer of SplitMix64).
const fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(MIX);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::HeaderValue;

    use super::super::affinity::Affinity;
    use super::super::budget::tests::rules;
    use super::super::endpoint::Endpoint;
    use super::super::standing::tests::eject;
    use super::super::target::Target;
    use super::super::targets::{Ask, Balance, NoTarget, Spread, Targets};
    use super::*;
    use crate::model::{TargetOrder, TargetState};

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u64) -> Instant {
        Instant::from_unix(1_000 + seconds)
    }

    fn targets(balance: Balance, weights: &[u32]) -> Targets {
        with(balance, weights, None)
    }

    fn with(balance: Balance, weights: &[u32], max_in_flight: Option<usize>) -> Targets {
        let member = |(i, weight): (usize, &u32)| {
            let name = format!("http://10.0.0.{i}:80");
            Member {
                target: Arc::new(Target::new(&name, Arc::new(Endpoint::new(&format!("10.0.0.{i}"), 80)))),
                url: name.into(),
                weight: *weight,
                zone: None,
                authority: HeaderValue::from_static("a"),
                host: HeaderValue::from_static("a"),
                server_name: None,
            }
        };
        let members = weights.iter().enumerate().map(member).collect();
        let spread = Spread {
            balance,
            hash: None,
            affinity: Affinity::None,
            eject: eject(),
            retry: rules(),
            health: None,
            slow_start: SECOND * 30,
            max_in_flight,
            max_pending: 0,
        };
        Targets::new(spread, Arc::default(), members)
    }

    fn ask(now: Instant) -> Ask {
        Ask { now, key: None, only: None, tried: None }
    }

    /// How often each is picked in so many requests that end at once.
    fn picked(targets: &Targets, now: Instant, requests: usize) -> Vec<usize> {
        let mut counts = vec![0; targets.members.len()];
        for _ in 0..requests {
            counts[targets.pick(ask(now)).unwrap()] += 1;
        }
        counts
    }

    fn out(targets: &Targets, index: usize, now: Instant) {
        for _ in 0..5 {
            targets.members[index].target.standing.failed(now, &targets.spread.eject);
        }
    }

    #[test]
    fn new_requests_go_where_fewer_are_under_way_for_the_weight() {
        let targets = targets(Balance::LeastInFlight, &[1, 1, 2]);
        let mut held = vec![0_usize; 3];
        for _ in 0..4_000 {
            let index = targets.pick(ask(at(0))).unwrap();
            let _shard = targets.members[index].target.enter();
            held[index] += 1;
        }
        for (index, wanted) in [(0, 1_000), (1, 1_000), (2, 2_000)] {
            assert!(held[index].abs_diff(wanted) < 40, "{held:?}");
        }
    }

    #[test]
    fn an_idle_agent_asks_each_as_often_as_its_weight_says() {
        for balance in [Balance::LeastInFlight, Balance::RoundRobin] {
            let counts = picked(&targets(balance, &[3, 1]), at(0), 4_000);
            assert!(counts[0].abs_diff(3_000) < 120, "{balance:?} {counts:?}");
        }
    }

    #[test]
    fn a_target_that_was_added_gets_the_next_streams_until_all_have_as_many() {
        let targets = targets(Balance::LeastInFlight, &[1, 1, 1, 1, 1]);
        for member in &targets.members[..4] {
            for _ in 0..500 {
                let _shard = member.target.enter();
            }
        }
        let mut held = 0;
        for _ in 0..1_000 {
            let index = targets.pick(ask(at(0))).unwrap();
            let _shard = targets.members[index].target.enter();
            held += usize::from(index == 4);
        }
        assert!(held > 350, "two of five are drawn, so two fifths at least: {held}");
    }

    #[test]
    fn the_same_key_goes_to_the_same_target_and_only_those_of_one_that_is_out_move() {
        let all = targets(Balance::Hash, &[1, 1, 1, 1]);
        let pick = |key: u64, now| all.pick(Ask { key: Some(text_hash(&key.to_le_bytes())), ..ask(now) });
        let before: Vec<usize> = (0..1_000).map(|key| pick(key, at(0)).unwrap()).collect();
        for index in 0..4 {
            let count = before.iter().filter(|i| **i == index).count();
            assert!(count.abs_diff(250) < 60, "{index}: {count}");
        }
        out(&all, 2, at(0));
        for (key, before) in before.iter().enumerate() {
            let now = pick(key as u64, at(1)).unwrap();
            assert!(if *before == 2 { now != 2 } else { now == *before }, "{key}");
        }
        assert_eq!((0..1_000).map(|key| pick(key, at(100)).unwrap()).collect::<Vec<_>>(), before, "all back");
    }

    #[test]
    fn an_ejected_target_gets_nothing_and_takes_its_share_slowly_afterwards() {
        for balance in [Balance::LeastInFlight, Balance::RoundRobin, Balance::Hash] {
            let targets = targets(balance, &[1, 1]);
            out(&targets, 0, at(0));
            assert_eq!(targets.state(&targets.members[0], at(9)), TargetState::Ejected);
            assert_eq!(picked(&targets, at(9), 1_000), [0, 1_000], "{balance:?}");
            assert_eq!(targets.state(&targets.members[0], at(10)), TargetState::Slow);
            let slow = picked(&targets, at(13), 1_000)[0];
            assert!((20..250).contains(&slow), "{balance:?} {slow}");
            assert_eq!(targets.state(&targets.members[0], at(40)), TargetState::Healthy);
            let whole = picked(&targets, at(40), 1_000)[0];
            assert!(whole.abs_diff(500) < 60, "{balance:?} {whole}");
        }
    }

    #[test]
    fn at_most_half_are_out_and_never_the_last_and_below_half_all_are_used() {
        for (count, outs, used) in [
            (1, vec![0], vec![true]),
            (2, vec![0], vec![false, true]),
            (2, vec![0, 1], vec![true, true]),
            (3, vec![0], vec![false, true, true]),
            (3, vec![0, 1], vec![true, true, true]),
            (4, vec![0, 1], vec![false, false, true, true]),
            (4, vec![0, 1, 2], vec![true, true, true, true]),
        ] {
            let targets = targets(Balance::RoundRobin, &vec![1; count]);
            outs.iter().for_each(|index| out(&targets, *index, at(0)));
            let now: Vec<bool> = picked(&targets, at(1), 100).iter().map(|count| *count > 0).collect();
            assert_eq!(now, used, "{outs:?} of {count}");
        }
    }

    #[test]
    fn of_more_than_may_be_out_those_stay_out_that_failed_first() {
        let mut targets = targets(Balance::RoundRobin, &[1, 1, 1, 1]);
        targets.spread.eject.max_share = 25;
        out(&targets, 1, at(0));
        out(&targets, 2, at(1));
        let now: Vec<bool> = picked(&targets, at(2), 100).iter().map(|count| *count > 0).collect();
        assert_eq!(now, [true, false, true, true]);
        targets.spread.eject.max_share = 100;
        out(&targets, 0, at(2));
        assert!(picked(&targets, at(3), 100)[0] > 0, "below half all are used");
    }

    #[test]
    fn a_target_that_fails_its_checks_or_has_no_weight_gets_nothing() {
        let targets = targets(Balance::LeastInFlight, &[1, 1, 0]);
        targets.members[0].target.standing.checked(false, at(0));
        assert_eq!(picked(&targets, at(1), 100), [0, 100, 0]);
        let states = [0, 1, 2].map(|i| targets.state(&targets.members[i], at(1)));
        assert_eq!(states, [TargetState::Unhealthy, TargetState::Healthy, TargetState::Draining]);
    }

    #[test]
    fn a_retry_goes_to_another_target_or_nowhere() {
        let both = targets(Balance::LeastInFlight, &[1, 1]);
        let retry = |tried| Ask { tried: Some(tried), ..ask(at(0)) };
        assert_eq!((both.pick(retry(0)), both.pick(retry(1))), (Ok(1), Ok(0)));
        let one = targets(Balance::LeastInFlight, &[1]);
        assert_eq!(one.pick(retry(0)), Err(NoTarget::None));
    }

    #[test]
    fn a_full_target_is_passed_over_and_a_full_agent_says_so() {
        let targets = with(Balance::RoundRobin, &[1, 1], Some(1));
        let shard = targets.members[0].target.enter();
        assert_eq!(picked(&targets, at(0), 10), [0, 10]);
        let _other = targets.members[1].target.enter();
        assert_eq!(targets.pick(ask(at(0))), Err(NoTarget::Full));
        targets.members[0].target.leave(shard);
        assert_eq!(targets.pick(ask(at(0))), Ok(0));
    }

    #[test]
    fn a_session_has_the_one_target_whatever_its_weight_and_however_it_stands() {
        for balance in [Balance::LeastInFlight, Balance::RoundRobin, Balance::Hash] {
            let targets = with(balance, &[1, 1, 0], Some(1));
            out(&targets, 0, at(0));
            targets.members[1].target.standing.checked(false, at(0));
            for only in 0..3 {
                let ask = Ask { only: Some(only), key: Some(7), ..ask(at(1)) };
                assert_eq!(targets.pick(ask), Ok(only), "{balance:?}");
            }
            let _shard = targets.members[2].target.enter();
            let ask = Ask { only: Some(2), ..ask(at(1)) };
            assert_eq!(targets.pick(ask), Err(NoTarget::Full), "{balance:?}");
        }
    }

    #[test]
    fn what_a_request_says_names_its_target_whatever_the_balance() {
        for balance in [Balance::LeastInFlight, Balance::RoundRobin, Balance::Hash] {
            let targets = targets(balance, &[1; 8]);
            for key in 0..20 {
                let ask = Ask { key: Some(key), ..ask(at(0)) };
                let first = targets.pick(ask);
                assert!((0..20).all(|_| targets.pick(ask) == first), "{balance:?} {key}");
            }
        }
    }

    #[test]
    fn a_target_that_an_operator_drains_gets_nothing_but_what_belongs_there() {
        for balance in [Balance::LeastInFlight, Balance::RoundRobin, Balance::Hash] {
            let targets = targets(balance, &[1, 1, 0]);
            let drains = |index: usize, order| targets.members[index].target.standing.obey(order, at(0));
            assert!(drains(0, TargetOrder::Drain));
            assert_eq!(picked(&targets, at(1), 100), [0, 100, 0], "{balance:?}");
            assert_eq!(targets.state(&targets.members[0], at(1)), TargetState::Draining);
            out(&targets, 1, at(1));
            assert_eq!(picked(&targets, at(2), 100), [0, 100, 0], "{balance:?}: the last that is left");
            let retry = Ask { tried: Some(1), ..ask(at(2)) };
            assert_eq!(targets.pick(retry), Err(NoTarget::None), "{balance:?}: nor what is sent again");
            let session = Ask { only: Some(0), ..ask(at(2)) };
            assert_eq!(targets.pick(session), Ok(0), "{balance:?}: its sessions go on");
            assert!(drains(1, TargetOrder::Drain));
            assert_eq!(targets.pick(ask(at(2))), Err(NoTarget::Draining), "{balance:?}");
            assert!(drains(0, TargetOrder::Undrain));
            assert_eq!(picked(&targets, at(60), 10), [10, 0, 0], "{balance:?}");
        }
    }
}
