//! A look at an identity provider before anybody relies on it: what it says of itself, which keys it publishes,
//! and what stands in the way. Nothing is kept.

use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

use crate::model::{Algorithm, AlgorithmSet, Issuer};
use crate::net::{FetchError, Fetched, Fetcher, FetcherOptions, Limits, excerpt};

use super::discovery::{Discovery, DiscoveryError, Found, led_to};
use super::source::options_of;
use super::{KeySetError, KeySource, ParsedKeys, ProviderSpec, Skipped, parse_key_set};

/// What to look at.
#[derive(Debug, Clone)]
pub struct ProbeRequest {
    /// The issuer, as tokens name it.
    pub issuer: String,
    /// Where its keys are; absent is found by discovery.
    pub jwks_uri: Option<Url>,
    /// Whether plain http may be spoken to other hosts than this machine.
    pub insecure_http: bool,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Probe {
    /// The issuer that was asked for.
    pub issuer: String,
    /// Whether tokens of this provider can be verified.
    pub ok: bool,
    /// Where its metadata was found.
    pub metadata_url: Option<String>,
    /// Where its keys are.
    pub jwks_uri: Option<String>,
    /// Where its clients fetch tokens.
    pub token_endpoint: Option<String>,
    /// The keys that can be used.
    pub keys: Vec<ProbedKey>,
    /// The algorithms of those keys.
    pub algorithms: Vec<&'static str>,
    /// The keys that cannot be used.
    pub skipped: Vec<SkippedKey>,
    /// What stands in the way, or wants a look.
    pub problems: Vec<Problem>,
}

/// A key that can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ProbedKey {
    /// Its id.
    pub kid: Option<String>,
    /// What it verifies.
    pub algorithms: Vec<&'static str>,
}

/// A key that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SkippedKey {
    /// Which, by its place and its id.
    pub key: String,
    /// Why.
    pub reason: String,
}

/// Something that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ProbeProblem")]
pub struct Problem {
    /// What.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Where a provider serves its clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoints {
    /// Where tokens are fetched, if its metadata says so.
    pub token: Option<Url>,
}

/// Looks at a provider, now.
pub async fn probe(request: &ProbeRequest) -> Probe {
    let mut found = Probe { issuer: request.issuer.clone(), ..Probe::default() };
    let options = FetcherOptions { insecure_http: request.insecure_http, ..FetcherOptions::default() };
    let outcome = match Fetcher::new(&options, Limits::default()) {
        Ok(fetcher) => look(&fetcher, request, &mut found).await,
        Err(error) => Err(problem_of_fetch(&error)),
    };
    if let Err(problem) = outcome {
        found.problems.push(problem);
    }
    found.ok = found.problems.is_empty() && !found.keys.is_empty();
    found
}

/// The same for a provider as it is configured, with its trust and its way out; `None` when nothing of it is fetched.
pub async fn probe_of(spec: &ProviderSpec) -> Option<Probe> {
    let jwks_uri = match &spec.source {
        KeySource::Discovery => None,
        KeySource::JwksUri(url) => Some(url.clone()),
        _ => return None,
    };
    let issuer = spec.issuer.as_str().to_owned();
    let mut found = Probe { issuer: issuer.clone(), ..Probe::default() };
    let request = ProbeRequest { issuer, jwks_uri, insecure_http: spec.insecure_http };
    let outcome = match Fetcher::new(&options_of(spec), Limits::default()) {
        Ok(fetcher) => look(&fetcher, &request, &mut found).await,
        Err(error) => Err(problem_of_fetch(&error)),
    };
    found.problems.extend(outcome.err());
    found.ok = found.problems.is_empty() && !found.keys.is_empty();
    Some(found)
}

/// Where the provider of `spec` serves its clients, asked for now.
///
/// # Errors
/// Why its metadata cannot be had, for an operator.
pub(super) async fn endpoints(spec: &ProviderSpec) -> Result<Endpoints, String> {
    let fetcher = Fetcher::new(&options_of(spec), Limits::default()).map_err(|e| e.to_string())?;
    let words = |e: DiscoveryError| excerpt(&e.to_string());
    let found = Discovery::new(spec.issuer.clone()).metadata(&fetcher).await.map_err(words)?;
    if let Some(token) = &found.token_endpoint {
        // A client's secret goes there.
        led_to(&found.place, token, &fetcher)
            .map_err(|why| format!("its token endpoint cannot be used: {}", excerpt(&why)))?;
    }
    Ok(Endpoints { token: found.token_endpoint })
}

async fn look(fetcher: &Fetcher, request: &ProbeRequest, found: &mut Probe) -> Result<(), Problem> {
    let jwks_uri = match &request.jwks_uri {
        Some(url) => url.clone(),
        None => {
            let discovery = Discovery::new(Issuer::new(&request.issuer));
            let Found { place, jwks_uri, token_endpoint } =
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
        Ok(ParsedKeys { keys, skipped }) => {
            found.keys.extend(keys.iter().map(|key| ProbedKey {
                kid: key.kid().map(ToString::to_string),
                algorithms: key.algorithms().iter().map(Algorithm::as_str).collect(),
            }));
            let all: AlgorithmSet = keys.iter().flat_map(|key| key.algorithms().iter()).collect();
            found.algorithms = all.iter().map(Algorithm::as_str).collect();
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
    async fn what_stands_in_the_way_is_a_finding_and_not_a_failure() {
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
    async fn keys_are_shown_with_those_that_cannot_be_used() {
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
        assert_eq!((found.keys[0].kid.as_deref(), found.algorithms), (Some("a"), vec!["EdDSA"]));
        assert!(found.skipped[0].reason.contains("shared secret"), "{:?}", found.skipped);
    }
}
