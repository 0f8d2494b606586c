//! What a head means for who holds another one. Pure: what must be read first is asked for.

use super::head::Head;
use crate::store::{FullRead, StoreState};

/// Records that etcd keeps, so that one which is missing among them was never there.
pub(super) const KEPT: u64 = 1000;
/// The most revisions that are caught up with record by record: each is read twice, as a record and as texts, so that a
/// full read is hardly more for many.
const MOST_RECORDS: u64 = 64;

/// What is to be done about a head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It is the one that is held.
    Same,
    /// The store is empty, and always was.
    Empty,
    /// It follows the one that is held, if the record of that is of this commit: `(number, commit)`.
    Next(u64, String),
    /// It is taken whole.
    Whole(FullRead, Option<(u64, String)>),
    /// A person must look.
    Wrong(StoreState, String),
}

impl Judgement {
    /// The same for what is held from the disk of this member: it is compared, but no basis for changes, because the
    /// revisions of its keys are not known.
    pub(super) fn with_content_from_disk(self) -> Self {
        match self {
            Self::Same => Self::Whole(FullRead::Start, None),
            Self::Next(number, commit) => Self::Whole(FullRead::Start, Some((number, commit))),
            Self::Empty | Self::Whole(..) | Self::Wrong(..) => self,
        }
    }
}

/// Judges the head of the store. `held` is the head of what is held; `written` the id that the store must have.
pub(super) fn judge(found: Option<&Head>, held: Option<&Head>, written: Option<&str>) -> Judgement {
    let Some(found) = found else {
        return match (held, written) {
            (Some(held), _) => wrong(
                StoreState::Vanished,
                format!("the store has no head any more, and had revision {}", held.revision),
            ),
            (None, Some(id)) => {
                wrong(StoreState::Vanished, format!("the store is empty, and it must have the id {id}"))
            }
            (None, None) => Judgement::Empty,
        };
    };
    if let Some(id) = written.filter(|id| *id != found.store_id) {
        let why = format!("the store has the id {}, and it must have the id {id}", found.store_id);
        return wrong(StoreState::Foreign, why);
    }
    let Some(held) = held else { return Judgement::Whole(FullRead::Start, None) };
    if held.store_id != found.store_id {
        let why = format!("the store has the id {}, and had the id {}", found.store_id, held.store_id);
        return wrong(StoreState::Foreign, why);
    }
    if found.revision < held.revision {
        let why = format!("the store is at revision {}, and was at {}", found.revision, held.revision);
        return wrong(StoreState::Regressed, why);
    }
    if found.revision == held.revision {
        return match found.commit == held.commit {
            true => Judgement::Same,
            false => forked(held.revision),
        };
    }
    if found.resumed.is_some_and(|resumed| resumed > held.revision) {
        return Judgement::Whole(FullRead::Resumed, None);
    }
    let ahead = found.revision - held.revision;
    let own = (held.revision, held.commit.clone());
    // A head that was made without a commit has no record.
    let is_kept = ahead < KEPT && held.revision > 0;
    if found.generation != held.generation {
        return Judgement::Whole(FullRead::Generation, is_kept.then_some(own));
    }
    if ahead > MOST_RECORDS {
        return Judgement::Whole(FullRead::Gap, is_kept.then_some(own));
    }
    Judgement::Next(own.0, own.1)
}

/// What it means when a revision that is held is not in the store.
pub(super) fn forked(revision: u64) -> Judgement {
    wrong(
        StoreState::Forked,
        format!("the store has another change as revision {revision} than the one that was applied"),
    )
}

const fn wrong(state: StoreState, why: String) -> Judgement {
    Judgement::Wrong(state, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(store: &str, revision: u64) -> Head {
        Head {
            store_id: store.to_owned(),
            revision,
            generation: 1,
            sha256: String::new(),
            at: jiff::Timestamp::UNIX_EPOCH,
            who: "somebody".to_owned(),
            commit: format!("c{revision}"),
            resumed: None,
        }
    }

    #[test]
    fn a_head_is_judged_by_what_is_held_and_by_the_id_that_is_written_down() {
        let other = |change: fn(&mut Head)| {
            let mut head = head("a", 7);
            change(&mut head);
            Some(head)
        };
        let state = |found: &Option<Head>, held: &Option<Head>, written: Option<&str>| match judge(
            found.as_ref(),
            held.as_ref(),
            written,
        ) {
            Judgement::Wrong(state, _) => state.as_str().to_owned(),
            Judgement::Whole(why, own) => format!("whole {} {}", why.as_str(), own.is_some()),
            Judgement::Next(number, commit) => format!("next {number} {commit}"),
            right => format!("{right:?}").to_lowercase(),
        };
        let (none, seven) = (None, Some(head("a", 7)));
        let at = |revision| Some(head("a", revision));
        let foreign = Some(head("b", 9));
        let cases = [
            (&none, &none, None, "empty"),
            (&none, &none, Some("a"), "vanished"),
            (&none, &seven, None, "vanished"),
            (&seven, &none, None, "whole start false"),
            (&seven, &none, Some("a"), "whole start false"),
            (&seven, &none, Some("b"), "foreign"),
            (&foreign, &seven, None, "foreign"),
            (&foreign, &seven, Some("a"), "foreign"),
            (&seven, &seven, Some("a"), "same"),
            (&at(6), &seven, None, "regressed"),
            (&other(|h| h.commit = "x".to_owned()), &seven, None, "forked"),
            (&at(8), &seven, None, "next 7 c7"),
            (&at(71), &seven, None, "next 7 c7"),
            (&at(72), &seven, None, "whole gap true"),
            (&at(1006), &seven, None, "whole gap true"),
            (&at(1007), &seven, None, "whole gap false"),
            (&other(|h| (h.revision, h.generation) = (8, 2)), &seven, None, "whole generation true"),
            (&other(|h| (h.revision, h.generation) = (8, 2)), &at(0), None, "whole generation false"),
            (&at(1), &at(0), None, "next 0 c0"),
            (&other(|h| (h.revision, h.resumed) = (9, Some(9))), &seven, None, "whole resumed false"),
            (&other(|h| (h.revision, h.resumed) = (9, Some(7))), &seven, None, "next 7 c7"),
        ];
        for (found, held, written, expected) in cases {
            assert_eq!(state(found, held, written), expected, "{found:?} over {held:?}, {written:?}");
        }
    }
}
