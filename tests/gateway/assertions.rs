//! Assertions: what an agent is told of its callers in a JWT that the gateway signs, and that nobody else can tell it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use portcullis::authn::ApiKeyText;
use portcullis::model::Digest;
use serde_json::{Value, json};
use testkit::upstream::Seen;
use testkit::{Gateway, Issuer, Key, Start, Upstream, client, eventually, now, portcullis, raw};
use tokio::io::AsyncWriteExt as _;

const SOON: Duration = Duration::from_secs(20);
const KEYS: &str = "/.well-known/portcullis/jwks.json";
const SERVER: &str = "  public_url: https://gate.example/gw\n  state_dir: state\n";
const HEADER: &str = "x-portcullis-assertion";

struct Stage {
    issuer: Issuer,
    key: Key,
    api_key: String,
    key_id: String,
    upstream: Upstream,
    gateway: Gateway,
}

impl Stage {
    async fn start(server: &str) -> Self {
        let key = Key::new("ES256", "k1");
        let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
        let (key_id, api_key) = ApiKeyText::generate().expect("random numbers");
        let hash = Digest::of(api_key.expose_secret().as_bytes()).to_hex();
        let (idp, up) = (&issuer.url, upstream.url());
        let oauth = "oauth: { identity_providers: [corp] }";
        let body = format!(
            "identity_providers:\n  corp: {{ issuer: \"{idp}\" }}\nagents:\n  \
             a: {{ route: /a, upstream: \"{up}/base\", auth: {{ {oauth} }}, assertion: {{}} }}\n  \
             few: {{ route: /few, upstream: \"{up}\", auth: {{ {oauth} }}, \
             assertion: {{ header: X-Who, audience: \"urn:few\", claims: [email], ttl: 5s }} }}\n  \
             keyed: {{ route: /keyed, upstream: \"{up}\", auth: {{ api_key: {{}} }}, assertion: {{}} }}\n  \
             ed: {{ route: /ed, upstream: \"{up}\", auth: {{ {oauth} }}, assertion: {{ alg: EdDSA }} }}\n  \
             open: {{ route: /open, upstream: \"{up}\", auth: public, assertion: {{ on_public: true }} }}\n  \
             shut: {{ route: /shut, upstream: \"{up}\", auth: public, assertion: {{}} }}\n  \
             shadow: {{ route: /shadow, upstream: \"{up}\", auth: {{ {oauth} }}, assertion: {{}}, enforcement: shadow }}\n  \
             plain: {{ route: /plain, upstream: \"{up}\", auth: public }}\n\
             api_keys:\n  {key_id}: {{ agent: keyed, sha256: \"{hash}\" }}\n"
        );
        let gateway = Start { body: &body, server, ..Start::default() }.ready().await;
        Self { issuer, key, api_key: api_key.expose_secret().to_owned(), key_id, upstream, gateway }
    }

    fn token(&self, more: &Value) -> String {
        let mut claims = self.issuer.claims("x");
        claims.as_object_mut().expect("claims").extend(more.as_object().expect("an object").clone());
        self.key.signed(&claims)
    }

    /// Sends header lines to a path, and gives what arrived.
    async fn seen(&self, path: &str, lines: &[String]) -> Seen {
        let before = self.upstream.seen().len();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let answer = raw::get(self.gateway.port, path, &lines).await;
        assert_eq!(raw::status(&answer), 200, "{path}");
        self.upstream.seen().get(before).cloned().expect("it arrived")
    }

    /// The assertions that arrive with a token in `header`.
    async fn told(&self, path: &str, header: &str, token: &str) -> Vec<String> {
        let seen = self.seen(path, &[format!("Authorization: Bearer {token}")]).await;
        seen.all(header).into_iter().map(str::to_owned).collect()
    }

    async fn keys(&self) -> String {
        let answer = client().get(self.gateway.url(KEYS)).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.text().await.expect("text")
    }

    /// The claims of assertions by ES256, as joserfc and PyJWT verify them.
    async fn verified(&self, audience: &str, assertions: &[String]) -> Vec<Value> {
        self.verified_by("ES256", audience, assertions).await
    }

    /// The same by this algorithm.
    async fn verified_by(&self, alg: &str, audience: &str, assertions: &[String]) -> Vec<Value> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut child = tokio::process::Command::new(root.join(".tools/venv-verifiers/bin/python"))
            .arg(root.join("tests/gateway/verify_assertions.py"))
            .args(["https://gate.example/gw", audience, alg, &self.keys().await])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts; scripts/setup.sh test makes it");
        let mut input = child.stdin.take().expect("its input");
        input.write_all(assertions.join("\n").as_bytes()).await.expect("it reads");
        drop(input);
        let out = child.wait_with_output().await.expect("it ends");
        assert!(out.status.success(), "{assertions:?} do not verify");
        let out = String::from_utf8(out.stdout).expect("text");
        out.lines().map(|line| serde_json::from_str(line).expect("claims")).collect()
    }
}

