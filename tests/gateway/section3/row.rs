//! One row: what is sent, what must come of it, and everything that is checked about it.
//!
//! What a reason means on the wire is written here once more, from the contract and not from the product.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use testkit::{Gateway, Upstream, client};

const DESCRIPTION: &str = "error_description";
/// What the agent `stepped` needs, in the order of a challenge.
const NEEDS: &str = ", acr_values=\"urn:gold urn:silver\", max_age=\"60\"";

/// What is sent, and what must come of it.
pub(crate) struct Row {
    pub(crate) name: String,
    /// The agent that is asked; it stands at the path of its name. `_none`: a path of no agent.
    pub(crate) agent: &'static str,
    pub(crate) headers: Vec<(&'static str, Vec<u8>)>,
    pub(crate) reason: &'static str,
    /// The provider in log and metrics.
    pub(crate) provider: Option<&'static str>,
    /// The key in the log: any, unless it is said.
    pub(crate) key_id: Option<Option<&'static str>>,
}

impl Row {
    /// A request without a credential, which `agent` refuses or lets pass for this reason.
    pub(crate) fn new(name: impl Into<String>, agent: &'static str, reason: &'static str) -> Self {
        Self { name: name.into(), agent, headers: Vec::new(), reason, provider: None, key_id: None }
    }

