//! What the checks say of an agent and its identity provider.

use axum::http::Method;
use serde_json::{Value, json};

use super::super::fixtures::Api;
use super::findings::of_provider;
use super::{Outcome, Row};
use crate::admin::fixtures;
use crate::idp::AuthorizationServer;

const PATH: &str = "/api/v1/agents/refunds/client-check";

fn outcomes(rows: &Value) -> Vec<(&str, &str)> {
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| (row["topic"].as_str().unwrap(), row["outcome"].as_str().unwrap()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn only_a_url_of_an_agent_with_tokens_is_checked() {
    let api = Api::new();
    for (agent, body, status) in [
        ("refunds", json!({"url": ""}), 422),
        ("refunds", json!({"url": "mailto:a@b.example"}), 422),
        ("refunds", json!({"url": format!("https://a/{}", "x".repeat(3000))}), 422),
        ("refunds", json!({"uri": "https://a"}), 422),
        ("partner", json!({}), 422),
        ("open", json!({}), 422),
        ("absent", json!({}), 404),
    ] {
        let path = PATH.replace("refunds", agent);
        let answer = api.write(Method::POST, &path, None, Some(body.clone())).await;
        assert_eq!(answer.status, status, "{agent} {body}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_url_that_people_gave_is_compared_with_what_the_metadata_names() {
    let api = Api::with_server("  public_url: https://agents.example.com/gw\n");
    for (url, outcome) in [
        ("https://agents.example.com/gw/agents/refunds", "ok"),
        ("https://agents.example.com/gw/agents/refunds/", "ok"),
        ("https://AGENTS.example.com/gw/agents/refunds", "warn"),
        ("https://agents.example.com/gw/agents/refunds?a=b", "warn"),
        ("https://agents.example.com/agents/refunds", "bad"),
        ("https://agents.example.com/gw/agents/refunds/mcp", "bad"),
        ("https://other.example.com/gw/agents/refunds", "bad"),
        ("http://agents.example.com/gw/agents/refunds", "bad"),
    ] {
        let answer = api.write(Method::POST, PATH, None, Some(json!({"url": url}))).await.json();
        assert_eq!(outcomes(&answer["rows"])[0], ("resource", outcome), "{url}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_public_url_and_without_a_provider_the_checks_say_why() {
    let api = Api::new();
    let answer = api.write(Method::POST, PATH, None, Some(json!({}))).await.json();
    assert_eq!(answer["url"], json!("http://127.0.0.1:8080/agents/refunds"));
    assert_eq!((&answer["identity_provider"], &answer["metadata_url"]), (&json!("corp"), &json!(null)));
    assert_eq!(
        outcomes(&answer["rows"]),
        [
            ("resource", "warn"),
            ("reach", "warn"),
            ("audience", "warn"),
            ("credential", "ok"),
            ("page", "warn"),
            ("authorization_server", "bad"),
            ("issuer", "unknown"),
            ("pkce", "unknown"),
            ("registration", "unknown"),
            ("scopes", "unknown"),
        ]
    );
    let why = answer["rows"][5]["found"].as_str().unwrap();
    assert!(why.contains("idp.example.com"), "{why}");
}

fn server() -> AuthorizationServer {
    AuthorizationServer {
        metadata_url: "https://idp.example.com/.well-known/openid-configuration".to_owned(),
        issuer: Some("https://idp.example.com".to_owned()),
        authorization_endpoint: Some("https://idp.example.com/auth".to_owned()),
        token_endpoint: Some("https://idp.example.com/token".to_owned()),
        registration_endpoint: None,
        has_client_documents: true,
        challenge_methods: vec!["plain".to_owned(), "S256".to_owned()],
        scopes: Some(vec!["read".to_owned(), "write".to_owned()]),
    }
}

#[test]
fn each_member_that_clients_read_of_the_provider_is_judged() {
    let text = fixtures::document().replace("audiences: [a]", "audiences: [a], scopes: { all_of: [read] }");
    let snapshot = fixtures::snapshot(&text);
    let agent = &snapshot.agents["refunds"];
    let judged = |server: &AuthorizationServer| of_provider(agent, "https://idp.example.com", Ok(server));
    assert!(judged(&server()).iter().all(|row| row.outcome == Outcome::Ok), "{:?}", judged(&server()));
    let none = || None::<String>;
    for (at, outcome, word, worse) in [
        (0, Outcome::Bad, "token_endpoint", AuthorizationServer { token_endpoint: none(), ..server() }),
        (
            0,
            Outcome::Bad,
            "authorization_endpoint",
            AuthorizationServer { authorization_endpoint: none(), ..server() },
        ),
        (1, Outcome::Bad, "no issuer", AuthorizationServer { issuer: none(), ..server() }),
        (
            1,
            Outcome::Bad,
            "https://idp.example.com/",
            AuthorizationServer { issuer: Some("https://idp.example.com/".to_owned()), ..server() },
        ),
        (2, Outcome::Bad, "is absent", AuthorizationServer { challenge_methods: vec![], ..server() }),
        (
            2,
            Outcome::Bad,
            "plain alone",
            AuthorizationServer { challenge_methods: vec!["plain".to_owned()], ..server() },
        ),
        (3, Outcome::Warn, "neither", AuthorizationServer { has_client_documents: false, ..server() }),
        (4, Outcome::Warn, "read", AuthorizationServer { scopes: Some(vec![]), ..server() }),
        (4, Outcome::Unknown, "does not list its scopes", AuthorizationServer { scopes: None, ..server() }),
    ] {
        let rows = judged(&worse);
        let others = rows.iter().enumerate().filter(|(i, _)| *i != at);
        assert!(others.map(|(_, row)| row.outcome).all(|one| one == Outcome::Ok), "{worse:?}");
        let Row { outcome: found, found: said, help, .. } = &rows[at];
        assert_eq!(*found, outcome, "{worse:?}");
        assert!(said.contains(word), "{said}");
        assert_eq!(help.is_some(), outcome != Outcome::Unknown, "{said}");
    }
}
