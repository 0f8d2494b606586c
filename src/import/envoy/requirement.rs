//! What a rule of a `jwt_authn` filter asks for, as `auth` of an agent.

use serde_json::{Map, Value, json};

use super::super::item::Item;
use super::super::ledger::Verdict;
use super::provider::{JwtFilter, Known};

/// A provider whose tokens would do, and their audiences.
struct Accepted<'f, 'a> {
    known: &'f Known<'a>,
    audiences: Vec<String>,
}

impl<'a> JwtFilter<'a> {
    /// `auth` of a requirement; `None` when nothing of it can be had.
    pub(super) fn auth(&self, requires: Item<'a>) -> Option<Value> {
        let mut accepted = Vec::new();
        self.accept(requires, &mut accepted);
        let first = accepted.first()?;
        let mut oauth: Map<String, Value> = first.known.oauth.clone();
        let mut names: Vec<&str> = Vec::new();
        let mut audiences: Vec<&str> = Vec::new();
        for one in &accepted {
            if one.audiences.is_empty() {
                one.known
                    .item
                    .weak(Verdict::Kept, "no audiences: tokens that are meant for another service pass");
            }
            if !names.contains(&one.known.name.as_str()) {
                names.push(&one.known.name);
            }
            for audience in &one.audiences {
                if !audiences.contains(&audience.as_str()) {
                    audiences.push(audience);
                }
            }
            if one.audiences != first.audiences {
                requires.weak(
                    Verdict::Changed,
                    "the audiences of one provider count for tokens of the other, too",
                );
            }
            if one.known.oauth != first.known.oauth {
                requires.changed("where the token is, and what becomes of it, is as the first provider says");
            }
        }
        oauth.insert("identity_providers".to_owned(), json!(names));
        if !audiences.is_empty() {
            oauth.insert("audiences".to_owned(), json!(audiences));
        }
        Some(json!({ "oauth": oauth }))
    }

    /// The requirement of that name.
    pub(super) fn named(&self, name: &str) -> Option<Item<'a>> {
        self.item.get("requirement_map")?.get(name)
    }

    fn accept<'f>(&'f self, requires: Item<'a>, accepted: &mut Vec<Accepted<'f, 'a>>) {
        if let Some(name) = requires.get("provider_name") {
            self.one(name, None, accepted);
        }
        if let Some(both) = requires.get("provider_and_audiences")
            && let Some(name) = both.get("provider_name")
        {
            let audiences = both.get("audiences").map(|audiences| audiences.kept().texts());
            self.one(name, audiences.filter(|texts| !texts.is_empty()), accepted);
        }
        if let Some(any) = requires.get("requires_any") {
            for requirement in any.list("requirements") {
                self.accept(requirement, accepted);
            }
        }
        if let Some(all) = requires.get("requires_all") {
            for (number, requirement) in all.list("requirements").into_iter().enumerate() {
                if number == 0 {
                    self.accept(requirement, accepted);
                } else {
                    requirement
                        .weak(Verdict::Cannot, "a caller has one token: only the first requirement counts");
                }
            }
        }
        for missing in ["allow_missing", "allow_missing_or_failed", "extract_only_without_validation"] {
            if let Some(item) = requires.get(missing) {
                item.weak(Verdict::Changed, "requests without a token pass in Envoy; here they are refused");
                if accepted.is_empty() {
                    let all = self.providers.values();
                    accepted.extend(all.map(|known| Accepted { known, audiences: known.audiences.clone() }));
                }
            }
        }
    }

    fn one<'f>(&'f self, name: Item<'a>, audiences: Option<Vec<&str>>, accepted: &mut Vec<Accepted<'f, 'a>>) {
        let Some(known) = name.text().and_then(|text| self.providers.get(text)) else {
            name.cannot("there is no such provider");
            return;
        };
        name.kept();
        let audiences = match audiences {
            Some(texts) => texts.into_iter().map(str::to_owned).collect(),
            None => known.audiences.clone(),
        };
        accepted.push(Accepted { known, audiences });
    }
}
