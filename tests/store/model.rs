//! Any sequence of commits, edits by hand and restarts, beside a map that does the same.

use std::collections::BTreeMap;

use portcullis::model::ResourceId;
use portcullis::store::{Record, WriteError, Writer};
use proptest::prelude::*;

use super::contract::{LocalPlace as _, agent, all, change, commit, limit, provider, resources};
use super::directory::Directory;

#[derive(Debug, Clone)]
enum Act {
    /// Which resources, what they become, and whether the change starts from what stands there.
    Commit(Vec<(usize, Option<u8>, bool)>),
    ByHand(usize, u8),
    OpenAgain,
}

fn act() -> impl Strategy<Value = Act> {
    let one = (0..4usize, proptest::option::of(0..3u8), prop::bool::weighted(0.9));
    prop_oneof![
        6 => proptest::collection::vec(one, 0..4).prop_map(Act::Commit),
        1 => (0..4usize, 0..3u8).prop_map(|(at, text)| Act::ByHand(at, text)),
        1 => Just(Act::OpenAgain),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_store_does_what_a_map_does(acts in proptest::collection::vec(act(), 1..24)) {
        let ids = [agent("a"), agent("b"), provider("a"), limit("a")];
        let text = |text: u8| format!("text {text}\n").repeat(usize::from(text));
        let place = Directory::in_memory();
        let mut store = place.open(Writer::Now).unwrap();
        let mut map: BTreeMap<ResourceId, String> = BTreeMap::new();
        let mut history: Vec<Record> = Vec::new();
        for act in acts {
            match act {
                Act::Commit(wanted) => {
                    let mut after = map.clone();
                    let mut conflict = None;
                    let mut seen = Vec::new();
                    let mut changes = Vec::new();
                    for (at, to, honest) in wanted {
                        let id = &ids[at];
                        let to = to.map(text);
                        let from = if honest { map.get(id).cloned() } else { Some("never".to_owned()) };
                        if (!honest || seen.contains(&at)) && conflict.is_none() {
                            conflict = Some(id.clone());
                        }
                        seen.push(at);
                        changes.push(change(id, from.as_deref(), to.as_deref()));
                        match to {
                            Some(to) => after.insert(id.clone(), to),
                            None => after.remove(id),
                        };
                    }
                    let wanted = commit(changes);
                    let result = store.commit(&wanted);
                    if let Some(id) = conflict {
                        prop_assert_eq!(result, Err(WriteError::Conflict(id)));
                        continue;
                    }
                    if !wanted.changes.is_empty() {
                        history.insert(0, Record::new(history.len() as u64 + 1, wanted));
                    }
                    prop_assert_eq!(result, Ok(history.len() as u64));
                    map = after;
                }
                Act::ByHand(at, to) => {
                    place.by_hand(&ids[at], Some(&text(to)));
                    map.insert(ids[at].clone(), text(to));
                }
                Act::OpenAgain => {
                    drop(store);
                    store = place.open(Writer::Now).unwrap();
                }
            }
            let wanted: BTreeMap<_, _> = map.iter().map(|(id, text)| (id.to_string(), text.clone())).collect();
            prop_assert_eq!(resources(&store), wanted);
            prop_assert_eq!(store.head(), history.len() as u64);
        }
        prop_assert_eq!(store.history(&all()), Ok(history));
    }
}
