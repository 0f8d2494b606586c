//! JWT-SVIDs: workloads of a trust domain call with tokens that are told by their `sub`, by keys of its bundle alone.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use testkit::{Gateway, Issuer, Key, Start, Upstream, client, now};

struct Stage {
    issuer: Issuer,
    /// The key of the issuer, and those of the trust domain: of tokens, and of certificates.
    keys: [Key; 3],
    bundle: String,
    upstream: Upstream,
    gateway: Gateway,
}

impl Stage {
    async fn start() -> Self {
        let keys = [Key::new("ES256", "k1"), Key::new("ES256", "svid-1"), Key::new("ES256", "ca")];
        let (issuer, upstream) = (Issuer::start(&[&keys[0]]).await, Upstream::start().await);
        let marked = |mut jwk: Value, usage: &str| {
            jwk["use"] = usage.into();
            jwk
        };
        // As SPIRE writes a bundle: keys of certificates beside those of tokens.
        let bundle = json!({
            "spiffe_sequence": 12, "spiffe_refresh_hint": 300,
            "keys": [marked(keys[2].jwk(), "x509-svid"), marked(keys[1].jwk(), "jwt-svid")],
        })
        .to_string();
        let body = format!(
            "identity_providers:\n  corp: {{ issuer: \"{}\" }}\n  \
             prod: {{ spiffe: {{ trust_domain: prod.example.com, bundle_file: bundle.json }} }}\nagents:\n  \
             svids: {{ route: /svids, upstream: \"{up}\", auth: {{ oauth: {{ identity_providers: [prod], audiences: [a] }} }} }}\n  \
             both: {{ route: /both, upstream: \"{up}\", auth: {{ oauth: {{ identity_providers: [corp, prod], audiences: [a], \
             claim_headers: {{ sub: X-Sub }} }} }} }}\n",
            issuer.url,
            up = upstream.url()
        );
        let files = [("bundle.json", bundle.as_str())];
        let gateway = Start { body: &body, files: &files, ..Start::default() }.ready().await;
        Self { issuer, keys, bundle, upstream, gateway }
    }

    /// A JWT-SVID of the domain, with other members in header and claims.
    fn svid(&self, header: Value, claims: Value) -> String {
        let all = json!({"sub": "spiffe://prod.example.com/ns/a/sa/b", "aud": ["a"], "exp": now() + 300});
        let head = json!({"alg": "ES256", "kid": "svid-1"});
        self.keys[1].token(&with(head, header), &with(all, claims))
    }

    /// What py-spiffe says of tokens, in their order: `ok`, or the name of its error.
    fn second_opinion(&self, tokens: &[String]) -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut child = std::process::Command::new(root.join(".tools/venv-spiffe/bin/python"))
            .arg(root.join("tests/gateway/judge_svids.py"))
            .args(["prod.example.com", "a", &self.bundle])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts; scripts/setup.sh test makes it");
        let mut input = child.stdin.take().expect("its input");
        std::io::Write::write_all(&mut input, tokens.join("\n").as_bytes()).expect("it reads");
        drop(input);
        let out = child.wait_with_output().expect("it ends");
        assert!(out.status.success(), "{out:?}");
        String::from_utf8(out.stdout).expect("text").lines().map(ToOwned::to_owned).collect()
    }

    async fn asked(&self, path: &str, token: &str) -> (u16, String) {
        let answer = client().get(self.gateway.url(path)).bearer_auth(token).send().await.expect("an answer");
        let (status, id) =
            (answer.status().as_u16(), answer.headers()["x-request-id"].to_str().expect("text").to_owned());
        let line = self.gateway.logged(&id).await;
        (status, line["auth"]["reason"].as_str().expect("a reason").to_owned())
    }
}

/// An object with members of another one; null takes a member away.
fn with(mut object: Value, members: Value) -> Value {
    for (name, value) in members.as_object().expect("an object") {
        match value {
            Value::Null => drop(object.as_object_mut().expect("an object").remove(name)),
            value => object[name] = value.clone(),
        }
    }
    object
}

