//! The places at which clients look for metadata of authentication: RFC 9728 for an agent, and RFC 8414 and OpenID Connect
//! Discovery for an authorization server, which the gateway is not.
//!
//! A client takes what it finds there for the word of the host. So no upstream answers there, and no challenge does.

use crate::protocol::{RESOURCE_METADATA, inserted};

/// Where the key set is with which the gateway's signatures are verified.
pub const KEY_SET_PATH: &str = "/.well-known/portcullis/jwks.json";

/// Where the security events of identity providers are received: the name of the provider follows.
pub const EVENTS_PATH: &str = "/.portcullis/events/";

/// Such a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place<'p> {
    /// For the resource at this path, which may be empty.
    Inserted(&'p str),
    /// Behind this route, where old clients ask.
    Behind(&'p str),
    /// The key set of the gateway.
    Keys,
    /// The security events of the provider with this name.
    Events(&'p str),
    /// Where nothing of ours is.
    Other,
}

impl<'p> Place<'p> {
    /// The place that a path names. Other paths cost a few comparisons.
    #[inline]
    pub(super) fn of(path: &'p str) -> Option<Self> {
        let bytes = path.as_bytes();
        // A reserved path starts with `/.` or ends with `resource` or `resource/`.
        match (bytes.get(1), bytes.last()) {
            (Some(b'.'), _) => {
                path.strip_prefix(EVENTS_PATH).map(Self::Events).or_else(|| Self::of_likely(path))
            }
            (_, Some(b'e' | b'/')) => Self::of_likely(path),
            _ => None,
        }
    }

    fn of_likely(path: &'p str) -> Option<Self> {
        if let Some(name) = path.strip_prefix("/.well-known/") {
            if path == KEY_SET_PATH {
                return Some(Self::Keys);
            }
            let is_reserved = name.starts_with("oauth-") || name.starts_with("openid-configuration");
            return is_reserved.then(|| inserted(path).map_or(Self::Other, Self::Inserted));
        }
        let route = path.strip_suffix('/').unwrap_or(path).strip_suffix(RESOURCE_METADATA)?;
        Some(Self::Behind(route))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_known_by_their_beginning_or_their_end() {
        use Place::{Behind, Events, Inserted, Keys, Other};
        for (path, wanted) in [
            ("/.well-known/oauth-protected-resource", Some(Inserted(""))),
            ("/.well-known/oauth-protected-resource/", Some(Inserted("/"))),
            ("/.well-known/oauth-protected-resource/a/mcp", Some(Inserted("/a/mcp"))),
            ("/.well-known/oauth-protected-resources", Some(Other)),
            ("/.well-known/oauth-authorization-server/a", Some(Other)),
            ("/.well-known/openid-configuration", Some(Other)),
            ("/.well-known/openid-configuration/a", Some(Other)),
            ("/.well-known/portcullis/jwks.json", Some(Keys)),
            ("/.well-known/portcullis/jwks.json/", None),
            ("/a/.well-known/portcullis/jwks.json", None),
            ("/.portcullis/events/corp", Some(Events("corp"))),
            ("/.portcullis/events/", Some(Events(""))),
            ("/.portcullis/events", None),
            ("/a/.portcullis/events/corp", None),
            ("/.well-known/openid-federation", None),
            ("/.well-known/agent-card.json", None),
            ("/.well-known/oauth", None),
            ("/.well-known", None),
            ("/a/.well-known/oauth-protected-resource", Some(Behind("/a"))),
            ("/a/.well-known/oauth-protected-resource/", Some(Behind("/a"))),
            ("/a/.well-known/oauth-protected-resource/mcp", None),
            ("/a/.well-known/oauth-authorization-server", None),
            ("/a/x.well-known/oauth-protected-resource", None),
            ("/a/resource", None),
            ("/", None),
            ("/a/", None),
        ] {
            assert_eq!(Place::of(path), wanted, "{path}");
        }
    }
}
