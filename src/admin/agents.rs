//! `/agents`: listing, showing, deploying and deleting agents.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::config::{self, Snapshot};
use crate::model::{Enforcement, HostRule, ResourceId, ResourceKind};
use crate::routing::{Agent, Authenticator, Methods, Protocol};
use crate::telemetry::AgentTraffic;

use super::agent_url::Reached;
use super::body::{Answer, Anything};
use super::caller::Caller;
use super::changes::{bad_name, remove, replace};
use super::managed_by::ManagedBy;
use super::page::{self, LARGEST, Name, Nothing, Page, Query};
use super::precondition::{IfMatch, Precondition};
use super::problem::Problem;
use super::provider_users::accepted_by;
use super::upstream_health::{self, LastFailure, UpstreamHealth};
use super::write_query::Write;
use super::{AdminState, SharedState, write};

/// Which agents.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    /// The page size.
    #[schemars(range(min = 1, max = LARGEST))]
    limit: Option<usize>,
    /// `next` of the previous page.
    after: Option<String>,
    /// Only those with this text in their name, display name or path.
    q: Option<String>,
}

/// The requests that are routed to an agent.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AgentRoute")]
struct Route {
    path: String,
    /// The one entry of `hosts`, when there is exactly one.
    host: Option<String>,
    hosts: Vec<String>,
    methods: Vec<String>,
    strip_path: bool,
}

impl Route {
    fn of(agent: &Agent, path: &str) -> Self {
        let route = &agent.route;
        let host = match &*route.hosts {
            [host] => Some(host.to_string()),
            _ => None,
        };
        let methods = route.methods.iter().flat_map(Methods::list);
        Self {
            path: path.to_owned(),
            host,
            hosts: route.hosts.iter().map(HostRule::to_string).collect(),
            methods: methods.map(Method::to_string).collect(),
            strip_path: route.strip_path,
        }
    }
}

/// How callers authenticate.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Authentication {
    #[serde(rename = "oauth")]
    OAuth,
    ApiKey,
    Public,
}

impl Authentication {
    const fn of(authenticator: &Authenticator) -> Self {
        match authenticator {
            Authenticator::OAuth(_) => Self::OAuth,
            Authenticator::ApiKey(_) => Self::ApiKey,
            Authenticator::Public => Self::Public,
        }
    }
}

/// What an agent speaks.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AgentProtocol")]
#[serde(rename_all = "snake_case")]
enum Spoken {
    Http,
    Mcp,
    A2a,
}

impl Spoken {
    const fn of(protocol: &Protocol) -> Self {
        match protocol {
            Protocol::Http => Self::Http,
            Protocol::Mcp(_) => Self::Mcp,
            Protocol::A2a(_) => Self::A2a,
        }
    }
}

/// An agent in a list.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AgentSummary")]
pub(super) struct Summary {
    name: String,
    display_name: Option<String>,
    route: Route,
    upstream: String,
    protocol: Spoken,
    authentication: Authentication,
    identity_providers: Vec<String>,
    enforcement: Enforcement,
    managed_by: ManagedBy,
    api_keys: usize,
    traffic: AgentTraffic,
    upstream_failures_5m: u64,
    last_upstream_failure: Option<LastFailure>,
}

/// An agent with all details.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AgentDetail")]
pub(super) struct Detail {
    #[serde(flatten)]
    summary: Summary,
    etag: String,
    file: String,
    /// As it is written. A file written by hand can hold a number where text is expected.
    #[schemars(with = "Map<String, Value>")]
    spec: Value,
    url: String,
    /// What people give to their client: with the endpoint of MCP, or with the slash at the end that clients of A2A need.
    client_url: String,
    /// The audiences of which a token must name one: those that are written, and those that the URL of an agent gives that
    /// speaks MCP. Empty where tokens for any audience are accepted, and where no token is.
    audiences: Vec<String>,
    upstream_health: UpstreamHealth,
}

