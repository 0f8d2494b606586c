//! Pages of other origins, as `cors` of an agent. What a product means where it says nothing is the business of its own file.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::config::show_duration;

use super::item::Item;
use super::ledger::Verdict;
use super::part;

/// The longest that a browser may remember an answer here.
const LONGEST: Duration = Duration::from_secs(30 * 86_400);

/// How long a browser remembers an answer that does not say it (Fetch Standard, section 4.8).
const UNSAID: Duration = Duration::from_secs(5);

/// What a product answers where it allows all origins, and credentials as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ToAll {
    /// The origin that asks: its pages use what the browser has.
    Origin,
    /// `*`, which browsers refuse together with credentials.
    Star,
}

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Methods,
    /// Of requests.
    Headers,
    /// Headers of responses.
    Exposed,
}

/// What a source says of pages of other origins.
pub(super) struct Cors<'a> {
    /// Where it is written.
    item: Item<'a>,
    origins: Vec<Entry<'a>>,
    methods: Vec<Entry<'a>>,
    headers: Vec<Entry<'a>>,
    exposed: Vec<Entry<'a>>,
    credentials: Option<Item<'a>>,
    max_age: Duration,
}

/// A text of a list, and where it is written; nowhere where it is what a product has without it.
struct Entry<'a> {
    text: String,
    item: Option<Item<'a>>,
}

impl<'a> Cors<'a> {
    /// Nothing yet of what stands at `item`.
    pub(super) const fn new(item: Item<'a>) -> Self {
        Self {
            item,
            origins: Vec::new(),
            methods: Vec::new(),
            headers: Vec::new(),
            exposed: Vec::new(),
            credentials: None,
            max_age: UNSAID,
        }
    }

    /// An origin, or `*`.
    pub(super) fn origin(&mut self, item: Item<'a>, text: &str) {
        self.origins.push(Entry { text: text.to_owned(), item: Some(item) });
    }

    /// Every origin, where none is written.
    pub(super) fn every_origin(&mut self) {
        self.origins.push(Entry { text: "*".to_owned(), item: None });
    }

    /// Origins by a regular expression.
    pub(super) fn expression(&mut self, item: Item<'a>, text: &str) {
        match of_expression(text) {
            Some(origin) => {
                item.changed(format!("as the origin `{origin}`, and no other that the expression matches"));
                self.origins.push(Entry { text: origin, item: Some(item) });
            }
            None => item.cannot(
                "a regular expression: write its origins, such as `https://app.example.com` or `https://*.example.com`",
            ),
        }
    }

    /// Texts of a list; those in one text stand between commas.
    pub(super) fn list(&mut self, list: List, item: Item<'a>) {
        let each = if item.text().is_some() { vec![item] } else { item.items() };
        for item in each {
            for text in
                item.text().unwrap_or_default().split(',').map(str::trim).filter(|text| !text.is_empty())
            {
                self.of(list).push(Entry { text: text.to_owned(), item: Some(item) });
            }
        }
    }

    /// What a product has where nothing is written in a list.
    pub(super) fn default(&mut self, list: List, texts: &[&str]) {
        self.of(list).extend(texts.iter().map(|text| Entry { text: (*text).to_owned(), item: None }));
    }

    /// Whether credentials of the browser are allowed.
    pub(super) fn credentials(&mut self, item: Item<'a>) {
        if item.is_true() {
            self.credentials = Some(item);
        }
        item.kept();
    }

    /// How long a browser may remember the answer where nothing is written.
    pub(super) const fn remembered_for(&mut self, age: Duration) {
        self.max_age = age;
    }

    /// How long a browser may remember the answer.
    pub(super) fn max_age(&mut self, item: Item<'a>, age: Option<Duration>) {
        self.max_age = match age {
            Some(age) if age <= LONGEST => {
                item.kept();
                Duration::from_secs(age.as_secs())
            }
            Some(_) => {
                item.changed("`max_age` is 30 days at most");
                LONGEST
            }
            None => {
                item.changed("`max_age` has 0s: browsers ask each time");
                Duration::ZERO
            }
        };
    }

    /// `cors` of an agent; `None`, with why said, when no page may do anything.
    pub(super) fn finish(mut self, to_all: ToAll) -> Option<Value> {
        self.refuse_all_with_credentials(to_all);
        if let Some(why) = part::rejected(part_with(&self.written())) {
            self.drop_rejected();
            if self.origins.is_empty() || part::rejected(part_with(&self.written())).is_some() {
                self.item.cannot(format!("{why}: pages of other origins are refused"));
                return None;
            }
        }
        if self.headers.is_empty() {
            self.item.changed(
                "no header is allowed beside those that each page may send: `Accept` stands for these",
            );
        }
        let all = [&self.origins, &self.methods, &self.headers, &self.exposed];
        for item in all.into_iter().flatten().filter_map(|entry| entry.item).filter(|item| !item.is_told()) {
            item.kept();
        }
        Some(self.written())
    }

