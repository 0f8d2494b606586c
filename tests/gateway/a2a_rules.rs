//! Requests to A2A agents, end to end: who may do what by either binding, what is no way around it, what a refusal says,
//! and that nothing that is refused reaches the agent.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Gateway, Issuer, Key, Start, client};

use crate::mcp::recorder::Recorder;

/// The reason that needs a URL for push notifications.
pub(crate) const REASON: &str = "push_denied";
const JSON: &str = "application/json";

struct Stage {
    gateway: Gateway,
    agent: Recorder,
    issuer: Issuer,
    key: Key,
}

/// What a caller gets.
struct Got {
    status: u16,
    reason: String,
    challenge: Option<String>,
    media_type: String,
    body: Value,
    line: Value,
    /// How many requests have reached the agent.
    calls: usize,
}

impl Got {
    fn short(&self) -> (u16, &str, usize) {
        (self.status, &self.reason, self.calls)
    }
}

async fn stage() -> Stage {
    let key = Key::new("ES256", "k1");
    let (issuer, agent) = (Issuer::start(&[&key]).await, Recorder::start().await);
    let rules = json!({
        "unlisted": "deny",
        "operations": {
            "SendMessage": "allow",
            "SendStreamingMessage": {"scopes": {"all_of": ["stream"]}},
            "GetTask": "public",
            "Create*": "allow",
            "CancelTask": "deny",
            "GetExtendedAgentCard": {"scopes": {"all_of": ["card"]}},
        },
    });
    let oauth = json!({"oauth": {"identity_providers": ["corp"], "audiences": ["x"], "scopes": {"all_of": ["base"]}}});
    let push = json!({"allow_hosts": ["hooks.example.com"]});
    let at = |path: &str, auth: &Value, a2a: Value, enforcement: &str| {
        let mut a2a = a2a;
        // A card in a file, so that nothing but these requests reaches the agent.
        a2a["card"] = json!({"file": "card.json"});
        json!({"route": {"path": path, "strip_path": true}, "upstream": format!("{}/base", agent.url()), "auth": auth,
            "protocol": "a2a", "a2a": a2a, "enforcement": enforcement})
    };
    let agents = json!({
        "ruled": at("/ruled", &oauth, json!({"rules": rules, "push": push, "max_message": "2KiB"}), "enforce"),
        "plain": at("/plain", &oauth, json!({"push": push}), "enforce"),
        "open": at("/open", &json!("public"), json!({}), "enforce"),
        "shadow": at("/shadow", &json!("public"), json!({"rules": {"unlisted": "deny"}}), "shadow"),
    });
    let body = format!("identity_providers: {}\nagents: {agents}\n", json!({"corp": {"issuer": issuer.url}}));
    let start = Start {
        body: &body,
        server: "  public_url: https://gate.example\n",
        files: &[("card.json", "{\"url\":\"https://gate.example/ruled/\"}")],
        ..Start::default()
    };
    Stage { gateway: start.ready().await, agent, issuer, key }
}

impl Stage {
    fn token(&self, scope: &str) -> String {
        let mut claims = self.issuer.claims("x");
        claims["scope"] = scope.into();
        self.key.token(&self.key.header("ES256"), &claims)
    }

    async fn send(&self, method: &str, path: &str, scope: &str, head: &[(&str, &str)], body: &str) -> Got {
        let before = self.agent.count();
        let mut request =
            client().request(method.parse::<Method>().expect("a method"), self.gateway.url(path));
        for (name, value) in head {
            request = request.header(*name, *value);
        }
        if !scope.is_empty() {
            request = request.bearer_auth(self.token(scope));
        }
        if !body.is_empty() {
            request = request.body(body.to_owned());
        }
        let answer = request.send().await.expect("an answer");
        let text = |name: &str| answer.headers().get(name).map(|v| v.to_str().expect("ASCII").to_owned());
        let (status, challenge) = (answer.status().as_u16(), text("www-authenticate"));
        let (media_type, id) =
            (text("content-type").unwrap_or_default(), text("x-request-id").unwrap_or_default());
        let body = answer.bytes().await.expect("a body");
        let line = self.gateway.logged(&id).await;
        Got {
            status,
            reason: line["auth"]["reason"].as_str().unwrap_or_default().to_owned(),
            challenge,
            media_type,
            body: serde_json::from_slice(&body).unwrap_or_default(),
            line,
            calls: self.agent.count() - before,
        }
    }

