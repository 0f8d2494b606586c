//! Saving an identity provider, and fetching its keys on request. A dry run reports the impact on agents; a change that
//! would lock callers out needs `?force=true`.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::config::Code;
use crate::control::{Edit, Expect, To, Wanted};
use crate::idp::{Probe, ProviderSpec, probe_of};
use crate::model::{ResourceId, ResourceKind};

use super::body::{Answer, Anything};
use super::caller::Caller;
use super::changes::bad_name;
use super::impact::Impact;
use super::page::{Name, Nothing, Query};
use super::precondition::Precondition;
use super::problem::{Problem, ProblemCode};
use super::provider_users::users_of;
use super::providers::not_found;
use super::write::Written;
use super::write_query::Write;
use super::{AdminState, SharedState, write};

/// How long a response waits for the requested fetch: one request to the provider takes at most 5 s, and discovery adds
/// a second one, which is rarely as slow.
const FETCH: std::time::Duration = std::time::Duration::from_secs(8);

/// Saves a provider.
pub(super) async fn put(
    State(state): State<SharedState>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    query: Write,
    Precondition(expect): Precondition,
    Anything(spec): Anything,
) -> Result<Response, Problem> {
    let id = ResourceId::new(ResourceKind::IdentityProvider, name).ok_or_else(bad_name)?;
    if !spec.is_object() {
        return Err(Problem::invalid("", Code::WrongType, "the body must be an object").of(&id));
    }
    let new = expect == Expect::Absent;
    let (verb, status) = if new { ("create", StatusCode::CREATED) } else { ("update", StatusCode::OK) };
    let edit = |dry_run| {
        let wanted = vec![Wanted { id: id.clone(), expect: expect.clone(), to: To::Json(spec.clone()) }];
        Edit { who: caller.who(), what: format!("{verb} {id}"), wanted, dry_run, force: query.force }
    };
    let rehearsed = state.control().edit(edit(true)).await?;
    let impact = Impact::of(&state, users_of(&state.control().live(), id.name()));
    let moved = rehearsed.providers.first().filter(|after| is_moved(&state, after));
    // Without agents, a provider may be saved before its server runs.
    let asked = query.dry_run || !impact.agents.is_empty() && !query.force;
    let probe = match moved.filter(|_| asked) {
        Some(after) => probe_of(after).await,
        None => None,
    };
    if query.dry_run {
        let told = Written::new(rehearsed, Some(&id), true).with(impact, probe);
        return Ok(Answer(told).into_response());
    }
    if let Some(failed) = probe.filter(|probe| !probe.ok) {
        return Err(not_accepted(&impact, &failed));
    }
    let edited = state.control().edit(edit(false)).await?;
    let fleet = write::reached(&state, &edited, query).await;
    Ok(Written::new(edited, Some(&id), false).reached(fleet).answer(status))
}

/// Whether the change replaces the issuer or the source of keys, so that tokens valid now can become invalid.
fn is_moved(state: &AdminState, after: &ProviderSpec) -> bool {
    let live = state.control().live();
    let before = live.providers.get(&after.name).map(|provider| provider.spec());
    before.is_some_and(|before| before.issuer != after.issuer || before.source != after.source)
}

fn not_accepted(impact: &Impact, failed: &Probe) -> Problem {
    let why = failed.problems.first().map_or("it has no key that can be used", |problem| &problem.message);
    let detail = format!(
        "the identity provider cannot be used as it would be saved: {why}. Callers of {} agents would be locked out; \
         `?force=true` saves it all the same",
        impact.agents.len()
    );
    let mut problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::NotAccepted, detail);
    problem.set_agents(impact.agents.clone());
    problem
}

