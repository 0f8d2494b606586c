//! The table of routes. A test compares the OpenAPI document with it.

use axum::Router;
use axum::middleware;
use axum::routing::{MethodRouter, get, post};

use super::{
    SharedState, agent_card, agents, api_keys, client_check, client_token, console, decisions, denials,
    discovery, documents, explain, fleet, global_limits, guard, key_changes, limits, openapi, probe, problem,
    provider_changes, providers, refused_callers, reload, revisions, session, status, streams, targets,
    traffic, trial,
};

/// The paths, as OpenAPI writes them, with the handlers of their methods.
pub(super) fn table() -> Vec<(&'static str, MethodRouter<SharedState>)> {
    vec![
        ("/openapi.json", get(openapi::show)),
        (guard::SESSION, post(session::open).get(session::show).delete(session::close)),
        ("/api/v1/agents", get(agents::list)),
        ("/api/v1/agents/{name}", get(agents::show).put(agents::put).delete(agents::delete)),
        ("/api/v1/agents/{name}/card", get(agent_card::show)),
        ("/api/v1/agents/{name}/discovery", get(discovery::show)),
        ("/api/v1/agents/{name}/client-check", post(client_check::run)),
        ("/api/v1/agents/{name}/limits", get(limits::list)),
        ("/api/v1/agents/{name}/refused-callers", get(refused_callers::list)),
        ("/api/v1/agents/{name}/streams", get(streams::list).delete(streams::end)),
        ("/api/v1/agents/{name}/targets", get(targets::list)),
        ("/api/v1/agents/{name}/targets/drain", post(targets::drain)),
        ("/api/v1/agents/{name}/test", post(trial::run)),
        ("/api/v1/identity-providers", get(providers::list)),
        ("/api/v1/identity-providers:probe", post(probe::run)),
        (
            "/api/v1/identity-providers/{name}",
            get(providers::show).put(provider_changes::put).delete(providers::delete),
        ),
        ("/api/v1/identity-providers/{name}/token", post(client_token::run)),
        ("/api/v1/identity-providers/{name}/fetch", post(provider_changes::fetch)),
        ("/api/v1/api-keys", get(api_keys::list).post(key_changes::create)),
        ("/api/v1/api-keys/{id}", get(api_keys::show).delete(key_changes::delete)),
        ("/api/v1/api-keys/{id}/revoke", post(key_changes::revoke)),
        ("/api/v1/api-keys/{id}/rotate", post(key_changes::rotate)),
        ("/api/v1/limits", get(global_limits::list)),
        (
            "/api/v1/limits/{name}",
            get(global_limits::show).put(global_limits::put).delete(global_limits::delete),
        ),
        ("/api/v1/denials", get(denials::list).post(denials::create)),
        ("/api/v1/denials/{id}", get(denials::show).delete(denials::delete)),
        ("/api/v1/revisions", get(revisions::list)),
        ("/api/v1/revisions/{number}", get(revisions::show)),
        ("/api/v1/revisions/{number}/rollback", post(revisions::roll_back)),
        ("/api/v1/documents/restore", post(documents::restore)),
        ("/api/v1/status", get(status::show)),
        ("/api/v1/fleet", get(fleet::show)),
        ("/api/v1/traffic", get(traffic::show)),
        ("/api/v1/explain", post(explain::run)),
        ("/api/v1/reload", post(reload::run)),
        ("/api/v1/decisions", get(decisions::list)),
        ("/api/v1/decisions/stream", get(decisions::follow)),
        ("/api/v1/decisions/{request_id}", get(decisions::show)),
    ]
}

