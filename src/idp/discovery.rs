//! Finds the URL of an issuer's keys: OpenID Connect Discovery 1.0 section 4, then RFC 8414 section 3.
//!
//! The document must name the issuer exactly as it is configured. Otherwise, one tenant of a provider could supply the
//! keys of another (OpenID Connect Discovery 1.0 section 4.3, RFC 8414 section 3.3).

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::model::{Issuer, without_mark};
use crate::net::{FetchError, Fetched, Fetcher, is_loopback};

/// How long the last `jwks_uri` is used while the metadata cannot be fetched: it covers a restart of the provider, and
/// is short enough that a provider that moved is not asked at its old URL for a day.
const REMEMBERED_FOR: Duration = Duration::from_secs(3600);

/// The longest URL in the metadata, in bytes: what browsers and servers commonly accept.
const LONGEST_URL: usize = 2048;

/// Why discovery failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum DiscoveryError {
    #[error("the issuer {0:?} is no URL, so its keys cannot be discovered; name them with jwks_uri")]
    IssuerIsNoUrl(String),
    #[error("discovery: {0}")]
    Fetch(#[from] FetchError),
    #[error("discovery: {url} is no metadata document: {cause}")]
    NotMetadata { url: String, cause: String },
    #[error("discovery: {url} names the issuer {found:?}, not {wanted:?}")]
    OtherIssuer { url: String, found: String, wanted: String },
    #[error("discovery: {url} names a jwks_uri that cannot be used: {cause}")]
    BadJwksUri { url: String, cause: String },
    #[error("{first}; {second}")]
    Neither { first: Box<DiscoveryError>, second: Box<DiscoveryError> },
}

impl DiscoveryError {
    /// Whether the host responded, so that the second well-known URL is worth a try.
    const fn is_answer(&self) -> bool {
        match self {
            Self::Fetch(error) => error.is_answer(),
            Self::NotMetadata { .. } | Self::OtherIssuer { .. } | Self::BadJwksUri { .. } => true,
            Self::IssuerIsNoUrl(_) | Self::Neither { .. } => false,
        }
    }
}

impl DiscoveryError {
    /// Whether no document was received, so that nothing contradicts the remembered URL.
    fn is_silence(&self) -> bool {
        match self {
            Self::Fetch(_) => true,
            Self::Neither { first, second } => first.is_silence() && second.is_silence(),
            Self::IssuerIsNoUrl(_)
            | Self::NotMetadata { .. }
            | Self::OtherIssuer { .. }
            | Self::BadJwksUri { .. } => false,
        }
    }

    /// `Retry-After`, if the provider sent one.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Fetch(error) => error.retry_after(),
            Self::Neither { first, second } => first.retry_after().max(second.retry_after()),
            Self::IssuerIsNoUrl(_)
            | Self::NotMetadata { .. }
            | Self::OtherIssuer { .. }
            | Self::BadJwksUri { .. } => None,
        }
    }
}

/// The members of the metadata that are used.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint: Option<String>,
    #[serde(default)]
    introspection_endpoint: Option<String>,
    /// Of any type, since keys do not depend on it.
    #[serde(default)]
    mtls_endpoint_aliases: Value,
}

/// The parsed metadata of an issuer.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The URL of the metadata.
    pub(super) place: Url,
    pub(super) jwks_uri: Url,
    pub(super) token_endpoint: Option<Url>,
    pub(super) introspection_endpoint: Option<Url>,
    /// The same for clients that show a certificate, where that is another one (RFC 8705 section 5).
    pub(super) mtls_introspection_endpoint: Option<Url>,
}

/// The URL of the keys.
#[derive(Debug)]
pub(super) struct KeysAt {
    pub(super) url: Url,
    /// The error of discovery, when `url` is a remembered one: the cause to report if fetching the keys fails too.
    pub(super) instead_of: Option<DiscoveryError>,
}

/// Finds the URL of an issuer's keys, and remembers it for [`REMEMBERED_FOR`].
#[derive(Debug)]
pub(super) struct Discovery {
    issuer: Issuer,
    remembered: Option<(Url, Instant)>,
}

