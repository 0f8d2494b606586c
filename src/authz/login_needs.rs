//! What a client must ask the identity provider for, so that one login does for all that is required (RFC 9470 section 3).

use std::time::Duration;

use super::login::LoginRule;

/// The login that meets several rules at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoginNeeds {
    /// The classes that all rules name which name any; `None` where none does.
    classes: Option<Vec<Box<str>>>,
    /// The least of their ages.
    max_age: Option<Duration>,
}

impl LoginNeeds {
    /// What meets all these rules.
    pub fn of<'r>(rules: impl IntoIterator<Item = &'r LoginRule>) -> Self {
        let mut needs = Self::default();
        for rule in rules {
            needs.max_age = [needs.max_age, rule.max_auth_age].into_iter().flatten().min();
            if rule.acr_values.is_empty() {
                continue;
            }
            let both = match needs.classes.take() {
                None => rule.acr_values.to_vec(),
                Some(classes) => {
                    classes.into_iter().filter(|class| rule.acr_values.contains(class)).collect()
                }
            };
            needs.classes = Some(both);
        }
        needs
    }

    /// The parameter `acr_values` of a challenge.
    #[must_use]
    pub fn acr_values(&self) -> Option<String> {
        self.classes.as_ref().filter(|classes| !classes.is_empty()).map(|classes| classes.join(" "))
    }

    /// The parameter `max_age` of a challenge, in seconds.
    #[must_use]
    pub fn max_age(&self) -> Option<String> {
        self.max_age.map(|age| age.as_secs().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_login_does_for_all_rules() {
        let rule = |classes: &[&str], max_age: Option<u64>| LoginRule {
            acr_values: classes.iter().map(|class| Box::from(*class)).collect(),
            amr_any: Box::default(),
            max_auth_age: max_age.map(Duration::from_secs),
        };
        let text = |text: &str| Some(text.to_owned());
        for (rules, acr_values, max_age) in [
            (vec![], None, None),
            (vec![rule(&[], None)], None, None),
            (vec![rule(&["a", "b"], Some(60))], text("a b"), text("60")),
            (vec![rule(&["a", "b"], Some(60)), rule(&[], Some(30))], text("a b"), text("30")),
            (vec![rule(&["a", "b"], None), rule(&["c", "b"], Some(30))], text("b"), text("30")),
            (vec![rule(&["a"], None), rule(&["c"], None), rule(&["a"], None)], None, None),
        ] {
            let needs = LoginNeeds::of(&rules);
            assert_eq!((needs.acr_values(), needs.max_age()), (acr_values, max_age), "{rules:?}");
        }
    }
}
