//! One request of each kind, before the tables.

use testkit::{Issuer, Key, Start, Upstream, client};

#[tokio::test]
async fn a_good_token_passes_and_none_does_not() {
    let key = Key::new("ES256", "k1");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let body = format!(
        "identity_providers:\n  corp: {{ issuer: \"{}\" }}\nagents:\n  a:\n    route: /a\n    upstream: {}\n    auth: {{ oauth: {{ identity_providers: [corp] }} }}\n",
        issuer.url,
        upstream.url()
    );
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let refused = client().get(gateway.url("/a")).send().await.expect("an answer");
    assert_eq!(refused.status(), 401);
    let id = refused.headers()["x-request-id"].to_str().expect("text");
    assert_eq!(gateway.logged(id).await["auth"]["reason"], "token_missing");
    let token = key.token(&key.header("ES256"), &issuer.claims("x"));
    let passed = client().get(gateway.url("/a/b?c")).bearer_auth(token).send().await.expect("an answer");
    assert_eq!(passed.status(), 200);
    assert_eq!((upstream.seen().len(), upstream.last().target), (1, "/a/b?c".to_owned()));
    assert!(upstream.last().all("authorization").is_empty());
    let allowed =
        gateway.metric("portcullis_auth_decisions_total", &["reason=\"ok\"", "provider=\"corp\""]).await;
    assert!((allowed - 1.0).abs() < f64::EPSILON);
}