/// Returns one page of the agents, in the order of names.
pub(super) async fn list(
    State(state): State<SharedState>,
    Query(list): Query<List>,
) -> Result<Answer<Page<Summary>>, Problem> {
    let limit = page::limit(list.limit)?;
    let wanted = list.q.map(|q| q.to_lowercase()).unwrap_or_default();
    let live = state.control().live();
    let all = live.agents.values().filter(|agent| wanted.is_empty() || is_about(agent, &wanted));
    let after = list.after.as_deref();
    Ok(Answer(page::cut(
        all,
        |agent| agent.name.as_str(),
        after,
        limit,
        |agent| summary(&state, &live, agent),
    )))
}

fn is_about(agent: &Agent, wanted: &str) -> bool {
    let names = [agent.name.as_str(), agent.display_name.as_deref().unwrap_or_default(), &agent.route.path];
    names.iter().any(|name| name.to_lowercase().contains(wanted))
}

fn summary(state: &AdminState, live: &Snapshot, agent: &Agent) -> Summary {
    let providers = accepted_by(agent);
    let id = ResourceId::new(ResourceKind::Agent, agent.name.as_str());
    let path = if agent.route.path.is_empty() { "/" } else { &agent.route.path };
    let api_keys = match &agent.authenticator {
        Authenticator::ApiKey(policy) => policy.keys.len(),
        Authenticator::OAuth(_) | Authenticator::Public => 0,
    };
    Summary {
        name: agent.name.to_string(),
        display_name: agent.display_name.clone(),
        route: Route::of(agent, path),
        upstream: agent.upstream.url(),
        protocol: Spoken::of(&agent.protocol),
        authentication: Authentication::of(&agent.authenticator),
        identity_providers: providers.iter().map(|provider| provider.spec().name.to_string()).collect(),
        enforcement: agent.enforcement,
        managed_by: ManagedBy::of(id.is_some_and(|id| live.is_stored(&id))),
        api_keys,
        traffic: state.admin.traffic.agent(agent.name.as_str()),
        upstream_failures_5m: state.admin.traffic.lately(agent.name.as_str()).failed,
        last_upstream_failure: upstream_health::last(state, agent.name.as_str()),
    }
}

/// Returns one agent, with its tag.
pub(super) async fn show(
    State(state): State<SharedState>,
    headers: HeaderMap,
    Name(name): Name,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response, Problem> {
    let live = state.control().live();
    let agent = find(&live, &name)?;
    let written = live.written(&id(&name)?).ok_or_else(|| not_found(&name))?;
    let tag = write::etag(&written.tag);
    let reached = Reached::of(&live, agent, &headers);
    let audiences = match &agent.authenticator {
        Authenticator::OAuth(policy) => policy.audiences.clone(),
        Authenticator::ApiKey(_) | Authenticator::Public => Vec::new(),
    };
    let detail = Detail {
        summary: summary(&state, &live, agent),
        etag: written.tag,
        file: written.path.display().to_string(),
        spec: config::masked(ResourceKind::Agent, written.spec),
        url: reached.agent(agent),
        client_url: reached.client(agent),
        audiences,
        upstream_health: UpstreamHealth::of(&state, &name),
    };
    Ok(write::with_tag(Answer(detail).into_response(), tag))
}

/// An agent of the live configuration. 404 when there is none.
pub(super) fn find<'s>(live: &'s Snapshot, name: &str) -> Result<&'s std::sync::Arc<Agent>, Problem> {
    live.agents.get(name).ok_or_else(|| not_found(name))
}

fn not_found(name: &str) -> Problem {
    Problem::not_found(&format!("agent {name:?}"))
}

fn id(name: &str) -> Result<ResourceId, Problem> {
    ResourceId::new(ResourceKind::Agent, name).ok_or_else(|| not_found(name))
}

/// Creates or replaces an agent.
pub(super) async fn put(
    State(state): State<SharedState>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    query: Write,
    Precondition(expect): Precondition,
    Anything(spec): Anything,
) -> Result<Response, Problem> {
    let id = ResourceId::new(ResourceKind::Agent, name).ok_or_else(bad_name)?;
    replace(&state, &caller, id, expect, spec, query).await
}

