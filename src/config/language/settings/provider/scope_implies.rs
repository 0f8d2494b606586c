//! `scope_implies` of a provider: broad scopes, and the narrow ones that a token with them has as well.

use super::super::super::fields::entries;
use super::super::super::shape::Shape;
use super::super::super::value::Value;
use super::super::super::values::SomeList;
use super::super::scope::{SCOPE, Scope, scope};
use crate::config::text::report::Report;
use crate::config::text::yaml::Node;
use crate::model::ImpliedScopes;

/// `scope_implies`
pub(in crate::config) enum ScopeImplies {}

impl Value for ScopeImplies {
    type Read = ImpliedScopes;
    const SHAPE: Shape = Shape::Map(SCOPE, &SomeList::<Scope>::SHAPE);

    fn read(report: &Report<'_>, node: &Node) -> Option<ImpliedScopes> {
        let mut written = Vec::new();
        for (broad, node) in entries(report, "`scope_implies`", node)? {
            let broad = scope(report, broad.place, &format!("`{}`", broad.text), broad.text.clone());
            let narrow = SomeList::<Scope>::read(report, node);
            written.extend(broad.zip(narrow));
        }
        Some(ImpliedScopes::new(&written))
    }
}
