//! Paths and hosts of routes, in the form in which requests are compared with them.

use crate::routing::{CanonicalPath, Host};

/// The canonical form of a route path, as requests are brought into it; no slash at the end.
///
/// # Errors
/// Why no request could match it.
pub(in crate::config) fn route_path(text: &str) -> Result<String, String> {
    if text.contains('?') {
        return Err("a route has no query".to_owned());
    }
    if text.contains(['*', '{', '}']) {
        return Err("a route is a plain prefix; there are no wildcards".to_owned());
    }
    let path = CanonicalPath::parse(text.as_bytes()).map_err(|error| error.to_string())?;
    let path = path.as_str();
    Ok(path.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(path).to_owned())
}

/// A host as routes compare it: in lower case, without a port and without a dot at the end.
///
/// # Errors
/// What to write instead.
pub(in crate::config) fn route_host(text: &str) -> Result<String, &'static str> {
    const HELP: &str = "write a host name such as `agents.example.com`";
    if text.contains('*') {
        return Err("there are no wildcards; leave `host` out for every host");
    }
    if text.contains('/') {
        return Err("write the host alone, without scheme and path");
    }
    if !text.is_ascii() {
        return Err("write an international name as it stands in DNS (`xn--...`)");
    }
    let host = Host::parse(text).map_err(|_| HELP)?;
    if text.len() > host.as_str().len() + 1 {
        return Err("write the host without a port");
    }
    if host.as_str().starts_with('[') {
        return Ok(host.as_str().to_owned());
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.as_str().len() > 253 || !host.as_str().split('.').all(label) {
        return Err(HELP);
    }
    Ok(host.as_str().to_owned())
}

/// A host as `Host` names it: perhaps with a port, and otherwise as routes have it.
///
/// # Errors
/// What to write instead.
pub(in crate::config) fn authority(text: &str) -> Result<String, &'static str> {
    let port = text
        .rsplit_once(':')
        .filter(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
    match port.filter(|_| Host::parse(text).is_ok()) {
        Some((name, port)) => Ok(format!("{}:{port}", route_host(name)?)),
        None if text.contains('*') => Err("write one host, or `preserve` for that of the caller"),
        None if text.ends_with(':') => Err("write the port, or leave the colon out"),
        None => route_host(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn route_paths_become_what_requests_become() {
        for (written, canonical) in [
            ("/", "/"),
            ("/a", "/a"),
            ("/a/", "/a"),
            ("/%61gents/%7Ex", "/agents/~x"),
            ("/caf%c3%a9", "/caf%C3%A9"),
            ("/a;v=1/b", "/a;v=1/b"),
            ("/a..b/.c", "/a..b/.c"),
            ("/%2561", "/%2561"),
        ] {
            assert_eq!(route_path(written).as_deref(), Ok(canonical), "{written}");
            assert_eq!(route_path(canonical).as_deref(), Ok(canonical), "{canonical} is its own form");
        }
    }

    #[test]
    fn route_paths_that_no_request_can_have_are_refused() {
        for path in [
            "",
            "a",
            "//",
            "/a//b",
            "/.",
            "/a/..",
            "/a/../b",
            "/%2e%2E/a",
            "/a/.;x",
            "/a/..;/b",
            "/a%2fb",
            "/a%5Cb",
            "/a%00",
            "/a\\b",
            "/a?x",
            "/a#x",
            "/a%",
            "/a%4",
            "/a%zz",
            "/a b",
            "/é",
            "/a/*",
            "/{id}",
            "/a\nb",
        ] {
            assert!(route_path(path).is_err(), "{path}");
        }
    }

    #[test]
    fn hosts_are_names_without_decoration() {
        for (written, host) in [
            ("Agents.Example.COM", "agents.example.com"),
            ("localhost", "localhost"),
            ("10.0.0.1", "10.0.0.1"),
            ("[::1]", "[::1]"),
            ("a.example.", "a.example"),
        ] {
            assert_eq!(route_host(written).as_deref(), Ok(host));
        }
        for bad in
            ["", "a:80", "*.a", "http://a", "a/b", "a b", "-a", "a..b", "bücher.de", "[::1", "[x]", "::1"]
        {
            assert!(route_host(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_authority_is_a_host_perhaps_with_a_port() {
        for (written, wanted) in [
            ("Agent.Internal:8443", "agent.internal:8443"),
            ("agent.internal", "agent.internal"),
            ("[::1]:80", "[::1]:80"),
            ("[::1]", "[::1]"),
        ] {
            assert_eq!(authority(written).as_deref(), Ok(wanted));
        }
        for bad in ["", "a:", "a:x", "a:65536", "http://a", "a/b", "u@a", "a b", "::1", ":80"] {
            assert!(authority(bad).is_err(), "{bad}");
        }
    }
}
