//! The introspection endpoint of a provider: where it is, and one call of it (RFC 7662 section 2.1).
//!
//! When it may be called is in `introspector`; what a response means, `authn` knows.

use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use tokio::sync::Mutex;
use tokio::time::Instant as Tick;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::idp::client_authentication::basic;
use crate::idp::discovery::{Discovery, Found, led_to};
use crate::idp::source::options_of;
use crate::idp::{IntrospectionSpec, ProviderSpec};
use crate::model::Instant;
use crate::net::{FetchError, Fetcher, FetcherOptions, Form, FormResponse, Limits};

use super::spec::{ClientProof, ClientSpec};

/// The largest response, in bytes, as received and as decoded. One about a token with a hundred roles takes ten thousand.
const MAX_RESPONSE: usize = 64 * 1024;
/// The longest time for a connection, TLS included, as for keys.
const CONNECT: Duration = Duration::from_secs(2);
/// How long a discovered URL is used before the metadata is read again: a provider that moves its endpoint serves both for
/// longer. After a failed call it is read again at once.
const FOUND_FOR: Duration = Duration::from_secs(600);

/// The type of an assertion that is a JWT (RFC 7523 section 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The endpoint of one provider.
#[derive(Debug, Default)]
pub(super) struct Endpoint {
    /// Created with the first call: a TLS client costs memory, and a compiled configuration may be discarded.
    fetcher: OnceLock<Fetcher>,
    /// The URL of the metadata, and when it was read.
    found: Mutex<Option<(Url, Tick)>>,
}

/// Why there is no response that could be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallError {
    #[error("{0}")]
    Timeout(String),
    #[error("{0}")]
    Failed(String),
    /// The endpoint does not take this one question. It is no failure of the endpoint: anybody can send a token that it does not
    /// like, and must not keep everybody else from asking.
    #[error("{0}")]
    Rejected(String),
}

impl From<FetchError> for CallError {
    fn from(error: FetchError) -> Self {
        let said = error.to_string();
        let is_late = matches!(error, FetchError::Timeout { .. } | FetchError::ConnectTimeout { .. });
        if is_late { Self::Timeout(said) } else { Self::Failed(said) }
    }
}

impl Endpoint {
    /// Asks about a token. The caller limits the time.
    pub(super) async fn ask(
        &self,
        provider: &ProviderSpec,
        spec: &IntrospectionSpec,
        (token, now): (&str, Instant),
    ) -> Result<Bytes, CallError> {
        let fetcher = self.fetcher(provider, spec)?;
        let url = self.url(provider, spec, fetcher).await?;
        let (body, authorization) = form(spec, token, provider.issuer.as_str(), now)
            .ok_or_else(|| CallError::Failed("the system made no signature".to_owned()))?;
        let accept = if spec.signed { "application/token-introspection+jwt" } else { "application/json" };
        let form = Form { body, authorization, accept: Some(accept) };
        let asked =
            fetcher.post_form(&url, form).await.map_err(CallError::from).and_then(|r| body_of(&url, r));
        if matches!(&asked, Err(CallError::Timeout(_) | CallError::Failed(_))) && spec.endpoint.is_none() {
            *self.found.lock().await = None;
        }
        asked
    }

    fn fetcher(&self, provider: &ProviderSpec, spec: &IntrospectionSpec) -> Result<&Fetcher, CallError> {
        if let Some(fetcher) = self.fetcher.get() {
            return Ok(fetcher);
        }
        let limits = Limits { connect: CONNECT.min(spec.timeout), total: spec.timeout, body: MAX_RESPONSE };
        // New tokens come all the time, so the next call finds a connection.
        let (kept_connections, identity) = (spec.max_in_flight, spec.client.identity().cloned());
        let options = FetcherOptions { kept_connections, identity, ..options_of(provider) };
        let fetcher = Fetcher::new(&options, limits)?;
        Ok(self.fetcher.get_or_init(|| fetcher))
    }

    /// The URL of the endpoint; the metadata is read by one call at a time.
    async fn url(
        &self,
        provider: &ProviderSpec,
        spec: &IntrospectionSpec,
        fetcher: &Fetcher,
    ) -> Result<Url, CallError> {
        if let Some(url) = &spec.endpoint {
            return Ok(url.clone());
        }
        let mut found = self.found.lock().await;
        if let Some((url, at)) = &*found
            && at.elapsed() < FOUND_FOR
        {
            return Ok(url.clone());
        }
        let failed = |why: String| CallError::Failed(why);
        let metadata = Discovery::new(provider.issuer.clone()).metadata(fetcher).await;
        let metadata = metadata.map_err(|error| failed(error.to_string()))?;
        let url = named(&metadata, &spec.client, fetcher).map_err(failed)?;
        *found = Some((url.clone(), Tick::now()));
        Ok(url)
    }
}

/// The endpoint that the metadata name for this client.
fn named(metadata: &Found, client: &ClientSpec, fetcher: &Fetcher) -> Result<Url, String> {
    let (shows, usual) = (client.identity().is_some(), &metadata.introspection_endpoint);
    let alias = metadata.mtls_introspection_endpoint.as_ref().filter(|_| shows);
    let url = alias.or(usual.as_ref()).cloned().ok_or_else(|| {
        "the issuer's metadata names no introspection endpoint: write `introspection.endpoint`".to_owned()
    })?;
    let unusable = |why: String| {
        format!("the issuer's metadata names an introspection endpoint that cannot be used: {why}")
    };
    led_to(&metadata.place, &url, fetcher).map_err(unusable)?;
    if shows && url.scheme() != "https" {
        return Err(unusable("a certificate is shown over https alone".to_owned()));
    }
    Ok(url)
}

