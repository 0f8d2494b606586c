//! `/agents/{name}/discovery`: what a client finds that knows nothing but the URL of an agent. Everything is made by what
//! answers clients, from the live configuration; nothing is sent.

use std::sync::Arc;

use axum::extract::State;
use axum::http::uri::Scheme;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Snapshot;
use crate::gate::challenge;
use crate::model::{
    CanonicalPath, Enforcement, Host, HostRule, Instant, Purpose, Reason, Request, is_loopback,
};
use crate::protocol::{RESOURCE_METADATA, ResourceForm, metadata_document};
use crate::routing::{Agent, Authenticator, Match, Protocol};

use super::SharedState;
use super::agent_url::{OriginSource, Reached};
use super::agents::find;
use super::body::Answer;
use super::page::{Name, Query};
use super::problem::Problem;

/// The longest origin, in bytes: a host name has at most 253.
const LONGEST_ORIGIN: usize = 300;
/// The origin of the page of the MCP Inspector, the client in a browser that people try an agent with.
pub(super) const INSPECTOR: &str = "http://localhost:6274";
/// What clients of MCP in a browser ask for; other agents get the first two.
const ASKED: &str =
    "authorization, content-type, accept, mcp-protocol-version, mcp-method, mcp-name, mcp-session-id";

/// Where the client runs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// The origin of the page that it is part of; that of the MCP Inspector when it is absent.
    #[schemars(length(min = 1, max = LONGEST_ORIGIN))]
    origin: Option<String>,
}

/// What a client finds that knows nothing but the URL of an agent.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AgentDiscovery")]
pub(super) struct Discovery {
    client_url: String,
    origin_source: OriginSource,
    first_call: FirstCall,
    /// The metadata at each place where clients look; empty for an agent without OAuth.
    metadata: Vec<Place>,
    page: PageAnswer,
}

/// The response to a call without a credential.
#[derive(Serialize, JsonSchema)]
struct FirstCall {
    method: String,
    url: String,
    /// Absent where the call goes through: at a public agent, and in shadow mode.
    status: Option<u16>,
    /// `WWW-Authenticate`.
    challenge: Option<String>,
}

/// A place where clients look for metadata.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MetadataPlace")]
struct Place {
    url: String,
    /// Another agent whose metadata is there, since requests for the resource lead to it.
    other_agent: Option<String>,
    /// The text of the document; absent where the gateway answers 404.
    document: Option<String>,
    headers: Vec<Field>,
}

/// What a page of one origin gets.
#[derive(Serialize, JsonSchema)]
pub(super) struct PageAnswer {
    origin: String,
    /// Whether calls of the page are refused with 403, whatever their credential.
    pub(super) is_refused: bool,
    /// The headers of the response to its preflight; absent where the agent itself answers.
    preflight: Option<Vec<Field>>,
    /// The headers that the gateway adds to the response to its call.
    response: Vec<Field>,
}

/// A field of a response.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HeaderField")]
struct Field {
    name: String,
    value: String,
}

impl Field {
    fn of((name, value): (HeaderName, HeaderValue)) -> Self {
        Self { name: name.to_string(), value: String::from_utf8_lossy(value.as_bytes()).into_owned() }
    }
}

/// Shows what a client finds.
pub(super) async fn show(
    State(state): State<SharedState>,
    headers: HeaderMap,
    Name(name): Name,
    Query(asked): Query<Asked>,
) -> Result<Answer<Discovery>, Problem> {
    let live = state.control().live();
    let agent = find(&live, &name)?;
    let origin = asked.origin.unwrap_or_else(|| INSPECTOR.to_owned());
    let good = (1..=LONGEST_ORIGIN).contains(&origin.len()) && origin.contains("://");
    let origin = HeaderValue::from_str(&origin).ok().filter(|_| good);
    let origin = origin.ok_or_else(|| Problem::bad_query("`origin` is none that a browser sends"))?;
    let clients = Clients::new(&live, agent, &headers);
    Ok(Answer(Discovery {
        client_url: clients.reached.client(agent),
        origin_source: clients.reached.source,
        first_call: clients.first_call(),
        metadata: clients.metadata(),
        page: clients.page(&origin),
    }))
}

/// An agent as its clients see it.
pub(super) struct Clients<'s> {
    pub(super) live: &'s Snapshot,
    pub(super) agent: &'s Arc<Agent>,
    pub(super) reached: Reached,
    /// A host at which requests lead to the agent.
    host: Option<String>,
}

impl<'s> Clients<'s> {
    pub(super) fn new(live: &'s Snapshot, agent: &'s Arc<Agent>, headers: &HeaderMap) -> Self {
        let reached = Reached::of(live, agent, headers);
        let authority = reached.origin.split_once("://").map(|(_, authority)| authority);
        let named = authority.and_then(|authority| Host::parse(authority).ok());
        let named = named.filter(|host| {
            let hosts = &agent.route.hosts;
            hosts.is_empty() || hosts.iter().any(|rule| rule.covers(host.as_str()))
        });
        let first = || agent.route.hosts.first().map(HostRule::example).map(Into::into);
        let host = named.map(|host| host.as_str().to_owned()).or_else(first);
        Self { live, agent, reached, host }
    }

    fn find(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<Match<&'s Arc<Agent>>> {
        let path = CanonicalPath::parse(path.as_bytes()).ok()?;
        Some(self.live.router.find(&Request {
            method,
            scheme: Scheme::HTTPS,
            host: self.host.as_deref().and_then(|host| Host::parse(host).ok()),
            path,
            purpose: Purpose::Explain,
            ..Request::with_headers(headers, Instant::from_unix(0))
        }))
    }

