//! The sources, with real files and a server on loopback.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::idp::fixtures::{set_of, spec};
use crate::model::Issuer;
use crate::net::fixtures::{Loopback, Reply, answer, install_tls};

/// The body of a document, "unchanged", or the error.
fn text_of(answer: Result<Answer, SourceError>) -> String {
    match answer {
        Ok(Answer::Document { body, .. }) => String::from_utf8(body.to_vec()).unwrap(),
        Ok(Answer::Unchanged { .. }) => "unchanged".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn validator_of(answer: Result<Answer, SourceError>) -> Option<Validator> {
    match answer {
        Ok(Answer::Document { validator, .. }) => validator,
        _ => None,
    }
}

fn path_of(head: &str) -> &str {
    head.split(' ').nth(1).unwrap()
}

fn ok(body: &str) -> Reply {
    answer("200 OK", "", body)
}

fn discovery(issuer: &str) -> Box<dyn Source> {
    install_tls();
    source_of(&ProviderSpec { issuer: Issuer::new(issuer), ..spec(KeySource::Discovery) }).unwrap()
}

/// A server that knows its own port: `{base}` in the answers stands for its address.
async fn issuer(pages: &'static [(&'static str, &'static str)]) -> (Loopback, String) {
    let port = Arc::new(AtomicUsize::new(0));
    let known = Arc::clone(&port);
    let server = Loopback::start(move |head| {
        let base = format!("http://127.0.0.1:{}", known.load(Ordering::SeqCst));
        match pages.iter().find(|(path, _)| *path == path_of(head)) {
            Some((_, body)) => ok(&body.replace("{base}", &base)),
            None => answer("404 Not Found", "", ""),
        }
    })
    .await;
    port.store(server.port().into(), Ordering::SeqCst);
    let base = format!("http://127.0.0.1:{}", server.port());
    (server, base)
}

#[tokio::test]
async fn unchanged_content_of_a_file_is_recognised() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    let mut source = source_of(&spec(KeySource::JwksFile(path.clone()))).unwrap();
    let said = text_of(source.fetch(None).await);
    assert!(said.starts_with(&format!("cannot read {}: ", path.display())), "{said}");
    std::fs::write(&path, "one").unwrap();
    let first = source.fetch(None).await;
    assert_eq!(text_of(first.clone()), "one");
    let validator = validator_of(first);
    assert_eq!(text_of(source.fetch(validator.as_ref()).await), "unchanged");
    std::fs::write(&path, "two").unwrap();
    assert_eq!(text_of(source.fetch(validator.as_ref()).await), "two");
}

#[tokio::test]
async fn a_path_that_is_not_a_file_or_too_large_is_an_error() {
    let folder = TempDir::new().unwrap();
    let mut source = source_of(&spec(KeySource::PublicKeyFile(folder.path().to_owned()))).unwrap();
    assert!(text_of(source.fetch(None).await).ends_with("not a regular file"));
    let path = folder.path().join("large");
    std::fs::write(&path, vec![b' '; 1024 * 1024 + 1]).unwrap();
    let mut source = source_of(&spec(KeySource::PublicKeyFile(path))).unwrap();
    assert!(text_of(source.fetch(None).await).ends_with("over 1 MiB"));
}

#[test]
fn keys_in_the_configuration_have_no_source() {
    assert!(source_of(&spec(KeySource::PublicKey(String::new()))).is_none());
    assert!(source_of(&spec(KeySource::Inline(json!({})))).is_none());
}

#[tokio::test]
async fn a_url_is_asked_with_the_validator_of_its_own_document() {
    install_tls();
    let keys = set_of(&["a"]);
    let server = Loopback::start(move |head| {
        if head.to_ascii_lowercase().contains("if-none-match: \"v1\"") {
            answer("304 Not Modified", "", "")
        } else {
            answer("200 OK", "ETag: \"v1\"\r\n", &keys)
        }
    })
    .await;
    let mut source = source_of(&spec(KeySource::JwksUri(server.url("/keys")))).unwrap();
    let validator = validator_of(source.fetch(None).await).unwrap();
    assert_eq!(text_of(source.fetch(Some(&validator)).await), "unchanged");
    let elsewhere = Validator { place: server.url("/other").into(), ..validator };
    assert_ne!(text_of(source.fetch(Some(&elsewhere)).await), "unchanged");
}

#[tokio::test]
async fn keys_are_found_through_openid_connect() {
    let (server, base) = issuer(&[
        (
            "/realms/a/.well-known/openid-configuration",
            r#"{"issuer": "{base}/realms/a", "jwks_uri": "{base}/keys"}"#,
        ),
        ("/keys", "the keys"),
    ])
    .await;
    let mut source = discovery(&format!("{base}/realms/a"));
    assert_eq!(text_of(source.fetch(None).await), "the keys");
    assert_eq!(text_of(source.fetch(None).await), "the keys");
    let asked: Vec<String> = server.heads().iter().map(|head| path_of(head).to_owned()).collect();
    assert_eq!(
        asked,
        ["/realms/a/.well-known/openid-configuration", "/keys"].repeat(2),
        "the URL is looked up each time"
    );
}

#[tokio::test]
async fn keys_are_found_through_rfc_8414_when_openid_connect_gives_none() {
    let (_server, base) = issuer(&[
        // Of another issuer: not to be used.
        (
            "/realms/a/.well-known/openid-configuration",
            r#"{"issuer": "{base}/", "jwks_uri": "{base}/other"}"#,
        ),
        (
            "/.well-known/oauth-authorization-server/realms/a",
            r#"{"issuer": "{base}/realms/a", "jwks_uri": "{base}/keys"}"#,
        ),
        ("/other", "other keys"),
        ("/keys", "the keys"),
    ])
    .await;
    assert_eq!(text_of(discovery(&format!("{base}/realms/a")).fetch(None).await), "the keys");
}

#[tokio::test]
async fn invalid_metadata_is_an_error_that_names_the_cause() {
    for (document, want) in [
        (
            r#"{"issuer": "{base}/", "jwks_uri": "{base}/keys"}"#,
            "names the issuer \"{base}/\", not \"{base}\"",
        ),
        (r#"{"issuer": "{BASE}", "jwks_uri": "{base}/keys"}"#, "names the issuer"),
        (r#"{"jwks_uri": "{base}/keys"}"#, "is no metadata document: missing field `issuer`"),
        (r#"{"issuer": "{base}"}"#, "is no metadata document: missing field `jwks_uri`"),
        (r#"{"issuer": "{base}", "issuer": "{base}", "jwks_uri": "{base}/keys"}"#, "duplicate field"),
        (r#"["{base}", "{base}/keys"]"#, "is no metadata document"),
        ("<html>", "is no metadata document"),
        (r#"{"issuer": "{base}", "jwks_uri": "/keys"}"#, "jwks_uri that cannot be used"),
        (
            r#"{"issuer": "{base}", "jwks_uri": "http://idp.test/keys"}"#,
            "jwks_uri that cannot be used: https required",
        ),
        (
            r#"{"issuer": "{base}", "jwks_uri": "https://169.254.169.254/"}"#,
            "jwks_uri that cannot be used: address refused",
        ),
        (r#"{"issuer": "{base}", "jwks_uri": "file:///etc/passwd"}"#, "jwks_uri that cannot be used"),
    ] {
        let port = Arc::new(AtomicUsize::new(0));
        let known = Arc::clone(&port);
        let server = Loopback::start(move |head| {
            let base = format!("http://127.0.0.1:{}", known.load(Ordering::SeqCst));
            if path_of(head) == "/keys" { ok("keys") } else { ok(&document.replace("{base}", &base)) }
        })
        .await;
        port.store(server.port().into(), Ordering::SeqCst);
        let base = format!("http://127.0.0.1:{}", server.port());
        let said = text_of(discovery(&base).fetch(None).await);
        assert!(said.contains(&want.replace("{base}", &base)), "{document}: {said}");
        assert!(server.heads().iter().all(|head| path_of(head) != "/keys"), "{document}");
    }
}

#[tokio::test]
async fn moved_keys_are_found_at_once_and_unavailable_metadata_is_remembered() {
    let (moved, away) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (asked, is_away, port) = (Arc::clone(&moved), Arc::clone(&away), Arc::new(AtomicUsize::new(0)));
    let known = Arc::clone(&port);
    let server = Loopback::start(move |head| {
        let base = format!("http://127.0.0.1:{}", known.load(Ordering::SeqCst));
        let generation = asked.load(Ordering::SeqCst);
        match path_of(head) {
            path if path.starts_with("/.well-known/") && is_away.load(Ordering::SeqCst) => {
                answer("503 Service Unavailable", "", "")
            }
            "/.well-known/openid-configuration" => ok(&format!(
                "\u{feff}{}",
                json!({"issuer": base, "jwks_uri": format!("{base}/keys{generation}")})
            )),
            // What was there before still answers.
            path => ok(path),
        }
    })
    .await;
    port.store(server.port().into(), Ordering::SeqCst);
    let mut source = discovery(&format!("http://127.0.0.1:{}", server.port()));
    assert_eq!(text_of(source.fetch(None).await), "/keys0");
    moved.store(1, Ordering::SeqCst);
    assert_eq!(text_of(source.fetch(None).await), "/keys1");
    away.store(true, Ordering::SeqCst);
    moved.store(2, Ordering::SeqCst);
    assert_eq!(text_of(source.fetch(None).await), "/keys1", "what it said last");
    let mut new = discovery(&format!("http://127.0.0.1:{}", server.port()));
    assert!(text_of(new.fetch(None).await).contains("answered 503"), "nothing was said before");
}

#[tokio::test]
async fn a_host_that_is_down_is_asked_once_and_errors_of_both_urls_are_reported() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let free = listener.local_addr().unwrap().port();
    drop(listener);
    let said = text_of(discovery(&format!("http://127.0.0.1:{free}")).fetch(None).await);
    assert_eq!(
        said,
        format!("discovery: connect refused by http://127.0.0.1:{free}/.well-known/openid-configuration")
    );
    let (server, base) = issuer(&[]).await;
    let said = text_of(discovery(&base).fetch(None).await);
    assert_eq!(server.heads().len(), 2);
    assert!(said.contains("openid-configuration answered 404; "), "{said}");
    assert!(said.contains("oauth-authorization-server answered 404"), "{said}");
    let said = text_of(discovery("corp").fetch(None).await);
    assert!(said.starts_with("the issuer \"corp\" is no URL"), "{said}");
}
