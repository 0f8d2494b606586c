//! `upstream.eject`: when failures take a target out.

use std::time::Duration;

use super::super::super::section::section;
use super::super::super::shape::Shape;
use super::super::super::value::Value;
use super::super::super::values::{Count, Percent, SomeList, Time, word};
use crate::config::text::report::Report;
use crate::config::text::yaml::Node;
use crate::model::TargetFault;

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;

section! {
    /// `upstream.eject`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Eject = "`eject`", default {
        /// so many failures in a row, without a good answer between them, take a target out
        failures: usize as Count<1, 1_000> = 5;
        /// for how long; so many times as long when it fails again, at most 5 minutes
        base: Duration as Time<{ SECOND / 10 }, HOUR> = Duration::from_secs(10);
        /// the most targets of the agent that are out at once; never the last one
        max_share: u8 as Percent<0> = 50;
        /// what counts: connect (no connection), tls (no TLS), reset (it broke before the head of the answer), and the answers
        /// 502, 503 and 504; an answer that does not come in `response_timeout` is a 504; default all
        on: Vec<TargetFault> as SomeList<Counted> = TargetFault::ALL.to_vec();
    }
    impl { const STRICT: bool = true; }
}

/// One of `upstream.eject.on`.
enum Counted {}

const WORDS: [&str; 3] =
    [TargetFault::Connect.as_str(), TargetFault::Tls.as_str(), TargetFault::Reset.as_str()];

impl Value for Counted {
    type Read = TargetFault;
    const SHAPE: Shape = Shape::AnyOf(&[Shape::Word(&WORDS), Shape::Integer(502, 504)]);

    fn read(report: &Report<'_>, node: &Node) -> Option<TargetFault> {
        let words: Vec<&'static str> = TargetFault::ALL.iter().map(|fault| fault.as_str()).collect();
        let word = word(report, node, &words)?;
        TargetFault::ALL.iter().copied().find(|fault| fault.as_str() == word)
    }
}
