//! What may stand in a configuration where the web has its own grammar: paths, hosts, origins, tokens and
//! header names. Pure text, no places; the readers put the findings where they belong.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::HeaderName;
use url::{Host as UrlHost, Url};

use crate::routing::{CanonicalPath, Host};

/// Whether `text` is a token (RFC 9110 section 5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    let tchar = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(tchar)
}

/// A header name on letters and digits alone, in lower case: two names that agree here are one header to
/// some server behind us.
pub(super) fn reduced(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Headers that frame a message, belong to one hop, or carry something else than a single value of ours.
const RESERVED: [&str; 13] = [
    "host",
    "contentlength",
    "transferencoding",
    "connection",
    "keepalive",
    "te",
    "trailer",
    "trailers",
    "upgrade",
    "http2settings",
    "expect",
    "cookie",
    "setcookie",
];

/// Headers that the gateway writes itself.
pub(super) fn is_ours(name: &str) -> bool {
    let name = reduced(name);
    name.starts_with("xforwarded")
        || matches!(name.as_str(), "forwarded" | "xrequestid" | "traceparent" | "tracestate")
}

/// Headers that the gateway writes itself and that can therefore carry no credential. Narrower than
/// [`is_ours`]: other proxies do put tokens into headers such as `X-Forwarded-Access-Token`.
pub(super) fn carries_no_credential(name: &str) -> bool {
    let reduced = reduced(name);
    let forwarded = ["xforwardedfor", "xforwardedproto", "xforwardedhost", "xforwardedport"];
    forwarded.contains(&reduced.as_str()) || (is_ours(name) && !reduced.starts_with("xforwarded"))
}

/// A header name that a setting may use.
///
/// # Errors
/// Why it may not.
pub(super) fn header_name(text: &str) -> Result<HeaderName, &'static str> {
    if !is_token(text) {
        return Err("a header name has letters, digits and dashes, and neither blanks nor colons");
    }
    let reduced = reduced(text);
    if reduced.is_empty() {
        return Err("a header name needs a letter or a digit");
    }
    if reduced.starts_with("proxy") || RESERVED.contains(&reduced.as_str()) {
        return Err("this header frames messages or belongs to one connection; choose another one");
    }
    HeaderName::from_bytes(text.as_bytes()).map_err(|_| "no header name")
}

/// The canonical form of a route path, as requests are brought into it; no slash at the end.
///
/// # Errors
/// Why no request could match it.
pub(super) fn route_path(text: &str) -> Result<String, String> {
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
pub(super) fn route_host(text: &str) -> Result<String, &'static str> {
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

/// An origin as browsers write it (RFC 6454 section 6.2).
///
/// # Errors
/// What to write instead.
pub(super) fn origin(text: &str) -> Result<String, &'static str> {
    const HELP: &str =
        "write scheme, host and perhaps a port, such as `https://app.example.com`, and no path";
    if text.contains('*') {
        return Err("there are no wildcards; list the origins, or write \"*\" alone for all");
    }
    let url = Url::parse(text).map_err(|_| HELP)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("write an http or https origin");
    }
    let written = url.origin().ascii_serialization();
    // Compared with what was written, so that a path, a query, credentials or a spelling that a browser
    // would never send is found here and not in production.
    if text.to_ascii_lowercase() == written { Ok(written) } else { Err(HELP) }
}

/// A URL over which keys may be fetched.
///
/// # Errors
/// What to write instead.
pub(super) fn fetch_url(text: &str, insecure_http: bool) -> Result<Url, &'static str> {
    if !is_plain(text) {
        return Err("leave blanks, backslashes and non-ASCII characters out");
    }
    let url = Url::parse(text).map_err(|_| "write a whole URL, such as `https://idp.example.com/keys`")?;
    if !url.has_host() {
        return Err("the URL needs a host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("leave user and password out of the URL");
    }
    if url.fragment().is_some() {
        return Err("leave the fragment (`#...`) out of the URL");
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if insecure_http || is_loopback(&url) => Ok(url),
        "http" => Err("use https; plain http is for loopback hosts, or with `insecure_http: true`"),
        _ => Err("use https"),
    }
}

/// Whether a URL parser has nothing to repair: it would drop tabs and turn backslashes around.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b'\\')
}

/// The URL of an upstream: scheme, host, port, and perhaps a path that goes before that of the request.
///
/// # Errors
/// What to write instead.
pub(super) fn upstream_url(text: &str) -> Result<Url, &'static str> {
    const HELP: &str = "write scheme, host and port, such as `http://127.0.0.1:9000`";
    if !is_plain(text) {
        return Err("leave blanks, backslashes and non-ASCII characters out");
    }
    let mut url = Url::parse(text).map_err(|_| HELP)?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(HELP);
    }
    if has_credentials(text) {
        return Err("leave user and password out of the URL");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("leave the query and the fragment out");
    }
    let path =
        route_path(url.path()).map_err(|_| "the path of the URL must be one that a request could have")?;
    url.set_path(&path);
    if url.port() == Some(0) {
        return Err("port 0 is no port to connect to");
    }
    Ok(url)
}

