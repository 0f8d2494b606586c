//! What is asked for on the paths of a route: what the route says itself, or the rules of the filter, of which the first that
//! matches counts.

use serde_json::Value;

use super::super::item::Item;
use super::super::ledger::Verdict;
use super::super::spec::{Unread, closed, unasked};
use super::filters::Filters;
use super::matching::{self, Matching, Paths};
use super::provider::JwtFilter;

/// A rule of the filter.
pub(super) struct Rule<'a> {
    paths: Paths,
    item: Item<'a>,
}

/// A part of a route.
pub(super) struct Piece<'a> {
    pub(super) paths: Paths,
    /// Where it is written.
    pub(super) item: Item<'a>,
    pub(super) auth: Value,
}

/// The rules that can be imported.
pub(super) fn rules<'a>(filter: &JwtFilter<'a>) -> Vec<Rule<'a>> {
    let mut rules = Vec::new();
    for item in filter.item.list("rules") {
        let read = item.get("match").and_then(matching::read);
        match read {
            Some(Matching { paths, methods }) if methods.is_empty() => rules.push(Rule { paths, item }),
            _ if item.get("requires").or_else(|| item.get("requirement_name")).is_some() => {
                item.weak(
                    Verdict::Cannot,
                    "no plain path: what it asks for is not asked for here, unless another rule does",
                );
            }
            _ => item
                .cannot("no plain path: what it opens stays closed, unless no rule asks for a token there"),
        }
    }
    rules
}

/// What a route, its virtual host or all routes say for themselves about the filter; the nearest counts.
pub(super) fn own<'a>(around: &[Item<'a>], filters: &Filters<'a>) -> Option<Value> {
    let filter = filters.jwt.as_ref()?;
    let own = around.iter().find_map(|item| {
        let entries = item.get("typed_per_filter_config")?.entries();
        entries.into_iter().find(|(name, _)| name.ends_with("jwt_authn")).map(|(_, item)| item)
    })?;
    own.keep("@type");
    if let Some(disabled) = own.get("disabled").filter(|item| item.is_true()) {
        disabled.kept();
        return Some(open(own, filters.unread));
    }
    let name = own.get("requirement_name")?.kept();
    let auth = name.text().and_then(|text| filter.named(text)).and_then(|item| filter.auth(item));
    Some(auth.unwrap_or_else(|| unreadable(name)))
}

/// The parts of a route with these paths, the whole first.
pub(super) fn pieces<'a>(
    whole: &Paths,
    route: Item<'a>,
    filters: &Filters<'a>,
    rules: &[Rule<'a>],
) -> Vec<Piece<'a>> {
    let mut pieces: Vec<Piece<'a>> = Vec::new();
    for rule in rules {
        let is_all = rule.paths.cover(whole);
        if !is_all && !whole.cover(&rule.paths) {
            continue;
        }
        if is_all {
            let auth = asked(rule, filters);
            pieces.insert(0, Piece { paths: whole.clone(), item: route, auth });
            return pieces;
        }
        if !pieces.iter().any(|piece| piece.paths.cover(&rule.paths)) {
            let auth = asked(rule, filters);
            pieces.push(Piece { paths: rule.paths.clone(), item: rule.item, auth });
        }
    }
    let auth = unasked(route, filters.unread);
    pieces.insert(0, Piece { paths: whole.clone(), item: route, auth });
    pieces
}

/// What a rule asks for.
fn asked<'a>(rule: &Rule<'a>, filters: &Filters<'a>) -> Value {
    let named = rule.item.get("requirement_name").map(Item::kept);
    let Some(item) = named.or_else(|| rule.item.get("requires")) else {
        return open(rule.item, filters.unread);
    };
    let auth = filters.jwt.as_ref().and_then(|filter| match named.and_then(Item::text) {
        Some(name) => filter.auth(filter.named(name)?),
        None => filter.auth(item),
    });
    auth.unwrap_or_else(|| unreadable(item))
}

/// Of a path at which a source asks for no token, in so many words: another filter may ask for something.
fn open(item: Item<'_>, unread: Unread) -> Value {
    match unread {
        Unread::Nothing => "public".into(),
        Unread::Something => unasked(item, unread),
    }
}

fn unreadable(item: Item<'_>) -> Value {
    item.changed("nothing of it can be imported: nobody gets in, until you write `auth` of the agent");
    closed()
}
