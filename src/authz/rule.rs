//! One rule by operation: what it says, what comes of it for a caller, and a table of rules by name.

use std::collections::HashMap;

use super::login::LoginFault;

/// What becomes of an operation that no rule names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlisted {
    /// It is denied.
    Deny,
    /// It passes on the agent's own rules.
    Allow,
}

impl Unlisted {
    /// The rule that it is.
    pub(super) const fn rule(self) -> Rule {
        match self {
            Self::Deny => Rule::Deny,
            Self::Allow => Rule::Allow,
        }
    }
}

/// What a rule says of what it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Nobody may.
    Deny,
    /// Whoever the agent's own rules let in.
    Allow,
    /// Anybody, without a credential.
    Public,
    /// Whoever the agent's own rules let in and who meets these of
    /// [`OperationRules::needs`](super::operations::OperationRules::needs).
    Needs(usize),
}

/// Rules by name: an exact name, or the beginning of one. The longest that fits wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleTable {
    exact: HashMap<Box<str>, Rule>,
    /// The longest first.
    beginnings: Vec<(Box<str>, Rule)>,
}

/// What a caller's verified token is worth by each of [`OperationRules::needs`](super::operations::OperationRules::needs), in
/// their order. A caller without a token has none, and meets none.
pub type Standings = Box<[Standing]>;

/// What a caller's token is worth by one block of scopes and claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It meets the block.
    Met,
    /// A scope is missing: a token with more scopes may meet it.
    ScopeMissing,
    /// A claim does not match, or the client or the actor: no scope changes that.
    ClaimMismatch,
    /// Another login of the subject may meet it.
    LogIn(LoginFault),
}

/// What the rules say of one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// Anybody may, also without a credential.
    Public,
    /// The caller may.
    Permitted,
    /// The caller lacks scopes that the rules ask for.
    StepUp,
    /// The subject of the caller's token must log in in another way, or again.
    LogIn(LoginFault),
    /// The caller may not, whatever scopes it has.
    Denied,
}

/// A rule that applies to an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied<'r> {
    /// Its place.
    pub place: RulePlace<'r>,
    /// The rule.
    pub rule: Rule,
}

/// The place of a rule among those of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RulePlace<'r> {
    /// `unlisted`, since no rule names what it is for.
    Unlisted,
    /// A table.
    Named {
        /// Which one.
        table: Table,
        /// The name, or the beginning of one.
        name: &'r str,
        /// Whether it is a beginning.
        is_beginning: bool,
    },
}

/// The tables of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Rules for methods, or for operations.
    Methods,
    /// Rules for tools.
    Tools,
    /// Rules for resources.
    Resources,
    /// Rules for prompts.
    Prompts,
}

impl RuleTable {
    /// A table of rules, each with the name or, with an asterisk at the end, the beginning of what it is for.
    pub fn new(rules: impl IntoIterator<Item = (String, Rule)>) -> Self {
        let mut table = Self::default();
        for (name, rule) in rules {
            match name.strip_suffix('*') {
                Some(beginning) => table.beginnings.push((beginning.into(), rule)),
                None => {
                    table.exact.insert(name.into(), rule);
                }
            }
        }
        table.beginnings.sort_by_key(|(beginning, _)| std::cmp::Reverse(beginning.len()));
        table
    }

    /// Whether it has no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.beginnings.is_empty()
    }

    /// The rule for this name: the exact one, else the one with the longest beginning.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Rule> {
        self.entry(name, Table::Methods).map(|applied| applied.rule)
    }

    /// The same, with its place in `table`, which this is.
    pub(super) fn entry(&self, name: &str, table: Table) -> Option<Applied<'_>> {
        let by_beginning = || self.beginnings.iter().find(|(beginning, _)| name.starts_with(&**beginning));
        let exact = self.exact.get_key_value(name).map(|(name, rule)| (name, rule, false));
        let found = exact.or_else(|| by_beginning().map(|(name, rule)| (name, rule, true)));
        found.map(|(name, rule, is_beginning)| Applied {
            place: RulePlace::Named { table, name, is_beginning },
            rule: *rule,
        })
    }

    /// The rule for names with this beginning of which nothing else is known.
    pub(super) fn find_beginning(&self, start: &str) -> Option<Rule> {
        let of = self.beginnings.iter().find(|(beginning, _)| start.starts_with(&**beginning));
        of.map(|(_, rule)| *rule)
    }

    /// The rules for some of the names with this beginning.
    pub(super) fn behind<'s>(&'s self, start: &'s str) -> impl Iterator<Item = Rule> + 's {
        let exact = self.exact.iter().map(|(name, rule)| (&**name, *rule));
        let beginnings = self.beginnings.iter().map(|(name, rule)| (&**name, *rule));
        exact.chain(beginnings).filter(move |(name, _)| name.starts_with(start)).map(|(_, rule)| rule)
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = Rule> {
        self.exact.values().copied().chain(self.beginnings.iter().map(|(_, rule)| *rule))
    }
}

impl Rule {
    /// What it says of a caller with these standings.
    pub(super) fn ruling(self, standings: &[Standing]) -> Ruling {
        match self {
            Self::Deny => Ruling::Denied,
            Self::Allow => Ruling::Permitted,
            Self::Public => Ruling::Public,
            Self::Needs(at) => match standings.get(at) {
                Some(Standing::Met) => Ruling::Permitted,
                Some(Standing::ScopeMissing) => Ruling::StepUp,
                Some(Standing::LogIn(fault)) => Ruling::LogIn(*fault),
                Some(Standing::ClaimMismatch) | None => Ruling::Denied,
            },
        }
    }
}

impl Ruling {
    /// What both say: the stricter of the two. A step-up that cannot lead to a permit is a denial.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Denied, _) | (_, Self::Denied) => Self::Denied,
            // One challenge names the login and the scopes.
            (Self::LogIn(one), Self::LogIn(other)) => Self::LogIn(one.and(other)),
            (Self::LogIn(fault), _) | (_, Self::LogIn(fault)) => Self::LogIn(fault),
            (Self::StepUp, _) | (_, Self::StepUp) => Self::StepUp,
            (Self::Permitted, _) | (_, Self::Permitted) => Self::Permitted,
            (Self::Public, Self::Public) => Self::Public,
        }
    }
}
