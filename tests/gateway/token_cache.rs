//! The cache of verified tokens, seen from outside: in the log and the metrics, over a reload, and over a rotation of keys.

use std::time::Duration;

use serde_json::Value;
use testkit::{Gateway, Issuer, Key, Start, Upstream, client, eventually};

struct Stage {
    gateway: Gateway,
    issuer: Issuer,
    upstream: Upstream,
    key: Key,
}

fn body(issuer: &Issuer, upstream: &Upstream, scope: &str) -> String {
    format!(
        "identity_providers:\n  corp: {{ issuer: \"{}\" }}\n\
         agents:\n\
         \x20 a: {{ route: /a, upstream: \"{url}\", auth: {{ oauth: {{ identity_providers: [corp], audiences: [x], \
         scopes: {{ all_of: [\"{scope}\"] }}, claim_headers: {{ sub: X-Sub }} }} }} }}\n\
         \x20 b: {{ route: /b, upstream: \"{url}\", auth: {{ oauth: {{ identity_providers: [corp], audiences: [y] }} }} }}\n",
        issuer.url,
        url = upstream.url(),
    )
}

async fn stage(server: &str) -> Stage {
    let key = Key::new("ES256", "k1");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let gateway =
        Start { body: &body(&issuer, &upstream, "refunds:read"), server, ..Start::default() }.ready().await;
    Stage { gateway, issuer, upstream, key }
}

impl Stage {
    fn token(&self, jti: &str) -> String {
        let mut claims = self.issuer.claims("x");
        claims["jti"] = jti.into();
        self.key.token(&self.key.header("ES256"), &claims)
    }

    /// Status, reason, and what the cache said, as the log has it.
    async fn ask(&self, path: &str, token: &str) -> (u16, String, String) {
        let answer = client().get(self.gateway.url(path)).bearer_auth(token).send().await.expect("an answer");
        let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
        let status = answer.status().as_u16();
        let auth = self.gateway.logged(&id).await["auth"].take();
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        (status, text(&auth["reason"]), text(&auth["cache"]))
    }

    async fn expect(&self, path: &str, token: &str, wanted: (u16, &str, &str)) {
        let (status, reason, cache) = self.ask(path, token).await;
        assert_eq!((status, &*reason, &*cache), wanted, "{path}");
    }

    async fn counts(&self, wanted: &[(&str, &[&str], u32)]) {
        for (name, labels, count) in wanted {
            let counted = self.gateway.metric(name, labels).await;
            assert!(
                (counted - f64::from(*count)).abs() < f64::EPSILON,
                "{name} {labels:?}: {counted} and not {count}"
            );
        }
    }
}

const EVENTS: &str = "portcullis_token_cache_events_total";
const DURATION: &str = "portcullis_auth_duration_seconds_count";

#[tokio::test]
async fn log_and_metrics_tell_what_the_cache_said() {
    let stage = stage("").await;
    let (one, two) = (stage.token("1"), stage.token("2"));
    let forged =
        format!("{}.{}", one.rsplit_once('.').expect("parts").0, two.rsplit_once('.').expect("parts").1);
    for (path, token, wanted) in [
        ("/a", &one, (200, "ok", "miss")),
        ("/a", &one, (200, "ok", "hit")),
        ("/a", &one, (200, "ok", "hit")),
        ("/b", &one, (401, "audience_mismatch", "miss")),
        ("/a", &two, (200, "ok", "miss")),
        ("/a", &forged, (401, "signature_invalid", "miss")),
        ("/a", &forged, (401, "signature_invalid", "hit")),
        ("/a", &one, (200, "ok", "hit")),
    ] {
        stage.expect(path, token, wanted).await;
    }
    stage
        .counts(&[
            (EVENTS, &["event=\"hit\""], 3),
            (EVENTS, &["event=\"miss\""], 4),
            (EVENTS, &["event=\"insert\""], 2),
            (EVENTS, &["event=\"evict\""], 0),
            (EVENTS, &["event=\"bad_insert\""], 1),
            (EVENTS, &["event=\"bad_hit\""], 1),
            ("portcullis_token_cache_entries", &[], 2),
            (DURATION, &["cache=\"hit\"", "method=\"oauth\""], 4),
            (DURATION, &["cache=\"miss\"", "method=\"oauth\""], 4),
            (DURATION, &["cache=\"off\"", "method=\"oauth\""], 0),
        ])
        .await;
    assert_eq!(stage.upstream.seen().len(), 5, "what was refused reached nobody");
}

#[tokio::test]
async fn a_cache_that_is_off_says_so() {
    let stage = stage("  token_cache: { entries: 0 }\n").await;
    let token = stage.token("1");
    for _ in 0..3 {
        stage.expect("/a", &token, (200, "ok", "off")).await;
    }
    stage
        .counts(&[
            (EVENTS, &[], 0),
            ("portcullis_token_cache_entries", &[], 0),
            (DURATION, &["cache=\"off\"", "method=\"oauth\""], 3),
        ])
        .await;
}

#[tokio::test]
async fn a_reload_decides_a_known_token_by_the_new_rules() {
    let stage = stage("").await;
    let token = stage.token("1");
    stage.expect("/a", &token, (200, "ok", "miss")).await;
    stage.expect("/a", &token, (200, "ok", "hit")).await;
    for (scope, wanted) in [("admin", (403, "scope_missing", "hit")), ("refunds:write", (200, "ok", "hit"))] {
        let applied =
            async || stage.gateway.metric("portcullis_config_reloads_total", &["result=\"applied\""]).await;
        let before = applied().await;
        stage.gateway.write_body(&body(&stage.issuer, &stage.upstream, scope));
        stage.gateway.signal("HUP").await;
        eventually("the configuration is live", Duration::from_secs(10), async || {
            (applied().await > before).then_some(())
        })
        .await;
        stage.expect("/a", &token, wanted).await;
    }
    stage.counts(&[(EVENTS, &["event=\"insert\""], 1)]).await;
}

#[tokio::test]
async fn a_known_token_is_refused_once_its_key_was_withdrawn() {
    let stage = stage("").await;
    let (token, next) = (stage.token("1"), Key::new("ES256", "k2"));
    stage.expect("/a", &token, (200, "ok", "miss")).await;
    stage.expect("/a", &token, (200, "ok", "hit")).await;
    stage.issuer.publish(&[&next]);
    // A token of the new key makes the gateway fetch, which is the one refresh.
    let fresh = next.token(&next.header("ES256"), &stage.issuer.claims("x"));
    stage.expect("/a", &fresh, (200, "ok", "miss")).await;
    for _ in 0..3 {
        stage.expect("/a", &token, (401, "key_unknown", "miss")).await;
    }
    stage.expect("/a", &fresh, (200, "ok", "hit")).await;
    stage.counts(&[("portcullis_token_cache_entries", &[], 1), (EVENTS, &["event=\"evict\""], 1)]).await;
}
