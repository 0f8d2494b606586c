//! What the checks found, in words for an operator.

use axum::http::HeaderValue;
use url::{Host, Url};

use crate::authn::OAuthPolicy;
use crate::idp::AuthorizationServer;
use crate::model::{is_loopback, is_loopback_name};
use crate::routing::Agent;

use super::super::discovery::{Clients, INSPECTOR};
use super::{Outcome, Row, Topic};

/// What is known of the agent itself, for a client that was given `url`.
pub(super) fn of_agent(clients: &Clients<'_>, policy: &OAuthPolicy, url: &str, given: &Url) -> Vec<Row> {
    let mut rows = vec![resource(clients, url, given), reach(clients, given)];
    rows.push(audience(policy, url));
    rows.push(credential(clients.agent));
    rows.push(page(clients));
    rows
}

fn resource(clients: &Clients<'_>, url: &str, given: &Url) -> Row {
    let (agent, reached) = (clients.agent, &clients.reached);
    let forms = agent.forms();
    let origin = given.origin().ascii_serialization();
    if reached.is_configured() && origin != reached.origin {
        let found = format!("the metadata names {}, on another origin than the URL", reached.client(agent));
        let help = "give people that URL, or write the origin of this one as `public_url`";
        return Row::new(Topic::Resource, Outcome::Bad, found, help);
    }
    let base = reached.url("");
    let below = base.strip_prefix(&*reached.origin).unwrap_or_default();
    let form = given.path().strip_prefix(below).and_then(|path| forms.form(path));
    let Some(form) = form else {
        let found = format!("no metadata is for this path; the challenge names {}", reached.client(agent));
        let help = "give people that URL";
        return Row::new(Topic::Resource, Outcome::Bad, found, help);
    };
    let resource = format!("{origin}{below}{}", forms.path(form));
    if !reached.is_configured() {
        let found = format!("the metadata names {resource}, since the request says so");
        let help = "write `public_url` at the agent or in `server`: then every client sees the same, and this URL is an \
                    audience";
        return Row::new(Topic::Resource, Outcome::Warn, found, help);
    }
    // A lone slash behind the host belongs to every URL.
    if resource == url || format!("{resource}/") == url && forms.path(form).is_empty() {
        return Row::ok(Topic::Resource, format!("the metadata names {resource}, letter by letter the URL"));
    }
    let found = format!("the metadata names {resource}, which is spelt otherwise than the URL");
    Row::new(Topic::Resource, Outcome::Warn, found, "give people the URL in the spelling of the metadata")
}

fn reach(clients: &Clients<'_>, given: &Url) -> Row {
    let is_of_this_machine = match given.host() {
        Some(Host::Domain(name)) => is_loopback_name(name),
        Some(Host::Ipv4(ip)) => is_loopback(ip.into()),
        Some(Host::Ipv6(ip)) => is_loopback(ip.into()),
        None => false,
    };
    if is_of_this_machine {
        let found = "the URL leads to the machine of whoever asks";
        let help = "write the `public_url` under which others reach the gateway";
        return Row::new(Topic::Reach, Outcome::Warn, found, help);
    }
    if given.scheme() != "https" {
        let found = "the URL is plain http, over which clients send no token to another machine";
        let help = "put TLS in front of the gateway, and write the https origin as `public_url`";
        return Row::new(Topic::Reach, Outcome::Bad, found, help);
    }
    let by = if clients.reached.is_configured() { "https, by a public URL" } else { "https" };
    Row::ok(Topic::Reach, by)
}

fn audience(policy: &OAuthPolicy, url: &str) -> Row {
    if policy.audiences.is_empty() {
        let found = "tokens for any audience are accepted, so those for other services are, too";
        let help = "name this agent's audience under `audiences`, or write `protocol: mcp` if it speaks MCP";
        return Row::new(Topic::Audience, Outcome::Warn, found, help);
    }
    if policy.audiences.iter().any(|audience| audience == url) {
        return Row::ok(Topic::Audience, "a token for this URL (RFC 8707) is accepted");
    }
    let found = format!("a token must name {}, and not this URL", policy.audiences.join(" or "));
    let help = "see that the provider issues such tokens whatever `resource` says, or write the URL under `audiences`";
    Row::new(Topic::Audience, Outcome::Warn, found, help)
}

fn credential(agent: &Agent) -> Row {
    if agent.takes_plain_bearer() {
        return Row::ok(Topic::Credential, "the token is sent as Authorization: Bearer");
    }
    let found = "the token is not sent as Authorization: Bearer";
    let help = "leave `header` and `prefix` of `auth.oauth` at their defaults";
    Row::new(Topic::Credential, Outcome::Bad, found, help)
}

