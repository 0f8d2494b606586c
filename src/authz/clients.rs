//! The clients that an agent admits: the parties that tokens were issued to, whoever the subject is.

use std::fmt;

use crate::model::Reason;

use super::explain::{Check, Facts, Trace};
use super::verified_token::VerifiedToken;

/// Which clients an agent admits. Where a list has an entry, a token that names no client is refused: nobody can say of it
/// that it is on a list, or on none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientLists {
    /// Those that may; empty = all.
    pub allow: Box<[ClientPattern]>,
    /// Those that may not, also where `allow` names them.
    pub deny: Box<[ClientPattern]>,
}

/// A client, or all that share the beginning of a URL (client ids that are URLs: draft-ietf-oauth-client-id-metadata-document).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientPattern {
    /// This id, byte for byte.
    Exactly(Box<str>),
    /// Ids that begin with this: an origin and a slash at least, so that no other host begins with it.
    Beginning(Box<str>),
}

impl ClientPattern {
    /// Reads an id, or `https://HOST/*`. An asterisk stands nowhere else, so that none is taken for a wildcard which is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let Some((beginning, rest)) = text.split_once('*') else { return Some(Self::Exactly(text.into())) };
        let (host, _) = beginning.strip_prefix("https://")?.split_once('/')?;
        let is_host = !host.is_empty() && !host.contains(['@', '\\', '?', '#', ' ']);
        (is_host && rest.is_empty()).then(|| Self::Beginning(beginning.into()))
    }

    fn fits(&self, client: &str) -> bool {
        match self {
            Self::Exactly(id) => client == &**id,
            Self::Beginning(beginning) => client.starts_with(&**beginning),
        }
    }
}

impl fmt::Display for ClientPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(id) => f.write_str(id),
            Self::Beginning(beginning) => write!(f, "{beginning}*"),
        }
    }
}

impl ClientLists {
    /// Refuses a token of a client that is denied, or not allowed.
    pub(super) fn check(&self, token: &VerifiedToken<'_>, trace: &mut impl Trace) -> Result<(), Reason> {
        if self.allow.is_empty() && self.deny.is_empty() {
            return Ok(());
        }
        let client = token.claims.client(token.client_claim);
        let is_in = |list: &[ClientPattern], client: &str| list.iter().any(|pattern| pattern.fits(client));
        let ok = client.is_some_and(|client| {
            !is_in(&self.deny, client) && (self.allow.is_empty() || is_in(&self.allow, client))
        });
        trace.check(Check::Client, ok, || Facts {
            seen: Some(client.map_or_else(|| "client: absent".to_owned(), |client| format!("client: {client}"))),
            wanted: self.describe(),
            fix: match client {
                None => {
                    "set `client_claim` of the identity provider to the claim in which it names the client, or have it put \
                     `client_id` into the token"
                }
                Some(client) if is_in(&self.deny, client) => {
                    "use another client, or take this one out of `require.clients.deny`"
                }
                Some(_) => "add the client to `require.clients.allow` of the agent",
            },
        });
        if ok { Ok(()) } else { Err(Reason::ClientNotAllowed) }
    }

    pub(super) fn describe(&self) -> String {
        let list =
            |list: &[ClientPattern]| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match (self.allow.is_empty(), self.deny.is_empty()) {
            (false, true) => format!("a client of {}", list(&self.allow)),
            (true, _) => format!("a client that is none of {}", list(&self.deny)),
            (false, false) => {
                format!("a client of {}, and none of {}", list(&self.allow), list(&self.deny))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::authz::requirements::tests::{judged, token_of};
    use crate::authz::{Requirements, TimeSpan, Transcript};

    fn lists(allow: &[&str], deny: &[&str]) -> Requirements {
        let patterns = |list: &[&str]| list.iter().map(|text| ClientPattern::parse(text).unwrap()).collect();
        let clients = ClientLists { allow: patterns(allow), deny: patterns(deny) };
        Requirements { clients, ..Requirements::default() }
    }

    #[test]
    fn a_pattern_is_an_id_or_an_origin_with_a_path_that_begins_so() {
        for good in ["a", "a b", "https://a.test/client.json", "https://a.test/*", "https://a.test:8443/x/y*"]
        {
            assert_eq!(ClientPattern::parse(good).map(|p| p.to_string()).as_deref(), Some(good));
        }
        for bad in [
            "",
            "*",
            "a*",
            "https://*",
            "https://a.test*",
            "https:///*",
            "http://a.test/*",
            "https://*.test/*",
            "https://a.test/*/x",
            "https://a.test/**",
            "https://a@b/*",
            "https://a?/*",
        ] {
            assert_eq!(ClientPattern::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_client_is_admitted_by_its_id_or_its_beginning_and_a_denial_wins() {
        let host = "https://a.test/*";
        let refused = Err(Reason::ClientNotAllowed);
        for (allow, deny, client, wanted) in [
            (&["a", host] as &[&str], &[] as &[&str], json!("a"), Ok(())),
            (&["a", host], &[], json!("https://a.test/client.json"), Ok(())),
            (&["a", host], &[], json!("https://a.test/"), Ok(())),
            (&["a", host], &[], json!("https://a.test"), refused),
            (&["a", host], &[], json!("https://a.test.evil/x"), refused),
            (&["a", host], &[], json!("HTTPS://a.test/x"), refused),
            (&["a", host], &[], json!("A"), refused),
            (&["a", host], &[], json!("ab"), refused),
            (&["a", host], &[], json!(null), refused),
            (&[host], &["https://a.test/x"], json!("https://a.test/x"), refused),
            (&[host], &["https://a.test/x"], json!("https://a.test/xy"), Ok(())),
            (&["a"], &["a"], json!("a"), refused),
            (&[], &[host], json!("https://a.test/x"), refused),
            (&[], &[host], json!("b"), Ok(())),
            (&[], &[host], json!(null), refused),
            (&[], &[host], json!(7), refused),
            (&[], &[], json!(null), Ok(())),
        ] {
            let claims = json!({"client_id": client});
            assert_eq!(judged(&lists(allow, deny), &claims), wanted, "{allow:?} {deny:?} {client}");
        }
    }

    #[test]
    fn the_nearest_fix_is_told() {
        let fix = |claims: &Value| {
            let (claims, mut transcript) = (token_of(claims), Transcript::default());
            let refused =
                lists(&["a"], &["b"]).check(&claims.token(), &mut TimeSpan::ALWAYS.clone(), &mut transcript);
            assert_eq!(refused.err(), Some(Reason::ClientNotAllowed));
            let line = transcript.lines.pop().unwrap();
            assert_eq!((line.check, &*line.wanted), (Check::Client, "a client of a, and none of b"));
            (line.seen.unwrap(), line.fix.unwrap())
        };
        for (claims, seen, wanted) in [
            (json!({}), "client: absent", "client_claim"),
            (json!({"azp": "b"}), "client: b", "clients.deny"),
            (json!({"cid": "c"}), "client: c", "clients.allow"),
        ] {
            let (found, fix) = fix(&claims);
            assert!(found == seen && fix.contains(wanted), "{found}: {fix}");
        }
    }
}