/// The routes behind the guard. The console serves every path that is not in the table.
pub(super) fn router(state: SharedState) -> Router {
    let routes =
        table().into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods));
    routes
        .method_not_allowed_fallback(problem::method_not_allowed)
        .fallback(console::page)
        .layer(middleware::from_fn_with_state(std::sync::Arc::clone(&state), guard::check))
        .with_state(state)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use super::*;
    use crate::model::PROBLEM_MEDIA_TYPE;
    use axum::http::{Method, header};

    #[tokio::test(start_paused = true)]
    async fn every_route_but_the_two_open_ones_needs_a_credential() {
        let api = Api::new();
        for (path, _) in table() {
            let path = path
                .replace("{name}", "refunds")
                .replace("{id}", "Yq3Zk81b")
                .replace("{number}", "1")
                .replace("{request_id}", "x");
            for method in
                [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS]
            {
                let answer = api.logged_out(method.clone(), &path).await;
                let open = path == "/openapi.json" || (path == guard::SESSION && method == Method::POST);
                assert_eq!(answer.status == 401, !open, "{method} {path}: {}", answer.status);
            }
        }
        for path in ["/api", "/api/", "/api/v1", "/api/v2/agents", "/api/v1/absent"] {
            assert_eq!(api.logged_out(Method::GET, path).await.status, 401, "{path}");
            let answer = api.get(path).await;
            assert_eq!((answer.status, answer.code()), (404, "not_found"), "{path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_405_names_the_methods_that_the_resource_has() {
        let api = Api::new();
        for (method, path, allow) in [
            (Method::POST, "/api/v1/agents", "GET,HEAD"),
            (Method::PATCH, "/api/v1/agents/refunds", "GET,HEAD,PUT,DELETE"),
            (Method::GET, "/api/v1/reload", "POST"),
            (Method::DELETE, "/openapi.json", "GET,HEAD"),
        ] {
            let answer = api.write(method.clone(), path, None, None).await;
            assert_eq!((answer.status, answer.code()), (405, "method_not_allowed"), "{method} {path}");
            assert_eq!(answer.headers[header::ALLOW], allow, "{method} {path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn every_error_is_a_problem_document_with_a_code() {
        let api = Api::new();
        let odd = Method::from_bytes(b"PROPFIND").unwrap();
        for method in [Method::GET, Method::POST, Method::PUT, Method::OPTIONS, Method::TRACE, odd] {
            for path in [
                "/absent.js",
                "/%00",
                "/api/v1/absent",
                "/api/v1/agents/%ff",
                "/api/v1/agents/%2e%2e",
                "/api/v1/agents/refunds/absent",
                "/api/v1/agents?limit=x",
                "/api/v1/agents?dry_run=maybe",
                "/api/v1/revisions/18446744073709551616",
                "/api/v1/decisions/%F0%9F",
                "/api/v1/decisions?status=x",
                "/openapi.json?absent=1",
                "/index.html",
                "//",
            ] {
                let answer = api.write(method.clone(), path, None, None).await;
                let is_error = answer.status >= 400;
                let is_problem =
                    answer.headers.get(header::CONTENT_TYPE).is_some_and(|media| media == PROBLEM_MEDIA_TYPE);
                assert_eq!(is_problem, is_error, "{method} {path}: {}", answer.status);
                assert!(!is_error || !answer.code().is_empty(), "{method} {path}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn every_response_has_the_security_headers() {
        let api = Api::new();
        for path in ["/api/v1/agents", "/api/v1/agents/absent", "/", "/absent.js", "/openapi.json"] {
            let answer = api.get(path).await;
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
                ("x-frame-options", "DENY"),
                ("cache-control", "no-store"),
            ] {
                assert_eq!(answer.headers[name], value, "{path}");
            }
            let policy = answer.headers["content-security-policy"].to_str().unwrap();
            assert!(
                policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"),
                "{path}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_foreign_host_gets_nothing_at_all() {
        let api = Api::new();
        for path in ["/", "/openapi.json", "/api/v1/agents"] {
            let answer = api.with_host("evil.example", path).await;
            assert_eq!((answer.status, answer.code()), (421, "misdirected"), "{path}");
        }
        assert_eq!(api.with_host("admin.example.com", "/api/v1/agents").await.status, 200);
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_of_another_origin_cannot_write_even_with_the_token() {
        let api = Api::new();
        for (name, value, wanted) in [
            ("origin", "http://evil.example", 403),
            ("sec-fetch-site", "cross-site", 403),
            ("sec-fetch-site", "same-site", 403),
            ("origin", "http://localhost", 200),
            ("sec-fetch-site", "same-origin", 200),
        ] {
            let answer = api.with_header(Method::POST, "/api/v1/reload", name, value).await;
            assert_eq!(answer.status, wanted, "{name}: {value}");
        }
    }
}
