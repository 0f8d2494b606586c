//! Unknown key ids, shadow and cross-origin answers: what section 3 says below its table.

use super::support::{Issuer, Key, Start, Upstream, client};

fn one_agent(issuer: &Issuer, upstream: &Upstream, more: &str) -> String {
    format!(
        "identity_providers:\n  corp: {{ issuer: \"{}\" }}\nagents:\n  a:\n    route: /a\n    upstream: {}\n    auth:\n      \
         oauth: {{ identity_providers: [corp], claim_headers: {{ sub: X-Caller-Sub }} }}\n{more}",
        issuer.url,
        upstream.url()
    )
}

#[tokio::test]
async fn a_new_key_passes_at_once_and_a_flood_of_unknown_ones_costs_one_fetch() {
    let (old, new) = (Key::new("ES256", "old"), Key::new("ES256", "new"));
    let (issuer, upstream) = (Issuer::start(&[&old]).await, Upstream::start().await);
    let gateway = Start { body: &one_agent(&issuer, &upstream, ""), ..Start::default() }.ready().await;
    issuer.publish(&[&old, &new]);
    let before = issuer.fetches();
    let token = new.token(&new.header("ES256"), &issuer.claims("x"));
    let answer = client().get(gateway.url("/a")).bearer_auth(token).send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "the first request with the new key passes");
    let flood = (0..50).map(|i| {
        let mut header = new.header("ES256");
        header["kid"] = format!("random-{i}").into();
        let token = new.token(&header, &issuer.claims("x"));
        async {
            client()
                .get(gateway.url("/a"))
                .bearer_auth(token)
                .send()
                .await
                .expect("an answer")
                .status()
                .as_u16()
        }
    });
    assert_eq!(futures::future::join_all(flood).await, [401; 50]);
    assert_eq!(issuer.fetches() - before, 1, "one fetch in 30 s, whatever is asked for");
    let good = old.token(&old.header("ES256"), &issuer.claims("x"));
    assert_eq!(
        client().get(gateway.url("/a")).bearer_auth(good).send().await.expect("an answer").status(),
        200
    );
}

#[tokio::test]
async fn an_unknown_kid_while_the_provider_fails_is_nobodys_fault() {
    let (old, new) = (Key::new("ES256", "old"), Key::new("ES256", "new"));
    let (issuer, upstream) = (Issuer::start(&[&old]).await, Upstream::start().await);
    let gateway = Start { body: &one_agent(&issuer, &upstream, ""), ..Start::default() }.ready().await;
    issuer.fail_with(Some(500));
    let token = new.token(&new.header("ES256"), &issuer.claims("x"));
    let answer = client().get(gateway.url("/a")).bearer_auth(token).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.headers().contains_key("retry-after")), (503, true));
    let good = old.token(&old.header("ES256"), &issuer.claims("x"));
    let answer = client().get(gateway.url("/a")).bearer_auth(good).send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "known keys go on");
}

#[tokio::test]
async fn shadow_lets_through_counts_and_names_nobody() {
    let key = Key::new("ES256", "k");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let body = one_agent(&issuer, &upstream, "    enforcement: shadow\n");
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let request = client().get(gateway.url("/a")).bearer_auth("not.a.token").header("x-caller-sub", "root");
    assert_eq!(request.send().await.expect("an answer").status(), 200);
    assert!(upstream.last().all("x-caller-sub").is_empty());
    let labels = ["decision=\"shadow_deny\"", "reason=\"token_malformed\"", "agent=\"a\""];
    assert!((gateway.metric("portcullis_auth_decisions_total", &labels).await - 1.0).abs() < 0.1);
}

#[tokio::test]
async fn cross_origin_questions_are_answered_before_anybody_proves_anything() {
    let key = Key::new("ES256", "k");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let body = one_agent(&issuer, &upstream, "    cors: { allowed_origins: [\"https://app.test\"] }\n");
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let ask = |origin: &'static str, method: reqwest::Method| {
        let request = client().request(method.clone(), gateway.url("/a")).header("origin", origin);
        if method == reqwest::Method::OPTIONS {
            request.header("access-control-request-method", "POST")
        } else {
            request
        }
    };
    for (origin, method, status, allowed) in [
        ("https://app.test", reqwest::Method::OPTIONS, 204, Some("https://app.test")),
        ("https://evil.test", reqwest::Method::OPTIONS, 204, None),
        ("https://app.test", reqwest::Method::GET, 401, Some("https://app.test")),
        ("https://evil.test", reqwest::Method::GET, 401, None),
    ] {
        let answer = ask(origin, method.clone()).send().await.expect("an answer");
        let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok());
        assert_eq!(
            (answer.status().as_u16(), header("access-control-allow-origin")),
            (status, allowed),
            "{method} {origin}"
        );
        if status == 204 && allowed.is_some() {
            assert_eq!(header("access-control-allow-methods"), Some("GET, HEAD, POST"));
            assert_eq!(header("access-control-allow-headers"), Some("authorization, content-type"));
        }
    }
    assert!(upstream.seen().is_empty());
    let plain =
        client().request(reqwest::Method::OPTIONS, gateway.url("/a")).send().await.expect("an answer");
    assert_eq!(plain.status(), 401, "OPTIONS that is no preflight is like any request");
}
