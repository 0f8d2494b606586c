//! Tables: callers and rules, heads, faulty messages, shadow mode.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::json;

use super::*;
use crate::authn::SessionKeySource;
use crate::authz::{
    Block, Listing, OperationRules, Rule, RuleTable, Rules, ScopeRules, Silent, Unlisted, VerifiedToken,
};
use crate::config::{Files, Snapshot, Source, compile, parse};
use crate::model::{
    CacheLabel, CallOutcome, Claims, Decision, Enforcement, Fetched, Identity, ImpliedScopes, Instant,
    OperationClass, Reason,
};
use crate::protocol::ResourceForms;
use crate::protocol::json_rpc::Id;
use crate::routing::{McpAgent, Protocol};
use crate::telemetry::Metrics;

const CONFIG: &str = "
version: 1
identity_providers: { corp: { issuer: 'https://corp.example' } }
agents:
  oauth:
    route: /oauth
    upstream: 'http://127.0.0.1:9'
    auth: { oauth: { identity_providers: [corp], audiences: [x], scopes: { all_of: [base], any_of: [any, offline_access] } } }
  key: { route: /key, upstream: 'http://127.0.0.1:9', auth: { api_key: {} } }
  public: { route: /public, upstream: 'http://127.0.0.1:9', auth: public }
";

fn table(rules: &[(&str, Rule)]) -> RuleTable {
    RuleTable::new(rules.iter().map(|(name, rule)| ((*name).to_owned(), *rule)))
}

fn rules() -> OperationRules {
    let needs = |scopes: &[&str]| {
        let all_of = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        Rules { scopes: ScopeRules { all_of, any_of: Vec::new() }, ..Rules::default() }
    };
    let role = crate::authz::ClaimRule::new("role".to_owned(), false, vec![json!("root")]);
    OperationRules {
        unlisted: Unlisted::Deny,
        methods: table(&[("initialize", Rule::Public), ("completion/complete", Rule::Needs(2))]),
        tools: table(&[
            ("free", Rule::Public),
            ("read_*", Rule::Allow),
            ("write_*", Rule::Needs(0)),
            ("write_never", Rule::Deny),
            ("root", Rule::Needs(1)),
        ]),
        resources: table(&[("file:///a/*", Rule::Allow)]),
        prompts: table(&[("p", Rule::Needs(0))]),
        needs: [
            needs(&["write", "base"]),
            Rules { claims_all_of: vec![role], ..needs(&["root"]) },
            needs(&["complete"]),
        ]
        .map(|rules| Block { rules, requirements: None })
        .into(),
    }
}

struct Given {
    name: &'static str,
    rules: OperationRules,
    trust: bool,
    enforcement: Enforcement,
}

impl Given {
    fn new(name: &'static str) -> Self {
        Self { name, rules: rules(), trust: false, enforcement: Enforcement::Enforce }
    }

    fn agent(self) -> Arc<Agent> {
        let document = parse(&[Source::new("a.yaml", CONFIG)], &|_| None).unwrap();
        let compiled = compile(&document, &Files::new(), None, &Metrics::new().unwrap()).unwrap();
        let Snapshot { mut agents, router, .. } = compiled.snapshot;
        drop(router);
        let mut agent = Arc::into_inner(agents.remove(self.name).unwrap()).unwrap().into_compiled().unwrap();
        agent.entry.operations = Some(Box::new(self.rules));
        agent.enforcement = self.enforcement;
        agent.protocol = Protocol::Mcp(Box::new(McpAgent {
            forms: ResourceForms::new("/a", "/mcp"),
            scopes_supported: Box::default(),
            resource_name: None,
            documentation: None,
            root_metadata: false,
            origins: crate::routing::AllowedOrigins::Unsaid,
            max_message: 1024,
            trust_mirrored_headers: self.trust,
            sessions: SessionKeySource::Process(Arc::default()),
            listing: Listing::Obtainable,
            max_list: 1 << 20,
        }));
        Arc::new(agent.into())
    }
}

/// Who calls, as the agent's own rules see it.
#[derive(Debug, Clone, Copy)]
enum Who {
    Nobody,
    Bad,
    Token { scope: &'static str, role: &'static str },
}

