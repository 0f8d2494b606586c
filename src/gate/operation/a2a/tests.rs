//! Tables: operations of both bindings under rules and without, faulty requests, URLs for push notifications, the extended
//! card.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::authz::Silent;
use crate::config::{Files, Snapshot, Source, compile, parse};
use crate::gate::{Evidence, Need, Step, Verdict, decide_operation};
use crate::model::{CanonicalPath, Decision, Fetched, Instant, OperationClass, Reason, Request};
use crate::routing::Agent;
use crate::telemetry::Metrics;

const CONFIG: &str = "
version: 1
identity_providers: { corp: { issuer: 'https://corp.example' } }
server: { public_url: 'https://gate.example' }
agents:
  open:
    route: { path: /open, strip_path: true }
    upstream: 'http://127.0.0.1:9/base'
    auth: public
    protocol: a2a
    a2a: { max_message: 1KiB, push: { allow_hosts: [hooks.example.com] } }
  ruled:
    route: /ruled
    upstream: 'http://127.0.0.1:9'
    auth: public
    protocol: a2a
    a2a: { rules: { unlisted: deny, operations: { Send*: allow, SendStreamingMessage: deny, GetTask: allow } } }
  lenient:
    route: /lenient
    upstream: 'http://127.0.0.1:9'
    auth: public
    protocol: a2a
    a2a: { rules: { unlisted: allow, operations: { CancelTask: deny } } }
  shadow:
    route: /shadow
    upstream: 'http://127.0.0.1:9'
    auth: public
    enforcement: shadow
    protocol: a2a
  keyed:
    route: /keyed
    upstream: 'http://127.0.0.1:9'
    auth: { api_key: {} }
    protocol: a2a
    a2a: { rules: { unlisted: deny, operations: { '*': public } } }
";

fn agent(name: &str) -> Arc<Agent> {
    let document = parse(&[Source::new("a.yaml", CONFIG)], &|_| None).unwrap();
    let Snapshot { agents, .. } =
        compile(&document, &Files::new(), None, &Metrics::new().unwrap()).unwrap().snapshot;
    agents.into_values().find(|agent| agent.name.as_str() == name).unwrap()
}

/// The verdict on a request, and whether its body was asked for.
fn decided(agent: &Arc<Agent>, method: &str, path: &str, body: &str) -> (Verdict, bool) {
    let (headers, method) = (HeaderMap::new(), method.parse().unwrap());
    let path = format!("{}{path}", agent.route.path);
    let path = CanonicalPath::parse(path.as_bytes()).unwrap();
    let request = Request { method: &method, path, ..Request::with_headers(&headers, Instant::from_unix(1)) };
    let mut evidence = Evidence::default();
    if method != Method::POST && !body.is_empty() {
        evidence.body = Fetched::Unavailable;
    }
    let mut own = None;
    match decide_operation(agent, &request, &evidence, &mut own, &mut Silent) {
        Step::Decided(verdict) => (verdict, false),
        Step::Needs(Need::Body { .. }) => {
            evidence.body = Fetched::Here(Bytes::copy_from_slice(body.as_bytes()));
            match decide_operation(agent, &request, &evidence, &mut own, &mut Silent) {
                Step::Decided(verdict) => (verdict, true),
                Step::Needs(need) => panic!("asks twice for {need:?}"),
            }
        }
        Step::Needs(need) => panic!("asks for {need:?}"),
    }
}

fn reason(agent: &Arc<Agent>, method: &str, path: &str, body: &str) -> Reason {
    let (verdict, _) = decided(agent, method, path, body);
    assert_eq!(verdict.permit.is_some(), verdict.decision == Decision::Allow, "{method} {path} {body}");
    verdict.reason
}

fn rpc(method: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":7,"method":"{method}","params":{{}}}}"#)
}

