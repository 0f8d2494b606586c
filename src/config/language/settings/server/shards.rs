//! `server.shards`: how many groups of workers there are.

use super::super::super::fields::Fields;
use super::super::super::shape::Shape;
use super::super::super::value::Value;
use super::super::super::values::{Count, scalar};
use super::Server;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::yaml::Node;

/// As many as the process can count for (`model::Shard::MOST`).
const MOST: u64 = 64;

const _: () = assert!(MOST as usize == crate::model::Shard::MOST);

type Number = Count<1, MOST>;

/// `server.shards`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shards {
    /// One for each eight CPUs.
    Auto,
    /// So many.
    Count(usize),
}

impl Value for Shards {
    type Read = Self;
    const SHAPE: Shape = Shape::AnyOf(&[Shape::Word(&["auto"]), Number::SHAPE]);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        let written = scalar(report, node, "`auto` or a whole number")?;
        if written.text == "auto" {
            return Some(Self::Auto);
        }
        if written.text.is_empty() || !written.text.bytes().all(|byte| byte.is_ascii_digit()) {
            let message = format!("{} is neither `auto` nor a whole number", node.shown());
            report.say(Code::BadNumber, node.place, message, "write `auto`, or digits alone, without quotes");
            return None;
        }
        Number::read(report, node).map(Self::Count)
    }

    fn shown(read: &Self) -> Option<String> {
        match read {
            Self::Auto => Some("auto".to_owned()),
            Self::Count(shards) => Number::shown(shards),
        }
    }
}

/// Each shard has a worker of its own, so that there would be more workers than somebody wanted.
pub(super) fn warn_of_more_than_workers(fields: &Fields<'_>, server: &Server) {
    let (Shards::Count(shards), 1..) = (server.shards, server.workers) else { return };
    if let Some(node) = fields.node("shards").filter(|_| shards > server.workers) {
        let message = format!("{shards} shards have {shards} workers, and `workers` says {}", server.workers);
        let help = "write as many workers as shards or more, or leave `shards` at `auto`";
        fields.report().say(Code::MoreShardsThanWorkers, node.place, message, help);
    }
}