const BASE: Who = Who::Token { scope: "base any", role: "guest" };

impl Who {
    fn verdict(self, agent: &Arc<Agent>) -> Verdict {
        match self {
            Self::Nobody => Verdict::refused(agent, Reason::TokenMissing, None),
            Self::Bad => Verdict::refused(agent, Reason::TokenExpired, None),
            Self::Token { scope, role } => {
                let claims = json!({"scope": scope, "role": role});
                let claims = Claims::new(claims.as_object().cloned().unwrap());
                let token = VerifiedToken {
                    claims: &claims,
                    issuer: "https://idp.test",
                    has_access_type: false,
                    implied: &ImpliedScopes::default(),
                    client_claim: None,
                    leeway: Duration::ZERO,
                    now: Instant::from_unix(0),
                };
                let admission = agent.entry.admit(Identity::default(), &token, &mut Silent);
                Verdict { cache: CacheLabel::Miss, ..Verdict::admitted(agent, Arc::new(admission)) }
            }
        }
    }
}

fn tool(name: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"{name}"}}}}"#)
}

fn plain(method: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":7,"method":"{method}"}}"#)
}

fn head(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &'static str)| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    pairs.iter().map(pair).collect()
}

fn decided(agent: &Arc<Agent>, who: Who, method: &Method, headers: &HeaderMap, body: &str) -> Verdict {
    let request = Request { method, ..Request::with_headers(headers, Instant::from_unix(1)) };
    let mut evidence = Evidence::default();
    let mut own = None;
    let need = match by_operation(agent, who.verdict(agent), &request, &evidence, &mut own, &mut Silent) {
        Step::Decided(verdict) => return verdict,
        Step::Needs(need) => need,
    };
    assert!(matches!(need, Need::Body { limit: 1024 }), "{need:?}");
    evidence.body = Fetched::Here(Bytes::copy_from_slice(body.as_bytes()));
    match decide_operation(agent, &request, &evidence, &mut own, &mut Silent) {
        Step::Decided(verdict) => verdict,
        Step::Needs(need) => panic!("asks twice for {need:?}"),
    }
}

fn posted(agent: &Arc<Agent>, who: Who, body: &str) -> Verdict {
    decided(agent, who, &Method::POST, &HeaderMap::new(), body)
}

fn step_up(verdict: &Verdict) -> Option<&str> {
    verdict.asked.as_ref()?.step_up.as_deref().map(|step_up| &*step_up.scopes)
}

#[test]
fn an_operation_is_decided_by_the_rules_of_the_agent_and_then_by_its_own() {
    use Reason::{ClaimMismatch, Ok, OperationDenied, ScopeMissing, TokenExpired, TokenMissing};
    let agent = Given::new("oauth").agent();
    let full = Who::Token { scope: "base any write", role: "root" };
    let lacking = Who::Token { scope: "any", role: "guest" };
    let all = "base any write";
    for (who, body, reason, scopes) in [
        (BASE, tool("read_x"), Ok, None),
        (BASE, tool("free"), Ok, None),
        (BASE, tool("write_x"), OperationDenied, Some(all)),
        (full, tool("write_x"), Ok, None),
        (full, tool("write_never"), OperationDenied, None),
        (full, tool("other"), OperationDenied, None),
        (full, tool("root"), OperationDenied, Some("base any root")),
        (BASE, tool("root"), OperationDenied, None),
        (BASE, plain("tools/list"), Ok, None),
        (BASE, plain("strange"), OperationDenied, None),
        // The agent's own rules come first, and a response names the scopes of both.
        (lacking, tool("write_x"), ScopeMissing, Some(all)),
        (lacking, tool("read_x"), ScopeMissing, Some("base any")),
        (lacking, tool("free"), Ok, None),
        // Some clients log in once for a request, with the scopes that they are told of then.
        (Who::Nobody, tool("write_x"), TokenMissing, Some(all)),
        (Who::Nobody, tool("write_never"), TokenMissing, Some("base any")),
        (Who::Nobody, tool("other"), TokenMissing, Some("base any")),
        (Who::Nobody, tool("free"), Ok, None),
        (Who::Nobody, plain("initialize"), Ok, None),
        (Who::Nobody, plain("tools/list"), TokenMissing, Some("base any")),
        // A bad credential is refused, also where none is needed.
        (Who::Bad, tool("free"), TokenExpired, None),
    ] {
        let verdict = posted(&agent, who, &body);
        assert_eq!((verdict.reason, step_up(&verdict)), (reason, scopes), "{who:?} {body}");
        assert_eq!(verdict.permit.is_some(), reason == Ok, "{who:?} {body}");
    }
    let mut agent = Arc::into_inner(agent).unwrap().into_compiled().unwrap();
    let tenant = crate::authz::ClaimRule::new("tenant".to_owned(), false, vec![json!("acme")]);
    agent.entry.rules.claims_all_of = vec![tenant];
    let agent = Arc::new(agent.into());
    assert_eq!(posted(&agent, full, &tool("free")).reason, Ok);
    let verdict = posted(&agent, full, &tool("write_x"));
    assert_eq!((verdict.reason, step_up(&verdict)), (ClaimMismatch, None));
}