#[test]
fn an_operation_has_one_rule_in_both_bindings_and_generations() {
    use Reason::{Ok, OperationDenied};
    let agent = agent("ruled");
    for (method, path, body, wanted) in [
        ("POST", "/", rpc("SendMessage"), Ok),
        ("POST", "/rpc", rpc("message/send"), Ok),
        ("POST", "/", rpc("SendStreamingMessage"), OperationDenied),
        ("POST", "/", rpc("message/stream"), OperationDenied),
        ("POST", "/", rpc("MESSAGE/STREAM"), OperationDenied),
        ("POST", "/message:send", "{}".to_owned(), Ok),
        ("POST", "/v1/message:send", String::new(), Ok),
        ("POST", "/message:stream", "{}".to_owned(), OperationDenied),
        ("POST", "/acme/Message%3Astream/", "{}".to_owned(), OperationDenied),
        ("GET", "/tasks/1", String::new(), Ok),
        ("HEAD", "/v1/tasks/1", String::new(), Ok),
        ("POST", "/", rpc("tasks/get"), Ok),
        ("GET", "/tasks", String::new(), OperationDenied),
        ("POST", "/tasks/1:cancel", String::new(), OperationDenied),
        // What A2A does not have is unlisted, also where its name begins like one that has a rule.
        ("POST", "/", rpc("SendFax"), OperationDenied),
        ("POST", "/tasks/1:pause", "{}".to_owned(), OperationDenied),
        ("GET", "/docs", String::new(), OperationDenied),
        ("PUT", "/tasks/1", String::new(), OperationDenied),
        ("OPTIONS", "/", String::new(), Ok),
    ] {
        assert_eq!(reason(&agent, method, path, &body), wanted, "{method} {path} {body}");
    }
    let agent = self::agent("lenient");
    for (method, path, body, wanted) in [
        ("POST", "/", rpc("CancelTask"), OperationDenied),
        ("POST", "/", rpc("tasks/cancel"), OperationDenied),
        ("POST", "/", rpc("canceltask"), OperationDenied),
        ("POST", "/tasks/1:CANCEL", String::new(), OperationDenied),
        ("POST", "/", rpc("SendFax"), Ok),
        ("POST", "/tasks/1:pause", "{}".to_owned(), Ok),
        ("POST", "/tasks/1:pause", rpc("SendMessage"), Ok),
        ("POST", "/tasks/1:pause", rpc("CancelTask"), OperationDenied),
        ("GET", "/docs", String::new(), Ok),
    ] {
        assert_eq!(reason(&agent, method, path, &body), wanted, "{method} {path} {body}");
    }
}