/// The form, and the field `Authorization` when the client authenticates with it; `None` when the system makes no signature.
fn form(
    spec: &IntrospectionSpec,
    token: &str,
    issuer: &str,
    now: Instant,
) -> Option<(String, Option<HeaderValue>)> {
    let mut form = Serializer::new(String::new());
    form.append_pair("token", token).append_pair("token_type_hint", "access_token");
    let client = &spec.client;
    let authorization = match &client.proof {
        ClientProof::Basic(secret) => basic(&client.id, secret.expose()),
        ClientProof::Post(secret) => {
            form.append_pair("client_id", &client.id).append_pair("client_secret", secret.expose());
            None
        }
        ClientProof::PrivateKey(key) => {
            let assertion = key.assertion(&client.id, issuer, now)?;
            form.append_pair("client_id", &client.id).append_pair("client_assertion_type", JWT_BEARER);
            form.append_pair("client_assertion", &assertion);
            None
        }
        // RFC 8705 section 2: who it is stands in the form, and the handshake proves it.
        ClientProof::Tls(_) => {
            form.append_pair("client_id", &client.id);
            None
        }
    };
    Some((form.finish(), authorization))
}

/// The body of a response with status 200; any other is none. That of a 401 is about us, and never about the token.
fn body_of(url: &Url, response: FormResponse) -> Result<Bytes, CallError> {
    if response.status == StatusCode::OK {
        return Ok(response.body);
    }
    let status = response.status.as_u16();
    let host = url.host_str().unwrap_or_default();
    Err(match response.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => CallError::Failed(format!(
            "{host} answered {status}: it does not accept this gateway as a client; check `introspection.auth`"
        )),
        StatusCode::BAD_REQUEST
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNPROCESSABLE_ENTITY
        | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => CallError::Rejected(format!(
            "{host} answered {status}: it does not take this token, or `introspection.auth` in this form"
        )),
        _ => CallError::Failed(format!("{host} answered {status}")),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::spec::{ClientSecret, IntrospectedTokens};
    use super::*;
    use crate::net::ClientIdentity;

    fn spec(proof: impl Fn(ClientSecret) -> ClientProof) -> IntrospectionSpec {
        IntrospectionSpec {
            endpoint: None,
            client: ClientSpec {
                id: "gate way".into(),
                proof: proof(ClientSecret::new("s&cret".to_owned())),
            },
            tokens: IntrospectedTokens::Opaque,
            signed: false,
            timeout: Duration::from_secs(2),
            max_ttl: Duration::from_secs(60),
            negative_ttl: Duration::from_secs(10),
            max_in_flight: 64,
            token_prefixes: Box::default(),
        }
    }

    #[test]
    fn the_token_is_in_the_form_and_the_secret_where_the_method_says() {
        let form =
            |spec: &IntrospectionSpec, token: &str| form(spec, token, "i", Instant::from_unix(1)).unwrap();
        let (body, authorization) = form(&spec(ClientProof::Basic), "a+b/c=");
        assert_eq!(body, "token=a%2Bb%2Fc%3D&token_type_hint=access_token");
        assert_eq!(authorization, basic("gate way", "s&cret"));
        let (body, authorization) = form(&spec(ClientProof::Post), "abc");
        let wanted = "token=abc&token_type_hint=access_token&client_id=gate+way&client_secret=s%26cret";
        assert_eq!((&*body, authorization), (wanted, None));
        let shown = |_| ClientProof::Tls(ClientIdentity::new(b"pem"));
        let (body, authorization) = form(&spec(shown), "abc");
        let wanted = "token=abc&token_type_hint=access_token&client_id=gate+way";
        assert_eq!((&*body, authorization), (wanted, None));
    }

    #[test]
    fn a_client_that_shows_a_certificate_is_sent_to_the_endpoint_for_those_that_do() {
        crate::net::fixtures::install_tls();
        let fetcher = Fetcher::new(&FetcherOptions::default(), Limits::default()).unwrap();
        let url = |text: &str| Url::parse(text).unwrap();
        let found = |usual: Option<&str>, alias: Option<&str>| Found {
            place: url("https://idp.test/"),
            jwks_uri: url("https://idp.test/keys"),
            token_endpoint: None,
            introspection_endpoint: usual.map(url),
            mtls_introspection_endpoint: alias.map(url),
        };
        let (usual, alias) = (Some("https://idp.test/ask"), Some("https://mtls.idp.test/ask"));
        let secret = spec(ClientProof::Basic).client;
        let shows = spec(|_| ClientProof::Tls(ClientIdentity::new(b"pem"))).client;
        for (client, usual, alias, wanted) in [
            (&secret, usual, alias, usual),
            (&secret, None, alias, None),
            (&shows, usual, alias, alias),
            (&shows, usual, None, usual),
            (&shows, None, alias, alias),
            (&shows, usual, Some("http://mtls.idp.test/ask"), None),
            (&shows, usual, Some("https://127.0.0.1/ask"), None),
        ] {
            let named = named(&found(usual, alias), client, &fetcher);
            assert_eq!(named.as_ref().ok().map(Url::as_str), wanted, "{named:?}");
        }
    }
}
