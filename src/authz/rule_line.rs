//! What the rules by operation said of one message, for people.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::closed_words;

/// What the rules by operation said of one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "RuledOperation")]
pub struct Ruled {
    /// The method, or the name of the operation; empty of a response of the client.
    pub method: String,
    /// The things that it is about: names of tools and prompts, URIs of resources.
    pub names: Vec<String>,
    /// The rules that apply to it. None: it needs none, and the agent's own rules decide.
    pub rules: Vec<RuleLine>,
    /// All scopes that the operation needs, where a token with more of them would open it.
    pub scopes: Option<String>,
}

/// A rule that applied to an operation, as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "AppliedRule")]
pub struct RuleLine {
    /// Where it is written, below the agent, such as `mcp.rules.tools."write_*"`.
    pub setting: String,
    /// What it says: `deny`, `allow`, `public`, or the scopes, claims and requirements that it asks for.
    pub says: String,
    /// What that means for this caller.
    pub outcome: RuleOutcome,
}

closed_words! {
    /// What one rule means for a caller.
    RuleOutcome {
        /// Anybody may, also without a credential.
        Public = "public",
        /// The caller may.
        Permitted = "permitted",
        /// The caller lacks a scope, or a login, that the rule asks for.
        StepUp = "step_up",
        /// The caller may not, whatever scopes it has.
        Denied = "denied",
        /// The rule asks for scopes or claims, and the agent's own rules do not admit the caller.
        NotJudged = "not_judged",
    }
}