    /// Sends this header too.
    pub(crate) fn header(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name, value.as_ref().to_vec()));
        self
    }

    /// Sends this token as `Authorization: Bearer`.
    pub(crate) fn bearer(self, token: impl AsRef<str>) -> Self {
        self.header("authorization", format!("Bearer {}", token.as_ref()))
    }

    /// Decided when this provider was known and accepted.
    pub(crate) fn by(mut self, provider: &'static str) -> Self {
        self.provider = Some(provider);
        self
    }

    /// The log must name this key, or none.
    pub(crate) fn key(mut self, id: Option<&'static str>) -> Self {
        self.key_id = Some(id);
        self
    }

    /// The scopes that the agent asks for, in the order of a challenge.
    fn base_scopes(&self) -> Option<&'static str> {
        match self.agent {
            "scoped" => Some("b:read a:read z:write c:write"),
            "ruled" => Some("refunds:read"),
            "stepped" => Some("pay:write"),
            _ => None,
        }
    }

    fn method(&self) -> &'static str {
        match self.agent {
            "_none" => "none",
            agent if agent.starts_with("keyed") => "api_key",
            agent if agent.starts_with("public") => "public",
            _ => "oauth",
        }
    }

    fn decision(&self) -> &'static str {
        match self.reason {
            "ok" => "allow",
            "keys_unavailable" => "error",
            _ => "deny",
        }
    }

    /// Status and OAuth code of the contract's table.
    fn answer(&self) -> (u16, Option<&'static str>) {
        match self.reason {
            "ok" => (200, None),
            "no_route" => (404, None),
            "token_missing" | "api_key_missing" | "api_key_invalid" | "api_key_expired"
            | "api_key_revoked" => (401, None),
            "multiple_tokens" => (400, Some("invalid_request")),
            "scope_missing" => (403, Some("insufficient_scope")),
            "claim_mismatch" | "client_not_allowed" | "actor_not_allowed" => (403, None),
            "acr_insufficient" | "auth_too_old" => (401, Some("insufficient_user_authentication")),
            "keys_unavailable" => (503, None),
            _ => (401, Some("invalid_token")),
        }
    }

    /// Every challenge that the contract allows here; empty when there must be none.
    fn challenges(&self, gateway: &Gateway) -> Vec<String> {
        let realm = format!("realm=\"{}\"", self.agent);
        match (self.method(), self.reason) {
            ("none" | "public", _)
            | (
                _,
                "ok" | "claim_mismatch" | "client_not_allowed" | "actor_not_allowed" | "keys_unavailable",
            ) => Vec::new(),
            ("api_key", _) => vec![format!("ApiKey {realm}")],
            _ => {
                let error = self.answer().1.map(|code| format!("error=\"{code}\""));
                let scope = self.base_scopes().filter(|_| self.answer().0 != 400);
                let scope = scope.map(|scope| format!("scope=\"{scope}\""));
                // What a step-up says is to the letter, description included.
                let description = match self.reason {
                    "token_expired" => Some("error_description=\"The access token expired\"".to_owned()),
                    "acr_insufficient" => {
                        Some(format!("{DESCRIPTION}=\"A different authentication level is required\"{NEEDS}"))
                    }
                    "auth_too_old" => {
                        Some(format!("{DESCRIPTION}=\"More recent authentication is required\"{NEEDS}"))
                    }
                    _ => None,
                };
                let metadata = gateway.url(&format!("/.well-known/oauth-protected-resource{}", self.path()));
                let metadata = format!("resource_metadata=\"{metadata}\"");
                let of = |description: Option<String>| {
                    let first = [Some(realm.clone()), error.clone(), description];
                    let all = first.into_iter().chain([scope.clone(), Some(metadata.clone())]);
                    format!("Bearer {}", all.flatten().collect::<Vec<_>>().join(", "))
                };
                let is_exact = self.answer().1 == Some("insufficient_user_authentication");
                let long = description.map(|description| of(Some(description)));
                long.into_iter().chain((!is_exact).then(|| of(None))).collect()
            }
        }
    }

    fn path(&self) -> String {
        format!("/{}", self.agent.trim_start_matches('_'))
    }

    /// Sends the row and says what is wrong, if anything.
    async fn faults(&self, gateway: &Gateway, upstream: &Upstream) -> Vec<String> {
        let mut faults = Faults::default();
        let (before, arrived) = (decisions(gateway).await, upstream.seen().len());
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let value = HeaderValue::from_bytes(value).expect("a value that can be sent");
            headers.append(HeaderName::from_static(name), value);
        }
        let sent = client().get(gateway.url(&self.path())).headers(headers).send().await;
        let answer = match sent {
            Ok(answer) => answer,
            Err(error) => return vec![format!("no answer: {error}")],
        };
        let (status, head) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.text().await.unwrap_or_default();
        faults.same("status", &status, &self.answer().0);
        let text = |name: &str| -> Vec<String> {
            head.get_all(name).iter().map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned()).collect()
        };
        let id = text("x-request-id").concat();
        let (challenge, allowed) = (text("www-authenticate"), self.challenges(gateway));
        if challenge.len() > 1 || challenge.is_empty() != allowed.is_empty() {
            faults.add(format!("challenges {challenge:?}, wanted {allowed:?}"));
        } else if challenge.first().is_some_and(|c| !allowed.contains(c)) {
            faults.add(format!("challenge {challenge:?}, wanted {allowed:?}"));
        }
        let retry = text("retry-after").concat().parse::<u32>().ok();
        faults.same("Retry-After", &retry.is_some(), &(self.reason == "keys_unavailable"));
        if self.reason == "ok" {
            faults.same("requests at the upstream", &upstream.seen().len(), &(arrived + 1));
            if upstream.seen().len() > arrived {
                self.check_upstream(upstream, &mut faults);
            }
        } else {
            faults.same("content type", &text("content-type").concat().as_str(), &"application/problem+json");
            faults.same("requests at the upstream", &upstream.seen().len(), &arrived);
            self.check_problem(&body, &id, &mut faults);
        }
        self.check_log(&gateway.logged(&id).await, status, &mut faults);
        faults.same("decisions", &added(&before, &decisions(gateway).await), &self.counted());
        faults.0
    }

    fn check_upstream(&self, upstream: &Upstream, faults: &mut Faults) {
        if self.method() == "public" {
            return;
        }
        let seen = upstream.last();
        for (name, _) in &self.headers {
            faults.same(&format!("{name} at the upstream"), &seen.all(name), &Vec::new());
        }
    }

    fn check_problem(&self, body: &str, id: &str, faults: &mut Faults) {
        let Ok(Value::Object(problem)) = serde_json::from_str::<Value>(body) else {
            return faults.add(format!("the body is no JSON object: {body}"));
        };
        let error = self.answer().1;
        let mut wanted = BTreeSet::from(["type", "title", "status", "detail", "request_id"]);
        wanted.extend(error.map(|_| "error"));
        faults.same("members", &problem.keys().map(String::as_str).collect(), &wanted);
        for name in ["type", "title", "detail"] {
            if problem.get(name).and_then(Value::as_str).is_none_or(str::is_empty) {
                faults.add(format!("{name} is no text: {body}"));
            }
        }
        let member = |name: &str| problem.get(name).cloned().unwrap_or_default();
        faults.same("status member", &member("status"), &self.answer().0.into());
        faults.same("error member", &member("error"), &error.into());
        faults.same("request_id member", &member("request_id"), &id.into());
        for (_, value) in &self.headers {
            let sent = String::from_utf8_lossy(value);
            if sent.len() > 12 && body.contains(sent.trim_start_matches("Bearer ").trim()) {
                faults.add(format!("the credential is in the body: {body}"));
            }
        }
    }

    fn check_log(&self, line: &Value, status: u16, faults: &mut Faults) {
        let agent = Some(self.agent).filter(|agent| *agent != "_none");
        faults.same("logged agent", &line["agent"], &agent.into());
        faults.same("logged status", &line["status"], &status.into());
        let auth = &line["auth"];
        faults.same("logged reason", &auth["reason"], &self.reason.into());
        faults.same("logged decision", &auth["decision"], &self.decision().into());
        faults.same("logged method", &auth["method"], &self.method().into());
        faults.same("logged provider", &auth["provider"], &self.provider.into());
        if let Some(id) = self.key_id {
            faults.same("logged key", &auth["key_id"], &id.into());
        }
    }

    fn counted(&self) -> Vec<String> {
        vec![format!(
            "agent={} decision={} method={} operation=none provider={} reason={}",
            self.agent,
            self.decision(),
            self.method(),
            self.provider.unwrap_or("_"),
            self.reason
        )]
    }
}