fn page(clients: &Clients<'_>) -> Row {
    let answer = clients.page(&HeaderValue::from_static(INSPECTOR));
    if answer.may_call_and_read() {
        return Row::ok(Topic::Page, format!("a page of {INSPECTOR} may call, and read the challenge"));
    }
    let found = format!("a page of {INSPECTOR} cannot call, or cannot read the challenge");
    Row::new(
        Topic::Page,
        Outcome::Warn,
        found,
        "write `cors: mcp` if clients in a browser are to call the agent",
    )
}

/// What is known of the first identity provider.
pub(super) fn of_provider(
    agent: &Agent,
    issuer: &str,
    server: Result<&AuthorizationServer, &str>,
) -> Vec<Row> {
    let server = match server {
        Ok(server) => server,
        Err(why) => {
            let help = "clients and this gateway must reach the provider, and find its metadata there";
            let unknown = |topic| {
                let found = "not known while the metadata of the provider cannot be read";
                Row { topic, outcome: Outcome::Unknown, found: found.to_owned(), help: None }
            };
            let mut rows = vec![Row::new(Topic::AuthorizationServer, Outcome::Bad, why, help)];
            rows.extend([Topic::Issuer, Topic::Pkce, Topic::Registration, Topic::Scopes].map(unknown));
            return rows;
        }
    };
    vec![
        endpoints(server),
        named(issuer, server),
        pkce(server),
        registration(server),
        scopes(&agent.scopes_to_ask_for(), server),
    ]
}

fn endpoints(server: &AuthorizationServer) -> Row {
    let found = format!("found at {}", server.metadata_url);
    let absent = match (&server.authorization_endpoint, &server.token_endpoint) {
        (Some(_), Some(_)) => return Row::ok(Topic::AuthorizationServer, found),
        (None, _) => "authorization_endpoint",
        (_, None) => "token_endpoint",
    };
    let found = format!("{found}, and has no {absent}");
    let help = "the provider must offer the authorization code grant";
    Row::new(Topic::AuthorizationServer, Outcome::Bad, found, help)
}

fn named(issuer: &str, server: &AuthorizationServer) -> Row {
    match &server.issuer {
        Some(named) if named == issuer => Row::ok(Topic::Issuer, format!("it names {issuer}")),
        named => {
            let named = named.as_deref().unwrap_or("no issuer");
            let found = format!("it names {named}, and the agent {issuer}");
            let help =
                "write `issuer` of the identity provider exactly as its metadata does, slashes included";
            Row::new(Topic::Issuer, Outcome::Bad, found, help)
        }
    }
}

fn pkce(server: &AuthorizationServer) -> Row {
    let methods = &server.challenge_methods;
    if methods.iter().any(|method| method == "S256") {
        return Row::ok(Topic::Pkce, "code_challenge_methods_supported has S256");
    }
    let found = match &**methods {
        [] => "code_challenge_methods_supported is absent".to_owned(),
        other => format!("code_challenge_methods_supported has {} alone", other.join(", ")),
    };
    Row::new(Topic::Pkce, Outcome::Bad, found, "switch PKCE with S256 on at the provider")
}

fn registration(server: &AuthorizationServer) -> Row {
    match (server.has_client_documents, &server.registration_endpoint) {
        (true, Some(_)) => {
            Row::ok(Topic::Registration, "client ID metadata documents, and a registration endpoint")
        }
        (true, None) => Row::ok(Topic::Registration, "client ID metadata documents"),
        (false, Some(_)) => {
            Row::ok(Topic::Registration, "a registration endpoint, and no client ID metadata documents")
        }
        (false, None) => {
            let found = "neither client ID metadata documents nor a registration endpoint";
            let help = "register each client at the provider, and give people its client ID; or switch one of the two on";
            Row::new(Topic::Registration, Outcome::Warn, found, help)
        }
    }
}

fn scopes(asked: &[&str], server: &AuthorizationServer) -> Row {
    if asked.is_empty() {
        return Row::ok(Topic::Scopes, "clients are told to ask for no scope");
    }
    let Some(known) = &server.scopes else {
        let found = format!("clients ask for {}; the provider does not list its scopes", asked.join(" "));
        return Row { topic: Topic::Scopes, outcome: Outcome::Unknown, found, help: None };
    };
    let strange: Vec<_> =
        asked.iter().filter(|scope| !known.iter().any(|known| known == *scope)).copied().collect();
    if strange.is_empty() {
        return Row::ok(Topic::Scopes, format!("the provider lists {}", asked.join(" ")));
    }
    let found = format!("the provider does not list {}", strange.join(" "));
    let help = "add them at the provider, or name under `mcp.scopes_supported` only what it grants";
    Row::new(Topic::Scopes, Outcome::Warn, found, help)
}
