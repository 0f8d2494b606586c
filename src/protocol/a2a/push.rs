//! The hosts to which an agent may send push notifications (A2A 1.0 section 13.2): a client names the URL, and the agent
//! calls it.
//!
//! A URL is accepted in its plainest form alone: what some parser could read as another host is refused.

/// The hosts; none: there are no push notifications.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PushHosts(Box<[Box<str>]>);

impl PushHosts {
    /// These hosts, each a name or an address in lower case.
    pub fn new(hosts: impl IntoIterator<Item = Box<str>>) -> Self {
        Self(hosts.into_iter().collect())
    }

    /// Whether the agent may call this URL.
    #[must_use]
    pub fn allow(&self, url: &str) -> bool {
        host(url).is_some_and(|host| self.0.iter().any(|allowed| allowed.eq_ignore_ascii_case(host)))
    }
}

/// The host of a URL that the agent may call if its host is allowed: https, on the usual port, without userinfo.
fn host(url: &str) -> Option<&str> {
    let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let (scheme, rest) = url.split_once("://").filter(|_| is_plain)?;
    let authority = rest.split(['/', '?', '#']).next()?;
    // An address in brackets has colons of its own.
    let host = match authority.strip_suffix(":443") {
        Some(host) if !host.ends_with(':') => host,
        Some(_) | None => authority,
    };
    scheme.eq_ignore_ascii_case("https").then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_may_call_a_host_that_is_allowed_and_no_url_that_could_mean_another() {
        let hosts = PushHosts::new(["hooks.example.com", "[2001:db8::1]", "203.0.113.7"].map(Into::into));
        for (url, wanted) in [
            ("https://hooks.example.com/a?b=c#d", true),
            ("https://hooks.example.com", true),
            ("HTTPS://Hooks.Example.COM/a", true),
            ("https://hooks.example.com:443/a", true),
            ("https://hooks.example.com?x=@y:8080/", true),
            ("https://203.0.113.7/", true),
            ("https://[2001:db8::1]/", true),
            ("https://[2001:db8::1]:443/", true),
            ("http://hooks.example.com/", false),
            ("https://hooks.example.com:8443/", false),
            ("https://hooks.example.com:/", false),
            ("https://hooks.example.com:0443/", false),
            ("https://hooks.example.com.:443/", false),
            ("https://hooks.example.com./", false),
            ("https://user@hooks.example.com/", false),
            ("https://@hooks.example.com/", false),
            ("https://hooks.example.com@evil.example/", false),
            ("https://evil.example\\@hooks.example.com/", false),
            ("https://hooks.example.com\\.evil.example/", false),
            ("https://evil.example/?https://hooks.example.com/", false),
            ("https://sub.hooks.example.com/", false),
            ("https://hooks.example.com.evil.example/", false),
            ("https://hooks%2eexample.com/", false),
            ("https:/hooks.example.com/", false),
            ("https:hooks.example.com/", false),
            ("//hooks.example.com/", false),
            (" https://hooks.example.com/", false),
            ("https://hooks.example.com/\n", false),
            ("ht\ttps://hooks.example.com/", false),
            ("https://hooks.example.com/\u{e9}", false),
            ("https://10.0.0.1/", false),
            ("https://127.0.0.1/", false),
            ("https://0x7f.1/", false),
            ("https://[::1]/", false),
            ("https://", false),
            ("https://:443", false),
            ("", false),
        ] {
            assert_eq!(hosts.allow(url), wanted, "{url:?}");
            assert!(!PushHosts::default().allow(url), "{url:?}");
        }
    }
}