#[test]
fn a_request_that_could_be_read_in_two_ways_is_refused() {
    use Reason::{McpBatch, McpBody, Ok};
    for name in ["open", "lenient"] {
        let agent = agent(name);
        for (path, body, wanted) in [
            ("/", rpc("SendMessage"), Ok),
            ("/", format!("[{}]", rpc("SendMessage")), McpBatch),
            ("/message:send", "[{}]".to_owned(), McpBatch),
            ("/tasks/1:pause", "[]".to_owned(), McpBatch),
            ("/", "{}".to_owned(), McpBody),
            ("/", String::new(), McpBody),
            ("/", r#"{"jsonrpc":"2.0","id":1,"result":{}}"#.to_owned(), McpBody),
            ("/", rpc("SendMessage").replace("\"method\"", "\"Method\""), McpBody),
            ("/", rpc("SendMessage").replace("{}", r#"{"Configuration":{}}"#), McpBody),
            ("/", rpc("SendMessage").replace("{}", r#"{"a":1,"a":1}"#), McpBody),
            // An agent that looks at no path would act on the message.
            ("/message:send", rpc("GetExtendedAgentCard"), McpBody),
            ("/message:send", r#"{"url":1}"#.to_owned(), McpBody),
        ] {
            assert_eq!(reason(&agent, "POST", path, &body), wanted, "{path} {body}");
        }
        assert_eq!(reason(&agent, "GET", "/tasks/tasks", ""), McpBody);
        let with_rules = agent.entry.operations.is_some();
        assert_eq!(reason(&agent, "GET", "/tasks/1", "x") == McpBody, with_rules);
    }
}

#[test]
fn a_url_for_push_notifications_must_be_one_that_the_agent_may_call() {
    use Reason::{Ok, PushDenied};
    let (open, none) = (agent("open"), agent("lenient"));
    let good = r#"{"url":"https://hooks.example.com/1"}"#;
    let configs = "/tasks/1/pushNotificationConfigs";
    let create = |params: &str| rpc("CreateTaskPushNotificationConfig").replace("{}", params);
    for (path, body, wanted) in [
        ("/", create(good), Ok),
        (configs, good.to_owned(), Ok),
        ("/message:send", format!(r#"{{"configuration":{{"pushNotificationConfig":{good}}}}}"#), Ok),
        ("/", create(r#"{"url":"https://evil.example/"}"#), PushDenied),
        ("/", create("{}"), PushDenied),
        (configs, String::new(), PushDenied),
        (configs, r#"{"url":"http://hooks.example.com/"}"#.to_owned(), PushDenied),
        ("/message:stream", r#"{"configuration":{"pushNotification":{"url":""}}}"#.to_owned(), PushDenied),
        ("/", rpc("SendFax").replace("{}", r#"{"url":"https://evil.example/"}"#), PushDenied),
    ] {
        assert_eq!(reason(&open, "POST", path, &body), wanted, "{path} {body}");
        assert_eq!(reason(&none, "POST", path, &body), PushDenied, "{path} {body}");
    }
    for (method, path) in [("GET", configs), ("DELETE", "/tasks/1/pushNotificationConfigs/1")] {
        assert_eq!(reason(&none, method, path, ""), Ok, "{path}");
    }
    // Rules come first.
    assert_eq!(reason(&agent("ruled"), "POST", "/", &create(good)), Reason::OperationDenied);
}

#[test]
fn the_extended_card_is_for_authenticated_callers_whatever_a_rule_says() {
    let forms = [
        ("GET", "/extendedAgentCard", String::new()),
        ("HEAD", "/acme/v1/card/", String::new()),
        ("POST", "/extendedAgentCard", "x".to_owned()),
        ("POST", "/", rpc("GetExtendedAgentCard")),
        ("POST", "/rpc", rpc("agent/getAuthenticatedExtendedCard")),
        ("POST", "/", rpc("getEXTENDEDagentcard")),
    ];
    for (method, path, body) in &forms {
        for name in ["open", "ruled", "lenient"] {
            let (verdict, reads) = decided(&agent(name), method, path, body);
            assert_eq!((verdict.reason, verdict.permit.is_some()), (Reason::TokenMissing, false), "{path}");
            assert_eq!(reads, body.starts_with('{'), "{path}");
        }
        let keyed = agent("keyed");
        if body != "x" {
            assert_eq!(reason(&keyed, method, path, body), Reason::ApiKeyMissing, "{path}");
        }
        let (verdict, _) = decided(&agent("shadow"), method, path, body);
        assert_eq!((verdict.decision, verdict.permit.is_some()), (Decision::ShadowDeny, true), "{path}");
    }
    assert_eq!(reason(&agent("keyed"), "POST", "/", &rpc("SendMessage")), Reason::Ok);
}

#[test]
fn a_decision_keeps_what_logs_and_metrics_show() {
    let agent = agent("open");
    for (method, path, body, class, operation) in [
        ("POST", "/", rpc("message/send"), OperationClass::Message, Some("SendMessage")),
        ("GET", "/tasks", String::new(), OperationClass::Task, Some("ListTasks")),
        ("POST", "/tasks/1:subscribe", String::new(), OperationClass::Subscription, Some("SubscribeToTask")),
        ("POST", "/", rpc("x"), OperationClass::Unknown, Some("x")),
        ("GET", "/docs", String::new(), OperationClass::Unknown, None),
    ] {
        let asked = decided(&agent, method, path, &body).0.asked.unwrap();
        let call = asked.call.unwrap();
        assert_eq!((asked.class, call.method.as_deref()), (class, operation), "{path}");
        assert_eq!((call.version.as_deref(), call.name.as_deref()), (Some("0.3"), None));
        assert_eq!(asked.id.is_some(), body.contains("\"id\""), "{path}");
    }
}