#[tokio::test]
async fn another_library_verifies_what_an_agent_is_told_of_each_kind_of_caller() {
    let stage = Stage::start(SERVER).await;
    let origin = stage.upstream.url();
    let token = stage.token(&json!({
        "sub": "ann", "client_id": null, "azp": "app", "scope": null, "scp": ["a", "b"], "acr": "phr", "email": "a@b.c",
        "act": {"sub": "bot", "act": {"sub": "older"}},
    }));
    let assertion = stage.told("/a", HEADER, &token).await;
    let idp = stage.issuer.url.clone();
    let claims = &stage.verified(&origin, &assertion).await[0];
    let (iat, exp) = (claims["iat"].as_u64().expect("a time"), claims["exp"].as_u64().expect("a time"));
    assert!((now() - 5..=now()).contains(&iat) && exp == iat + 60, "{claims}");
    let wanted = json!({
        "iss": "https://gate.example/gw", "aud": origin, "idp": idp, "iat": iat, "exp": exp, "jti": claims["jti"],
        "sub": "ann", "client_id": "app", "scope": "a b", "acr": "phr", "act": {"iss": idp, "sub": "bot"},
    });
    assert_eq!(claims, &wanted);

    let few = stage.told("/few", "x-who", &token).await;
    let few = &stage.verified("urn:few", &few).await[0];
    assert_eq!((&few["email"], &few["sub"], &few["idp"]), (&json!("a@b.c"), &Value::Null, &json!(idp)));

    let by_eddsa = stage.told("/ed", HEADER, &token).await;
    let by_eddsa = &stage.verified_by("EdDSA", &origin, &by_eddsa).await[0];
    let without = |claims: &Value| {
        let mut claims = claims.clone();
        claims.as_object_mut().expect("claims").retain(|name, _| !["jti", "iat", "exp"].contains(&&**name));
        claims
    };
    assert_eq!(without(by_eddsa), without(&wanted), "the algorithm changes nothing of what is said");

    let of_key = stage.seen("/keyed", &[format!("X-API-Key: {}", stage.api_key)]).await;
    let of_nobody = stage.seen("/open", &[]).await;
    let both: Vec<String> =
        [of_key, of_nobody].iter().flat_map(|seen| seen.all(HEADER)).map(str::to_owned).collect();
    let both = stage.verified(&origin, &both).await;
    assert_eq!(both[0]["sub"], format!("key:{}", stage.key_id));
    assert_eq!((both.len(), &both[1]["sub"]), (2, &Value::Null));
    for path in ["/shut", "/plain"] {
        assert!(stage.seen(path, &[]).await.all(HEADER).is_empty(), "{path}");
    }
    assert!(stage.told("/shadow", HEADER, &token).await.is_empty(), "nothing is proven there");
}

#[tokio::test]
async fn an_assertion_is_signed_once_for_a_token_at_an_agent_and_counted() {
    let stage = Stage::start(SERVER).await;
    let token = stage.token(&json!({"sub": "ann"}));
    let mut all = Vec::new();
    for _ in 0..5 {
        all.extend(stage.told("/a", HEADER, &token).await);
    }
    all.dedup();
    // The first request is admitted before its token is remembered; each shard remembers for itself.
    assert!(all.len() <= 1 + usize::try_from(testkit::shards()).expect("few"), "{all:?}");
    let other = stage.told("/a", HEADER, &stage.token(&json!({"sub": "bob"}))).await;
    assert!(!all.contains(&other[0]), "one caller is never told as another");
    let count = async |result: &str| {
        let labels = ["agent=\"a\"", &format!("result=\"{result}\"")];
        stage.gateway.metric("portcullis_assertions_total", &labels).await
    };
    assert_eq!(count("signed").await + count("kept").await, 6.0);
    assert!(count("kept").await >= 5.0 - f64::from(u32::try_from(all.len()).expect("few")));
}

