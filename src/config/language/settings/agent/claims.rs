//! `auth.oauth.scopes` and `auth.oauth.claims`: what a token must have.

use serde_json::Value as Json;

use super::super::super::fields::Fields;
use super::super::super::json::Single;
use super::super::super::section::section;
use super::super::super::values::{ExactText, Flag, List, SomeList};
use super::super::scope::Scope;
use crate::config::text::code::Code;
use crate::config::text::yaml::Kind;

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
