//! Headers that the configuration adds to every request to an agent. Most are credentials for the agent, so their values are
//! secrets.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::model::reduced_eq;

/// The headers of one agent, in the order in which they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SetHeaders(Box<[(HeaderName, HeaderValue)]>);

impl SetHeaders {
    /// These headers; their values are marked as sensitive, so `Debug` does not show them.
    #[must_use]
    pub fn new(headers: Vec<(HeaderName, HeaderValue)>) -> Self {
        let hidden = |(name, mut value): (HeaderName, HeaderValue)| {
            value.set_sensitive(true);
            (name, value)
        };
        Self(headers.into_iter().map(hidden).collect())
    }

    /// The same headers, with counts of their own of those that hold them.
    #[must_use]
    pub fn copied(&self) -> Self {
        let copied = |(name, value): &(HeaderName, HeaderValue)| {
            let name = HeaderName::from_bytes(name.as_ref()).ok()?;
            Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
        };
        Self::new(self.0.iter().filter_map(copied).collect())
    }

    /// Whether a client's header of that name is removed: it equals one of ours on letters and digits.
    #[must_use]
    pub fn guards(&self, name: &HeaderName) -> bool {
        self.0.iter().any(|(ours, _)| reduced_eq(ours.as_str(), name.as_str()))
    }

    /// The number of headers.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the configuration adds no header.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets the headers, in place of any of the same name.
    pub fn set(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0 {
            headers.insert(name, value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers() -> SetHeaders {
        let name = HeaderName::from_static("x-agent-key");
        SetHeaders::new(vec![(name, HeaderValue::from_static("hunter2"))])
    }

    #[test]
    fn every_spelling_of_a_name_is_guarded() {
        for (name, guarded) in [("x-agent-key", true), ("x_agent_key", true), ("x-agent", false)] {
            assert_eq!(headers().guards(&name.parse().unwrap()), guarded, "{name}");
        }
    }

    #[test]
    fn debug_shows_no_value() {
        let mut set = HeaderMap::new();
        headers().set(&mut set);
        assert_eq!(set["x-agent-key"], "hunter2");
        assert!(!format!("{:?} {set:?}", headers()).contains("hunter2"));
    }
}
