//! Fetches one document over HTTP, within limits, from the requested URL and no other.
//!
//! A TLS provider must be installed in the process before a fetcher is made. The way out is in `proxy`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, ETAG, IF_NONE_MATCH, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode};
use url::Url;

use crate::model::{Clock as _, ForbiddenAddress, SystemClock, pem_without_marks};

use super::FetchError;
use super::address::{GuardedResolver, Lookup, is_loopback, literal, system_lookup};
use super::client_identity::ClientIdentity;
use super::coding::{Coding, Undecoded};
use super::proxy::{Egress, EgressProxy};
use super::retry_after::retry_after;

/// How long a connection without a fetch stays open, where any does: less than what servers and balancers commonly give it.
const KEPT_FOR: Duration = Duration::from_secs(15);

/// The limits of a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The timeout of the connection, TLS included.
    pub connect: Duration,
    /// The timeout of everything, from the resolution of the name to the last byte.
    pub total: Duration,
    /// The largest body, in bytes, as received and as decoded.
    pub body: usize,
}

impl Default for Limits {
    /// A server on the other side of the world connects in under a second, so 2 s mean that it is down; a slow one may
    /// take 5 s in all, and 1 MiB holds a thousand keys with their certificates.
    fn default() -> Self {
        Self { connect: Duration::from_secs(2), total: Duration::from_secs(5), body: 1024 * 1024 }
    }
}

/// The trust and the way out of a fetcher.
#[derive(Debug, Clone, Default)]
pub struct FetcherOptions {
    /// Certificates in PEM that are trusted besides those of the system.
    pub extra_ca: Option<Vec<u8>>,
    /// Whether plain http is allowed to hosts that are not loopback.
    pub insecure_http: bool,
    /// The proxy, if any.
    pub proxy: EgressProxy,
    /// The certificate that is shown to servers that ask for one.
    pub identity: Option<ClientIdentity>,
    /// Connections that stay open for the next fetch. 0 for fetches that are minutes apart: a kept connection would be
    /// closed, or lead to an outdated address.
    pub kept_connections: usize,
}

/// The outcome of a successful fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// A new document (200).
    Document(Document),
    /// The document with the given `ETag` is unchanged (304, RFC 9110 section 15.4.5).
    NotModified {
        /// How long the response is fresh (RFC 9111 section 5.2.2.1).
        max_age: Option<Duration>,
    },
}

/// A document and its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The body.
    pub body: Bytes,
    /// The `ETag`, for the next fetch (RFC 9110 section 8.8.3).
    pub etag: Option<String>,
    /// How long the response is fresh (RFC 9111 section 5.2.2.1).
    pub max_age: Option<Duration>,
}

/// A client for documents.
#[derive(Debug, Clone)]
pub struct Fetcher {
    pub(super) client: reqwest::Client,
    pub(super) limits: Limits,
    insecure_http: bool,
    egress: Arc<Egress>,
}

impl Fetcher {
    /// A client that trusts the system's roots and those of `options`.
    ///
    /// # Errors
    /// When the extra CA is no certificate, or the certificate to be shown cannot be used.
    pub fn new(options: &FetcherOptions, limits: Limits) -> Result<Self, FetchError> {
        Self::with_lookup(options, limits, system_lookup)
    }

