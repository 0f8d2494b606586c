//! `auth.oauth.forward_token`: whether the agent gets the token, and where.

use http::HeaderName;

use super::super::super::section::{Settings, section};
use super::super::super::shape::Shape;
use super::super::super::value::Value;
use super::super::super::values::{CredentialHeader, Flag, words};
use crate::authn::{ForwardToken, TokenForm};
use crate::config::text::report::Report;
use crate::config::text::yaml::Node;

section! {
    /// `auth.oauth.forward_token` written as a mapping
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Moved = "`forward_token`" {
        /// the header in which the agent gets the token; the caller's own are removed
        header: HeaderName as CredentialHeader, required;
        /// keep: the value as it came, such as `Bearer TOKEN`; strip: the token alone
        scheme: TokenForm as TokenForm = TokenForm::Whole;
    }
    impl { const STRICT: bool = true; }
}

words!(TokenForm { Whole = "keep", Bare = "strip" });

impl Value for ForwardToken {
    type Read = Self;
    const SHAPE: Shape = Shape::AnyOf(&[Shape::Bool, Shape::Section(Moved::SECTION)]);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        if node.is_map() {
            let Moved { header, scheme } = Moved::read(report, node)?;
            return Some(Self::Moved { header, form: scheme });
        }
        Flag::read(report, node).map(|on| if on { Self::AsItCame } else { Self::No })
    }

    fn shown(read: &Self) -> Option<String> {
        match read {
            Self::No => Some("false".to_owned()),
            Self::AsItCame => Some("true".to_owned()),
            Self::Moved { .. } => None,
        }
    }
}
