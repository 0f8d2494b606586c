//! One decision as it is noted for people: what was decided, about which request, and, of a refusal, why.
//!
//! That of an allowed request is made without an allocation; the others own what they need.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use http::Method;

use crate::model::{
    AgentName, AuthMethod, Decision, Grounds, Identity, Instant, ProviderName, Reason, RequestId,
};

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionEntry {
    /// When it was made.
    pub at: Instant,
    /// The agent that was asked for; absent when there is none.
    pub agent: Option<AgentName>,
    /// How its callers prove themselves.
    pub auth_method: AuthMethod,
    /// What was decided.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// The provider of the token, once the agent accepts it.
    pub provider: Option<ProviderName>,
    /// The request's id, as answers and the access log show it.
    pub request_id: RequestId,
    /// The request's method.
    pub http_method: Method,
    /// The request's path, without its query.
    pub path: PathText,
    /// The caller's address.
    pub remote: Option<IpAddr>,
    /// The proven caller.
    pub identity: Option<Arc<Identity>>,
    /// The status of the answer, where it was ours to give.
    pub status: Option<u16>,
    /// Why the agent gave no answer, or no whole one.
    pub upstream_error: Option<Cow<'static, str>>,
    /// What the refusal, or the failure, rests on.
    pub grounds: Option<Arc<Grounds>>,
}

impl DecisionEntry {
    /// What became of the request, as far as the decision goes.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self.decision {
            Decision::Allow => Outcome::Allowed,
            Decision::Deny | Decision::Error => Outcome::Refused,
            Decision::ShadowDeny => Outcome::WouldRefuse,
        }
    }

    /// The key that proved the caller, or that of the refused caller where it is known.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.identity.as_ref()?.key_id.as_deref()
    }

    /// The caller's client: the proven one, else what the token said.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        let proven = self.identity.as_ref().and_then(|identity| identity.client_id.as_deref());
        proven.or_else(|| self.grounds.as_ref()?.said.as_ref()?.client_id.as_deref())
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        let path = if let PathText::Whole(path) = &self.path { path.len() } else { 0 };
        size_of::<Self>() + path + self.grounds.as_deref().map_or(0, Grounds::bytes)
    }
}

/// What became of a request, as far as its decision goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It went on.
    Allowed,
    /// It was refused.
    Refused,
    /// It went on because the agent is in shadow.
    WouldRefuse,
}

impl Outcome {
    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::Allowed, Self::Refused, Self::WouldRefuse];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::WouldRefuse => "would_refuse",
        }
    }
}

/// So many bytes of an allowed request's path are kept.
const BRIEF: usize = 118;
/// So many bytes of any other path are kept.
const WHOLE: usize = 1024;

/// A path as far as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathText {
    /// Kept in place.
    Brief {
        /// How many of the bytes count.
        len: u8,
        /// Whether there was more.
        cut: bool,
        /// The text.
        bytes: [u8; BRIEF],
    },
    /// Kept for itself.
    Whole(Box<str>),
}

impl PathText {
    /// The beginning of a path, kept without an allocation.
    #[must_use]
    pub fn brief(path: &str) -> Self {
        let (text, cut) = shortened(path, BRIEF);
        let mut bytes = [0; BRIEF];
        if let Some(place) = bytes.get_mut(..text.len()) {
            place.copy_from_slice(text.as_bytes());
        }
        Self::Brief { len: u8::try_from(text.len()).unwrap_or(0), cut, bytes }
    }

    /// A path; a very long one is cut.
    #[must_use]
    pub fn whole(path: &str) -> Self {
        match shortened(path, WHOLE) {
            (text, false) => Self::Whole(text.into()),
            (text, true) => Self::Whole(format!("{text}\u{2026}").into()),
        }
    }

    /// The text; an ellipsis says that there was more.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Whole(text) => Cow::Borrowed(text),
            Self::Brief { len, cut, bytes } => {
                let text = bytes.get(..usize::from(*len)).and_then(|bytes| str::from_utf8(bytes).ok());
                let text = text.unwrap_or_default();
                if *cut { Cow::Owned(format!("{text}\u{2026}")) } else { Cow::Borrowed(text) }
            }
        }
    }
}

fn shortened(text: &str, longest: usize) -> (&str, bool) {
    (text.get(..text.floor_char_boundary(longest)).unwrap_or_default(), text.len() > longest)
}

/// Which decisions are wanted; what is absent is not looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    /// Of this agent.
    pub agent: Option<AgentName>,
    /// For this reason.
    pub reason: Option<Reason>,
    /// Counted as this.
    pub decision: Option<Decision>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
}

impl DecisionFilter {
    /// Whether this decision is wanted.
    #[must_use]
    pub fn admits(&self, entry: &DecisionEntry) -> bool {
        self.agent.as_ref().is_none_or(|agent| entry.agent.as_ref() == Some(agent))
            && self.reason.is_none_or(|reason| entry.reason == reason)
            && self.decision.is_none_or(|decision| entry.decision == decision)
            && self.outcome.is_none_or(|outcome| entry.outcome() == outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_kept_whole_or_says_that_there_was_more() {
        let long = "/\u{e4}".repeat(WHOLE);
        for (path, brief) in [("/", "/"), ("/agents/a", "/agents/a"), ("", "")] {
            assert_eq!(PathText::brief(path).text(), brief);
            assert_eq!(PathText::whole(path).text(), path);
        }
        for (kept, most) in [(PathText::brief(&long), BRIEF), (PathText::whole(&long), WHOLE)] {
            let text = kept.text();
            assert!(text.len() <= most + 3 && text.ends_with('\u{2026}'), "{} of {most}", text.len());
            assert!(long.starts_with(text.trim_end_matches('\u{2026}')));
        }
    }
}
