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

    /// The claims of assertions, as joserfc verifies them.
    async fn verified(&self, audience: &str, assertions: &[String]) -> Vec<Value> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut child = tokio::process::Command::new(root.join(".tools/venv-verifiers/bin/python"))
            .arg(root.join("tests/gateway/verify_assertions.py"))
            .args(["https://gate.example/gw", audience, &self.keys().await])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts; scripts/setup.sh test makes it");
        let mut input = child.stdin.take().expect("its input");
        input.write_all(assertions.join("\n").as_bytes()).await.expect("it reads");
        drop(input);
        let out = child.wait_with_output().await.expect("it ends");
        assert!(out.status.success(), "joserfc does not verify {assertions:?}");
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

#[tokio::test]
async fn while_keys_follow_each_other_every_assertion_verifies() {
    let set = portcullis(Path::new("."), &["jwks", "new"]).await.out;
    let next = portcullis(Path::new("."), &["jwks", "new"]).await.out;
    let server = "  public_url: https://gate.example/gw\n  signing: { key_file: keys.json }\n";
    let key = Key::new("ES256", "k1");
    let (issuer, upstream) = (Issuer::start(&[&key]).await, Upstream::start().await);
    let body = format!(
        "identity_providers:\n  corp: {{ issuer: \"{}\" }}\nagents:\n  a: {{ route: /a, upstream: \"{}\", \
         auth: {{ oauth: {{ identity_providers: [corp] }} }}, assertion: {{}} }}\n",
        issuer.url,
        upstream.url()
    );
    let files = [("keys.json", set.as_str())];
    let gateway = Start { body: &body, server, files: &files, ..Start::default() }.ready().await;
    let stage = Stage { issuer, key, api_key: String::new(), key_id: String::new(), upstream, gateway };
    let token = stage.token(&json!({"sub": "ann"}));
    let first = stage.told("/a", HEADER, &token).await;
    // The next key is published behind the one that signs; then it signs, and the one before stays published.
    let (set, next): (Value, Value) =
        (serde_json::from_str(&set).expect("a set"), serde_json::from_str(&next).expect("a set"));
    let (old, new) = (&set["keys"][0], &next["keys"][0]);
    let mut all = first.clone();
    for (keys, signer) in [(json!({"keys": [old, new]}), old), (json!({"keys": [new, old]}), new)] {
        let file = stage.gateway.folder.path().join("keys.json");
        std::fs::write(&file, keys.to_string()).expect("it is written");
        stage.gateway.signal("HUP").await;
        let want = signer["x"].as_str().expect("a coordinate").to_owned();
        let kid_of = |assertion: &str| {
            let head = assertion.split('.').next().expect("a head").to_owned();
            let head: Value = serde_json::from_slice(&testkit::token::decode(&head)).expect("JSON");
            head["kid"].as_str().expect("a kid").to_owned()
        };
        let told = eventually("the key signs, and both are published", SOON, async || {
            let told = stage.told("/a", HEADER, &token).await;
            let published: Value = serde_json::from_str(&stage.keys().await).ok()?;
            let keys = published["keys"].as_array()?;
            let kid = keys.iter().find(|key| key["x"] == want.as_str())?["kid"].as_str()?;
            (keys.len() == 2 && kid_of(&told[0]) == kid).then_some(told)
        })
        .await;
        all.extend(told);
        // What the agent was told before verifies as well.
        assert_eq!(stage.verified(&stage.upstream.url(), &all).await.len(), all.len());
    }
}
