//! The metadata of a provider as clients of agents look for it (MCP 2026-07-28, authorization server discovery): RFC 8414
//! first, then OpenID Connect Discovery with the suffix in front of the path and behind it. Nothing is kept.
//!
//! Keys are found in another order, in `discovery`.

use serde_json::{Map, Value};
use url::Url;

use crate::model::without_mark;
use crate::net::{FetchError, Fetched, Fetcher, Limits, excerpt};

use super::ProviderSpec;
use super::source::options_of;

/// What clients read of the metadata of a provider. A member of the wrong type counts as absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationServer {
    /// Where it was found.
    pub metadata_url: String,
    /// The issuer that it names.
    pub issuer: Option<String>,
    /// Where people log in.
    pub authorization_endpoint: Option<String>,
    /// Where clients get tokens.
    pub token_endpoint: Option<String>,
    /// Where clients register themselves (RFC 7591).
    pub registration_endpoint: Option<String>,
    /// Whether a client may name itself with the URL of a document about it.
    pub has_client_documents: bool,
    /// The methods of PKCE (RFC 7636).
    pub challenge_methods: Vec<String>,
    /// The scopes that it knows; `None` where it does not say.
    pub scopes: Option<Vec<String>>,
}

/// Fetches the metadata of a provider in the way that clients do, with the provider's own trust and proxy.
///
/// # Errors
/// Why no client finds it, for an operator.
pub async fn authorization_server(spec: &ProviderSpec) -> Result<AuthorizationServer, String> {
    let issuer = spec.issuer.as_str();
    let places = places(issuer).ok_or_else(|| format!("the issuer {} is no URL", excerpt(issuer)))?;
    let fetcher = Fetcher::new(&options_of(spec), Limits::default()).map_err(|error| error.to_string())?;
    let mut misses = Vec::new();
    for place in &places {
        match fetcher.fetch(place, None).await {
            Ok(Fetched::Document(document)) => {
                return read(place, &document.body).ok_or_else(|| format!("{place} is no metadata document"));
            }
            Ok(Fetched::NotModified { .. }) => return Err(format!("{place} answered 304")),
            // Clients go on after such an answer, and after no other.
            Err(FetchError::Status { status, .. }) if (400..500).contains(&status) && status != 429 => {
                misses.push(format!("{place} answered {status}"));
            }
            Err(error) => return Err(excerpt(&error.to_string())),
        }
    }
    Err(misses.join("; "))
}

/// The places in the order of clients.
fn places(issuer: &str) -> Option<Vec<Url>> {
    let base = Url::parse(issuer).ok().filter(Url::has_host)?;
    if base.query().is_some() || base.fragment().is_some() {
        return None;
    }
    let path = base.path().trim_end_matches('/');
    let mut paths = vec![
        format!("/.well-known/oauth-authorization-server{path}"),
        format!("/.well-known/openid-configuration{path}"),
    ];
    if !path.is_empty() {
        paths.push(format!("{path}/.well-known/openid-configuration"));
    }
    let at = |path: String| {
        let mut url = base.clone();
        url.set_path(&path);
        url
    };
    Some(paths.into_iter().map(at).collect())
}

fn read(place: &Url, body: &[u8]) -> Option<AuthorizationServer> {
    let members: Map<String, Value> = serde_json::from_slice(without_mark(body)).ok()?;
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(excerpt);
    let list = |name: &str| {
        let items = members.get(name)?.as_array()?.iter();
        Some(items.filter_map(Value::as_str).map(excerpt).collect::<Vec<_>>())
    };
    Some(AuthorizationServer {
        metadata_url: place.to_string(),
        issuer: text("issuer"),
        authorization_endpoint: text("authorization_endpoint"),
        token_endpoint: text("token_endpoint"),
        registration_endpoint: text("registration_endpoint"),
        has_client_documents: members
            .get("client_id_metadata_document_supported")
            .and_then(Value::as_bool)
            .unwrap_or_default(),
        challenge_methods: list("code_challenge_methods_supported").unwrap_or_default(),
        scopes: list("scopes_supported"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::idp::{KeySource, fixtures};
    use crate::model::Issuer;
    use crate::net::fixtures::{Loopback, answer, install_tls};

    fn spec(issuer: &str) -> ProviderSpec {
        ProviderSpec { issuer: Issuer::new(issuer), ..fixtures::spec(KeySource::Discovery) }
    }

    #[test]
    fn the_places_are_those_of_clients_in_their_order() {
        for (issuer, wanted) in [
            (
                "https://idp.test/",
                &[
                    "https://idp.test/.well-known/oauth-authorization-server",
                    "https://idp.test/.well-known/openid-configuration",
                ][..],
            ),
            (
                "https://idp.test:8443/realms/a",
                &[
                    "https://idp.test:8443/.well-known/oauth-authorization-server/realms/a",
                    "https://idp.test:8443/.well-known/openid-configuration/realms/a",
                    "https://idp.test:8443/realms/a/.well-known/openid-configuration",
                ],
            ),
        ] {
            let found: Vec<_> = places(issuer).unwrap().iter().map(Url::to_string).collect();
            assert_eq!(found, wanted, "{issuer}");
        }
        for bad in ["corp", "urn:corp", "https://idp.test/?a=b"] {
            assert_eq!(places(bad), None, "{bad}");
        }
    }

    #[tokio::test]
    async fn what_clients_read_is_found_behind_answers_that_they_pass_over() {
        install_tls();
        let body = r#"{"issuer":"x","registration_endpoint":7,"client_id_metadata_document_supported":true,
            "code_challenge_methods_supported":["S256"]}"#;
        let server = Loopback::start(move |head| match head.contains("openid-configuration") {
            true => answer("200 OK", "", body),
            false => answer("404 Not Found", "", ""),
        })
        .await;
        let found = authorization_server(&spec(server.url("/").as_str())).await.unwrap();
        assert!(found.metadata_url.ends_with("/.well-known/openid-configuration"), "{found:?}");
        assert_eq!((found.issuer.as_deref(), found.registration_endpoint.as_deref()), (Some("x"), None));
        assert!(found.has_client_documents);
        assert_eq!((found.challenge_methods, found.scopes), (vec!["S256".to_owned()], None));
    }

    #[tokio::test]
    async fn an_answer_that_ends_the_search_of_clients_ends_this_one() {
        install_tls();
        for (status, said) in [
            ("503 Service Unavailable", "answered 503"),
            ("429 Too Many Requests", "answered 429"),
            ("200 OK", "no metadata document"),
            ("404 Not Found", "answered 404"),
        ] {
            let server = Loopback::start(move |head| match head.contains("oauth-authorization-server") {
                true => answer(status, "", "[]"),
                false => answer("404 Not Found", "", ""),
            })
            .await;
            let error = authorization_server(&spec(server.url("/").as_str())).await.unwrap_err();
            assert!(error.contains(said), "{status}: {error}");
        }
        let error = authorization_server(&spec("corp")).await.unwrap_err();
        assert!(error.contains("no URL"), "{error}");
    }
}
