//! What another token of the same caller would need for an operation.

use crate::authz::LoginNeeds;

/// All that an operation needs: what the agent itself asks for, and its rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepUp {
    /// The scopes, with blanks in between: the agent's own first, none twice.
    pub scopes: Box<str>,
    /// The login.
    pub login: LoginNeeds,
}

impl StepUp {
    /// The scopes; `None` where none is needed.
    #[must_use]
    pub fn scopes(&self) -> Option<&str> {
        Some(&*self.scopes).filter(|scopes| !scopes.is_empty())
    }
}
