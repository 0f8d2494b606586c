//! Unified diffs of changes. Hashes of API keys, credentials in URLs and the values of `set_headers` are masked.

use schemars::JsonSchema;
use serde::Serialize;
use similar::TextDiff;

use crate::config::{shown_text, without_passwords};
use crate::model::{ResourceId, ResourceKind};
use crate::store::Change;

/// The text of a resource with its secrets masked.
#[must_use]
pub fn shown(id: &ResourceId, text: &str) -> String {
    shown_beside(id, text, None)
}

/// The same, next to its previous text: a changed secret is masked differently, so that the diff shows the change.
fn shown_beside(id: &ResourceId, text: &str, before: Option<&str>) -> String {
    if id.kind() != ResourceKind::ApiKey {
        return without_passwords(&shown_text(Some(id.kind()), text, before)).into_owned();
    }
    let lines = text.lines().map(|line| match line.trim_start().starts_with("sha256") {
        true => "sha256: (not shown)\n".to_owned(),
        false => format!("{line}\n"),
    });
    lines.collect()
}

/// One resource before and after, as a unified diff.
#[must_use]
pub fn diff(id: &ResourceId, from: Option<&str>, to: Option<&str>) -> String {
    let text =
        |text: Option<&str>, before| text.map(|text| shown_beside(id, text, before)).unwrap_or_default();
    let name = |text: Option<&str>| text.map_or_else(|| "/dev/null".to_owned(), |_| format!("{id}.yaml"));
    let (before, after) = (text(from, None), text(to, from));
    let diff = TextDiff::from_lines(&before, &after);
    diff.unified_diff().context_radius(3).header(&name(from), &name(to)).to_string()
}

/// All changes, one after the other.
#[must_use]
pub(super) fn diffs(changes: &[Change]) -> String {
    changes.iter().map(|change| diff(&change.id, change.from.as_deref(), change.to.as_deref())).collect()
}

/// The kind of a change of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The resource is new.
    Created,
    /// Its text has changed.
    Updated,
    /// It was removed.
    Deleted,
}

impl Action {
    /// The kind of a change.
    #[must_use]
    pub const fn of(change: &Change) -> Self {
        match (&change.from, &change.to) {
            (None, _) => Self::Created,
            (Some(_), Some(_)) => Self::Updated,
            (Some(_), None) => Self::Deleted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_names_the_resource_and_shows_no_hash() {
        let agent = ResourceId::parse("agents/a").unwrap();
        let text = diff(&agent, Some("route: /a\nauth: public\n"), Some("route: /b\nauth: public\n"));
        assert_eq!(
            text,
            "--- agents/a.yaml\n+++ agents/a.yaml\n@@ -1,2 +1,2 @@\n-route: /a\n+route: /b\n auth: public\n"
        );
        let key = ResourceId::parse("api_keys/Yq3Zk81b").unwrap();
        let text = diff(&key, None, Some("agent: a\nsha256: 9f86d0\n"));
        assert_eq!(
            text,
            "--- /dev/null\n+++ api_keys/Yq3Zk81b.yaml\n@@ -0,0 +1,2 @@\n+agent: a\n+sha256: (not shown)\n"
        );
    }
}
