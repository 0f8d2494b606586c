//! Cards that the gateway signs: whoever knows its public URL can tell that a card is from it, over changes of its keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde_json::{Value, json};
use testkit::eventually::eventually;
use testkit::scripted::Scripted;
use testkit::{Gateway, Start, client, portcullis};

use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
const CARD: &str = "/agents/geo/.well-known/agent-card.json";
const KEYS: &str = "/.well-known/portcullis/jwks.json";
const STATE: &str = "  public_url: https://gate.example/gw\n  state_dir: state\n";

/// An agent that says of itself what is signed by nobody.
async fn agent() -> Scripted {
    Scripted::start(|mut peer| async move {
        loop {
            peer.head().await?;
            let card = json!({
                "name": "Route planner", "version": "1",
                "supportedInterfaces": [{"url": "http://internal:9/base/rpc", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}],
            });
            let card = card.to_string();
            peer.say(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{card}", card.len())).await?;
        }
    })
    .await
}

fn body(agent: &Scripted) -> String {
    format!(
        "agents:\n  geo: {{ route: {{ path: /agents/geo, strip_path: true }}, upstream: \"{}/base\", protocol: a2a, \
         auth: public, a2a: {{ signatures: resign }} }}\n",
        agent.url()
    )
}

async fn get(gateway: &Gateway, path: &str) -> Option<(Value, reqwest::header::HeaderMap)> {
    let answer = client().get(gateway.url(path)).send().await.ok()?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let value = serde_json::from_str(&answer.text().await.ok()?).ok()?;
    (status == 200).then_some((value, headers))
}

/// The card, once one is served.
async fn card(gateway: &Gateway) -> Value {
    eventually("a card is served", SOON, async || get(gateway, CARD).await).await.0
}

async fn keys(gateway: &Gateway) -> Value {
    get(gateway, KEYS).await.expect("a key set").0
}

/// The protected header of a card's only signature.
fn header(card: &Value) -> Value {
    let protected = card["signatures"][0]["protected"].as_str().expect("a protected header");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(protected).expect("base64url")).expect("JSON")
}

fn kid(card: &Value) -> String {
    header(card)["kid"].as_str().expect("a key").to_owned()
}

/// Whether a key of the set verifies the card. Nothing in it needs more of RFC 8785 than the order of its members.
fn verifies(card: &Value, keys: &Value) -> bool {
    let signature = card["signatures"][0].clone();
    let mut unsigned = card.clone();
    unsigned.as_object_mut().expect("a card").remove("signatures");
    let input = format!(
        "{}.{}",
        signature["protected"].as_str().unwrap_or(""),
        URL_SAFE_NO_PAD.encode(unsigned.to_string())
    );
    let kid = kid(card);
    let Some(key) = keys["keys"].as_array().expect("keys").iter().find(|key| key["kid"] == kid.as_str())
    else {
        return false;
    };
    let part = |name: &str| key[name].as_str().expect("a coordinate").to_owned();
    let key = DecodingKey::from_ec_components(&part("x"), &part("y")).expect("a key");
    let signature = signature["signature"].as_str().expect("a signature");
    crypto::verify(signature, input.as_bytes(), &key, Algorithm::ES256).expect("a verdict")
}

#[tokio::test]
async fn a_card_is_signed_with_a_key_of_the_set_at_its_jku() {
    let agent = agent().await;
    let gateway = Start { body: &body(&agent), server: STATE, ..Start::default() }.ready().await;
    let card = card(&gateway).await;
    assert_eq!(card["supportedInterfaces"][0]["url"], "https://gate.example/gw/agents/geo/rpc");
    let header = header(&card);
    assert_eq!((&header["alg"], &header["typ"]), (&json!("ES256"), &json!("JOSE")));
    assert_eq!(header["jku"], format!("https://gate.example/gw{KEYS}"));
    let keys = keys(&gateway).await;
    assert!(verifies(&card, &keys));
    for (name, value) in [("name", json!("Another")), ("version", json!("2")), ("x", json!(1))] {
        let mut altered = card.clone();
        altered[name] = value;
        assert!(!verifies(&altered, &keys), "{name}");
    }
    let labels = ["agent=\"geo\"", "signature=\"resigned\"", "source=\"rewrite\""];
    assert_eq!(gateway.metric("portcullis_agent_card_info", &labels).await, 1.0);
}

