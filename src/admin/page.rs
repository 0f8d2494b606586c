//! Query parameters and pages of lists. An unknown parameter is an error: a mistyped `?dryrun=true` must not write.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::model::AgentName;

use super::problem::Problem;

/// The page size without `limit`: a list that a person can read.
const USUAL: usize = 50;
/// The largest page: ten thousand agents in twenty requests, and no response over a few hundred kilobytes.
pub(super) const LARGEST: usize = 500;

/// Extracts the query parameters; 400 `bad_query` when they do not fit `T`.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri)
            .map(|query| Self(query.0))
            .map_err(|rejection| Problem::bad_query(rejection.body_text()))
    }
}

/// The parameters of requests that take none.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// Extracts the one path parameter, percent-decoded; 404 when it is not UTF-8.
pub(super) struct Name(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let not_found = || Problem::not_found("such resource");
        let parameters = RawPathParams::from_request_parts(parts, state).await.map_err(|_| not_found())?;
        parameters.iter().next().map(|(_, value)| Self(value.to_owned())).ok_or_else(not_found)
    }
}

/// The page size for a `limit` parameter.
pub(super) fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    match asked.unwrap_or(USUAL) {
        limit @ 1..=LARGEST => Ok(limit),
        _ => Err(Problem::bad_query(format!("`limit` is a number from 1 to {LARGEST}"))),
    }
}

/// Parses the `agent` parameter.
pub(super) fn agent(name: &str) -> Result<AgentName, Problem> {
    AgentName::parse(name).map_err(|e| Problem::bad_query(format!("`agent`: {e}")))
}

/// One page of a list in the order of names.
#[derive(Debug, Serialize, PartialEq, Eq, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub(super) struct Page<T> {
    /// The items of the page.
    pub(super) items: Vec<T>,
    /// `after` of the next page; null on the last page.
    pub(super) next: Option<String>,
    /// The number of items on all pages.
    pub(super) total: usize,
}

impl<T> Page<Option<T>> {
    /// Drops the items that disappeared while the page was built.
    pub(super) fn flatten(self) -> Page<T> {
        Page { items: self.items.into_iter().flatten().collect(), next: self.next, total: self.total }
    }
}

/// Cuts one page out of `all`, which is in the order of names. `show` runs only for the items on the page.
pub(super) fn cut<I, T>(
    all: impl Iterator<Item = I>,
    name: impl Fn(&I) -> &str,
    after: Option<&str>,
    limit: usize,
    mut show: impl FnMut(I) -> T,
) -> Page<T> {
    let mut page = Page { items: Vec::new(), next: None, total: 0 };
    let mut last = None;
    for item in all {
        page.total += 1;
        if after.is_some_and(|after| name(&item) <= after) {
            continue;
        }
        if page.items.len() == limit {
            page.next.clone_from(&last);
            continue;
        }
        last = Some(name(&item).to_owned());
        page.items.push(show(item));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(names: &[String], after: Option<&str>, limit: usize) -> Page<String> {
        cut(names.iter(), |name| name.as_str(), after, limit, Clone::clone)
    }

    #[test]
    fn ten_thousand_names_come_page_by_page_each_once_also_when_some_go_meanwhile() {
        let mut names: Vec<String> = (0..10_000).map(|n| format!("agent-{n:05}")).collect();
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = page(&names, after.as_deref(), LARGEST);
            assert_eq!(page.total, names.len());
            seen.extend(page.items);
            if seen.len() == 1000 {
                // A cursor whose item was deleted still works.
                names.remove(999);
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        let wanted: Vec<String> = (0..10_000).map(|n| format!("agent-{n:05}")).collect();
        assert_eq!(seen, wanted);
    }

    #[test]
    fn a_page_that_ends_with_the_list_is_the_last() {
        let names: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        for (after, limit, items, next) in [
            (None, 4, "abcd", None),
            (None, 2, "ab", Some("b")),
            (Some("b"), 2, "cd", None),
            (Some("bb"), 1, "c", Some("c")),
            (Some("d"), 5, "", None),
        ] {
            let page = page(&names, after, limit);
            assert_eq!(
                (page.items.concat().as_str(), page.next.as_deref()),
                (items, next),
                "{after:?} {limit}"
            );
        }
    }

    #[test]
    fn a_page_has_bounds() {
        for (asked, good) in
            [(None, true), (Some(1), true), (Some(500), true), (Some(0), false), (Some(501), false)]
        {
            assert_eq!(limit(asked).is_ok(), good, "{asked:?}");
        }
    }
}