impl Discovery {
    pub(super) const fn new(issuer: Issuer) -> Self {
        Self { issuer, remembered: None }
    }

    /// The URL of the keys. The metadata is fetched each time, because providers move; while it cannot be fetched, its
    /// last URL is used.
    pub(super) async fn jwks_uri(&mut self, fetcher: &Fetcher) -> Result<KeysAt, DiscoveryError> {
        match self.metadata(fetcher).await {
            Ok(found) => {
                self.remembered = Some((found.jwks_uri.clone(), Instant::now()));
                Ok(KeysAt { url: found.jwks_uri, instead_of: None })
            }
            Err(error) if error.is_silence() => match &self.remembered {
                Some((url, since)) if since.elapsed() < REMEMBERED_FOR => {
                    Ok(KeysAt { url: url.clone(), instead_of: Some(error) })
                }
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// Fetches the metadata of the issuer.
    pub(super) async fn metadata(&self, fetcher: &Fetcher) -> Result<Found, DiscoveryError> {
        let (openid, oauth) = metadata_urls(self.issuer.as_str())
            .ok_or_else(|| DiscoveryError::IssuerIsNoUrl(self.issuer.to_string()))?;
        match self.read(fetcher, &openid).await {
            Err(first) if first.is_answer() => self.read(fetcher, &oauth).await.map_err(|second| {
                DiscoveryError::Neither { first: Box::new(first), second: Box::new(second) }
            }),
            outcome => outcome,
        }
    }

    async fn read(&self, fetcher: &Fetcher, place: &Url) -> Result<Found, DiscoveryError> {
        let url = || place.to_string();
        let not_metadata = |cause: String| DiscoveryError::NotMetadata { url: url(), cause };
        let body = match fetcher.fetch(place, None).await? {
            Fetched::Document(document) => document.body,
            Fetched::NotModified { .. } => return Err(not_metadata("it answered 304".to_owned())),
        };
        let body = without_mark(&body);
        // serde's derived reader also accepts an array in place of an object.
        if !body.trim_ascii_start().starts_with(b"{") {
            return Err(not_metadata("it is no JSON object".to_owned()));
        }
        let metadata: Metadata = serde_json::from_slice(body).map_err(|e| not_metadata(e.to_string()))?;
        if metadata.issuer != self.issuer.as_str() {
            let wanted = self.issuer.to_string();
            return Err(DiscoveryError::OtherIssuer { url: url(), found: metadata.issuer, wanted });
        }
        let bad = |cause: String| DiscoveryError::BadJwksUri { url: url(), cause };
        let jwks_uri = parse(&metadata.jwks_uri).map_err(bad)?;
        led_to(place, &jwks_uri, fetcher).map_err(bad)?;
        // Keys do not depend on these, so a bad one does not make the document invalid.
        let token_endpoint = metadata.token_endpoint.and_then(|url| parse(&url).ok());
        let introspection_endpoint = metadata.introspection_endpoint.and_then(|url| parse(&url).ok());
        let alias = metadata.mtls_endpoint_aliases.get("introspection_endpoint").and_then(Value::as_str);
        let mtls_introspection_endpoint = alias.and_then(|url| parse(url).ok());
        let place = place.clone();
        Ok(Found { place, jwks_uri, token_endpoint, introspection_endpoint, mtls_introspection_endpoint })
    }
}

fn parse(url: &str) -> Result<Url, String> {
    if url.len() > LONGEST_URL {
        return Err(format!("it is longer than {LONGEST_URL} bytes"));
    }
    Url::parse(url).map_err(|e| e.to_string())
}

/// Checks that metadata from `place` may refer to `url`: never to a forbidden address, not from https to http, and not
/// from another host to this machine (server-side request forgery).
pub(super) fn led_to(place: &Url, url: &Url, fetcher: &Fetcher) -> Result<(), String> {
    fetcher.permits(url).map_err(|e| e.to_string())?;
    if place.scheme() == "https" && url.scheme() != "https" && !fetcher.allows_plain_http() {
        return Err("https must not lead to http".to_owned());
    }
    if is_loopback(url) && !is_loopback(place) {
        return Err("another host must not lead to this machine".to_owned());
    }
    Ok(())
}

/// The well-known URLs of an issuer: appended to its path (OpenID Connect) and inserted before it (RFC 8414 section
/// 3.1). A final slash is removed first.
fn metadata_urls(issuer: &str) -> Option<(Url, Url)> {
    let base = Url::parse(issuer).ok()?;
    if base.cannot_be_a_base() || base.query().is_some() || base.fragment().is_some() {
        return None;
    }
    let path = base.path().strip_suffix('/').unwrap_or_else(|| base.path());
    let at = |path: String| {
        let mut url = base.clone();
        url.set_path(&path);
        url
    };
    Some((
        at(format!("{path}/.well-known/openid-configuration")),
        at(format!("/.well-known/oauth-authorization-server{path}")),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_leads_neither_out_of_tls_nor_into_this_machine() {
        crate::net::fixtures::install_tls();
        let fetcher = |insecure_http| {
            let options = crate::net::FetcherOptions { insecure_http, ..Default::default() };
            Fetcher::new(&options, crate::net::Limits::default()).unwrap()
        };
        let (strict, lax) = (fetcher(false), fetcher(true));
        for (place, url, fine, fine_with_insecure_http) in [
            ("https://idp.test/", "https://idp.test/keys", true, true),
            ("https://idp.test/", "https://keys.test/keys", true, true),
            ("https://idp.test/", "https://10.0.0.1/keys", true, true),
            ("https://idp.test/", "http://idp.test/keys", false, true),
            ("https://idp.test/", "https://127.0.0.1/keys", false, false),
            ("https://idp.test/", "http://127.0.0.1:9465/api", false, false),
            ("https://idp.test/", "https://[::1]/keys", false, false),
            ("https://idp.test/", "https://[::ffff:127.0.0.1]/keys", false, false),
            ("https://idp.test/", "https://localhost/keys", false, false),
            ("https://idp.test/", "https://a.localhost./keys", false, false),
            ("https://idp.test/", "https://2130706433/keys", false, false),
            ("https://idp.test/", "https://169.254.169.254/keys", false, false),
            ("https://idp.test/", "https://0251.0376.0251.0376/keys", false, false),
            ("https://127.0.0.1/", "https://127.0.0.1/keys", true, true),
            ("https://127.0.0.1/", "https://localhost/keys", true, true),
            ("https://127.0.0.1/", "http://127.0.0.1/keys", false, true),
            ("http://localhost/", "https://idp.test/keys", true, true),
        ] {
            let (place, url) = (Url::parse(place).unwrap(), Url::parse(url).unwrap());
            assert_eq!(led_to(&place, &url, &strict).is_ok(), fine, "{place} {url}");
            assert_eq!(
                led_to(&place, &url, &lax).is_ok(),
                fine_with_insecure_http,
                "{place} {url}, insecure"
            );
        }
    }

    #[test]
    fn the_metadata_urls_are_those_of_the_specifications() {
        for (issuer, openid, oauth) in [
            (
                "https://idp.test",
                "https://idp.test/.well-known/openid-configuration",
                "https://idp.test/.well-known/oauth-authorization-server",
            ),
            (
                "https://idp.test/",
                "https://idp.test/.well-known/openid-configuration",
                "https://idp.test/.well-known/oauth-authorization-server",
            ),
            // OpenID Connect Discovery 1.0 section 4.1, RFC 8414 section 3.1
            (
                "https://idp.test:8443/realms/a",
                "https://idp.test:8443/realms/a/.well-known/openid-configuration",
                "https://idp.test:8443/.well-known/oauth-authorization-server/realms/a",
            ),
            (
                "https://idp.test/realms/a/",
                "https://idp.test/realms/a/.well-known/openid-configuration",
                "https://idp.test/.well-known/oauth-authorization-server/realms/a",
            ),
        ] {
            let (first, second) = metadata_urls(issuer).unwrap();
            assert_eq!((first.as_str(), second.as_str()), (openid, oauth), "{issuer}");
        }
        for bad in ["corp", "urn:corp", "https://idp.test/?a=b", "https://idp.test/#x", ""] {
            assert_eq!(metadata_urls(bad), None, "{bad}");
        }
    }
}