    fn with_lookup(options: &FetcherOptions, limits: Limits, lookup: Lookup) -> Result<Self, FetchError> {
        let egress = Arc::new(Egress::new(&options.proxy, |name| std::env::var(name).ok()));
        let setup = |cause: String| FetchError::Setup { cause };
        let identity = options.identity.as_ref().map(ClientIdentity::prepared).transpose();
        let identity =
            identity.map_err(|e| setup(format!("the certificate cannot be shown: {}", deepest(&e))))?;
        let builder = |limits| {
            let egress = Arc::clone(&egress);
            let proxy = reqwest::Proxy::custom(move |url| egress.url(url));
            let builder = builder(limits).dns_resolver(GuardedResolver(lookup)).proxy(proxy);
            let builder = kept_open(builder, options.kept_connections);
            match &identity {
                Some(identity) => builder.identity(identity.clone()),
                None => builder,
            }
        };
        let extra = options.extra_ca.as_deref().map(pem_without_marks);
        let extra = extra.map(|pem| reqwest::Certificate::from_pem_bundle(&pem)).transpose();
        let extra = extra.map_err(|e| setup(format!("the extra CA is no PEM certificate: {e}")))?;
        if extra.as_ref().is_some_and(Vec::is_empty) {
            return Err(setup("the extra CA holds no certificate".to_owned()));
        }
        let client = match &extra {
            Some(extra) => builder(limits)
                .tls_certs_merge(extra.iter().cloned())
                .build()
                .map_err(|e| setup(format!("the extra CA cannot be used: {}", deepest(&e))))?,
            None => builder(limits).build().or_else(|e| {
                // Without roots no https works, but loopback http still does; each https fetch says why it fails.
                tracing::warn!(cause = %deepest(&e), "this system trusts no certificate authority");
                builder(limits).tls_certs_only([]).build().map_err(|e| setup(deepest(&e)))
            })?,
        };
        Ok(Self { client, limits, insecure_http: options.insecure_http, egress })
    }

    /// A client whose trust and way out were made elsewhere, for plain HTTP too.
    pub(super) const fn of(client: reqwest::Client, limits: Limits, egress: Arc<Egress>) -> Self {
        Self { client, limits, insecure_http: true, egress }
    }

    /// Whether `url` may be fetched, before its host is resolved.
    ///
    /// # Errors
    /// [`FetchError::BadUrl`], [`FetchError::HttpsRequired`] or [`FetchError::ForbiddenAddress`].
    pub fn permits(&self, url: &Url) -> Result<(), FetchError> {
        let bad = |why| FetchError::BadUrl { url: plain(url), why };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("it carries credentials"));
        }
        if !url.has_host() {
            return Err(bad("it has no host"));
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(url) || self.insecure_http => {}
            "http" => return Err(FetchError::HttpsRequired { url: plain(url) }),
            _ => return Err(bad("only https and http can be")),
        }
        if let Some(address) = literal(url)
            && let Some(kind) = ForbiddenAddress::of(address)
        {
            let host = url.host_str().unwrap_or_default().to_owned();
            return Err(FetchError::ForbiddenAddress { host, address, kind });
        }
        Ok(())
    }

    /// Whether plain http is allowed to hosts that are not loopback.
    #[must_use]
    pub const fn allows_plain_http(&self) -> bool {
        self.insecure_http
    }

    /// Fetches `url`; with `etag`, only if the document has changed.
    ///
    /// # Errors
    /// Everything but a complete response with status 200 or 203 (or 304 to an `etag`) within the limits.
    pub async fn fetch(&self, url: &Url, etag: Option<&str>) -> Result<Fetched, FetchError> {
        self.permits(url)?;
        let text = self.shown(url)?;
        match tokio::time::timeout(self.limits.total, self.exchange(url, &text, etag)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(FetchError::Timeout { url: text, after: self.limits.total }),
        }
    }

    /// Asks for `url`, and returns the status of the response; its body is not read.
    ///
    /// # Errors
    /// When there is no response within the limits.
    pub async fn status(&self, url: &Url) -> Result<StatusCode, FetchError> {
        self.permits(url)?;
        let text = self.shown(url)?;
        let failed = |e: reqwest::Error| FetchError::from_reqwest(&text, self.limits.connect, &e);
        match tokio::time::timeout(self.limits.total, self.client.get(url.clone()).send()).await {
            Ok(response) => Ok(response.map_err(failed)?.status()),
            Err(_) => Err(FetchError::Timeout { url: text, after: self.limits.total }),
        }
    }

    /// `url` for a message, with the proxy that leads there.
    pub(super) fn shown(&self, url: &Url) -> Result<String, FetchError> {
        let text = plain(url);
        Ok(match self.egress.of(url)? {
            Some(proxy) => format!("{text} (through the proxy {proxy})"),
            None => text,
        })
    }

    async fn exchange(&self, url: &Url, text: &str, etag: Option<&str>) -> Result<Fetched, FetchError> {
        let failed = |e: reqwest::Error| FetchError::from_reqwest(text, self.limits.connect, &e);
        let mut request = self.client.get(url.clone());
        let validator = etag.and_then(|e| HeaderValue::from_str(e).ok());
        if let Some(validator) = &validator {
            request = request.header(IF_NONE_MATCH, validator);
        }
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        let max_age = max_age(response.headers());
        match status {
            // 203 is a 200 that a proxy has modified (RFC 9110 section 15.3.4), as corporate proxies do.
            StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION => {}
            StatusCode::NOT_MODIFIED if validator.is_some() => return Ok(Fetched::NotModified { max_age }),
            _ => return Err(refusal(text, url, status, response.headers())),
        }
        let etag = response.headers().get(ETAG).and_then(|v| v.to_str().ok()).map(str::to_owned);
        Ok(Fetched::Document(Document { body: self.body(text, response).await?, etag, max_age }))
    }

    /// The body of a response, within the limit as received and as decoded.
    pub(super) async fn body(
        &self,
        text: &str,
        mut response: reqwest::Response,
    ) -> Result<Bytes, FetchError> {
        let limit = self.limits.body;
        let coding = Coding::of(response.headers())
            .map_err(|encoding| FetchError::Encoded { url: text.to_owned(), encoding })?;
        let too_large = || FetchError::TooLarge { url: text.to_owned(), limit };
        if response.content_length().is_some_and(|n| usize::try_from(n).is_ok_and(|n| n > limit)) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        let failed = |e: reqwest::Error| FetchError::from_reqwest(text, self.limits.connect, &e);
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        match coding.decoded(body, limit) {
            Ok(body) => Ok(body.into()),
            Err(Undecoded::TooLarge) => Err(too_large()),
            Err(Undecoded::Broken(cause)) => Err(FetchError::Broken { url: text.to_owned(), cause }),
        }
    }
}