    async fn post(&self, path: &str, scope: &str, body: &str) -> Got {
        let head = [("content-type", JSON)];
        self.send("POST", path, scope, if body.is_empty() { &[] } else { &head }, body).await
    }
}

fn rpc(method: &str) -> String {
    with(method, &json!({}))
}

fn with(method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).to_string()
}

const OK: (u16, &str, usize) = (200, "ok", 1);
const DENIED: (u16, &str, usize) = (403, "operation_denied", 0);
const BAD: (u16, &str, usize) = (400, "mcp_body", 0);
const BATCH: (u16, &str, usize) = (400, "mcp_batch", 0);
const PUSH: (u16, &str, usize) = (400, REASON, 0);
const MISSING: (u16, &str, usize) = (401, "token_missing", 0);

#[tokio::test]
async fn a_caller_does_by_either_binding_what_the_rules_permit_and_nothing_else_reaches_the_agent() {
    let stage = stage().await;
    let all = "base stream card";
    for (method, path, scope, body, wanted) in [
        ("POST", "/ruled/", "base", rpc("SendMessage"), OK),
        ("POST", "/ruled", "base", rpc("message/send"), OK),
        ("POST", "/ruled/rpc", "base", rpc("message/send"), OK),
        ("POST", "/ruled/message:send", "base", "{}".to_owned(), OK),
        ("POST", "/ruled/v1/message:send", "base", "{}".to_owned(), OK),
        ("POST", "/ruled/acme/message:send", "base", "{}".to_owned(), OK),
        ("POST", "/ruled/", "base", rpc("SendStreamingMessage"), DENIED),
        ("POST", "/ruled/", "base", rpc("message/stream"), DENIED),
        ("POST", "/ruled/message:stream", "base", "{}".to_owned(), DENIED),
        ("POST", "/ruled/", all, rpc("message/stream"), OK),
        ("POST", "/ruled/v1/message:stream", all, "{}".to_owned(), OK),
        ("GET", "/ruled/tasks/1", "", String::new(), OK),
        ("POST", "/ruled/", "", rpc("GetTask"), OK),
        ("POST", "/ruled/", "", rpc("tasks/get"), OK),
        ("POST", "/ruled/", "", rpc("SendMessage"), MISSING),
        ("POST", "/ruled/message:send", "", "{}".to_owned(), MISSING),
        ("POST", "/ruled/", "other", rpc("SendMessage"), (403, "scope_missing", 0)),
        ("POST", "/ruled/", all, rpc("CancelTask"), DENIED),
        ("POST", "/ruled/tasks/1:cancel", all, String::new(), DENIED),
        ("GET", "/ruled/tasks", all, String::new(), DENIED),
        ("GET", "/ruled/tasks/1:subscribe", all, String::new(), DENIED),
        ("POST", "/ruled/", all, rpc("SendFax"), DENIED),
        ("POST", "/ruled/tasks/1:pause", all, "{}".to_owned(), DENIED),
        ("GET", "/ruled/docs", all, String::new(), DENIED),
        ("DELETE", "/ruled/tasks/1", all, String::new(), DENIED),
        ("GET", "/ruled/extendedAgentCard", all, String::new(), OK),
        ("HEAD", "/ruled/v1/card", all, String::new(), OK),
        ("POST", "/ruled/", all, rpc("GetExtendedAgentCard"), OK),
        ("GET", "/ruled/extendedAgentCard", "base", String::new(), DENIED),
        ("POST", "/ruled/", "base", rpc("agent/getAuthenticatedExtendedCard"), DENIED),
        ("GET", "/ruled/extendedAgentCard", "", String::new(), MISSING),
        ("GET", "/plain/docs", "base", String::new(), OK),
        ("POST", "/plain/tasks/1:pause", "base", "{}".to_owned(), OK),
        ("POST", "/shadow/", "", rpc("SendMessage"), (200, "operation_denied", 1)),
        ("POST", "/shadow/", "", "[]".to_owned(), (200, "mcp_batch", 1)),
    ] {
        let head = [("content-type", JSON)];
        let got = stage.send(method, path, scope, if body.is_empty() { &[] } else { &head }, &body).await;
        assert_eq!(got.short(), wanted, "{method} {path} {scope} {body}");
    }
}