    /// The path that clients call, and the method of their first call.
    fn call(&self) -> (String, Method) {
        let (path, method) = match &self.agent.protocol {
            Protocol::Http => (self.agent.route.path.to_string(), Method::GET),
            Protocol::Mcp(mcp) => (mcp.forms.path(ResourceForm::ENDPOINT), Method::POST),
            Protocol::A2a(_) => (self.agent.route.path.to_string(), Method::POST),
        };
        (if path.is_empty() { "/".to_owned() } else { path }, method)
    }

    fn first_call(&self) -> FirstCall {
        let (path, method) = self.call();
        let reason = match &self.agent.authenticator {
            Authenticator::OAuth(_) => Some(Reason::TokenMissing),
            Authenticator::ApiKey(_) => Some(Reason::ApiKeyMissing),
            Authenticator::Public => None,
        };
        let reason = reason.filter(|_| self.agent.enforcement == Enforcement::Enforce);
        let forms = self.agent.forms();
        let metadata = || Some(self.reached.challenged(&forms.path(forms.told(&path))));
        let challenge = reason.and_then(|reason| challenge(reason, self.agent, None, metadata));
        FirstCall {
            method: method.to_string(),
            url: self.reached.client(self.agent),
            status: reason.map(Reason::status),
            challenge: challenge.map(|made| made.text()),
        }
    }

    fn metadata(&self) -> Vec<Place> {
        if !matches!(self.agent.authenticator, Authenticator::OAuth(_)) {
            return Vec::new();
        }
        let route = &self.agent.route.path;
        let mut places: Vec<(String, String)> = Vec::new();
        let inserted = |path: &str| (self.reached.metadata_url(path), format!("{RESOURCE_METADATA}{path}"));
        // What clients are given comes first.
        let forms: Vec<String> = self.agent.forms().all().collect();
        let (base, endpoint) = forms.split_at(forms.len().min(2));
        places.extend(endpoint.iter().chain(base).map(|form| inserted(form)));
        let behind = format!("{route}{RESOURCE_METADATA}");
        places.push((self.reached.url(&behind), behind));
        if matches!(&self.agent.protocol, Protocol::Mcp(mcp) if mcp.root_metadata) {
            places.push(inserted(""));
        }
        let mut shown: Vec<Place> = Vec::new();
        for (url, path) in places {
            if shown.iter().all(|place| place.url != url) {
                shown.push(self.place(url, &path));
            }
        }
        shown
    }

    fn place(&self, url: String, path: &str) -> Place {
        let none = HeaderMap::new();
        match self.find(&Method::GET, path, &none) {
            Some(Match::Metadata(agent, form)) if agent.name == self.agent.name => {
                let resource = self.reached.url(&agent.forms().path(form));
                let body = agent.metadata(&resource).unwrap_or_default();
                let answer = metadata_document(body, &none, self.reached.is_configured());
                let document = String::from_utf8_lossy(&answer.body).into_owned();
                let headers = answer.headers.into_iter().map(Field::of).collect();
                Place { url, other_agent: None, document: Some(document), headers }
            }
            Some(Match::Metadata(agent, _)) => {
                Place { url, other_agent: Some(agent.name.to_string()), document: None, headers: Vec::new() }
            }
            _ => Place { url, other_agent: None, document: None, headers: Vec::new() },
        }
    }

    /// What a page of this origin gets.
    pub(super) fn page(&self, origin: &HeaderValue) -> PageAnswer {
        let (path, method) = self.call();
        let mut asked = HeaderMap::new();
        asked.insert(header::ORIGIN, origin.clone());
        asked.insert(header::ACCESS_CONTROL_REQUEST_METHOD, header_of(method.as_str()));
        let names = match &self.agent.protocol {
            Protocol::Mcp(_) => ASKED,
            Protocol::Http | Protocol::A2a(_) => "authorization, content-type",
        };
        asked.insert(header::ACCESS_CONTROL_REQUEST_HEADERS, HeaderValue::from_static(names));
        let preflight = match self.find(&Method::OPTIONS, &path, &asked) {
            Some(Match::Preflight(agent, headers)) if agent.name == self.agent.name => {
                Some(headers.into_iter().map(Field::of).collect())
            }
            _ => None,
        };
        let response = self.agent.cors.as_ref().map(|cors| cors.answer(Some(origin))).unwrap_or_default();
        let listener = self.live.server.listeners.first();
        let at_loopback = || listener.is_some_and(|listener| is_loopback(listener.address.value.ip()));
        let is_refused = match &self.agent.protocol {
            Protocol::Mcp(mcp) => {
                self.agent.enforcement == Enforcement::Enforce
                    && !mcp.origins.allow(origin.as_bytes(), at_loopback)
            }
            Protocol::Http | Protocol::A2a(_) => false,
        };
        PageAnswer {
            origin: String::from_utf8_lossy(origin.as_bytes()).into_owned(),
            is_refused,
            preflight,
            response: response.into_iter().map(Field::of).collect(),
        }
    }
}

fn header_of(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("GET"))
}

impl PageAnswer {
    /// Whether the page may call the agent and read the challenge in its response.
    pub(super) fn may_call_and_read(&self) -> bool {
        let has = |fields: &[Field], name: &str| fields.iter().any(|field| field.name == name);
        let exposes = self.response.iter().any(|field| {
            field.name == "access-control-expose-headers"
                && field.value.split(',').any(|name| name.trim().eq_ignore_ascii_case("www-authenticate"))
        });
        let preflight = self.preflight.as_deref().unwrap_or_default();
        !self.is_refused && has(preflight, "access-control-allow-origin") && exposes
    }
}
