//! Paths, hosts, URLs and times of other products in the form in which they can be written here.

use std::time::Duration;

use crate::config::show_duration;
use crate::model::{CanonicalPath, HostRule};

/// The path of a route; no slash at its end.
///
/// # Errors
/// Why it is no plain prefix.
pub(super) fn route_path(text: &str) -> Result<String, String> {
    let text = if text.is_empty() { "/" } else { text };
    if text.contains(['*', '{', '}', '?']) {
        return Err(format!("`{text}` is no plain path: write the prefix before what varies"));
    }
    let path =
        CanonicalPath::parse(text.as_bytes()).map_err(|error| format!("the path `{text}`: {error}"))?;
    let path = path.as_str();
    Ok(path.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(path).to_owned())
}

/// A host of a route.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HostAs {
    /// Every host.
    Any,
    /// The same.
    Same(String),
    /// It means less than before, and why.
    Less(String, &'static str),
    /// There is none like it.
    No,
}

/// A host as other products write it: with a port, or with a wildcard for any number of labels.
pub(super) fn host(text: &str, wildcard_is_deep: bool) -> HostAs {
    if text == "*" || text.is_empty() {
        return HostAs::Any;
    }
    let bare = text.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let name = bare.map_or(text, |(name, _)| name);
    if HostRule::parse(name).is_err() {
        return HostAs::No;
    }
    let name = name.to_owned();
    match (bare.is_some(), name.starts_with("*.") && wildcard_is_deep) {
        (_, true) => HostAs::Less(name, "`*.` stands for one label here"),
        (true, false) => HostAs::Less(name, "a host stands without its port here; every port of it is meant"),
        (false, false) => HostAs::Same(name),
    }
}

/// A URL of the web, without a password.
///
/// # Errors
/// Why it is none.
pub(super) fn web_url(text: &str) -> Result<url::Url, &'static str> {
    let url = url::Url::parse(text).map_err(|_| "this is no URL")?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("this is no URL with `http://` or `https://` and a host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a URL with a password, which was not read");
    }
    Ok(url)
}

/// `base` and `path`, with one slash between them and none at the end.
pub(super) fn joined(base: &str, path: &str) -> String {
    format!("{}/{}", base.trim_end_matches('/'), path.trim_matches('/')).trim_end_matches('/').to_owned()
}

/// A host and port as part of a URL.
pub(super) fn authority(host: &str, port: Option<&str>) -> String {
    let host =
        if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
    port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
}

/// A duration as protobuf, Go and Kubernetes write it: `1.5s`, `200ms`, `1m30s`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit) = rest.split_at_checked(end)?;
        let next = unit.find(|c: char| c.is_ascii_digit()).unwrap_or(unit.len());
        let (unit, after) = unit.split_at_checked(next)?;
        let seconds: f64 = number.parse().ok()?;
        let factor = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        total = total.checked_add(Duration::try_from_secs_f64(seconds * factor).ok()?)?;
        rest = after;
    }
    Some(Duration::from_millis(u64::try_from(total.as_millis()).ok()?))
}

/// The same as it is written here, if it lies between two bounds.
pub(super) fn duration_within(text: &str, least: Duration, most: Duration) -> Option<String> {
    duration(text).filter(|duration| (least..=most).contains(duration)).map(show_duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_other_products_are_read() {
        for (text, millis) in [
            ("1s", Some(1000)),
            ("0.25s", Some(250)),
            ("200ms", Some(200)),
            ("1m30s", Some(90_000)),
            ("0s", Some(0)),
            ("", None),
            ("5", None),
            ("5x", None),
            ("s", None),
        ] {
            assert_eq!(duration(text), millis.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn hosts_of_other_products_are_read() {
        let less = |name: &str| Some(name.to_owned());
        for (text, same, fewer) in [
            ("a.example", less("a.example"), None),
            ("a.example:8080", None, less("a.example")),
            ("*.a.example", None, less("*.a.example")),
        ] {
            let (is, was) = match host(text, true) {
                HostAs::Same(name) => (Some(name), None),
                HostAs::Less(name, _) => (None, Some(name)),
                HostAs::Any | HostAs::No => (None, None),
            };
            assert_eq!((is, was), (same, fewer), "{text}");
        }
        assert_eq!(host("*", true), HostAs::Any);
        assert_eq!(host("a.*", true), HostAs::No);
        assert_eq!(host("*.a.example", false), HostAs::Same("*.a.example".to_owned()));
    }

    #[test]
    fn urls_have_a_host_and_no_password() {
        for (text, is_one) in [
            ("https://a.example/x?y=z", true),
            ("http://[::1]:8080", true),
            ("https://user:hunter2@a.example", false),
            ("https://user@a.example", false),
            ("ftp://a.example", false),
            ("mailto:a@example", false),
            ("a.example", false),
            ("", false),
        ] {
            assert_eq!(web_url(text).is_ok(), is_one, "{text}");
        }
    }

    #[test]
    fn paths_are_joined_with_one_slash() {
        for (base, path, wanted) in
            [("", "/", ""), ("http://a", "/x/", "http://a/x"), ("http://a/b/", "/", "http://a/b")]
        {
            assert_eq!(joined(base, path), wanted);
        }
        assert_eq!(route_path("/a/").as_deref(), Ok("/a"));
        assert_eq!(route_path("").as_deref(), Ok("/"));
        assert!(route_path("/a/{id}").is_err() && route_path("a").is_err());
    }
}
