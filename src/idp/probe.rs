//! Probes an identity provider before an agent relies on it: its metadata, its keys, and the problems with them. Nothing
//! is kept.

use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

use crate::model::{Algorithm, AlgorithmSet, Issuer};
use crate::net::{FetchError, Fetched, Fetcher, FetcherOptions, Limits, excerpt};

use super::discovery::{Discovery, DiscoveryError, Found, led_to};
use super::source::options_of;
use super::{KeySetError, KeySource, ParsedKeys, ProviderSpec, Skipped, parse_key_set};

/// The issuer to probe.
#[derive(Debug, Clone)]
pub struct ProbeRequest {
    /// The issuer, as tokens name it.
    pub issuer: String,
    /// The URL of its keys; `None` for discovery.
    pub jwks_uri: Option<Url>,
    /// Whether plain http is allowed to hosts other than this one.
    pub insecure_http: bool,
}

/// The result of a probe.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Probe {
    /// The issuer of the request.
    pub issuer: String,
    /// Whether tokens of this provider can be verified.
    pub ok: bool,
    /// The URL of its metadata.
    pub metadata_url: Option<String>,
    /// The URL of its keys.
    pub jwks_uri: Option<String>,
    /// The URL of its token endpoint.
    pub token_endpoint: Option<String>,
    /// The usable keys.
    pub keys: Vec<ProbedKey>,
    /// The algorithms of the usable keys.
    pub algorithms: Vec<Algorithm>,
    /// The skipped keys.
    pub skipped: Vec<SkippedKey>,
    /// What keeps tokens of this provider from being verified.
    pub problems: Vec<Problem>,
}

/// A usable key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ProbedKey {
    /// Its key id.
    pub kid: Option<String>,
    /// The algorithms that it verifies.
    pub algorithms: Vec<Algorithm>,
}

/// A skipped key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SkippedKey {
    /// The key, by its position in the set and its id.
    pub key: String,
    /// Why it is skipped.
    pub reason: String,
}

/// A problem with an identity provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ProbeProblem")]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// How to fix it.
    pub help: Option<String>,
}

/// Probes an issuer that is not configured yet, with the trust and the proxy of the system.
pub async fn probe(request: &ProbeRequest) -> Probe {
    let options = FetcherOptions { insecure_http: request.insecure_http, ..FetcherOptions::default() };
    probe_with(&options, request).await
}

/// Probes a configured provider, with its own CA certificates and proxy; `None` when its keys are not fetched over the
/// network.
pub async fn probe_of(spec: &ProviderSpec) -> Option<Probe> {
    let jwks_uri = match &spec.source {
        KeySource::Discovery => None,
        KeySource::JwksUri(url) => Some(url.clone()),
        KeySource::JwksFile(_)
        | KeySource::Inline(_)
        | KeySource::PublicKeyFile(_)
        | KeySource::PublicKey(_) => return None,
    };
    let issuer = spec.issuer.as_str().to_owned();
    let request = ProbeRequest { issuer, jwks_uri, insecure_http: spec.insecure_http };
    Some(probe_with(&options_of(spec), &request).await)
}

async fn probe_with(options: &FetcherOptions, request: &ProbeRequest) -> Probe {
    let mut found = Probe { issuer: request.issuer.clone(), ..Probe::default() };
    let outcome = match Fetcher::new(options, Limits::default()) {
        Ok(fetcher) => look(&fetcher, request, &mut found).await,
        Err(error) => Err(problem_of_fetch(&error)),
    };
    found.problems.extend(outcome.err());
    found.ok = found.problems.is_empty() && !found.keys.is_empty();
    found
}

/// Fetches the metadata of a provider for its token endpoint; `None` when the metadata has none.
///
/// # Errors
/// When the metadata cannot be fetched or refers to a forbidden URL; the text is for an operator.
pub(super) async fn token_endpoint(spec: &ProviderSpec) -> Result<Option<Url>, String> {
    let fetcher = Fetcher::new(&options_of(spec), Limits::default()).map_err(|e| e.to_string())?;
    let words = |e: DiscoveryError| excerpt(&e.to_string());
    let found = Discovery::new(spec.issuer.clone()).metadata(&fetcher).await.map_err(words)?;
    if let Some(token) = &found.token_endpoint {
        // The client's secret is sent there.
        led_to(&found.place, token, &fetcher)
            .map_err(|why| format!("its token endpoint cannot be used: {}", excerpt(&why)))?;
    }
    Ok(found.token_endpoint)
}

