//! Where an agent answers: hosts, methods and a path prefix.

use crate::model::HostRule;

use super::methods::Methods;

/// Where an agent answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The hosts; none = any.
    pub hosts: Box<[HostRule]>,
    /// The methods; `None` = any.
    pub methods: Option<Methods>,
    /// The path prefix in its one form, without a slash at the end; empty = everything.
    pub path: String,
    /// Whether the prefix is taken off before the request goes upstream.
    pub strip_path: bool,
}

impl Route {
    /// The path that goes upstream.
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
    fn a_stripped_prefix_leaves_a_path() {
        let route = Route { hosts: Box::default(), methods: None, path: "/a".into(), strip_path: true };
        assert_eq!(
            (route.forwarded("/a"), route.forwarded("/a/"), route.forwarded("/a/x")),
            ("/", "/", "/x")
        );
        let route = Route { strip_path: false, ..route };
        assert_eq!(route.forwarded("/a/x"), "/a/x");
    }
}