#[tokio::test]
async fn no_caller_tells_an_agent_what_only_the_gateway_may_tell() {
    let stage = Stage::start(SERVER).await;
    let bearer = format!("Authorization: Bearer {}", stage.token(&json!({"sub": "ann"})));
    for name in [
        "X-Portcullis-Assertion",
        "x_portcullis_assertion",
        "X-Portcullis_Assertion",
        "X.Portcullis.Assertion",
        "X--Portcullis-Assertion",
        "XPORTCULLISASSERTION",
        "X-Portcullis-Assertion-",
        "_x-portcullis-assertion",
        "X-Portcullis~Assertion",
        "X-Who",
        "x_who",
        "XWHO",
    ] {
        for path in ["/a", "/few", "/open", "/shut", "/shadow", "/plain"] {
            let lines = [bearer.clone(), format!("{name}: forged"), format!("Connection: {name}")];
            let seen = stage.seen(path, &lines).await;
            assert!(seen.headers.iter().all(|(_, value)| value != "forged"), "{path} {name}: {seen:?}");
        }
    }
}

#[tokio::test]
async fn a_denied_caller_and_one_whose_token_ends_are_told_of_no_longer() {
    let stage = Stage::start(SERVER).await;
    let token = stage.token(&json!({"sub": "ann", "exp": now() + 20}));
    let assertion = stage.told("/a", HEADER, &token).await;
    let claims = &stage.verified(&stage.upstream.url(), &assertion).await[0];
    // The leeway of the provider is 60 seconds, so the time of the assertion itself comes first.
    assert!(claims["exp"].as_u64().expect("a time") <= now() + 60, "{claims}");
    let folder = stage.gateway.folder.path();
    let args = ["deny", "-c", "portcullis.yaml", "--by", "sub", "--value", "ann", "--until", "1h"];
    let ran = portcullis(folder, &args).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let before = eventually("the caller is refused", SOON, async || {
        let before = stage.upstream.seen().len();
        let answer = client().get(stage.gateway.url("/a")).bearer_auth(&token).send().await.ok()?;
        (answer.status() == 401).then_some(before)
    })
    .await;
    assert_eq!(stage.upstream.seen().len(), before, "and nothing reached the agent");
}

/// One agent whose assertions are signed by this algorithm, with the keys in `keys.json`.
async fn stage_of_file(alg: &str, set: &str) -> Stage {
    let server = "  public_url: https://gate.example/gw\n  signing: { key_file: keys.json }\n";
    let key = Key::new("ES256", "k1");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let body = format!(
        "identity_providers:\n  corp: {{ issuer: \"{}\" }}\nagents:\n  a: {{ route: /a, upstream: \"{}\", \
         auth: {{ oauth: {{ identity_providers: [corp] }} }}, assertion: {{ alg: {alg} }} }}\n",
        issuer.url,
        upstream.url()
    );
    let files = [("keys.json", set)];
    let gateway = Start { body: &body, server, files: &files, ..Start::default() }.ready().await;
    Stage { issuer, key, api_key: String::new(), key_id: String::new(), upstream, gateway }
}

fn kid_of(assertion: &str) -> String {
    let head = assertion.split('.').next().expect("a head");
    let head: Value = serde_json::from_slice(&testkit::token::decode(head)).expect("JSON");
    head["kid"].as_str().expect("a kid").to_owned()
}

#[tokio::test]
async fn while_keys_follow_each_other_every_assertion_verifies() {
    for alg in ["ES256", "EdDSA"] {
        let new = async || portcullis(Path::new("."), &["jwks", "new", "--alg", alg]).await.out;
        let (set, next) = (new().await, new().await);
        let stage = stage_of_file(alg, &set).await;
        let token = stage.token(&json!({"sub": "ann"}));
        let mut all = stage.told("/a", HEADER, &token).await;
        // The next key is published behind the one that signs; then it signs, and the one before stays published.
        let (set, next): (Value, Value) =
            (serde_json::from_str(&set).expect("a set"), serde_json::from_str(&next).expect("a set"));
        let (old, new) = (&set["keys"][0], &next["keys"][0]);
        for (keys, signer) in [(json!({"keys": [old, new]}), old), (json!({"keys": [new, old]}), new)] {
            let file = stage.gateway.folder.path().join("keys.json");
            std::fs::write(&file, keys.to_string()).expect("it is written");
            stage.gateway.signal("HUP").await;
            let kid = signer["kid"].as_str().expect("a kid");
            let told = eventually("the key signs, and both are published", SOON, async || {
                let told = stage.told("/a", HEADER, &token).await;
                let published: Value = serde_json::from_str(&stage.keys().await).ok()?;
                (published["keys"].as_array()?.len() == 2 && kid_of(&told[0]) == kid).then_some(told)
            })
            .await;
            all.extend(told);
            // What the agent was told before verifies as well.
            let verified = stage.verified_by(alg, &stage.upstream.url(), &all).await;
            assert_eq!(verified.len(), all.len());
        }
    }
}