/// Whether a URL names a user or a password; also when it is none that could be parsed.
pub(super) fn has_credentials(text: &str) -> bool {
    let rest = text.split_once("//").map_or(text, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@'))
}

/// Whether the host of a URL is this machine by its name or address.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(UrlHost::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(UrlHost::Ipv4(ip)) => ip.is_loopback(),
        Some(UrlHost::Ipv6(ip)) => IpAddr::V6(ip).to_canonical().is_loopback(),
        None => false,
    }
}

/// Whether connecting to the host of `url` reaches a port that is bound to `bound`.
pub(super) fn reaches(url: &Url, bound: IpAddr) -> bool {
    let address = match url.host() {
        Some(UrlHost::Ipv4(ip)) => Some(IpAddr::V4(ip)),
        Some(UrlHost::Ipv6(ip)) => Some(IpAddr::V6(ip).to_canonical()),
        Some(UrlHost::Domain(_)) | None => None,
    };
    // Connecting to the unspecified address is connecting to this machine.
    let here = is_loopback(url) || matches!(address, Some(ip) if ip.is_unspecified());
    let everywhere = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
    let bound = bound.to_canonical();
    address == Some(bound) || (here && (bound.is_loopback() || everywhere.contains(&bound)))
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
    fn header_names_that_frame_or_hop_are_refused_in_every_spelling() {
        for good in ["Authorization", "X-Caller-Sub", "x_token", "X-Forwarded-Access-Token"] {
            assert!(header_name(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a b",
            "a:",
            ":path",
            "é",
            "-",
            "Host",
            "Content-Length",
            "content_length",
            "Transfer-Encoding",
            "Connection",
            "Keep-Alive",
            "TE",
            "Trailer",
            "Upgrade",
            "Proxy-Authorization",
            "Proxy-Connection",
            "Cookie",
        ] {
            assert!(header_name(bad).is_err(), "{bad}");
        }
        assert!(is_ours("X_Forwarded.For") && is_ours("x--request-id") && !is_ours("X-Caller"));
    }

    #[test]
    fn origins_are_what_a_browser_sends() {
        assert_eq!(origin("https://App.example.com").as_deref(), Ok("https://app.example.com"));
        assert_eq!(origin("http://localhost:3000").as_deref(), Ok("http://localhost:3000"));
        for bad in [
            "app.example.com",
            "https://a/",
            "https://a:443",
            "https://u@a",
            "ftp://a",
            "null",
            "https://*.a",
            "",
        ] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_are_fetched_over_https_or_from_this_machine() {
        for (url, plain, good) in [
            ("https://a/b", false, true),
            ("http://a/b", false, false),
            ("http://a/b", true, true),
            ("http://127.0.0.1:1/b", false, true),
            ("http://localhost/b", false, true),
            ("http://[::1]/b", false, true),
            ("https://u:p@a/b", false, false),
            ("https://a/b#c", false, false),
            ("ftp://a/b", true, false),
            ("keys", true, false),
        ] {
            assert_eq!(fetch_url(url, plain).is_ok(), good, "{url}");
        }
    }

    #[test]
    fn an_upstream_is_scheme_host_and_port() {
        for good in ["http://127.0.0.1:9000", "https://agent.internal", "http://[::1]:80/", "http://a/base/"]
        {
            assert!(upstream_url(good).is_ok(), "{good}");
        }
        for bad in [
            "127.0.0.1:9000",
            "agent:9000",
            "ftp://a",
            "http://u@a",
            "http://a/b//c",
            "http://a\\b",
            "http://a?b",
            "http://a#",
            "http://a:0",
            "http://",
        ] {
            assert!(upstream_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_upstream_that_is_one_of_our_ports_is_seen_in_every_spelling() {
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        let reached = |url: &str, bound: &str| reaches(&Url::parse(url).unwrap(), at(bound));
        for url in [
            "http://127.0.0.1:1",
            "http://localhost:1",
            "http://[::1]:1",
            "http://[::ffff:127.0.0.1]:1",
            "http://0.0.0.0:1",
            "http://2130706433:1",
            "http://127.1:1",
        ] {
            assert!(reached(url, "127.0.0.1"), "{url}");
            assert!(reached(url, "0.0.0.0"), "{url}");
            assert!(!reached(url, "10.0.0.5"), "{url}");
        }
        assert!(reached("http://10.0.0.5:1", "10.0.0.5"));
        assert!(!reached("http://10.0.0.6:1", "10.0.0.5"));
    }
}