/// Deletes an agent, and its API keys with it.
pub(super) async fn delete(
    State(state): State<SharedState>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    query: Write,
    IfMatch(expect): IfMatch,
) -> Result<Response, Problem> {
    remove(&state, &caller, id(&name)?, expect, query).await
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Api;
    use axum::http::{Method, header};
    use serde_json::json;

    #[tokio::test(start_paused = true)]
    async fn without_a_credential_no_agent_is_shown_or_changed() {
        let api = Api::new();
        for (method, path) in [
            (Method::GET, "/api/v1/agents"),
            (Method::GET, "/api/v1/agents/refunds"),
            (Method::PUT, "/api/v1/agents/refunds"),
            (Method::DELETE, "/api/v1/agents/refunds"),
            (Method::GET, "/api/v1/agents/absent"),
        ] {
            let answer = api.logged_out(method, path).await;
            assert_eq!((answer.status, answer.code()), (401, "unauthorized"), "{path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stale_tag_changes_nothing() {
        let api = Api::writable();
        let spec = json!({"route": "/r", "upstream": "http://127.0.0.1:1", "auth": "public"});
        for (method, body) in [(Method::PUT, Some(spec)), (Method::DELETE, None)] {
            let stale =
                api.write(method.clone(), "/api/v1/agents/refunds", Some("\"stale\""), body.clone()).await;
            assert_eq!((stale.status, stale.code()), (412, "precondition_failed"), "{method}");
            let none = api.write(method.clone(), "/api/v1/agents/refunds", None, body).await;
            assert_eq!((none.status, none.code()), (428, "precondition_required"), "{method}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_agent_is_shown_with_its_specification_and_its_url() {
        let api = Api::new();
        let answer = api.get("/api/v1/agents/refunds").await;
        let agent = answer.json();
        assert_eq!(answer.status, 200, "{agent}");
        assert_eq!(answer.headers[header::ETAG], format!("\"{}\"", agent["etag"].as_str().unwrap()));
        for (member, wanted) in [
            ("name", json!("refunds")),
            ("authentication", json!("oauth")),
            ("identity_providers", json!(["corp"])),
            (
                "route",
                json!({"path": "/agents/refunds", "host": null, "hosts": [], "methods": [], "strip_path": true}),
            ),
            ("upstream", json!("http://127.0.0.1:9/base")),
            ("url", json!("http://127.0.0.1:8080/agents/refunds")),
            ("managed_by", json!("file")),
            ("enforcement", json!("enforce")),
        ] {
            assert_eq!(agent[member], wanted, "{member}");
        }
        assert_eq!(agent["spec"]["route"]["strip_path"], json!(true));
        for path in ["absent", "a%2Fb", "%ff", "..%2f", "A"] {
            let answer = api.get(&format!("/api/v1/agents/{path}")).await;
            assert_eq!((answer.status, answer.code()), (404, "not_found"), "{path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_url_of_an_agent_follows_the_public_url_and_its_own_host() {
        let api = Api::with_server("  public_url: https://agents.example.com:8443/gw/\n");
        for (agent, url) in [
            ("refunds", "https://agents.example.com:8443/gw/agents/refunds"),
            ("partner", "https://partner.example:8443/gw/"),
        ] {
            assert_eq!(
                api.get(&format!("/api/v1/agents/{agent}")).await.json()["url"],
                json!(url),
                "{agent}"
            );
        }
        let status = api.get("/api/v1/status").await.json();
        assert_eq!(status["public_url"], json!("https://agents.example.com:8443/gw"));
    }

    #[tokio::test(start_paused = true)]
    async fn agents_are_listed_by_name_and_found_by_a_part_of_it() {
        let api = Api::new();
        let names = |answer: &serde_json::Value| {
            answer["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|a| a["name"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let all = api.get("/api/v1/agents").await.json();
        assert_eq!(
            (names(&all), &all["total"]),
            (["open", "partner", "refunds"].map(str::to_owned).to_vec(), &json!(3))
        );
        let page = api.get("/api/v1/agents?limit=1&after=open").await.json();
        assert_eq!((names(&page), &page["next"]), (vec!["partner".to_owned()], &json!("partner")));
        let found = api.get("/api/v1/agents?q=REFUND").await.json();
        assert_eq!(names(&found), ["refunds"]);
        for query in ["limit=0", "limit=501", "limit=x", "limit=-1", "lmit=5", "limit=1&limit=2"] {
            let answer = api.get(&format!("/api/v1/agents?{query}")).await;
            assert_eq!((answer.status, answer.code()), (400, "bad_query"), "{query}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_agent_is_created_changed_and_deleted_and_each_response_has_the_next_tag() {
        let api = Api::writable();
        let path = "/api/v1/agents/new";
        let spec = |route: &str| json!({"route": route, "upstream": "http://127.0.0.1:9", "auth": "public"});
        let made = api.create(path, spec("/new")).await;
        assert_eq!((made.status, &made.json()["resource"]), (201, &json!("agents/new")), "{}", made.text());
        let tag = made.headers[header::ETAG].to_str().unwrap().to_owned();
        assert_eq!(api.get(path).await.headers[header::ETAG], tag.as_str());
        assert_eq!(api.create(path, spec("/new")).await.status, 412, "it is there already");
        let dry = api
            .write(Method::PUT, &format!("{path}?dry_run=true"), Some(&tag), Some(spec("/x")))
            .await
            .json();
        assert_eq!((&dry["dry_run"], &dry["revision"]), (&json!(true), &json!(null)));
        assert!(dry["diff"].as_str().unwrap().contains("-route: /new\n+route: /x\n"), "{dry}");
        let changed = api.write(Method::PUT, path, Some(&tag), Some(spec("/y"))).await;
        assert_eq!((changed.status, &changed.json()["revision"]), (200, &json!(2)));
        assert_eq!(api.get(path).await.json()["route"]["path"], json!("/y"));
        assert_eq!(api.write(Method::DELETE, path, Some(&tag), None).await.status, 412, "the tag is old");
        assert_eq!(api.write(Method::DELETE, path, Some("*"), None).await.status, 200);
        assert_eq!(api.write(Method::DELETE, path, Some("*"), None).await.status, 404);
    }

    #[tokio::test(start_paused = true)]
    async fn an_invalid_agent_gets_a_code_and_a_pointer_to_its_error() {
        let api = Api::writable();
        for (spec, code, path) in [
            (
                json!({"route": "/n", "upstream": "http://127.0.0.1:9", "auth": "public", "x": 1}),
                "unknown-field",
                "/x",
            ),
            (
                json!({"route": "/n", "upstream": "http://127.0.0.1:9", "auth": {"oauth": {"identity_providers": ["no"]}}}),
                "unknown-provider",
                "/auth/oauth/identity_providers/0",
            ),
            (json!({"route": 5, "upstream": [], "auth": "public"}), "bad-path", "/route"),
        ] {
            let answer = api.create("/api/v1/agents/new", spec.clone()).await;
            let said = answer.json();
            assert_eq!((answer.status, answer.code()), (422, "invalid"), "{spec}");
            let found = said["diagnostics"].as_array().unwrap().iter().any(|d| {
                (&d["code"], &d["path"], &d["resource"]) == (&json!(code), &json!(path), &json!("agents/new"))
            });
            assert!(found, "{code} at {path}: {said}");
        }
        for name in ["Upper", "a_b", "a%2Fb", "%00", "-a", &"x".repeat(64)] {
            let spec = json!({"route": "/n", "upstream": "http://127.0.0.1:9", "auth": "public"});
            let answer = api.create(&format!("/api/v1/agents/{name}"), spec).await;
            assert_eq!((answer.status, answer.code()), (422, "invalid"), "{name}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn deleting_an_agent_deletes_its_keys() {
        let api = Api::writable();
        let gone = api.write(Method::DELETE, "/api/v1/agents/partner", Some("*"), None).await.json();
        assert_eq!(gone["removed"], json!(["api_keys/Yq3Zk81b"]), "{gone}");
        assert_eq!(api.get("/api/v1/api-keys").await.json()["total"], json!(0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_mistyped_dry_run_does_not_write() {
        let api = Api::new();
        let answer = api.write(Method::DELETE, "/api/v1/agents/refunds?dryrun=true", Some("*"), None).await;
        assert_eq!((answer.status, answer.code()), (400, "bad_query"));
    }
}
