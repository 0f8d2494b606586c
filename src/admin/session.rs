//! `/session`: trading the token for a cookie, who one is, and logging out.

use axum::Extension;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Secret;

use super::body::{Answer, Json, secret};
use super::caller::Caller;
use super::page::{Nothing, Query};
use super::problem::Problem;
use super::{SharedState, cookie, guard, write};

/// What one logs in with.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    #[serde(deserialize_with = "secret")]
    token: Secret,
}

/// By what somebody is known.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum By {
    Token,
    Session,
}

/// Who asks.
#[derive(Serialize, JsonSchema)]
pub(super) struct Whoami {
    by: By,
    expires_at: Option<jiff::Timestamp>,
}

/// Opens a session.
pub(super) async fn open(
    State(state): State<SharedState>,
    Query(Nothing {}): Query<Nothing>,
    Json(login): Json<Login>,
) -> Result<Response, Problem> {
    if !guard::is_token(login.token.expose_secret(), &state.admin.token) {
        state.throttle.wait().await;
        return Err(Problem::wrong_token());
    }
    let id = state.sessions.open().map_err(|e| Problem::unavailable(e.to_string()))?;
    let cookie = cookie::set(Some(id.expose_secret()), state.is_tls());
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// Says who asks.
pub(super) async fn show(
    Extension(caller): Extension<Caller>,
    Query(Nothing {}): Query<Nothing>,
) -> Answer<Whoami> {
    Answer(match caller.session {
        Some(session) => Whoami { by: By::Session, expires_at: write::timestamp(session.expires) },
        None => Whoami { by: By::Token, expires_at: None },
    })
}

/// Ends the session that asks, if it is one.
pub(super) async fn close(
    State(state): State<SharedState>,
    Extension(caller): Extension<Caller>,
    Query(Nothing {}): Query<Nothing>,
) -> Response {
    if let Some(session) = &caller.session {
        state.sessions.close(session);
    }
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie::set(None, state.is_tls()))]).into_response()
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{self, Api};
    use axum::http::{Method, header};

    #[tokio::test(start_paused = true)]
    async fn without_a_session_nobody_is_told_who_they_are() {
        let api = Api::new();
        let answer = api.logged_out(Method::GET, "/api/v1/session").await;
        assert_eq!((answer.status, answer.code()), (401, "unauthorized"));
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], r#"Bearer realm="portcullis""#);
        let answer = api.logged_out(Method::DELETE, "/api/v1/session").await;
        assert_eq!(answer.status, 401);
    }

    #[tokio::test(start_paused = true)]
    async fn the_token_opens_a_session_that_reads_and_ends_with_log_out() {
        let api = Api::new();
        let wrong = api.open(r#"{"token":"wrong"}"#).await;
        assert_eq!((wrong.status, wrong.headers.contains_key(header::SET_COOKIE)), (401, false));
        let open = api.open(&format!(r#"{{"token":"{}"}}"#, fixtures::TOKEN)).await;
        assert_eq!(open.status, 204);
        let cookie = open.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
        assert!(cookie.contains("; HttpOnly; SameSite=Strict; Path=/;") && !cookie.contains(fixtures::TOKEN));
        let cookie = cookie.split(';').next().unwrap();
        let shown = api.by_cookie(Method::GET, "/api/v1/session", cookie, None).await;
        assert_eq!((shown.status, shown.json()["by"].as_str()), (200, Some("session")));
        assert_eq!(shown.json()["expires_at"], "2023-11-15T10:13:20Z");
        // A write by cookie must say that it comes from our own page.
        for (origin, wanted) in
            [(None, 403), (Some("http://evil.example"), 403), (Some("http://localhost"), 204)]
        {
            let answer = api.by_cookie(Method::DELETE, "/api/v1/session", cookie, origin).await;
            assert_eq!(answer.status, wanted, "{origin:?}");
        }
        assert_eq!(api.by_cookie(Method::GET, "/api/v1/session", cookie, None).await.status, 401);
    }

    #[tokio::test(start_paused = true)]
    async fn the_token_itself_says_so_and_has_no_end() {
        let api = Api::new();
        let answer = api.get("/api/v1/session").await;
        assert_eq!(answer.json(), serde_json::json!({"by": "token", "expires_at": null}));
    }

    #[tokio::test(start_paused = true)]
    async fn a_login_body_is_a_token_and_nothing_else() {
        let api = Api::new();
        for (body, wanted) in [
            ("", 400),
            ("{}", 422),
            (r#"{"token":5}"#, 422),
            (r#"{"token":"a","x":1}"#, 422),
            (r#"["a"]"#, 422),
        ] {
            assert_eq!(api.open(body).await.status, wanted, "{body}");
        }
    }
}
