//! The route of an agent: hosts, methods and a path prefix.

use crate::model::HostRule;

use super::methods::Methods;

/// The requests that lead to an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The hosts; empty = any.
    pub hosts: Box<[HostRule]>,
    /// The methods; `None` = any.
    pub methods: Option<Methods>,
    /// The path prefix in canonical form, without a trailing slash; empty = every path.
    pub path: String,
    /// Whether the prefix is removed before the request goes upstream.
    pub strip_path: bool,
}

impl Route {
    /// The path for the upstream.
    #[must_use]
    pub fn forwarded<'p>(&self, path: &'p str) -> &'p str {
        if !self.strip_path {
            return path;
        }
        match path.strip_prefix(self.path.as_str()) {
            Some("") | None => "/",
            Some(rest) => rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_without_its_prefix_still_begins_with_a_slash() {
        let route = Route { hosts: Box::default(), methods: None, path: "/a".into(), strip_path: true };
        assert_eq!(
            (route.forwarded("/a"), route.forwarded("/a/"), route.forwarded("/a/x")),
            ("/", "/", "/x")
        );
        let route = Route { strip_path: false, ..route };
        assert_eq!(route.forwarded("/a/x"), "/a/x");
    }
}
