//! URLs of others: where pages come from, where keys are fetched, where agents run.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Url;

use crate::model::{ForbiddenAddress, Host};
use crate::net::{is_loopback, literal};
use crate::routing::AllowedOrigin;

use super::route_path;
use crate::config::text::passwords::HIDDEN;

/// An origin as browsers write it (RFC 6454 section 6.2), of any scheme; `*.` before its host stands for one label or
/// more.
///
/// # Errors
/// What to write instead.
pub(in crate::config) fn origin(text: &str) -> Result<AllowedOrigin, &'static str> {
    const HELP: &str =
        "write scheme, host and perhaps a port, such as `https://app.example.com`, and no path";
    let (scheme, authority) = text.split_once("://").ok_or(HELP)?;
    let domain = authority.strip_prefix("*.").filter(|domain| !domain.is_empty() && !domain.contains('*'));
    if let Some(domain) = domain {
        // As it would be with some label.
        let AllowedOrigin::Exact(one) = origin(&format!("{scheme}://a.{domain}"))? else { return Err(HELP) };
        let (start, end) = one.split_once("a.").ok_or(HELP)?;
        return Ok(AllowedOrigin::Below { start: start.to_owned(), end: format!(".{end}") });
    }
    if text.contains('*') {
        return Err(
            "a wildcard stands before the host, as in `https://*.example.com`, or as \"*\" alone for all",
        );
    }
    if matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
        let written = Url::parse(text).map_err(|_| HELP)?.origin().ascii_serialization();
        // Compared with what was written, so that a path, a query, credentials or a spelling that a browser
        // would never send is found here and not in production.
        return if text.to_ascii_lowercase() == written {
            Ok(AllowedOrigin::Exact(written))
        } else {
            Err(HELP)
        };
    }
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let is_host = Host::parse(authority).is_ok_and(|host| !host.as_str().is_empty());
    if !is_scheme || !is_host || authority.ends_with(':') {
        return Err(HELP);
    }
    Ok(AllowedOrigin::Exact(format!("{}://{authority}", scheme.to_ascii_lowercase())))
}

/// A URL over which keys may be fetched.
///
/// # Errors
/// What to write instead.
pub(in crate::config) fn fetch_url(text: &str, insecure_http: bool) -> Result<Url, &'static str> {
    let url = whole_url(text)?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if insecure_http || is_loopback(&url) => Ok(url),
        "http" => Err("use https; plain http is for loopback hosts, or with `insecure_http: true`"),
        _ => Err("use https"),
    }
}

/// The URL of one member of etcd: scheme, host and port.
///
/// # Errors
/// What to write instead.
pub(in crate::config) fn member_url(text: &str) -> Result<Url, &'static str> {
    let url = whole_url(text)?;
    if url.path() != "/" || url.query().is_some() {
        return Err("write scheme, host and port, such as `https://etcd-0.example.com:2379`");
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err("use https; plain http is for loopback hosts"),
    }
}

/// The URL of a collector of spans, to which the path of OTLP is added.
///
/// # Errors
/// What to write instead.
pub(in crate::config) fn collector_url(text: &str) -> Result<Url, &'static str> {
    let url = whole_url(text)?;
    match url.scheme() {
        "http" | "https" if url.query().is_none() => Ok(url),
        _ => Err("write an http or https URL without a query, such as `http://collector.example.com:4318`"),
    }
}

/// The URL of a Redis: scheme, host, port, and perhaps the number of a database.
///
/// # Errors
/// What to write instead.
pub(in crate::config) fn redis_url(text: &str) -> Result<Url, &'static str> {
    const HELP: &str = "write scheme, host and port, such as `redis://redis.example.com:6379/0`";
    let url = whole_url(text).map_err(|help| if text.contains("://") { help } else { HELP })?;
    let database = url.path().trim_start_matches('/');
    if !matches!(url.scheme(), "redis" | "rediss") || url.query().is_some() || url.port() == Some(0) {
        return Err(HELP);
    }
    if database.bytes().all(|b| b.is_ascii_digit()) && database.len() <= 5 {
        return Ok(url);
    }
    Err("the path is the number of a database, such as `/0`")
}

/// A URL with a host and without credentials or a fragment.
fn whole_url(text: &str) -> Result<Url, &'static str> {
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
    Ok(url)
}

/// Whether a URL parser has nothing to repair: it would drop tabs and turn backslashes around.
pub(in crate::config) fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b'\\')
}

/// The URL of an upstream: scheme, host, port, and perhaps a path that goes before that of the request.
///
/// # Errors
/// What to write instead.
pub(in crate::config) fn upstream_url(text: &str) -> Result<Url, &'static str> {
    const HELP: &str = "write scheme, host and port, such as `http://127.0.0.1:9000`";
    if !is_plain(text) {
        return Err("leave blanks, backslashes and non-ASCII characters out");
    }
    let mut url = Url::parse(text).map_err(|_| HELP)?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(HELP);
    }
    if has_credentials(text) || !url.username().is_empty() || url.password().is_some() {
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
    if literal(&url).and_then(ForbiddenAddress::credential_service).is_some() {
        return Err("this address hands out the credentials of the machine; write where the agent listens");
    }
    Ok(url)
}

/// Whether a URL names a user or a password; also when it is none that could be parsed.
pub(in crate::config) fn has_credentials(text: &str) -> bool {
    // A URL parser takes one slash behind the scheme, or none, for two.
    let rest = text.split_once(':').map_or(text, |(_, rest)| rest).trim_start_matches(['/', '\\']);
    rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@'))
}

/// Whether the credentials of a URL are those that [`crate::config::without_passwords`] puts in their place.
pub(in crate::config) fn has_hidden_credentials(text: &str) -> bool {
    has_credentials(text) && text.contains(HIDDEN)
}

/// Whether connecting to the host of `url` reaches a port that is bound to `bound`.
pub(in crate::config) fn reaches(url: &Url, bound: IpAddr) -> bool {
    let address = literal(url).map(|address| address.to_canonical());
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
    fn origins_are_what_a_browser_sends() {
        for (written, wanted) in [
            ("https://App.example.com", "https://app.example.com"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("tauri://localhost", "tauri://localhost"),
            ("Ionic://localhost:8100", "ionic://localhost:8100"),
            (
                "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
                "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            ),
            ("vscode-webview://1F0kA", "vscode-webview://1F0kA"),
        ] {
            assert_eq!(origin(written), Ok(AllowedOrigin::Exact(wanted.to_owned())), "{written}");
        }
        for (written, start, end) in [
            ("https://*.Example.com", "https://", ".example.com"),
            ("http://*.localhost:3000", "http://", ".localhost:3000"),
            ("app://*.internal", "app://", ".internal"),
        ] {
            let (start, end) = (start.to_owned(), end.to_owned());
            assert_eq!(origin(written), Ok(AllowedOrigin::Below { start, end }), "{written}");
        }
        for bad in [
            "app.example.com",
            "https://a/",
            "https://a:443",
            "https://u@a",
            "file://",
            "null",
            "a",
            "app:a",
            "app://",
            "app://a/",
            "app://a?b",
            "app://a#b",
            "app://u@a",
            "app://a:",
            "app://a:65536",
            "1app://a",
            "a b://c",
            "://a",
            "https://*",
            "https://*.",
            "https://*a.example.com",
            "https://a.*.example.com",
            "https://*.*.example.com",
            "https://*.example.com/",
            "https://*.example.com:443",
            "*://a.example.com",
            "*.example.com",
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
            ("http://localhost./b", false, true),
            ("http://localhost../b", false, false),
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