/// The check of the operation, and what is told of the rules.
fn told(agent: &Arc<Agent>, who: Who, body: &str) -> (crate::authz::Line, crate::authz::Ruled) {
    let headers = HeaderMap::new();
    let request = Request { method: &Method::POST, ..Request::with_headers(&headers, Instant::from_unix(1)) };
    let evidence =
        Evidence { body: Fetched::Here(Bytes::copy_from_slice(body.as_bytes())), ..Evidence::default() };
    let mut transcript = crate::authz::Transcript::default();
    let step = by_operation(agent, who.verdict(agent), &request, &evidence, &mut None, &mut transcript);
    assert!(matches!(step, Step::Decided(_)), "{step:?}");
    (transcript.lines.pop().unwrap(), transcript.ruled.unwrap())
}

#[test]
fn the_rules_that_decided_are_told_with_a_way_out() {
    let agent = Given::new("oauth").agent();
    let lacking = Who::Token { scope: "any", role: "guest" };
    for (who, body, wanted, fix, scopes) in [
        (BASE, tool("read_x"), "mcp.rules.tools.\"read_*\": allow", None, None),
        (
            BASE,
            plain("tools/list"),
            "nothing: no rule is needed for it, and the agent's own auth decides",
            None,
            None,
        ),
        (
            BASE,
            tool("write_x"),
            "mcp.rules.tools.\"write_*\": all of: write base; in all the scopes base any write",
            Some("ask for a token with these scopes"),
            Some("base any write"),
        ),
        (BASE, tool("write_never"), "mcp.rules.tools.\"write_never\": deny", Some("no scope opens it"), None),
        (BASE, tool("other"), "mcp.rules.unlisted: deny", Some("no scope opens it"), None),
        (
            lacking,
            tool("read_x"),
            "mcp.rules.tools.\"read_*\": allow; in all the scopes base any",
            Some("have the agent's own auth admit"),
            Some("base any"),
        ),
        (
            Who::Nobody,
            tool("write_x"),
            "mcp.rules.tools.\"write_*\": all of: write base; in all the scopes base any write",
            Some("send a credential"),
            Some("base any write"),
        ),
        (Who::Nobody, tool("free"), "mcp.rules.tools.\"free\": public", None, None),
    ] {
        let (line, ruled) = told(&agent, who, &body);
        assert_eq!(line.wanted, wanted, "{who:?} {body}");
        assert_eq!((line.ok, line.fix.is_none()), (fix.is_none(), fix.is_none()), "{who:?} {body}");
        assert!(line.fix.unwrap_or_default().starts_with(fix.unwrap_or_default()), "{who:?} {body}");
        assert_eq!(ruled.scopes.as_deref(), scopes, "{who:?} {body}");
    }
}

#[test]
fn an_agent_without_a_public_rule_asks_for_a_credential_before_it_reads() {
    let rules = OperationRules { methods: table(&[]), tools: table(&[("a", Rule::Allow)]), ..rules() };
    let agent = Given { rules, ..Given::new("oauth") }.agent();
    let headers = HeaderMap::new();
    let request = Request { method: &Method::POST, ..Request::with_headers(&headers, Instant::from_unix(1)) };
    let refused = Who::Nobody.verdict(&agent);
    let step = by_operation(&agent, refused, &request, &Evidence::default(), &mut None, &mut Silent);
    assert!(matches!(step, Step::Decided(Verdict { reason: Reason::TokenMissing, .. })), "{step:?}");
}

