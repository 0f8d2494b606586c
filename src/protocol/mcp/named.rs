//! The methods whose requests are about one named thing, with the name in the message and, from 2026-07-28 on, in the head of
//! some of them.

use crate::model::{OperationClass, TargetKind};
use crate::protocol::json_rpc::Text;

/// A method that is about one named thing.
#[derive(Debug)]
pub(super) struct Named {
    method: &'static str,
    pub(super) class: OperationClass,
    pub(super) kind: TargetKind,
    /// The member that has the name.
    pub(super) name: Text,
    /// Whether `Mcp-Name` repeats it (MCP 2026-07-28, Streamable HTTP).
    pub(super) is_mirrored: bool,
}

const fn resource(method: &'static str, is_mirrored: bool) -> Named {
    Named {
        method,
        class: OperationClass::Resource,
        kind: TargetKind::Resource,
        name: Text::Uri,
        is_mirrored,
    }
}

const NAMED: [Named; 5] = [
    Named {
        method: "tools/call",
        class: OperationClass::Tool,
        kind: TargetKind::Tool,
        name: Text::Name,
        is_mirrored: true,
    },
    Named {
        method: "prompts/get",
        class: OperationClass::Prompt,
        kind: TargetKind::Prompt,
        name: Text::Name,
        is_mirrored: true,
    },
    resource("resources/read", true),
    resource("resources/subscribe", false),
    resource("resources/unsubscribe", false),
];

impl Named {
    /// What a method is about, if it is one of these.
    pub(super) fn of(method: &str) -> Option<&'static Self> {
        NAMED.iter().find(|named| named.method == method)
    }

    /// The same, if the head repeats the name.
    pub(super) fn mirrored(method: &str) -> Option<&'static Self> {
        Self::of(method).filter(|named| named.is_mirrored)
    }
}