#[tokio::test]
async fn a_workload_is_told_by_its_trust_domain_and_only_by_keys_of_its_bundle() {
    let stage = Stage::start().await;
    let sub = |text: &str| json!({ "sub": text });
    for (header, claims, wanted) in [
        (json!({}), json!({}), "ok"),
        (json!({"typ": "JWT"}), json!({}), "ok"),
        (json!({"typ": "JOSE"}), json!({}), "ok"),
        (json!({}), json!({"iss": "https://spire.example.com"}), "ok"),
        (json!({}), json!({"aud": "a"}), "ok"),
        (json!({"typ": "dpop+jwt"}), json!({}), "typ_mismatch"),
        (json!({}), json!({"aud": "b"}), "audience_mismatch"),
        (json!({}), json!({"aud": null}), "audience_mismatch"),
        (json!({}), json!({"exp": now() - 300}), "token_expired"),
        (json!({}), json!({"exp": null}), "exp_missing"),
        (json!({}), json!({"sub": null}), "issuer_unknown"),
        (json!({}), sub("spiffe://prod.example.com"), "issuer_unknown"),
        (json!({}), sub("spiffe://prod.example.com/"), "issuer_unknown"),
        (json!({}), sub("spiffe://prod.example.com.evil.test/a"), "issuer_unknown"),
        (json!({}), sub("spiffe://prod.example.co/a"), "issuer_unknown"),
        (json!({}), sub("spiffe://PROD.example.com/a"), "issuer_unknown"),
        (json!({}), sub("spiffe://evil.test/prod.example.com/a"), "issuer_unknown"),
        (json!({}), sub("https://prod.example.com/a"), "issuer_unknown"),
        (json!({}), sub("spiffe://prod.example.com/ns/.well_known-1/A"), "ok"),
        (json!({}), sub("spiffe://prod.example.com//a"), "issuer_unknown"),
        (json!({}), sub("spiffe://prod.example.com/a/"), "issuer_unknown"),
        (json!({}), sub("spiffe://prod.example.com/a/../b"), "issuer_unknown"),
        (json!({}), sub("spiffe://prod.example.com/./a"), "issuer_unknown"),
        (json!({}), sub("spiffe://prod.example.com/a%2fb"), "issuer_unknown"),
        (json!({}), sub("spiffe://prod.example.com/a?b"), "issuer_unknown"),
        (json!({}), sub("spiffe://prod.example.com/a#b"), "issuer_unknown"),
        (json!({}), sub("spiffe://prod.example.com/a b"), "issuer_unknown"),
        (json!({}), sub("spiffe://prod.example.com/\u{e4}"), "issuer_unknown"),
        (json!({}), sub(&format!("spiffe://prod.example.com/{}", "a".repeat(2048))), "issuer_unknown"),
        (json!({"kid": "ca"}), json!({}), "key_unknown"),
        (json!({"kid": "k1"}), json!({}), "key_unknown"),
    ] {
        let token = stage.svid(header.clone(), claims.clone());
        for path in ["/svids", "/both"] {
            let (status, reason) = stage.asked(path, &token).await;
            assert_eq!(
                (reason.as_str(), status == 200),
                (wanted, wanted == "ok"),
                "{path} {header} {claims}"
            );
        }
    }
    let seen = stage.upstream.seen();
    let last = seen.iter().rev().find(|seen| seen.path() == "/both").expect("one arrived");
    assert_eq!(last.all("x-sub"), ["spiffe://prod.example.com/ns/.well_known-1/A"]);
}