#[test]
fn agents_of_other_kinds_deny_and_allow() {
    for (name, credential, wanted) in [
        ("public", None, [Reason::Ok, Reason::Ok, Reason::OperationDenied, Reason::OperationDenied]),
        ("key", None, [Reason::Ok, Reason::ApiKeyMissing, Reason::ApiKeyMissing, Reason::ApiKeyMissing]),
        ("key", Some("pck_wrong"), [Reason::ApiKeyInvalid; 4]),
    ] {
        let agent = Given::new(name).agent();
        let mut headers = HeaderMap::new();
        if let Some(credential) = credential {
            headers.insert("x-api-key", HeaderValue::from_static(credential));
        }
        for (named, wanted) in ["free", "read_x", "write_never", "other"].into_iter().zip(wanted) {
            let request =
                Request { method: &Method::POST, ..Request::with_headers(&headers, Instant::from_unix(1)) };
            let body = Fetched::Here(Bytes::from(tool(named)));
            let step = decide_operation(
                &agent,
                &request,
                &Evidence { body, ..Evidence::default() },
                &mut None,
                &mut Silent,
            );
            let Step::Decided(verdict) = step else { panic!("{step:?}") };
            assert_eq!(verdict.reason, wanted, "{name} {credential:?} {named}");
        }
    }
}

