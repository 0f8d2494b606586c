//! `streams` of an agent: what ends streams that run.

use std::time::Duration;

use super::super::super::section::section;
use super::super::super::shape::Shape;
use super::super::super::value::Value;
use super::super::super::values::{Time, word, words};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::yaml::{Kind, Node};
use crate::model::{CloseCode, OnExpiry, OnPolicyChange};

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;
const DAY: u64 = 24 * HOUR;

section! {
    /// `streams` of an agent
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Streams = "`streams`", default {
        /// what becomes of streams when the credential of their caller ends: end: they end, `grace` later; finish: they end
        /// `finish_within` after that; off: nothing; default end for WebSockets, event streams that answer a GET, subscriptions
        /// and gRPC, and finish for an event stream that answers another request
        on_expiry: Option<OnExpiry> as OnExpiryWord;
        /// how long streams go on after the end of the credential, up to a tenth less at random
        grace: Duration as Time<0, HOUR> = Duration::from_secs(5);
        /// how much longer streams go on that may finish
        finish_within: Duration as Time<0, DAY> = Duration::from_secs(300);
        /// the code with which a WebSocket is closed whose caller lost its right
        ws_close_code: CloseCode as CloseCode = CloseCode::PolicyViolation;
        /// which running streams a change ends: revocation: those whose agent, provider or API key it removes or revokes;
        /// end: those, and all when the agent's own policy changes; keep: none
        on_policy_change: OnPolicyChange as OnPolicyChange = OnPolicyChange::Revocation;
    }
}

words!(OnPolicyChange { Revocation = "revocation", End = "end", Keep = "keep" });

const WORDS: &[&str] = &["end", "finish", "off"];

/// `streams.on_expiry`
enum OnExpiryWord {}

impl Value for OnExpiryWord {
    type Read = OnExpiry;
    const SHAPE: Shape = Shape::Word(WORDS);

    fn read(report: &Report<'_>, node: &Node) -> Option<OnExpiry> {
        if let Kind::Scalar(scalar) = &node.kind
            && scalar.plain
            && matches!(scalar.text.as_str(), "false" | "False" | "FALSE")
        {
            // Tools that write YAML 1.1 write `off` so.
            return Some(OnExpiry::Off);
        }
        let read = word(report, node, WORDS)?;
        OnExpiry::ALL.iter().copied().find(|one| one.as_str() == read)
    }

    fn shown(read: &OnExpiry) -> Option<String> {
        Some(read.as_str().to_owned())
    }
}

impl Value for CloseCode {
    type Read = Self;
    const SHAPE: Shape = Shape::OneOf(&[1008, 3000, 4401]);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        let number = match &node.kind {
            Kind::Scalar(scalar) if scalar.broken => return None,
            Kind::Scalar(scalar) if scalar.plain || scalar.from_env => Some(scalar.text.as_str()),
            Kind::Scalar(_) | Kind::List(_) | Kind::Map(_) => None,
        };
        let read = number.and_then(|number| Self::ALL.iter().copied().find(|code| code.as_str() == number));
        if read.is_none() {
            let message = format!("{} is no code that a WebSocket is closed with here", node.shown());
            let help =
                "expected one of 1008 (policy), 3000 (unauthorized) and 4401 (unauthorized, by custom)";
            report.say(Code::BadNumber, node.place, message, help);
        }
        read
    }

    fn shown(read: &Self) -> Option<String> {
        Some(read.as_str().to_owned())
    }
}
