//! The members of a fleet as their keys tell of them. Pure: what was read, and the events after that, go in.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::store::{Member, Seen, Sight};

/// How long two processes count as of one name after each of them was heard once more: three regular reports.
const CONTESTED_FOR: Duration = Duration::from_secs(15);

/// The key of a member that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// `members/<name>`: it is there, or is not.
    Present,
    /// `seen/<name>`: it was there, and has not left.
    Seen,
}

/// Everybody, by name.
#[derive(Debug, Default)]
pub(super) struct Members(BTreeMap<String, Entry>);

/// What is known of one name.
#[derive(Debug, Default)]
struct Entry {
    /// What was said last, and when we saw it.
    present: Option<(Member, Instant)>,
    /// The other process that said something under this name, before.
    rival: Option<(Member, Instant)>,
    /// When one of the two was heard again after the other.
    contested: Option<Instant>,
    /// What was said last by a member that has not left.
    seen: Option<Member>,
}

impl Members {
    /// Takes what was read as everything that there is. What did not change keeps its time.
    pub(super) fn replace(&mut self, all: Vec<(Told, String, Vec<u8>)>, now: Instant) {
        for entry in self.0.values_mut() {
            entry.seen = None;
        }
        let mut present: Vec<String> = Vec::new();
        for (told, name, value) in all {
            if told == Told::Present {
                present.push(name.clone());
            }
            self.put(told, &name, &value, now);
        }
        for (name, entry) in &mut self.0 {
            if !present.contains(name) {
                entry.gone();
            }
        }
        self.0.retain(|_, entry| entry.is_known());
    }

    /// A key has this value now. One that is not of this version says nothing.
    pub(super) fn put(&mut self, told: Told, name: &str, value: &[u8], now: Instant) {
        let Some(member) = Member::of_json(value) else { return };
        let entry = self.0.entry(name.to_owned()).or_default();
        match told {
            Told::Seen => entry.seen = Some(member),
            Told::Present => entry.says(member, now),
        }
    }

    /// A key is gone.
    pub(super) fn delete(&mut self, told: Told, name: &str) {
        if let Some(entry) = self.0.get_mut(name) {
            match told {
                Told::Seen => entry.seen = None,
                Told::Present => entry.gone(),
            }
        }
        self.0.retain(|_, entry| entry.is_known());
    }

    /// Everybody, in the order of their names.
    pub(super) fn seen(&self, now: Instant) -> Vec<Seen> {
        self.0.values().flat_map(|entry| entry.shown(now)).collect()
    }
}

impl Entry {
    fn says(&mut self, member: Member, now: Instant) {
        match &mut self.present {
            Some((known, _)) if *known == member => return,
            Some((known, _)) if known.boot_id != member.boot_id => {
                // A process that ended does not come back; one that does was there all the while.
                if self.rival.as_ref().is_some_and(|(rival, _)| rival.boot_id == member.boot_id) {
                    self.contested = Some(now);
                }
                self.rival = self.present.take();
            }
            Some(_) | None => {}
        }
        self.present = Some((member, now));
    }

    fn gone(&mut self) {
        (self.present, self.rival, self.contested) = (None, None, None);
    }

    const fn is_known(&self) -> bool {
        self.present.is_some() || self.seen.is_some()
    }