#[test]
fn a_message_that_could_be_read_in_two_ways_is_refused_whoever_sends_it() {
    let agent = Given::new("oauth").agent();
    let read =
        r#"{"jsonrpc":"2.0","id":"i","method":"resources/read","params":{"uri":"file:///a/%2e%2e/b"}}"#;
    for (body, reason, has_id) in [
        (format!("[{}]", tool("read_x")), Reason::McpBatch, false),
        ("[]".to_owned(), Reason::McpBatch, false),
        (tool("read_x").replace("}}", r#","Name":"write_x"}}"#), Reason::McpBody, false),
        (tool("read_x").replace("}}", r#","name":"write_x"}}"#), Reason::McpBody, false),
        ("{}".to_owned(), Reason::McpBody, false),
        (String::new(), Reason::McpBody, false),
        (read.to_owned(), Reason::McpBody, true),
    ] {
        for who in [BASE, Who::Nobody] {
            let verdict = posted(&agent, who, &body);
            assert_eq!((verdict.reason, verdict.permit.is_none()), (reason, true), "{who:?} {body}");
            assert_eq!(verdict.asked.is_some_and(|asked| asked.id.is_some()), has_id, "{who:?} {body}");
        }
    }
    // Without rules for resources their URIs are the agent's matter.
    let rules = OperationRules { resources: table(&[]), unlisted: Unlisted::Allow, ..rules() };
    let agent = Given { rules, ..Given::new("oauth") }.agent();
    assert_eq!(posted(&agent, BASE, read).reason, Reason::Ok);
}

#[test]
fn the_head_is_compared_from_the_revision_on_that_repeats_the_message_there() {
    let agent = Given::new("oauth").agent();
    let version = ("mcp-protocol-version", "2026-07-28");
    let (method, name) = (("mcp-method", "tools/call"), ("mcp-name", "read_x"));
    for (headers, reason) in [
        (head(&[version, method, name]), Reason::Ok),
        (head(&[version, method, ("mcp-name", "free")]), Reason::McpHeaderMismatch),
        (head(&[version, method]), Reason::McpHeaderMismatch),
        (head(&[version]), Reason::McpHeaderMismatch),
        (head(&[version, method, name, name]), Reason::McpHeaderMismatch),
        (head(&[("mcp-protocol-version", "2025-11-25"), ("mcp-name", "free")]), Reason::Ok),
        (head(&[("mcp-name", "free")]), Reason::Ok),
        (head(&[("mcp-protocol-version", "latest")]), Reason::McpHeaderMismatch),
    ] {
        let verdict = decided(&agent, BASE, &Method::POST, &headers, &tool("read_x"));
        assert_eq!(verdict.reason, reason, "{headers:?}");
    }
    let differing = head(&[version, method, ("mcp-name", "free")]);
    let verdict = decided(&agent, BASE, &Method::POST, &differing, &tool("read_x"));
    assert_eq!(verdict.asked.and_then(|asked| asked.id), Some(Id::Natural(7)), "clients look for their id");
}

#[test]
fn a_trusted_head_decides_without_the_body() {
    let agent = Given { trust: true, ..Given::new("oauth") }.agent();
    let version = ("mcp-protocol-version", "2026-07-28");
    let method = ("mcp-method", "tools/call");
    for (headers, reason) in [
        (head(&[version, method, ("mcp-name", "read_x")]), Reason::Ok),
        (head(&[version, method, ("mcp-name", "write_x")]), Reason::OperationDenied),
        (head(&[version, method, ("mcp-name", "=?base64?cmVhZF8K?=")]), Reason::McpBody),
        (head(&[version, method]), Reason::McpHeaderMismatch),
        (head(&[version]), Reason::McpHeaderMismatch),
        (head(&[version, method, method, ("mcp-name", "read_x")]), Reason::McpHeaderMismatch),
        (
            head(&[("mcp-protocol-version", "2025-11-25"), method, ("mcp-name", "read_x")]),
            Reason::McpHeaderMismatch,
        ),
        (head(&[method, ("mcp-name", "read_x")]), Reason::McpHeaderMismatch),
    ] {
        let request =
            Request { method: &Method::POST, ..Request::with_headers(&headers, Instant::from_unix(1)) };
        let verdict = BASE.verdict(&agent);
        let step = by_operation(&agent, verdict, &request, &Evidence::default(), &mut None, &mut Silent);
        let Step::Decided(verdict) = step else { panic!("{step:?}") };
        assert_eq!(verdict.reason, reason, "{headers:?}");
    }
}

#[test]
fn a_request_without_a_message_is_decided_by_the_agents_own_rules() {
    let agent = Given::new("oauth").agent();
    for method in [Method::GET, Method::DELETE] {
        let verdict = decided(&agent, BASE, &method, &HeaderMap::new(), "");
        assert_eq!((verdict.reason, verdict.call_outcome()), (Reason::Ok, None), "{method}");
        assert_eq!(verdict.asked.map(|asked| asked.class), Some(OperationClass::Session));
        assert_eq!(decided(&agent, Who::Nobody, &method, &HeaderMap::new(), "").reason, Reason::TokenMissing);
    }
}

#[test]
fn no_stream_is_offered_to_those_who_opened_a_session_without_a_credential() {
    let closed = OperationRules { methods: table(&[("ping", Rule::Public)]), ..rules() };
    for (rules, who, method, no_stream) in [
        (rules(), Who::Nobody, Method::GET, true),
        (rules(), Who::Nobody, Method::DELETE, true),
        (rules(), Who::Nobody, Method::POST, false),
        (rules(), Who::Bad, Method::GET, false),
        (closed, Who::Nobody, Method::GET, false),
    ] {
        let agent = Given { rules, ..Given::new("oauth") }.agent();
        let verdict = decided(&agent, who, &method, &HeaderMap::new(), &tool("read_x"));
        assert!(verdict.permit.is_none());
        assert_eq!(verdict.offers_no_stream(&agent), no_stream, "{who:?} {method}");
    }
}

#[test]
fn in_shadow_mode_everything_passes_and_counts_as_what_would_happen() {
    let agent = Given { enforcement: Enforcement::Shadow, ..Given::new("oauth") }.agent();
    for (who, body, reason) in [
        (BASE, tool("write_x"), Reason::OperationDenied),
        (BASE, tool("read_x"), Reason::Ok),
        (BASE, "[]".to_owned(), Reason::McpBatch),
        (BASE, "{".to_owned(), Reason::McpBody),
        (Who::Nobody, tool("free"), Reason::Ok),
        (Who::Nobody, tool("read_x"), Reason::TokenMissing),
        (Who::Bad, tool("free"), Reason::TokenExpired),
    ] {
        let verdict = posted(&agent, who, &body);
        let decision = if reason == Reason::Ok { Decision::Allow } else { Decision::ShadowDeny };
        assert_eq!((verdict.reason, verdict.decision), (reason, decision), "{who:?} {body}");
        assert!(verdict.permit.is_some(), "{who:?} {body}");
    }
}

#[test]
fn a_decision_keeps_what_logs_and_metrics_show() {
    let agent = Given::new("oauth").agent();
    let headers = head(&[("mcp-protocol-version", "2025-11-25")]);
    for (body, class, outcome, name) in [
        (tool("read_x"), OperationClass::Tool, CallOutcome::Permitted, Some("read_x")),
        (tool("write_x"), OperationClass::Tool, CallOutcome::StepUp, Some("write_x")),
        (tool("other"), OperationClass::Tool, CallOutcome::Denied, Some("other")),
        (plain("tools/list"), OperationClass::List, CallOutcome::Permitted, None),
    ] {
        let verdict = decided(&agent, BASE, &Method::POST, &headers, &body);
        assert_eq!((verdict.call_outcome(), verdict.cache), (Some(outcome), CacheLabel::Miss), "{body}");
        let asked = verdict.asked.unwrap();
        let call = asked.call.unwrap();
        assert_eq!((asked.class, call.name.as_deref()), (class, name), "{body}");
        assert_eq!(call.version.as_deref(), Some("2025-11-25"));
    }
    let batch = decided(&agent, BASE, &Method::POST, &headers, "[]");
    assert_eq!(batch.call_outcome(), Some(CallOutcome::Invalid));
    assert_eq!(batch.asked.map(|asked| (asked.class, asked.call)), Some((OperationClass::None, None)));
}

#[test]
fn a_list_shows_each_caller_its_own_entries() {
    use crate::protocol::mcp::list::ListKind::{Prompts, Resources, Templates, Tools};
    let names = [
        (Tools, "free"),
        (Tools, "read_x"),
        (Tools, "write_x"),
        (Tools, "root"),
        (Tools, "write_never"),
        (Tools, "other"),
        (Tools, "read_\n"),
        (Prompts, "p"),
        (Resources, "file:///a/b"),
        (Resources, "file:///a/../b"),
        (Resources, "file:///b"),
        (Templates, "file:///a/{x}"),
        (Templates, "file:///{x}"),
        (Templates, "file:///a/.{x}"),
        (Templates, "file:///a/../{x}"),
        (Templates, "file:///b"),
    ];
    let methods = table(&[("tools/list", Rule::Public)]);
    let mut given = Given::new("oauth");
    given.rules = OperationRules { methods, ..rules() };
    let agent = given.agent();
    let common = "file:///a/b file:///a/{x} file:///{x} file:///a/.{x}";
    for (who, wanted) in [
        (BASE, format!("free read_x write_x p {common}")),
        (Who::Token { scope: "base any", role: "root" }, format!("free read_x write_x root p {common}")),
        (Who::Token { scope: "any", role: "guest" }, format!("free read_x write_x root p {common}")),
        (Who::Nobody, format!("free read_x write_x root p {common}")),
    ] {
        let verdict = posted(&agent, who, &plain("tools/list"));
        let (permit, viewer) = (verdict.permit.unwrap(), verdict.asked.unwrap().viewer);
        let shown = names.iter().filter(|(kind, name)| permit.shows(viewer, *kind, name));
        let shown: Vec<_> = shown.map(|(_, name)| *name).collect();
        assert_eq!(shown.join(" "), wanted, "{who:?}");
    }
    let mut agent = Arc::into_inner(agent).unwrap().into_compiled().unwrap();
    let tenant = crate::authz::ClaimRule::new("tenant".to_owned(), false, vec![json!("acme")]);
    agent.entry.rules.claims_all_of = vec![tenant];
    let verdict = posted(&Arc::new(agent.into()), BASE, &plain("tools/list"));
    let (permit, viewer) = (verdict.permit.unwrap(), verdict.asked.unwrap().viewer);
    let shown: Vec<_> = names.iter().filter(|(kind, name)| permit.shows(viewer, *kind, name)).collect();
    assert_eq!(shown, [&(Tools, "free")], "no scope opens anything to a caller with the wrong claims");
}