#[tokio::test]
async fn the_key_set_is_for_everybody_and_has_no_private_key() {
    let agent = agent().await;
    let gateway = Start { body: &body(&agent), server: STATE, ..Start::default() }.ready().await;
    let (keys, headers) = eventually("a key set is served", SOON, async || get(&gateway, KEYS).await).await;
    assert_eq!(
        (&headers["content-type"], &headers["cache-control"]),
        (&"application/json".parse().expect("text"), &"max-age=300".parse().expect("text"))
    );
    assert_eq!(headers["access-control-allow-origin"], "*");
    let members: Vec<&String> = keys["keys"][0].as_object().expect("a key").keys().collect();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    let asks = async |method: &str, tag: Option<&str>| {
        let mut request = client()
            .request(method.parse().expect("a method"), gateway.url(KEYS))
            .header("host", "any.example");
        if let Some(tag) = tag {
            request = request.header("if-none-match", tag);
        }
        request.send().await.expect("an answer").status().as_u16()
    };
    let tag = headers["etag"].to_str().expect("a tag");
    for (method, tag, status) in [
        ("GET", Some(tag), 304),
        ("HEAD", None, 200),
        ("OPTIONS", None, 204),
        ("POST", None, 405),
        ("DELETE", None, 405),
    ] {
        assert_eq!(asks(method, tag).await, status, "{method}");
    }
    let ran = portcullis(gateway.folder.path(), &["jwks", "-c", "portcullis.yaml"]).await;
    assert_eq!(serde_json::from_str::<Value>(&ran.out).ok(), Some(keys), "{ran:?}");
}

#[tokio::test]
async fn the_key_outlives_the_process_and_a_next_one_is_published_before_it_signs() {
    let agent = agent().await;
    let mut gateway = Start { body: &body(&agent), server: STATE, ..Start::default() }.ready().await;
    let first = kid(&card(&gateway).await);
    let file = std::fs::metadata(gateway.folder.path().join("state/signing.json")).expect("the key is kept");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o777, 0o600);
    let ran = portcullis(gateway.folder.path(), &["jwks", "-c", "portcullis.yaml", "rotate"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let again = portcullis(gateway.folder.path(), &["jwks", "-c", "portcullis.yaml", "rotate"]).await;
    assert_eq!(again.code, Some(1), "one that waits is enough: {again:?}");
    gateway.kill().await;
    gateway.start_again().await;
    let card = card(&gateway).await;
    let keys = keys(&gateway).await;
    assert_eq!((kid(&card), keys["keys"].as_array().map(Vec::len)), (first, Some(2)));
    assert!(verifies(&card, &keys));
}

#[tokio::test]
async fn a_file_of_keys_is_followed_and_its_first_key_signs() {
    let agent = agent().await;
    let new = async || portcullis(std::path::Path::new("."), &["jwks", "new"]).await.out;
    let (one, two) = (new().await, new().await);
    let files = [("keys.json", one.as_str())];
    let server = "  public_url: https://gate.example\n  signing: { key_file: keys.json }\n";
    let gateway = Start { body: &body(&agent), server, files: &files, ..Start::default() }.ready().await;
    let before = card(&gateway).await;
    let parse = |text: &str| serde_json::from_str::<Value>(text).expect("a set")["keys"][0].clone();
    let both = json!({"keys": [parse(&two), parse(&one)]});
    std::fs::write(gateway.folder.path().join("keys.json"), both.to_string()).expect("it is written");
    let after = eventually("the card is signed with the new key", SOON, async || {
        let card = get(&gateway, CARD).await?.0;
        (kid(&card) != kid(&before)).then_some(card)
    })
    .await;
    let keys = keys(&gateway).await;
    assert_eq!(keys["keys"].as_array().map(Vec::len), Some(2));
    assert!(
        verifies(&after, &keys) && verifies(&before, &keys),
        "what the other key signed is still verified"
    );
    // A file that holds no key changes nothing.
    std::fs::write(gateway.folder.path().join("keys.json"), "{}").expect("it is written");
    gateway.signal("HUP").await;
    eventually("it is said", SOON, async || {
        gateway.stderr().iter().any(|line| line.contains("it has no list `keys`")).then_some(())
    })
    .await;
    assert_eq!(get(&gateway, KEYS).await.expect("a key set").0, keys);
}

#[tokio::test]
async fn a_gateway_that_signs_nothing_publishes_nothing() {
    let agent = agent().await;
    let body = body(&agent).replace("resign", "strip");
    let gateway = Start { body: &body, server: STATE, ..Start::default() }.ready().await;
    assert!(card(&gateway).await.get("signatures").is_none());
    let answer = client().get(gateway.url(KEYS)).send().await.expect("an answer");
    assert_eq!(answer.status(), 404);
    assert!(!gateway.folder.path().join("state/signing.json").exists());
    let ran = portcullis(gateway.folder.path(), &["jwks", "-c", "portcullis.yaml"]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("signs nothing"), "{ran:?}");
}
