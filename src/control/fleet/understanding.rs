//! Which members would refuse a text because they are too old to know what it uses. What they refuse for other reasons
//! only they can say.

use std::collections::BTreeSet;

use crate::config::Feature;
use crate::store::{Member, Seen, Sight};

/// The names of the members that are there and lack one of these features.
pub(super) fn without(features: &BTreeSet<Feature>, seen: &[Seen], version: &str) -> Vec<String> {
    let there = seen.iter().filter(|seen| matches!(seen.sight, Sight::Present { .. }));
    let lacking = there.filter(|seen| !has(&seen.member, features, version));
    lacking.map(|seen| seen.member.name.clone()).collect()
}

fn has(member: &Member, features: &BTreeSet<Feature>, version: &str) -> bool {
    // A report that would be too long leaves its features out.
    let is_same = member.features.is_empty() && member.version == version;
    is_same || features.iter().all(|feature| member.features.iter().any(|word| word == feature.word()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    fn seen(name: &str, version: &str, features: &[&str], sight: Sight) -> Seen {
        let member = Member {
            name: name.to_owned(),
            version: version.to_owned(),
            features: features.iter().map(|&word| word.to_owned()).collect(),
            ..Member::default()
        };
        Seen { member, sight }
    }

    #[tokio::test(start_paused = true)]
    async fn a_member_understands_what_it_has_the_features_for() {
        let there = Sight::Present { changed: Instant::now(), contested: false };
        let all = [
            seen("knows", "9", &["agents", "mcp", "newer"], there),
            seen("old", "1", &["agents"], there),
            seen("older", "0", &[], there),
            seen("cut", "2", &[], there),
            seen("gone", "0", &[], Sight::Vanished),
        ];
        for (used, wanted) in [
            (vec![Feature::Agents], vec!["older"]),
            (vec![Feature::Agents, Feature::Mcp], vec!["old", "older"]),
            (vec![Feature::ApiKeys], vec!["knows", "old", "older"]),
            (vec![], vec![]),
        ] {
            assert_eq!(without(&used.iter().copied().collect(), &all, "2"), wanted, "{used:?}");
        }
    }
}
