//! The URL of a service whose places stand in DNS (RFC 2782): `srv+` before an http or https URL without a port.
//!
//! What a URL may have beside is decided in `url`.

use url::Url;

use crate::model::is_loopback_name;
use crate::net::literal;

use super::url::upstream_url;

/// What stands before the scheme of such a URL.
pub(in crate::config) const SERVICE: &str = "srv+";

/// The URL of a service without what stands before its scheme; `None` when the text is of another form.
///
/// # Errors
/// What to write instead.
pub(in crate::config) fn service_url(text: &str) -> Option<Result<Url, &'static str>> {
    text.strip_prefix(SERVICE).map(read)
}

fn read(text: &str) -> Result<Url, &'static str> {
    let url = upstream_url(text)
        .map_err(|_| "write the name of a service, such as `srv+http://_agent._tcp.example.com`")?;
    let authority = text.split_once("://").map_or("", |(_, rest)| rest).split('/').next().unwrap_or_default();
    if literal(&url).is_some() || is_loopback_name(url.host_str().unwrap_or_default()) {
        return Err("an address has no records; leave `srv+` out");
    }
    if authority.contains(':') {
        return Err("leave the port out: the records of the service say it");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_a_name_without_a_port() {
        for (text, url) in [
            ("srv+http://_agent._tcp.example.com", "http://_agent._tcp.example.com/"),
            ("srv+https://planner.service.consul/base", "https://planner.service.consul/base"),
        ] {
            assert_eq!(service_url(text).unwrap().unwrap().as_str(), url, "{text}");
        }
        assert_eq!(service_url("http://a.example.com"), None);
        for text in [
            "srv+http://a.example.com:80",
            "srv+https://a.example.com:443/",
            "srv+http://10.0.0.1",
            "srv+http://[fd00::1]",
            "srv+http://localhost",
            "srv+ftp://a",
            "srv+http://u@a",
            "srv+http://a?b",
            "srv+unix:/run/agent.sock",
            "srv+",
        ] {
            assert!(service_url(text).unwrap().is_err(), "{text}");
        }
    }
}