    fn shown(&self, now: Instant) -> Vec<Seen> {
        let Some(present) = &self.present else {
            let vanished =
                self.seen.iter().map(|member| Seen { member: member.clone(), sight: Sight::Vanished });
            return vanished.collect();
        };
        let is_recent = |at: Instant| now.saturating_duration_since(at) <= CONTESTED_FOR;
        let contested = self.contested.is_some_and(is_recent);
        let both = std::iter::once(present).chain(self.rival.iter().filter(|_| contested));
        let seen = both.map(|(member, changed)| Seen {
            member: member.clone(),
            sight: Sight::Present { changed: *changed, contested },
        });
        seen.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(boot_id: &str, revision: u64) -> Vec<u8> {
        let member =
            Member { name: "a".to_owned(), boot_id: boot_id.to_owned(), revision, ..Member::default() };
        member.to_json().into_bytes()
    }

    /// Each row as `boot revision age contested`.
    fn rows(members: &Members, now: Instant) -> Vec<String> {
        let row = |seen: Seen| match seen.sight {
            Sight::Present { changed, contested } => format!(
                "{} {} {} {contested}",
                seen.member.boot_id,
                seen.member.revision,
                now.duration_since(changed).as_secs()
            ),
            Sight::Vanished => format!("{} {} vanished", seen.member.boot_id, seen.member.revision),
        };
        members.seen(now).into_iter().map(row).collect()
    }

    #[test]
    fn a_member_that_did_not_leave_has_vanished_and_one_that_left_is_gone() {
        let (mut members, now) = (Members::default(), Instant::now());
        members.put(Told::Seen, "a", &value("x", 1), now);
        members.put(Told::Present, "a", &value("x", 2), now);
        assert_eq!(rows(&members, now), ["x 2 0 false"]);
        members.delete(Told::Present, "a");
        assert_eq!(rows(&members, now), ["x 1 vanished"]);
        members.put(Told::Present, "a", &value("y", 3), now);
        assert_eq!(rows(&members, now), ["y 3 0 false"], "it started again");
        members.delete(Told::Seen, "a");
        assert_eq!(rows(&members, now), ["y 3 0 false"]);
        members.delete(Told::Present, "a");
        assert_eq!(rows(&members, now), [""; 0]);
    }

    #[test]
    fn a_value_that_does_not_change_grows_old_also_when_it_is_read_again() {
        let (mut members, start) = (Members::default(), Instant::now());
        let later = |seconds| start + Duration::from_secs(seconds);
        members.put(Told::Present, "a", &value("x", 1), start);
        members.replace(vec![(Told::Present, "a".to_owned(), value("x", 1))], later(7));
        assert_eq!(rows(&members, later(9)), ["x 1 9 false"]);
        members.replace(vec![(Told::Present, "a".to_owned(), value("x", 2))], later(9));
        assert_eq!(rows(&members, later(9)), ["x 2 0 false"]);
        members.replace(vec![(Told::Seen, "a".to_owned(), value("x", 2))], later(9));
        assert_eq!(rows(&members, later(9)), ["x 2 vanished"]);
        members.replace(Vec::new(), later(9));
        assert_eq!(rows(&members, later(9)), [""; 0]);
    }

    #[test]
    fn two_processes_of_one_name_are_both_shown_and_one_that_started_again_is_not() {
        let (mut members, start) = (Members::default(), Instant::now());
        let later = |seconds| start + Duration::from_secs(seconds);
        members.put(Told::Present, "a", &value("x", 1), start);
        members.put(Told::Present, "a", &value("y", 1), later(1));
        members.put(Told::Present, "a", &value("y", 2), later(5));
        assert_eq!(rows(&members, later(5)), ["y 2 0 false"], "the one before has ended, for all we know");
        members.put(Told::Present, "a", &value("x", 2), later(6));
        assert_eq!(rows(&members, later(6)), ["x 2 0 true", "y 2 1 true"]);
        members.put(Told::Present, "a", &value("y", 3), later(9));
        assert_eq!(rows(&members, later(24)), ["y 3 15 true", "x 2 18 true"]);
        assert_eq!(rows(&members, later(25)), ["y 3 16 false"]);
    }

    #[test]
    fn what_is_no_report_says_nothing() {
        let mut members = Members::default();
        members.put(Told::Present, "a", b"nonsense", Instant::now());
        members.put(Told::Seen, "a", b"{}", Instant::now());
        assert_eq!(members.seen(Instant::now()), []);
    }
}