    fn of(&mut self, list: List) -> &mut Vec<Entry<'a>> {
        match list {
            List::Methods => &mut self.methods,
            List::Headers => &mut self.headers,
            List::Exposed => &mut self.exposed,
        }
    }

    /// `*` is not allowed together with credentials.
    fn refuse_all_with_credentials(&mut self, to_all: ToAll) {
        let Some(credentials) = self.credentials else { return };
        let is_star = |entry: &Entry<'_>| entry.text == "*";
        if self.origins.iter().any(is_star) {
            self.credentials = None;
            match to_all {
                ToAll::Origin => credentials.weak(
                    Verdict::Changed,
                    "pages of every origin use what a browser has of its user; here none does: write `allowed_origins`, and \
                     `allow_credentials`",
                ),
                ToAll::Star => credentials.changed(
                    "browsers refuse credentials together with `*`, so they are off: write `allowed_origins` to allow them",
                ),
            }
            return;
        }
        for list in [&mut self.methods, &mut self.headers, &mut self.exposed] {
            for star in list.iter().filter(|entry| is_star(entry)).filter_map(|entry| entry.item) {
                star.changed("`*` allows nothing together with credentials: write out what is allowed");
            }
            list.retain(|entry| !is_star(entry));
        }
    }

    /// Leaves out what is rejected in a `cors` that has nothing else.
    fn drop_rejected(&mut self) {
        let key = ["allowed_origins", "allowed_methods", "allowed_headers", "exposed_headers"];
        let lists = [&mut self.origins, &mut self.methods, &mut self.headers, &mut self.exposed];
        for (key, list) in key.into_iter().zip(lists) {
            list.retain(|entry| {
                let mut alone = json!({ "allowed_origins": ["*"] });
                if let Some(alone) = alone.as_object_mut() {
                    alone.insert(key.to_owned(), json!([entry.text]));
                }
                let why = part::rejected(part_with(&alone));
                if let (Some(why), Some(item)) = (&why, entry.item) {
                    item.cannot(format!("{why}: left out"));
                }
                why.is_none()
            });
        }
    }

    fn written(&self) -> Value {
        let texts = |entries: &[Entry<'_>]| -> Vec<String> {
            let mut texts: Vec<String> = Vec::new();
            for entry in entries {
                if !texts.contains(&entry.text) {
                    texts.push(entry.text.clone());
                }
            }
            texts
        };
        let origins = texts(&self.origins);
        let is_all = origins.iter().any(|origin| origin == "*");
        let mut cors = Map::new();
        let mut put = |key: &str, value: Value| cors.insert(key.to_owned(), value);
        put("allowed_origins", if is_all { json!(["*"]) } else { json!(origins) });
        if !self.methods.is_empty() {
            put("allowed_methods", json!(texts(&self.methods)));
        }
        // An empty list would allow the header of the credential.
        let headers = texts(&self.headers);
        put("allowed_headers", if headers.is_empty() { json!(["Accept"]) } else { json!(headers) });
        if !self.exposed.is_empty() {
            put("exposed_headers", json!(texts(&self.exposed)));
        }
        if self.credentials.is_some() {
            put("allow_credentials", true.into());
        }
        put("max_age", show_duration(self.max_age).into());
        Value::Object(cors)
    }
}

/// An agent that has nothing but `cors`.
fn part_with(cors: &Value) -> Value {
    json!({ "agents": { "a": { "route": { "path": "/" }, "upstream": "http://a.example", "auth": "public", "cors": cors } } })
}

/// The origins of a regular expression, where they can be written: all, one, or those below a domain.
fn of_expression(text: &str) -> Option<String> {
    let text = text.strip_prefix('^').unwrap_or(text);
    let text = text.strip_suffix('$').unwrap_or(text);
    if matches!(text, ".*" | ".+") {
        return Some("*".to_owned());
    }
    let (scheme, rest) = text.split_once("://").or_else(|| text.split_once(":\\/\\/"))?;
    let domain = [r".*\.", r".+\."].iter().find_map(|any| rest.strip_prefix(any));
    let host = domain.unwrap_or(rest).replace(r"\.", ".");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-.:".contains(c);
    let is_literal =
        scheme.chars().all(|c| c.is_ascii_alphanumeric()) && !host.is_empty() && host.chars().all(is_plain);
    is_literal.then(|| match domain {
        Some(_) => format!("{scheme}://*.{host}"),
        None => format!("{scheme}://{host}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_becomes_an_origin_that_it_matches_and_no_other() {
        for (text, origin) in [
            (".*", Some("*")),
            ("^.+$", Some("*")),
            (r"^https://.*\.example\.com$", Some("https://*.example.com")),
            (r"https://.+\.example.com:8443", Some("https://*.example.com:8443")),
            (r"https:\/\/app\.example\.com", Some("https://app.example.com")),
            (r"https://[^.]+\.example\.com", None),
            (r"https?://a\.example", None),
            (r"https://(a|b)\.example", None),
            (r"https://.*example\.com", None),
            ("https://", None),
            ("", None),
        ] {
            assert_eq!(of_expression(text).as_deref(), origin, "{text}");
        }
    }
}