/// Fetches the keys of a provider now: 200 when the fetch has ended, 202 when it goes on. Ignored within 30 seconds of
/// the last one.
pub(super) async fn fetch(
    State(state): State<SharedState>,
    Name(name): Name,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response, Problem> {
    let live = state.control().live();
    let provider = live.providers.get(name.as_str()).ok_or_else(|| not_found(&name))?;
    if !provider.spec().source.is_remote() {
        let detail = "the keys of this provider stand in the configuration; there is nothing to fetch";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::NotAccepted, detail));
    }
    let status = match provider.ask_refetch(state.admin.clock.now()) {
        Some(ended) => match tokio::time::timeout(FETCH, ended).await {
            Ok(()) => StatusCode::OK,
            Err(_) => StatusCode::ACCEPTED,
        },
        // The last fetch was less than 30 seconds ago: its result is still good.
        None => StatusCode::OK,
    };
    Ok((status, Answer(provider.status(state.admin.clock.now()))).into_response())
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use axum::http::Method;
    use serde_json::{Value, json};

    const PATH: &str = "/api/v1/identity-providers/corp";

    #[tokio::test(start_paused = true)]
    async fn without_a_credential_nothing_is_fetched() {
        assert_eq!(Api::new().logged_out(Method::POST, &format!("{PATH}/fetch")).await.status, 401);
    }

    #[tokio::test]
    async fn a_dry_run_reports_the_affected_agents_and_a_probe() {
        let api = Api::writable();
        // Nothing listens at port 1.
        let other = json!({"issuer": "https://idp.example.com", "jwks_uri": "http://127.0.0.1:1/other"});
        let path = format!("{PATH}?dry_run=true");
        let answer = api.write(Method::PUT, &path, Some("*"), Some(other)).await.json();
        assert_eq!(
            answer["impact"],
            json!({"agents": ["refunds"], "calls": 0, "window_seconds": 300}),
            "{answer}"
        );
        assert_eq!(answer["probe"]["ok"], json!(false), "{answer}");
        assert!(answer["diff"].as_str().unwrap().contains("+jwks_uri: http://127.0.0.1:1/other"));
        // A change of neither the issuer nor the keys needs no probe.
        let calm = json!({"issuer": "https://idp.example.com", "jwks_uri": "http://127.0.0.1:1/keys", "leeway": "5s"});
        let answer = api.write(Method::PUT, &path, Some("*"), Some(calm.clone())).await.json();
        assert_eq!((&answer["probe"], &answer["impact"]["agents"]), (&Value::Null, &json!(["refunds"])));
        assert_eq!(api.write(Method::PUT, PATH, Some("*"), Some(calm)).await.status, 200);
    }

    #[tokio::test]
    async fn a_provider_in_use_without_keys_is_saved_only_with_force() {
        let api = Api::writable();
        let other =
            || Some(json!({"issuer": "https://idp.example.com", "jwks_uri": "http://127.0.0.1:1/other"}));
        let answer = api.write(Method::PUT, PATH, Some("*"), other()).await;
        assert_eq!((answer.status, answer.code()), (422, "not_accepted"), "{}", answer.text());
        assert_eq!(answer.json()["agents"], json!(["refunds"]));
        let stale = api.write(Method::PUT, PATH, Some("\"stale\""), other()).await;
        assert_eq!(stale.status, 412, "a precondition comes first");
        let forced = api.write(Method::PUT, &format!("{PATH}?force=true"), Some("*"), other()).await;
        assert_eq!(forced.status, 200, "{}", forced.text());
        // A provider without agents may be saved before its server runs.
        let new = json!({"issuer": "https://new.example.com", "jwks_uri": "http://127.0.0.1:1/new"});
        assert_eq!(api.create("/api/v1/identity-providers/new", new).await.status, 201);
    }

    #[tokio::test]
    async fn keys_are_fetched_on_request() {
        let api = Api::writable();
        // The first fetch is the one at start, not the requested one.
        while api.get(PATH).await.json()["status"]["tried"] == json!(false) {
            tokio::task::yield_now().await;
        }
        let answer = api.write(Method::POST, &format!("{PATH}/fetch"), None, None).await;
        let status = answer.json();
        assert_eq!((answer.status, &status["provider"]), (200, &json!("corp")), "{status}");
        assert!(status["last_error"].is_string(), "the fetch has ended: {status}");
        assert_eq!(
            api.write(Method::POST, "/api/v1/identity-providers/absent/fetch", None, None).await.status,
            404
        );
    }
}