#[tokio::test]
async fn no_other_form_of_a_request_is_a_way_around_a_rule() {
    let stage = stage().await;
    let send = rpc("SendMessage");
    let control = stage.post("/ruled/", "base", &send).await;
    assert_eq!(control.short(), OK);
    for (path, body, wanted) in [
        ("/ruled/", rpc("canceltask"), DENIED),
        ("/ruled/", rpc("CANCELTASK"), DENIED),
        ("/ruled/", rpc("Tasks/Cancel"), DENIED),
        ("/ruled/", rpc("CancelTask").replace("CancelTask", "Cancel\\u0054ask"), DENIED),
        ("/ruled/tasks/1%3Acancel", String::new(), DENIED),
        ("/ruled/tasks/1%3acancel", String::new(), DENIED),
        ("/ruled/tasks/1%253Acancel", String::new(), DENIED),
        ("/ruled/tasks/1:Cancel", String::new(), DENIED),
        ("/ruled/Tasks/1:cancel/", String::new(), DENIED),
        ("/ruled/v1/tasks/1:c%61ncel", String::new(), DENIED),
        ("/ruled/acme/v1/TASKS/1:CANCEL/", String::new(), DENIED),
        ("/ruled/tasks/1:cancel;x", String::new(), DENIED),
        ("/ruled/tasks/1:cancel?x=/message:send", String::new(), DENIED),
        ("/ruled/tasks/1:cancel", send.clone(), BAD),
        ("/ruled/message:send", rpc("CancelTask"), BAD),
        ("/ruled/message:send", r#"{"method":"CancelTask"}"#.to_owned(), BAD),
        ("/ruled/", format!("[{send}]"), BATCH),
        ("/ruled/message:send", "[{}]".to_owned(), BATCH),
        ("/ruled/", send.replace("\"method\"", "\"method\":\"CancelTask\",\"method\""), BAD),
        ("/ruled/", send.replace("\"method\"", "\"Method\":\"CancelTask\",\"method\""), BAD),
        ("/ruled/", send.replace("\"method\"", "\"m_ethod\":\"CancelTask\",\"method\""), BAD),
        ("/ruled/", send.replace("\"method\"", "\"meth\\u006fd\":\"CancelTask\",\"method\""), BAD),
        ("/ruled/", format!("{send}{}", rpc("CancelTask")), BAD),
        ("/ruled/", format!("\u{feff}{send}"), BAD),
        ("/ruled/", send.replace(":7", ":7.5"), BAD),
        ("/ruled/", send.replace(":7", ":[7]"), BAD),
        ("/ruled/", "{}".to_owned(), BAD),
        ("/plain/", format!("[{send}]"), BATCH),
        ("/plain/", send.replace("{}", r#"{"a":{"b":1,"b":2}}"#), BAD),
        ("/plain/", send.replace("{}", r#"{"Url":"https://evil.example/"}"#), BAD),
    ] {
        let got = stage.post(path, "base", &body).await;
        assert_eq!(got.short(), wanted, "{path} {body}");
    }
    for (fields, body, status) in [
        (&[("content-type", JSON)] as &[_], "{}", 200),
        (&[("content-type", "application/a2a+json; charset=utf-8")], "{}", 200),
        (&[("content-type", "text/plain")], "{}", 415),
        (&[], "{}", 415),
        (&[("content-type", JSON), ("content-encoding", "gzip")], "{}", 415),
        (&[], "", 200),
    ] {
        let got = stage.send("POST", "/ruled/message:send", "base", fields, body).await;
        assert_eq!((got.status, got.calls), (status, usize::from(status == 200)), "{fields:?} {body}");
    }
    let long = with("SendMessage", &json!({"message": {"text": "x".repeat(2048)}}));
    assert_eq!(stage.post("/ruled/", "base", &long).await.short().0, 413);
    assert_eq!(stage.post("/plain/", "base", &long).await.short(), OK);
    let got = stage.send("GET", "/ruled/tasks/1", "base", &[("content-type", JSON)], "{}").await;
    assert_eq!(got.short(), BAD);
}

#[tokio::test]
async fn an_agent_calls_no_host_that_its_operator_did_not_allow() {
    let stage = stage().await;
    let good = "https://hooks.example.com/a?b=c";
    for url in [good, "https://hooks.example.com:443/", "https://HOOKS.example.com"] {
        for path in ["/ruled/", "/plain/"] {
            let body = with("CreateTaskPushNotificationConfig", &json!({"taskId": "1", "url": url}));
            assert_eq!(stage.post(path, "base", &body).await.short(), OK, "{path} {url}");
        }
        let got = stage.post("/open/", "", &with("SendMessage", &json!({"url": url}))).await;
        assert_eq!(got.short(), PUSH, "no host is allowed: {url}");
    }
    for url in [
        "http://hooks.example.com/",
        "https://evil.example/",
        "https://169.254.169.254/latest/meta-data",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://localhost/",
        "https://hooks.example.com:8443/",
        "https://hooks.example.com@evil.example/",
        "https://user:password@hooks.example.com/",
        "https://hooks.example.com.evil.example/",
        "https://hooks.example.com./",
        "https://evil.example\\@hooks.example.com/",
        "https://evil.example#@hooks.example.com/",
        "https:hooks.example.com/",
        "//hooks.example.com/",
        "file:///etc/passwd",
        "https://hooks.example.com/ x",
        "",
    ] {
        let body = with("CreateTaskPushNotificationConfig", &json!({"taskId": "1", "url": url}));
        assert_eq!(stage.post("/ruled/", "base", &body).await.short(), PUSH, "{url:?}");
    }
    let config = |url: &str| json!({"url": url, "token": "t"});
    for evil in [false, true] {
        let (url, wanted) = if evil { (config("https://evil.example/"), PUSH) } else { (config(good), OK) };
        for params in [
            url.clone(),
            json!({"taskId": "1", "pushNotificationConfig": url}),
            json!({"configuration": {"taskPushNotificationConfig": url}}),
            json!({"configuration": {"pushNotificationConfig": url}}),
            json!({"configuration": {"pushNotification": url}}),
        ] {
            for method in ["SendMessage", "message/stream", "tasks/pushNotificationConfig/set", "SendFax"] {
                let got = stage.post("/plain/", "base", &with(method, &params)).await;
                assert_eq!(got.short(), wanted, "{method} {params}");
            }
            for path in
                ["/plain/message:send", "/plain/v1/message:stream", "/plain/tasks/1/pushNotificationConfigs"]
            {
                let got = stage.post(path, "base", &params.to_string()).await;
                assert_eq!(got.short(), wanted, "{path} {params}");
            }
        }
    }
    for (params, wanted) in [
        (r#"{"url":1}"#, BAD),
        (r#"{"url":null}"#, BAD),
        (r#"{"url":"https://hooks.example.com/\t"}"#, BAD),
        (r#"{"url":["https://hooks.example.com/"]}"#, BAD),
        (r#"{"url":"https://hooks.example.com/","url":"https://evil.example/"}"#, BAD),
        (r#"{"push_notification_config":{"url":"https://evil.example/"}}"#, BAD),
        (r#"{"configuration":{"PushNotificationConfig":{"url":"https://evil.example/"}}}"#, BAD),
        ("{}", PUSH),
    ] {
        let got = stage.post("/plain/tasks/1/pushNotificationConfigs", "base", params).await;
        assert_eq!(got.short(), wanted, "{params}");
        let body = rpc("CreateTaskPushNotificationConfig").replace("{}", params);
        assert_eq!(stage.post("/plain/", "base", &body).await.short(), wanted, "{body}");
    }
}

#[tokio::test]
async fn the_extended_card_of_a_public_agent_is_for_nobody_by_either_binding() {
    let stage = stage().await;
    assert_eq!(stage.post("/open/", "", &rpc("SendMessage")).await.short(), OK);
    for method in [
        "GetExtendedAgentCard",
        "agent/getAuthenticatedExtendedCard",
        "getextendedagentcard",
        "GetExtended\\u0041gentCard",
    ] {
        let body = rpc("M").replace("\"M\"", &format!("\"{method}\""));
        for path in ["/open/", "/open/rpc"] {
            let got = stage.post(path, "base", &body).await;
            assert_eq!(got.short(), MISSING, "{path} {method}");
            assert_eq!(got.challenge.as_deref(), Some("Bearer realm=\"open\""));
            assert_eq!((got.body["error"]["code"].as_i64(), &got.body["id"]), (Some(-32010), &Value::Null));
        }
    }
    for (method, path) in [
        ("GET", "/open/extendedAgentCard"),
        ("HEAD", "/open/acme/extendedAgentCard/"),
        ("POST", "/open/EXTENDEDAGENTCARD"),
        ("GET", "/open/v1/card"),
        ("GET", "/open/v1/c%61rd"),
        ("GET", "/open/agent/authenticatedExtendedCard"),
    ] {
        assert_eq!(stage.send(method, path, "", &[], "").await.short(), MISSING, "{method} {path}");
    }
}

#[tokio::test]
async fn a_refusal_has_the_form_of_its_binding() {
    let stage = stage().await;
    let problem = "application/problem+json";
    let got = stage.post("/ruled/", "base", &rpc("message/stream")).await;
    let error = &got.body["error"];
    assert_eq!((&*got.media_type, &got.body["id"], error["code"].as_i64()), (JSON, &json!(7), Some(-32011)));
    assert_eq!(
        (&error["data"]["reason_class"], &error["data"]["scope"]),
        (&json!("scope"), &json!("base stream"))
    );
    let challenge = got.challenge.expect("a challenge");
    assert!(challenge.contains("error=\"insufficient_scope\", scope=\"base stream\""), "{challenge}");
    let got = stage.post("/ruled/message:stream", "base", "{}").await;
    assert_eq!((&*got.media_type, got.challenge), (JSON, Some(challenge.replace("/ruled/\"", "/ruled\""))));
    let error = &got.body["error"];
    assert_eq!((&error["code"], &error["status"]), (&json!(403), &json!("PERMISSION_DENIED")));
    let details = &error["details"][0];
    assert_eq!(details["@type"], "type.googleapis.com/google.rpc.ErrorInfo");
    assert_eq!((&details["reason"], &details["metadata"]["scope"]), (&json!("SCOPE"), &json!("base stream")));
    for (method, path, body, media_type, status) in [
        ("GET", "/ruled/tasks", "", JSON, "UNAUTHENTICATED"),
        ("POST", "/plain/message:send", "[]", JSON, "UNAUTHENTICATED"),
        ("GET", "/open/extendedAgentCard", "", JSON, "UNAUTHENTICATED"),
        ("POST", "/open/message:send", "[]", JSON, "INVALID_ARGUMENT"),
        ("PUT", "/open/.well-known/agent-card.json", "", problem, ""),
    ] {
        let got = stage.send(method, path, "", &[("content-type", JSON)], body).await;
        assert_eq!(got.media_type, media_type, "{method} {path}");
        assert_eq!(got.body["error"]["status"].as_str().unwrap_or_default(), status, "{method} {path}");
    }
}

#[tokio::test]
async fn a_message_goes_on_byte_for_byte_and_is_seen() {
    let stage = stage().await;
    let body = "{ \"id\" : \"a\\u0062\",\n\t\"method\":\"message\\/send\", \"params\" : {\"x\":1.50e0,\"\\u00e4\":[ ]},\"jsonrpc\":\"2.0\"}\r\n";
    let head = [("content-type", JSON), ("a2a-version", "1.0"), ("mcp-name", "x")];
    let got = stage.send("POST", "/plain/", "base", &head, body).await;
    assert_eq!(got.short(), OK);
    assert_eq!(got.line["a2a"], json!({"operation": "SendMessage", "version": "1.0"}));
    assert_eq!(got.line["mcp"], Value::Null);
    let seen = stage.agent.last();
    assert_eq!(String::from_utf8(seen.body).expect("UTF-8"), body);
    assert_eq!((seen.head.path(), seen.head.all("mcp-name")), ("/base/", vec!["x"]));
    let rest = "{ \"message\":{} }";
    let got = stage.post("/plain/acme/message:send?A2A-Version=1.1", "base", rest).await;
    assert_eq!(got.line["a2a"], json!({"operation": "SendMessage", "version": "1.1"}));
    assert_eq!(stage.agent.last().body, rest.as_bytes());
    let got = stage.send("GET", "/plain/docs", "base", &[], "").await;
    assert_eq!(got.line["a2a"], json!({"operation": null, "version": "0.3"}));
    for (class, count) in [("message", 2.0), ("unknown", 1.0)] {
        let labels = ["agent=\"plain\"", "decision=\"allow\"", &format!("operation=\"{class}\"")];
        let found = stage.gateway.metric("portcullis_auth_decisions_total", &labels).await;
        assert!((found - count).abs() < 0.1, "{class}: {found}");
    }
}
