//! `i_know`: what an operator knows to be dangerous, and wants all the same.

use super::super::super::values::words;

/// Something dangerous.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// The agent receives tokens that were made for the gateway.
    TokenPassthrough,
}

words!(Known { TokenPassthrough = "token_passthrough" });
