//! Where a URL of the agent is at the gateway.

use url::Url;

use super::policy::CardPolicy;

/// What follows the public base in the URL at which the gateway serves `written`, whatever the authority in it; `None` for
/// a URL that HTTP does not serve.
pub(super) fn anchored(written: &str, policy: &CardPolicy) -> Option<String> {
    let url =
        Url::parse(written).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())?;
    let is_ours = policy.base.as_deref().and_then(|base| Url::parse(base).ok());
    let at_base = is_ours.filter(|base| base.origin() == url.origin()).map(|_| policy.route.as_str());
    let prefixes = at_base.into_iter().chain(policy.upstream_paths.iter().map(String::as_str));
    let path = url.path();
    let rest = prefixes.filter_map(|prefix| below(path, prefix)).next().unwrap_or(path);
    // A URL without a path has none afterwards: `Url` shows one that was not written.
    let rest =
        if rest == "/" && !written.trim_end().ends_with('/') && url.query().is_none() { "" } else { rest };
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("{rest}{query}"))
}

/// What follows `prefix` in `path`, on the boundary of a segment.
fn below<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::a2a::card::policy::{Access, Signatures};

    #[test]
    fn a_url_is_anchored_by_segments_whatever_its_authority() {
        let policy = CardPolicy {
            base: Some("https://gate.example/agents/a".to_owned()),
            route: "/agents/a".to_owned(),
            upstream_paths: vec!["/up".to_owned(), String::new()],
            upstream_authority: "10.0.0.1:9000".to_owned(),
            access: Access::Public,
            signatures: Signatures::Strip,
            keys_url: None,
        };
        for (written, wanted) in [
            ("http://10.0.0.1:9000/up/rpc", Some("/rpc")),
            ("https://other.example/up/rpc/", Some("/rpc/")),
            ("http://10.0.0.1:9000/up", Some("")),
            ("http://10.0.0.1:9000/up/", Some("/")),
            ("http://10.0.0.1:9000", Some("")),
            ("http://10.0.0.1:9000/", Some("/")),
            ("http://10.0.0.1:9000/upper/rpc", Some("/upper/rpc")),
            ("http://user:pw@10.0.0.1:9000/up/rpc?tenant=1#x", Some("/rpc?tenant=1")),
            ("http://10.0.0.1:9000/up/../rpc", Some("/rpc")),
            ("https://gate.example/agents/a/rpc", Some("/rpc")),
            ("https://gate.example/rpc", Some("/rpc")),
            ("https://other.example/agents/a/rpc", Some("/agents/a/rpc")),
            ("10.0.0.1:50051", None),
            ("grpc://10.0.0.1/", None),
            ("/rpc", None),
            ("", None),
        ] {
            assert_eq!(anchored(written, &policy).as_deref(), wanted, "{written}");
        }
    }
}