async fn look(fetcher: &Fetcher, request: &ProbeRequest, found: &mut Probe) -> Result<(), Problem> {
    let jwks_uri = match &request.jwks_uri {
        Some(url) => url.clone(),
        None => {
            let discovery = Discovery::new(Issuer::new(&request.issuer));
            let Found { place, jwks_uri, token_endpoint, .. } =
                discovery.metadata(fetcher).await.map_err(|error| problem_of_discovery(&error))?;
            found.metadata_url = Some(place.into());
            found.token_endpoint = token_endpoint.map(Into::into);
            jwks_uri
        }
    };
    found.jwks_uri = Some(jwks_uri.to_string());
    let body = match fetcher.fetch(&jwks_uri, None).await.map_err(|error| problem_of_fetch(&error))? {
        Fetched::Document(document) => document.body,
        Fetched::NotModified { .. } => return Err(problem("the key set was answered with 304", None)),
    };
    let keys = parse_key_set(&body, AlgorithmSet::all());
    match &keys {
        Ok(ParsedKeys { keys, skipped, refresh_hint: _ }) => {
            found.keys.extend(keys.iter().map(|key| ProbedKey {
                kid: key.kid().map(ToString::to_string),
                algorithms: key.algorithms().iter().collect(),
            }));
            let all: AlgorithmSet = keys.iter().flat_map(|key| key.algorithms().iter()).collect();
            found.algorithms = all.iter().collect();
            note(found, skipped);
        }
        Err(error) => {
            note(found, error.skipped());
            let help = match error {
                KeySetError::NotAKeySet(_) => "check the URL: it has to give a JSON Web Key Set (RFC 7517)",
                KeySetError::NoUsableKey(_) => "the provider has to publish a public RSA, EC or Ed25519 key",
            };
            return Err(problem(&error.to_string(), Some(help)));
        }
    }
    Ok(())
}

fn note(found: &mut Probe, skipped: &[Skipped]) {
    found.skipped.extend(skipped.iter().map(|key| SkippedKey {
        key: match &key.kid {
            Some(kid) => format!("key {} (kid {kid})", key.position),
            None => format!("key {}", key.position),
        },
        reason: key.reason.to_string(),
    }));
}

fn problem(message: &str, help: Option<&str>) -> Problem {
    Problem { message: excerpt(message), help: help.map(str::to_owned) }
}

fn problem_of_fetch(error: &FetchError) -> Problem {
    let help = match error {
        FetchError::HttpsRequired { .. } => {
            Some("use https, or set `insecure_http: true` for a test network")
        }
        FetchError::Redirect { .. } => Some("name the place that it leads to"),
        FetchError::Refused { .. } | FetchError::ConnectTimeout { .. } | FetchError::Unresolved { .. } => {
            Some("the gateway itself must be able to reach it: check name, port and firewall")
        }
        _ => None,
    };
    problem(&error.to_string(), help)
}

fn problem_of_discovery(error: &DiscoveryError) -> Problem {
    let help = match error {
        DiscoveryError::IssuerIsNoUrl(_) => "name the keys with `jwks_uri`, `jwks` or `public_key`",
        DiscoveryError::OtherIssuer { .. } => {
            "copy the issuer exactly as the metadata names it, slashes included"
        }
        DiscoveryError::Fetch(error) => return problem_of_fetch(error),
        DiscoveryError::NotMetadata { .. }
        | DiscoveryError::BadJwksUri { .. }
        | DiscoveryError::Neither { .. } => "check the issuer; or name the keys with `jwks_uri`",
    };
    problem(&error.to_string(), Some(help))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::fixtures::{Loopback, answer, install_tls};

    #[tokio::test]
    async fn a_provider_that_cannot_be_probed_has_a_problem_in_words() {
        install_tls();
        for (issuer, word) in [
            ("not a url", "no URL"),
            ("http://idp.example.com", "https required"),
            ("http://127.0.0.1:1", "connect refused"),
            ("https://169.254.169.254/", "address refused"),
        ] {
            let request = ProbeRequest { issuer: issuer.to_owned(), jwks_uri: None, insecure_http: false };
            let found = probe(&request).await;
            assert!(!found.ok, "{issuer}");
            assert!(found.problems[0].message.contains(word), "{issuer}: {:?}", found.problems);
        }
    }

    #[tokio::test]
    async fn usable_and_skipped_keys_are_listed() {
        install_tls();
        let keys = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
            {"kty":"oct","kid":"b","k":"c2VjcmV0"}]}"#;
        let server = Loopback::start(move |_| answer("200 OK", "", keys)).await;
        let request = ProbeRequest {
            issuer: "https://idp.example.com".to_owned(),
            jwks_uri: Some(server.url("/keys")),
            insecure_http: false,
        };
        let found = probe(&request).await;
        assert!(found.ok, "{:?}", found.problems);
        assert_eq!((found.keys[0].kid.as_deref(), found.algorithms), (Some("a"), vec![Algorithm::EdDsa]));
        assert!(found.skipped[0].reason.contains("shared secret"), "{:?}", found.skipped);
    }
}
