//! Paths and hosts of routes, in the form in which requests are compared with them.

use crate::model::{CanonicalPath, Host, HostRule};

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

/// A host as routes compare it: in lower case, without a port and without a dot at the end; or `*.` and one.
///
/// # Errors
/// What to write instead.
pub(in crate::config) fn host_rule(text: &str) -> Result<HostRule, &'static str> {
    if text.contains('/') {
        return Err("write the host alone, without scheme and path");
    }
    if !text.is_ascii() {
        return Err("write an international name as it stands in DNS (`xn--...`)");
    }
    if text == "*" {
        return Err("leave the host out for every host");
    }
    HostRule::parse(text).map_err(|_| {
        if text.contains('*') {
            return "a wildcard is `*.` before a name, and stands for one label: `*.agents.example.com`";
        }
        match Host::parse(text) {
            Ok(host) if text.len() > host.as_str().len() + 1 => "write the host without a port",
            _ => "write a host name such as `agents.example.com`",
        }
    })
}

/// The same for one host alone.
///
/// # Errors
/// What to write instead.
pub(in crate::config) fn exact_host(text: &str) -> Result<String, &'static str> {
    match host_rule(text)? {
        HostRule::Exact(host) => Ok(host.into()),
        HostRule::OneBelow(_) => Err("there are no wildcards here; write each host"),
    }
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
        Some((name, port)) => Ok(format!("{}:{port}", exact_host(name)?)),
        None if text.contains('*') => Err("write one host, or `preserve` for that of the caller"),
        None if text.ends_with(':') => Err("write the port, or leave the colon out"),
        None => exact_host(text),
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
            assert_eq!(exact_host(written).as_deref(), Ok(host));
            assert_eq!(host_rule(written), Ok(HostRule::Exact(host.into())));
        }
        for bad in
            ["", "a:80", "*.a", "http://a", "a/b", "a b", "-a", "a..b", "bücher.de", "[::1", "[x]", "::1"]
        {
            assert!(exact_host(bad).is_err(), "{bad}");
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
