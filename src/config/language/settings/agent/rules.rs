//! `mcp.rules` and `a2a.rules`: who may do what, by method, tool, resource and prompt, or by operation.

use std::marker::PhantomData;

use super::super::super::fields::{Fields, entries};
use super::super::super::section::{Settings, read_section, section};
use super::super::super::shape::Shape;
use super::super::super::value::{Boxed, Value};
use super::super::super::values::{word, words};
use super::{AgentSettings, Auth, ClaimRules, Require, Scopes};
use crate::authz::Unlisted;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Spanned};
use crate::config::text::suggest::{did_you_mean, suggest};
use crate::config::text::yaml::{Key, Node};
use crate::protocol::a2a::A2aOperation;

section! {
    /// `mcp.rules`
    #[derive(Debug, Clone, PartialEq)]
    pub struct McpRules = "`rules`" {
        /// what becomes of tools, resources, prompts and unknown methods that no rule names: deny or allow
        unlisted: Unlisted as Unlisted, required;
        /// rules for methods, such as `initialize` or `tasks/*`, in addition to those of what a message is about
        methods: NamedRules as Table<Methods> = Vec::new();
        /// rules for tools, by name
        tools: NamedRules as Table<Tools> = Vec::new();
        /// rules for resources, by URI
        resources: NamedRules as Table<Resources> = Vec::new();
        /// rules for prompts, by name
        prompts: NamedRules as Table<Prompts> = Vec::new();
    }
    impl { const STRICT: bool = true; }
}

section! {
    /// `a2a.rules`
    #[derive(Debug, Clone, PartialEq)]
    pub struct A2aRules = "`rules`" {
        /// what becomes of operations that no rule names, and of unknown methods and paths: deny or allow
        unlisted: Unlisted as Unlisted, required;
        /// rules for operations, by their names in A2A 1.0
        operations: NamedRules as Table<Operations> = Vec::new();
    }
    impl { const STRICT: bool = true; }
}

words!(Unlisted { Deny = "deny", Allow = "allow" });

/// Rules, each under a name or, with an asterisk at its end, the beginning of one.
pub(in crate::config) type NamedRules = Vec<(Spanned<String>, OperationRule)>;

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub enum OperationRule {
    /// Nobody may.
    Deny,
    /// Whoever the agent's own rules admit.
    Allow,
    /// Anybody, without a credential.
    Public,
    /// Whoever the agent's own rules admit and who meets these.
    Needs(Box<Needs>),
}

section! {
    /// One of `mcp.rules` or `a2a.rules`, written as a mapping
    #[derive(Debug, Clone, PartialEq)]
    pub struct Needs = "a rule" {
        /// scopes that the token must have for this
        scopes: Scopes as Scopes = Scopes::default();
        /// claims that the token must have for this
        claims: ClaimRules as ClaimRules = ClaimRules::default();
        /// what the token must be besides for this
        require: Option<Box<Require>> as Boxed<Require>;
    }
    impl { const STRICT: bool = true; }
}

const WORDS: &[&str] = &["deny", "allow", "public"];

impl Value for OperationRule {
    type Read = Self;
    const SHAPE: Shape = Shape::AnyOf(&[Shape::Word(WORDS), Shape::Section(Needs::SECTION)]);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        Self::read_under(report, node.place, node)
    }

    fn read_under(report: &Report<'_>, owner: Place, node: &Node) -> Option<Self> {
        if node.is_map() {
            let needs: Needs = read_section(report, owner, node)?;
            let is_empty = needs.scopes == Scopes::default()
                && needs.claims == ClaimRules::default()
                && needs.require.is_none();
            return Some(if is_empty { Self::Allow } else { Self::Needs(Box::new(needs)) });
        }
        match word(report, node, WORDS)? {
            "deny" => Some(Self::Deny),
            "allow" => Some(Self::Allow),
            _ => Some(Self::Public),
        }
    }
}

/// What the names of a table are names of.
trait Named {
    const TABLE: &'static str;
    const KNOWN: &'static [&'static str] = &[];

    /// Looks at a name that none of these is, or at the beginning of none. Says whether it may stand.
    fn check_unknown(_: &Report<'_>, _: Place, _: &str) -> bool {
        true
    }
}

struct Methods;
struct Tools;
struct Resources;
struct Prompts;
struct Operations;