#[tokio::test]
async fn a_key_file_without_a_key_for_an_agents_algorithm_is_refused_and_what_runs_goes_on() {
    let both = portcullis(Path::new("."), &["jwks", "new", "--alg", "EdDSA", "--alg", "ES256"]).await.out;
    let stage = stage_of_file("EdDSA", &both).await;
    let token = stage.token(&json!({"sub": "ann"}));
    let told = stage.told("/a", HEADER, &token).await;
    let mut set: Value = serde_json::from_str(&both).expect("a set");
    assert_eq!(kid_of(&told[0]), set["keys"][0]["kid"]);
    set["keys"].as_array_mut().expect("a list").remove(0);
    std::fs::write(stage.gateway.folder.path().join("keys.json"), set.to_string()).expect("it is written");
    stage.gateway.signal("HUP").await;
    eventually("it is said", SOON, async || {
        stage.gateway.stderr().iter().any(|line| line.contains("has no key for EdDSA")).then_some(())
    })
    .await;
    let again = stage.told("/a", HEADER, &token).await;
    assert_eq!(kid_of(&again[0]), kid_of(&told[0]));
    assert_eq!(stage.verified_by("EdDSA", &stage.upstream.url(), &again).await.len(), 1);
    let ran = portcullis(stage.gateway.folder.path(), &["check", "-c", "portcullis.yaml"]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(format!("{}{}", ran.out, ran.err).contains("signing-key-absent"), "{ran:?}");
}

#[tokio::test]
async fn each_algorithm_that_agents_name_has_keys_of_its_own() {
    let stage = Stage::start(SERVER).await;
    let algs = async || {
        let keys: Value = serde_json::from_str(&stage.keys().await).expect("a set");
        let keys = keys["keys"].as_array().expect("a list").iter();
        let mut algs: Vec<String> = keys.map(|key| key["alg"].as_str().expect("an alg").to_owned()).collect();
        algs.sort();
        algs
    };
    assert_eq!(algs().await, ["ES256", "EdDSA"]);
    let folder = stage.gateway.folder.path();
    let rotate = async |more: &[&str]| {
        let args = [&["jwks", "-c", "portcullis.yaml", "rotate"], more].concat();
        portcullis(folder, &args).await
    };
    // Of one, then of the others, then of none, since each has one that waits.
    for (more, code, said) in [
        (&["--alg", "EdDSA"][..], 0, "(EdDSA) is published within a minute, and signs in 1d"),
        (&["--alg", "EdDSA"], 1, "a next key is published already"),
        (&[], 0, "(ES256) is published within a minute, and signs in 1d"),
        (&[], 1, "a next key is published already"),
        (&["--alg", "RS256"], 2, "expected one of ES256, EdDSA"),
    ] {
        let ran = rotate(more).await;
        assert_eq!(ran.code, Some(code), "{more:?}: {ran:?}");
        assert!(format!("{}{}", ran.out, ran.err).contains(said), "{more:?}: {ran:?}");
        assert!(ran.out.lines().count() < 2, "one key each: {ran:?}");
    }
    let ran = portcullis(folder, &["jwks", "-c", "portcullis.yaml"]).await;
    let set: Value = serde_json::from_str(&ran.out).expect("a set");
    assert_eq!(set["keys"].as_array().map(Vec::len), Some(4), "{ran:?}");
    assert!(!ran.out.contains("\"d\""), "{ran:?}");
    // Without the agents of an algorithm nothing is signed by it, and what was signed is verified on.
    let config = folder.join("portcullis.yaml");
    let text = std::fs::read_to_string(&config).expect("the configuration").replace(" alg: EdDSA ", "");
    std::fs::write(&config, text).expect("it is written");
    let ran = rotate(&["--alg", "EdDSA"]).await;
    assert!(ran.code == Some(1) && ran.err.contains("nothing is signed by EdDSA"), "{ran:?}");
    stage.gateway.signal("HUP").await;
    let token = stage.token(&json!({"sub": "ann"}));
    let told = eventually("the agent is told by another algorithm", SOON, async || {
        let told = stage.told("/ed", HEADER, &token).await;
        let head = told[0].split('.').next().map(testkit::token::decode);
        let head: Value = serde_json::from_slice(&head.expect("a head")).expect("JSON");
        (head["alg"] == "ES256").then_some(told)
    })
    .await;
    assert_eq!(stage.verified(&stage.upstream.url(), &told).await.len(), 1);
    assert!(algs().await.contains(&"EdDSA".to_owned()));
}
