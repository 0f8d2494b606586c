//! `/session`: logging in (the token for a cookie), the current session, and logging out.

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

/// The credential of a login.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    #[serde(deserialize_with = "secret")]
    token: Secret,
}

/// How a client authenticated.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum By {
    Token,
    Session,
}

/// The authenticated client.
#[derive(Serialize, JsonSchema)]
pub(super) struct Whoami {
    by: By,
    expires_at: Option<jiff::Timestamp>,
}

/// Logs in: sets the cookie of a new session, or delays the response to a wrong token.
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

/// Returns how the client authenticated, and until when.
pub(super) async fn show(
    Extension(caller): Extension<Caller>,
    Query(Nothing {}): Query<Nothing>,
) -> Answer<Whoami> {
    Answer(match caller.session {
        Some(session) => Whoami { by: By::Session, expires_at: write::timestamp(session.expires) },
        None => Whoami { by: By::Token, expires_at: None },
    })
}

/// Logs out: ends the session of the request, if it has one, and clears the cookie.
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
    async fn without_a_credential_no_session_is_shown_or_ended() {
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
        // A write with the cookie needs our own `Origin`.
        for (origin, wanted) in
            [(None, 403), (Some("http://evil.example"), 403), (Some("http://localhost"), 204)]
        {
            let answer = api.by_cookie(Method::DELETE, "/api/v1/session", cookie, origin).await;
            assert_eq!(answer.status, wanted, "{origin:?}");
        }
        assert_eq!(api.by_cookie(Method::GET, "/api/v1/session", cookie, None).await.status, 401);
    }

    #[tokio::test(start_paused = true)]
    async fn the_token_is_shown_as_such_and_does_not_expire() {
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
