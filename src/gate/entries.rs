//! Which entries of a list a permitted request is shown.
//!
//! `authz` knows the rules, and `protocol` finds the entries.

use crate::authz::{Listing, Named, Viewer};
use crate::model::TargetKind;
use crate::protocol::mcp::is_ambiguous;
use crate::protocol::mcp::list::{ListKind, literal_start};
use crate::routing::Protocol;

use super::Permit;

impl Permit {
    /// Whether a list shows the entry with this name to the caller of the permitted request.
    #[must_use]
    pub fn shows(&self, viewer: Viewer, kind: ListKind, name: &str) -> bool {
        let (Some(rules), Protocol::Mcp(mcp)) =
            (self.agent().entry.operations.as_deref(), &self.agent().protocol)
        else {
            return true;
        };
        let (target, named) = match kind {
            ListKind::Tools => (TargetKind::Tool, Named::One(name)),
            ListKind::Prompts => (TargetKind::Prompt, Named::One(name)),
            ListKind::Resources => (TargetKind::Resource, Named::One(name)),
            ListKind::Templates => {
                (TargetKind::Resource, literal_start(name).map_or(Named::One(name), Named::Beginning))
            }
        };
        // A request that names such a thing is refused, whoever sends it.
        let is_refused = mcp.listing != Listing::All
            && (name.chars().any(char::is_control)
                || target == TargetKind::Resource && !rules.resources.is_empty() && is_refused(named));
        !is_refused && rules.shows(mcp.listing, target, named, (viewer, self.standings()))
    }
}

/// Whether a URI, or all that begin so, could be read in two ways.
fn is_refused(named: Named<'_>) -> bool {
    match named {
        Named::One(uri) => is_ambiguous(uri),
        // The last segment of a beginning goes on behind it.
        Named::Beginning(start) => start.rsplit_once('/').is_some_and(|(whole, _)| is_ambiguous(whole)),
    }
}
