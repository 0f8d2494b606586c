//! The kinds of lists, and what names their entries (MCP 2026-07-28, server features).

/// What a list is a list of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListKind {
    /// `tools/list`
    Tools,
    /// `prompts/list`
    Prompts,
    /// `resources/list`
    Resources,
    /// `resources/templates/list`
    Templates,
}

impl ListKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Tools, Self::Prompts, Self::Resources, Self::Templates];

    /// The member of the result that is the list.
    #[must_use]
    pub const fn member(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
            Self::Templates => "resourceTemplates",
        }
    }
}

/// What the URIs begin with that a template can name: all of it up to its first expression (RFC 6570 section 2); `None`
/// where it has no expression, and names itself alone.
#[must_use]
pub fn literal_start(template: &str) -> Option<&str> {
    template.split_once('{').map(|(start, _)| start)
}