impl Named for Methods {
    const TABLE: &'static str = "`methods`";
    /// The methods that clients send, over all revisions (MCP 2026-07-28 and before).
    const KNOWN: &'static [&'static str] = &[
        "initialize",
        "ping",
        "server/discover",
        "logging/setLevel",
        "tools/list",
        "tools/call",
        "resources/list",
        "resources/templates/list",
        "resources/read",
        "resources/subscribe",
        "resources/unsubscribe",
        "prompts/list",
        "prompts/get",
        "completion/complete",
        "subscriptions/listen",
        "tasks/list",
        "tasks/get",
        "tasks/result",
        "tasks/update",
        "tasks/cancel",
        "notifications/initialized",
        "notifications/cancelled",
        "notifications/progress",
        "notifications/roots/list_changed",
    ];

    fn check_unknown(report: &Report<'_>, place: Place, text: &str) -> bool {
        let known = did_you_mean(text, Self::KNOWN.iter().copied()).filter(|_| !text.ends_with('*'));
        if let Some(known) = known {
            let message = format!("`{text}` is not a method of MCP");
            report.say(Code::UnknownMethod, place, message, format!("did you mean `{known}`?"));
        }
        true
    }
}
impl Named for Tools {
    const TABLE: &'static str = "`tools`";
}
impl Named for Resources {
    const TABLE: &'static str = "`resources`";
}
impl Named for Prompts {
    const TABLE: &'static str = "`prompts`";
}
impl Named for Operations {
    const TABLE: &'static str = "`operations`";
    const KNOWN: &'static [&'static str] = &A2aOperation::NAMES;

    fn check_unknown(report: &Report<'_>, place: Place, text: &str) -> bool {
        let message = format!("`{text}` is not an operation of A2A 1.0");
        let help = match A2aOperation::of_method(text) {
            Some(operation) => format!("write its name in A2A 1.0, `{}`", operation.name()),
            None => suggest(text, Self::KNOWN.iter().copied()),
        };
        report.say(Code::RuleName, place, message, help);
        false
    }
}

/// A mapping from names to rules. One that cannot be read spoils it all: a rule that is left out could be a denial.
struct Table<N>(PhantomData<N>);

impl<N: Named> Value for Table<N> {
    type Read = NamedRules;
    const SHAPE: Shape = Shape::Map(r"^[^*]*\*?$", &OperationRule::SHAPE);

    fn read(report: &Report<'_>, node: &Node) -> Option<NamedRules> {
        let mut rules = Vec::new();
        let written = entries(report, N::TABLE, node)?;
        for (key, node) in written {
            let (name, rule) = (name::<N>(report, key), OperationRule::read_under(report, key.place, node));
            if let (Some(name), Some(rule)) = (name, rule) {
                rules.push((name, rule));
            }
        }
        rules.shrink_to_fit();
        Some(rules).filter(|rules| rules.len() == written.len())
    }
}

fn name<N: Named>(report: &Report<'_>, key: &Key) -> Option<Spanned<String>> {
    let text = key.text.as_str();
    let exact = text.strip_suffix('*').unwrap_or(text);
    if text.is_empty() || exact.contains('*') || text.chars().any(char::is_control) {
        let message = format!("`{text}` names nothing that a rule could be for");
        let help = "write a name, or its beginning and one `*` at the end";
        report.say(Code::RuleName, key.place, message, help);
        return None;
    }
    let is_known = |known: &&str| if exact == text { **known == *text } else { known.starts_with(exact) };
    if !N::KNOWN.iter().any(is_known) && !N::check_unknown(report, key.place, text) {
        return None;
    }
    Some(Spanned::new(text.to_owned(), key.place))
}

/// Refuses rules that nobody could meet, and notes those that open something.
pub(super) fn check(fields: &Fields<'_>, agent: &AgentSettings) {
    let report = fields.report();
    let mcp = agent.mcp.as_ref().and_then(|mcp| mcp.rules.as_deref());
    let a2a = agent.a2a.as_ref().and_then(|a2a| a2a.rules.as_deref());
    let of_mcp = mcp.into_iter().flat_map(McpRules::all);
    for (name, rule) in of_mcp.chain(a2a.into_iter().flat_map(|rules| &rules.operations)) {
        match (rule, &agent.auth.value) {
            (OperationRule::Needs(_), Auth::ApiKey(_) | Auth::Public) => {
                let message =
                    format!("nobody can meet the rule for `{}`: callers bring no token", name.value);
                let help =
                    "write `deny`, `allow` or `public`, or have callers authenticate with `auth.oauth`";
                report.say(Code::RuleNeedsToken, name.place, message, help);
            }
            (OperationRule::Public, _)
                if a2a.is_some() && name.value == A2aOperation::GetExtendedCard.name() =>
            {
                let message = "the extended card is for authenticated callers alone";
                let help = "write `allow`, `deny`, or the scopes and claims that it needs";
                report.say(Code::RuleName, name.place, message, help);
            }
            (OperationRule::Public, Auth::OAuth(_) | Auth::ApiKey(_)) => {
                let message = format!("everybody may use `{}`, without a credential", name.value);
                report.say(Code::PublicRule, name.place, message, "if that is meant, nothing is to be done");
            }
            _ => {}
        }
    }
    let methods = &agent.route.value.methods;
    if mcp.is_some() && !methods.is_empty() && !methods.contains(&http::Method::POST) {
        let message = "an agent with rules needs POST, and its route does not serve it";
        report.say(Code::BadMethod, agent.route.place, message, "add POST to `route.methods`");
    }
}

impl McpRules {
    /// Every rule, with its name.
    fn all(&self) -> impl Iterator<Item = &(Spanned<String>, OperationRule)> {
        let Self { unlisted: _, methods, tools, resources, prompts } = self;
        [methods, tools, resources, prompts].into_iter().flatten()
    }
}