#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn add(&mut self, fault: String) {
        self.0.push(fault);
    }

    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, got: &T, wanted: &T) {
        if got != wanted {
            self.add(format!("{what} {got:?}, wanted {wanted:?}"));
        }
    }
}

/// Runs all rows, one after the other, and names every one that fails.
pub(crate) async fn run(rows: &[Row], gateway: &Gateway, upstream: &Upstream) {
    let mut failed = Vec::new();
    for row in rows {
        let faults = row.faults(gateway, upstream).await;
        if !faults.is_empty() {
            failed.push(format!("{} (at {}): {}", row.name, row.agent, faults.join("; ")));
        }
    }
    assert!(failed.is_empty(), "{} of {} rows fail:\n{}", failed.len(), rows.len(), failed.join("\n"));
}

type Counts = BTreeMap<String, f64>;

/// The decisions so far, by their labels in the order of their names.
pub(crate) async fn decisions(gateway: &Gateway) -> Counts {
    let (_, page) = gateway.ops_get("/metrics").await;
    let sample = |line: &str| {
        let (labels, value) = line.strip_prefix("portcullis_auth_decisions_total{")?.rsplit_once("} ")?;
        let labels: BTreeSet<String> = labels.split(',').map(|label| label.replace('"', "")).collect();
        Some((labels.into_iter().collect::<Vec<_>>().join(" "), value.parse().ok()?))
    };
    page.lines().filter_map(sample).collect()
}

/// The decisions that were counted in between, each as often as it was.
pub(crate) fn added(before: &Counts, after: &Counts) -> Vec<String> {
    let grown = after.iter().flat_map(|(labels, now)| {
        let times = now - before.get(labels).copied().unwrap_or_default();
        std::iter::repeat_n(labels.clone(), times as usize)
    });
    grown.collect()
}
