//! `auth.oauth.scopes` and `auth.oauth.claims`: what a token must have.

use serde_json::Value as Json;

use super::super::super::fields::Fields;
use super::super::super::json::Single;
use super::super::super::section::section;
use super::super::super::shape::Shape;
use super::super::super::value::Value;
use super::super::super::values::{ExactText, Flag, List, SomeList};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::yaml::{Kind, Node};

section! {
    /// `auth.oauth.scopes`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Scopes = "`scopes`", default {
        /// every one of these
        all_of: Vec<String> as List<Scope> = Vec::new();
        /// at least one of these
        any_of: Vec<String> as List<Scope> = Vec::new();
    }
}

section! {
    /// `auth.oauth.claims`
    #[derive(Debug, Clone, PartialEq)]
    pub struct ClaimRules = "`claims`", default {
        /// every one of these rules
        all_of: Vec<ClaimRule> as List<ClaimRule> = Vec::new();
        /// at least one of these rules
        any_of: Vec<ClaimRule> as List<ClaimRule> = Vec::new();
    }
}

section! {
    /// One rule of `auth.oauth.claims`
    #[derive(Debug, Clone, PartialEq)]
    pub struct ClaimRule = "a claim rule" {
        /// the name of the claim; dots walk into objects
        claim: String as ExactText, required;
        /// the claim must be one of these, by JSON type; a text may end in `*`
        values: Vec<Json> as SomeList<Single>, required;
        /// compare the names of the members of an object
        keys_of: bool as Flag = false;
    }
    impl {
        fn check(fields: &Fields<'_>, read: Option<&Self>) {
            let Some(rule) = read.filter(|rule| rule.keys_of) else { return };
            let Some(Kind::List(items)) = fields.node("values").map(|node| &node.kind) else { return };
            for (value, node) in rule.values.iter().zip(items).filter(|(value, _)| !value.is_string()) {
                let message = format!("{value} is not the name of a member, which is text");
                fields.report().say(Code::BadClaim, node.place, message, "write it in quotes");
            }
        }
    }
}

/// A scope token (RFC 6749 section 3.3), as a regular expression.
const SCOPE: &str = r"^[!#-\[\]-~]+$";

/// A scope token (RFC 6749 section 3.3).
enum Scope {}

impl Value for Scope {
    type Read = String;
    const SHAPE: Shape = Shape::Pattern(SCOPE);

    fn read(report: &Report<'_>, node: &Node) -> Option<String> {
        let text = ExactText::read(report, node)?;
        let good = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if !text.bytes().all(good) {
            let help = "write one scope per entry: printable ASCII without blanks, quotes and backslashes";
            report.say(Code::BadClaim, node.place, format!("{} is not a scope", node.shown()), help);
            return None;
        }
        Some(text)
    }
}