#[tokio::test]
async fn a_provider_and_a_trust_domain_never_sign_for_each_other() {
    let stage = Stage::start().await;
    let of_corp = |claims: Value| with(stage.issuer.claims("a"), claims);
    let [corp, domain, _] = &stage.keys;
    let workload = "spiffe://prod.example.com/a";
    let iss = stage.issuer.url.clone();
    for (what, token, wanted) in [
        ("a user of the provider", corp.signed(&of_corp(json!({}))), "ok"),
        // The provider may call its users as it likes; `iss` says whose token it is.
        ("a user that is called like a workload", corp.signed(&of_corp(json!({"sub": workload}))), "ok"),
        (
            "the provider for a workload",
            corp.signed(&of_corp(json!({"sub": workload, "iss": null}))),
            "key_unknown",
        ),
        ("the domain for a user", domain.signed(&of_corp(json!({}))), "key_unknown"),
        (
            "the domain for a workload, in the name of the provider",
            stage.svid(json!({}), json!({ "iss": iss })),
            "key_unknown",
        ),
        (
            "a user with the type of workloads",
            corp.token(&json!({"alg": "ES256", "kid": "k1", "typ": "JOSE"}), &of_corp(json!({}))),
            "issuer_not_allowed",
        ),
    ] {
        assert_eq!(stage.asked("/both", &token).await.1, wanted, "{what}");
    }
    let (_, reason) = stage.asked("/svids", &corp.signed(&of_corp(json!({})))).await;
    assert_eq!(reason, "issuer_not_allowed");
    // Nobody can be sent to a trust domain for a token.
    let path = "/.well-known/oauth-protected-resource/both";
    let answer = client().get(stage.gateway.url(path)).send().await.expect("an answer");
    let metadata: Value = serde_json::from_str(&answer.text().await.expect("text")).expect("JSON");
    assert_eq!(metadata["authorization_servers"], json!([stage.issuer.url]));
}

#[tokio::test]
async fn another_library_accepts_the_same_tokens_but_where_it_is_said_why_not() {
    let stage = Stage::start().await;
    let sub = |text: &str| stage.svid(json!({}), json!({ "sub": text }));
    let of_authority = {
        let claims = json!({"sub": "spiffe://prod.example.com/a", "aud": ["a"], "exp": now() + 300});
        stage.keys[2].token(&json!({"alg": "ES256", "kid": "ca"}), &claims)
    };
    let good = stage.svid(json!({}), json!({}));
    let (signed, _) = good.rsplit_once('.').expect("a signature");
    let forged = format!("{signed}.{}", "A".repeat(86));
    // The token, whether the gateway accepts it, and whether py-spiffe does.
    let rows = [
        (good.clone(), true, true),
        (stage.svid(json!({"typ": "JOSE"}), json!({})), true, true),
        (stage.svid(json!({}), json!({"iss": "https://spire.example.com"})), true, true),
        (stage.svid(json!({}), json!({"aud": "a"})), true, true),
        (stage.svid(json!({}), json!({"aud": ["b", "a"]})), true, true),
        (stage.svid(json!({"typ": "dpop+jwt"}), json!({})), false, false),
        (stage.svid(json!({"kid": "other"}), json!({})), false, false),
        (stage.svid(json!({"kid": "ca"}), json!({})), false, false),
        (stage.svid(json!({}), json!({"aud": "b"})), false, false),
        (stage.svid(json!({}), json!({"aud": null})), false, false),
        (stage.svid(json!({}), json!({"exp": now() - 300})), false, false),
        (stage.svid(json!({}), json!({"exp": null})), false, false),
        (stage.svid(json!({}), json!({"nbf": now() + 600})), false, false),
        (stage.svid(json!({}), json!({"sub": null})), false, false),
        (sub("spiffe://other.test/a"), false, false),
        (sub("spiffe://prod.example.com/a/../b"), false, false),
        (sub("spiffe://prod.example.com//a"), false, false),
        (sub("spiffe://prod.example.com/a%2fb"), false, false),
        (sub("https://prod.example.com/a"), false, false),
        (forged, false, false),
        // `kid` may be absent (JWT-SVID section 2.2); py-spiffe wants one.
        (stage.svid(json!({"kid": null}), json!({})), true, false),
        // py-spiffe takes the keys of certificates as well, a trust domain without a path, and one in capitals.
        (of_authority, false, true),
        (sub("spiffe://prod.example.com"), false, true),
        (sub("spiffe://PROD.example.com/a"), false, true),
    ];
    let tokens: Vec<String> = rows.iter().map(|(token, ..)| token.clone()).collect();
    let theirs = stage.second_opinion(&tokens);
    assert_eq!(theirs.len(), rows.len());
    for ((token, ours, wanted), theirs) in rows.into_iter().zip(theirs) {
        let (status, reason) = stage.asked("/svids", &token).await;
        assert_eq!((status == 200, theirs == "ok"), (ours, wanted), "{token}: {reason}, {theirs}");
    }
}
