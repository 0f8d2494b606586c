//! Serves the console: files that were built beforehand and embedded in the binary. A binary without them serves a plain
//! page that says how to build them.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{Embed, EmbeddedFile};

use super::encoding::Encoding;
use super::problem::Problem;
use super::random;

/// The built console; empty in a build without it.
#[derive(Embed)]
#[folder = "console/dist"]
#[allow_missing = true]
struct Files;

/// The placeholder in `index.html` that each response replaces with its own nonce.
const NONCE: &str = "__CSP_NONCE__";
/// The folder of files with a content hash in their name, which never change and can be cached for ever.
const HASHED: &str = "assets/";
/// The page of a binary without the console.
const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
<meta name=\"viewport\" content=\"width=device-width\">\n<title>Portcullis</title>\n<h1>Portcullis</h1>\n\
<p>This program was built without its console. Run <code>make console</code> and build it again.</p>\n\
<p>The control API works: see <a href=\"/openapi.json\">/openapi.json</a> and <code>docs/API.md</code>.</p>\n";

/// Serves every path that is not a route of the API.
pub(super) async fn page(request: Request) -> Response {
    let path = request.uri().path();
    let api = path == "/api" || path.starts_with("/api/");
    if api || request.uri().path().contains('%') {
        return not_found(path);
    }
    let name = path.trim_start_matches('/');
    let is_page =
        name.is_empty() || name == "index.html" || (!name.contains('.') && takes_html(request.headers()));
    if !is_page && Files::get(name).is_none() {
        return not_found(path);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return ([(header::ALLOW, "GET,HEAD")], Problem::method_not_allowed()).into_response();
    }
    if is_page { index() } else { file(name, request.headers()) }
}

fn not_found(path: &str) -> Response {
    let shown: String = path.chars().take(100).collect();
    Problem::not_found(&format!("{shown:?} here")).into_response()
}

/// Whether `Accept` admits HTML; a request without the field admits everything (RFC 9110 section 12.5.1).
fn takes_html(headers: &HeaderMap) -> bool {
    let mut fields = headers.get_all(header::ACCEPT).iter().filter_map(|v| v.to_str().ok()).peekable();
    fields.peek().is_none() || fields.any(|v| v.contains("text/html") || v.contains("*/*"))
}

/// `index.html` with a fresh nonce, which the console's own `<style>` elements need under its content security policy.
fn index() -> Response {
    let Ok(nonce) = random::text() else {
        return Problem::unavailable("the system gives no random numbers").into_response();
    };
    let built = Files::get("index.html").and_then(|file| String::from_utf8(file.data.into_owned()).ok());
    let text = built.map_or_else(|| NOT_BUILT.to_owned(), |text| text.replace(NONCE, &nonce));
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    let html = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'")),
        ),
    ];
    (html, text).into_response()
}

/// A file in the smallest encoding that exists and that the browser accepts.
fn file(name: &str, headers: &HeaderMap) -> Response {
    let fields = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok());
    let accept = fields.collect::<Vec<_>>().join(",");
    let found =
        Encoding::ALL.into_iter().filter(|encoding| encoding.is_accepted(&accept)).find_map(|encoding| {
            let file = Files::get(&format!("{name}{}", encoding.suffix()))?;
            Some((encoding, file))
        });
    let Some((encoding, EmbeddedFile { data, .. })) = found else { return not_found(name) };
    let caching = if name.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = (
        StatusCode::OK,
        [
            (header::CONTENT_TYPE, media_type(name)),
            (header::CACHE_CONTROL, caching),
            (header::VARY, "Accept-Encoding"),
        ],
        data,
    )
        .into_response();
    if let Some(word) = encoding.word() {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(word));
    }
    response
}

/// The media type of a file, for the few kinds that a build of the console holds.
fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, suffix)| suffix) {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "md" => "text/markdown; charset=utf-8",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_page_needs_no_credential_and_its_nonce_is_new_each_time() {
        let api = Api::new();
        let mut policies = std::collections::HashSet::new();
        for path in ["/", "/agents", "/agents/refunds/history", "/index.html"] {
            let answer = api.page(path, "text/html,*/*", "").await;
            assert_eq!(
                (answer.status, &answer.headers[header::CONTENT_TYPE]),
                (200, &HeaderValue::from_static("text/html; charset=utf-8")),
                "{path}"
            );
            assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
            let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
            assert!(!policy.contains("unsafe"), "{policy}");
            let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
            assert_eq!(answer.text().contains(&nonce), Files::get("index.html").is_some());
            assert!(!answer.text().contains(NONCE));
            assert!(policies.insert(policy));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_path_without_a_page_or_a_file_is_not_found() {
        let api = Api::new();
        for (path, accept) in [
            ("/absent.js", "text/html"),
            ("/agents", "application/json"),
            ("/assets/../../Cargo.toml", "text/html"),
            ("/%2e%2e/Cargo.toml", "text/html"),
            ("/.env", "*/*"),
        ] {
            assert_eq!(api.page(path, accept, "").await.status, 404, "{path}");
        }
        let answer = api.write(Method::POST, "/", None, None).await;
        assert_eq!(
            (answer.status, &answer.headers[header::ALLOW]),
            (405, &HeaderValue::from_static("GET,HEAD"))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn every_file_of_the_console_is_served_with_its_kind_and_for_ever_when_its_name_says_its_content() {
        let api = Api::new();
        let compressed = |name: &str| name.ends_with(".br") || name.ends_with(".gz");
        for name in Files::iter().filter(|name| !compressed(name) && name != "index.html") {
            let answer = api.page(&format!("/{name}"), "*/*", "br").await;
            assert_eq!(answer.status, 200, "{name}");
            assert_ne!(answer.headers[header::CONTENT_TYPE], "application/octet-stream", "{name}");
            let immutable = answer.headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable");
            assert_eq!(immutable, name.starts_with(HASHED), "{name}");
            let small = Files::get(&format!("{name}.br")).is_some();
            assert_eq!(answer.headers.contains_key(header::CONTENT_ENCODING), small, "{name}");
        }
    }
}