pub(super) fn builder(limits: Limits) -> reqwest::ClientBuilder {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/jwk-set+json, application/json, */*;q=0.1"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    reqwest::Client::builder()
        .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(limits.connect)
        // Fetches are minutes apart: a kept connection would be closed, or lead to an outdated address.
        .pool_max_idle_per_host(0)
}

/// The same with up to this many connections that stay open for the next fetch.
fn kept_open(builder: reqwest::ClientBuilder, connections: usize) -> reqwest::ClientBuilder {
    if connections == 0 {
        return builder;
    }
    // One connection of HTTP/2 is everybody's, so one that died unnoticed must be found out.
    builder
        .pool_max_idle_per_host(connections)
        .pool_idle_timeout(KEPT_FOR)
        .http2_keep_alive_interval(KEPT_FOR / 3)
        .http2_keep_alive_timeout(KEPT_FOR / 5)
}

/// The error for a response other than success.
fn refusal(text: &str, base: &Url, status: StatusCode, headers: &HeaderMap) -> FetchError {
    let status_code = status.as_u16();
    if !status.is_redirection() || status == StatusCode::NOT_MODIFIED {
        let busy = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let retry_after = if busy { retry_after(headers, SystemClock.now()) } else { None };
        return FetchError::Status { url: text.to_owned(), status: status_code, retry_after };
    }
    let location = headers.get(LOCATION).and_then(|v| v.to_str().ok()).and_then(|v| base.join(v).ok());
    let to = location.as_ref().map_or_else(|| "nowhere".to_owned(), plain);
    FetchError::Redirect { status: status_code, to }
}

/// The `max-age` of `Cache-Control` (RFC 9111 section 5.2.2.1); the first one counts.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|v| v.to_str().ok());
    lines.flat_map(|line| line.split(',')).find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        let seconds = value.trim().trim_matches('"').parse().ok()?;
        name.trim().eq_ignore_ascii_case("max-age").then(|| Duration::from_secs(seconds))
    })
}

/// `url` without credentials, query and fragment, for messages.
fn plain(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Both fail only for URLs that cannot carry credentials in the first place.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

/// The cause at the bottom of an error. It names no URL, which may hold a secret.
#[must_use]
pub fn deepest(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(inner) = deepest.source() {
        deepest = inner;
    }
    deepest.to_string()
}

#[cfg(test)]
mod tests;
