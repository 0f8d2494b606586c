//! What changes when a store holds other resources.

use std::collections::BTreeMap;

use crate::model::ResourceId;

/// The resources that are created, changed and removed, and how many stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// Those that are not there now.
    pub created: Vec<ResourceId>,
    /// Those with another text.
    pub changed: Vec<ResourceId>,
    /// Those that are not there afterwards.
    pub removed: Vec<ResourceId>,
    /// How many keep their text.
    pub unchanged: usize,
}

impl Difference {
    /// What leads from the resources of now to those of then.
    #[must_use]
    pub fn between(now: &BTreeMap<ResourceId, String>, then: &BTreeMap<ResourceId, String>) -> Self {
        let mut difference = Self::default();
        for (id, text) in then {
            match now.get(id) {
                None => difference.created.push(id.clone()),
                Some(before) if before == text => difference.unchanged += 1,
                Some(_) => difference.changed.push(id.clone()),
            }
        }
        difference.removed = now.keys().filter(|id| !then.contains_key(*id)).cloned().collect();
        difference
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_is_created_changed_removed_or_stays() {
        let of = |pairs: &[(&str, &str)]| -> BTreeMap<ResourceId, String> {
            let id = |name: &str| ResourceId::parse(&format!("agents/{name}")).unwrap();
            pairs.iter().map(|(name, text)| (id(name), (*text).to_owned())).collect()
        };
        let now = of(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let then = of(&[("b", "1"), ("c", "2"), ("d", "1")]);
        let found = Difference::between(&now, &then);
        let names = |ids: &[ResourceId]| ids.iter().map(|id| id.name().to_owned()).collect::<String>();
        assert_eq!(
            (names(&found.created), names(&found.changed), names(&found.removed), found.unchanged),
            ("d".to_owned(), "c".to_owned(), "a".to_owned(), 1)
        );
    }
}
