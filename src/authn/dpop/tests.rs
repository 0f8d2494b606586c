//! Proofs, good and broken, against the checks in their order.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Method};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Map, Value, json};

use super::*;
use crate::authn::base64url;
use crate::authz::{Silent, Transcript};
use crate::model::{
    Algorithm, CanonicalPath, DPOP, Digest, Instant, NextNonce, PublicAddress, PublicOrigin, Purpose, Reason,
    Request,
};

const NOW: u64 = 1_800_000_000;
const TOKEN: &str = "head.payload.signature";
const AGE: Duration = Duration::from_secs(60);

/// A client with a key.
struct Client {
    key: EcdsaKeyPair,
    jwk: Value,
}

impl Client {
    fn new() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": base64url::encode(x), "y": base64url::encode(y)});
        Self { key, jwk }
    }

    fn thumbprint(&self) -> Digest {
        let Value::Object(members) = self.jwk.clone() else { panic!("an object") };
        *super::jwk::Jwk::read(members).unwrap().thumbprint()
    }

    fn head(&self) -> Value {
        json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk})
    }

    fn sign(&self, head: &Value, payload: &Value) -> String {
        self.sign_text(&head.to_string(), &payload.to_string())
    }

    fn sign_text(&self, head: &str, payload: &str) -> String {
        let signed =
            format!("{}.{}", base64url::encode(head.as_bytes()), base64url::encode(payload.as_bytes()));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", base64url::encode(signature.as_ref()))
    }

    fn proof(&self, jti: &str) -> String {
        self.sign(&self.head(), &with(&payload(), "jti", json!(jti)))
    }
}

fn payload() -> Value {
    json!({
        "jti": "j-1",
        "htm": "POST",
        "htu": "https://a.example/x",
        "iat": NOW,
        "ath": base64url::encode(Digest::of(TOKEN.as_bytes()).as_bytes()),
    })
}

fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[name] = value;
    object
}

fn without(object: &Value, name: &str) -> Value {
    let mut object = object.clone();
    object.as_object_mut().unwrap().remove(name);
    object
}

fn policy() -> Dpop {
    use Algorithm::{EdDsa, Es256, Es384, Ps256, Rs256};
    Dpop {
        algorithms: [Es256, Es384, EdDsa, Ps256, Rs256].into_iter().collect(),
        max_age: Duration::from_secs(300),
        nonces: Nonces { are_required: false, age: AGE, keys: Some(NonceKeys::parse(&[7; 32]).unwrap()) },
        replay_entries: 200_000,
        address: PublicAddress { origin: PublicOrigin::Fixed("https://a.example".into()), base: "".into() },
        proofs: Arc::default(),
    }
}

fn judged_at(
    policy: &Dpop,
    key: &Digest,
    proofs: &[&str],
    now: Instant,
    purpose: Purpose,
) -> Result<NextNonce, (Reason, NextNonce)> {
    let mut headers = HeaderMap::new();
    for proof in proofs {
        headers.append(DPOP, HeaderValue::from_str(proof).unwrap());
    }
    let request = Request {
        method: &Method::POST,
        scheme: Scheme::HTTPS,
        path: CanonicalPath::parse(b"/x").unwrap(),
        purpose,
        ..Request::with_headers(&headers, now)
    };
    let judged = policy.check(&Bound { request: &request, token: TOKEN, key }, &mut Silent);
    judged.map_err(|refused| (refused.reason, refused.nonce))
}

fn judged(policy: &Dpop, client: &Client, proof: &str) -> Result<NextNonce, (Reason, NextNonce)> {
    judged_at(policy, &client.thumbprint(), &[proof], Instant::from_unix(NOW), Purpose::Serve)
}

const GOOD: Result<NextNonce, (Reason, NextNonce)> = Ok(NextNonce::None);

fn refused(reason: Reason) -> Result<NextNonce, (Reason, NextNonce)> {
    Err((reason, NextNonce::None))
}

#[test]
fn the_example_of_rfc_9449_passes_at_its_time_and_its_url() {
    let proof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
    let address = PublicAddress { origin: PublicOrigin::OfRequest, base: "".into() };
    let policy = Dpop { address, ..policy() };
    let key =
        Digest::from_bytes(base64url::decode_digest("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I").unwrap());
    let mut headers = HeaderMap::new();
    headers.insert(DPOP, HeaderValue::from_static(proof));
    let request = Request {
        scheme: Scheme::HTTPS,
        authority: Some("resource.example.org"),
        path: CanonicalPath::parse(b"/protectedresource").unwrap(),
        ..Request::with_headers(&headers, Instant::from_unix(1_562_262_618))
    };
    let bound = Bound { request: &request, token: "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU", key: &key };
    let mut transcript = Transcript::default();
    assert_eq!(policy.check(&bound, &mut transcript), Ok(NextNonce::None), "{:#?}", transcript.lines);
    assert_eq!(policy.check(&bound, &mut Silent).unwrap_err().reason, Reason::ProofReplayed);
}

/// Proofs of which one thing is wrong, and the reason of each.
fn broken(client: &Client) -> Vec<(String, String, Reason)> {
    use Reason::{ProofMalformed as Malformed, ProofMismatch as Mismatch, ProofStale as Stale};
    let (head, payload) = (client.head(), payload());
    let mut rows = Vec::new();
    let mut add = |name: String, proof: String, reason| rows.push((name, proof, reason));
    for name in ["typ", "alg", "jwk"] {
        add(format!("no {name}"), client.sign(&without(&head, name), &payload), Malformed);
        add(format!("{name} is a number"), client.sign(&with(&head, name, json!(1)), &payload), Malformed);
    }
    for name in ["jti", "htm", "htu", "iat", "ath"] {
        add(format!("no {name}"), client.sign(&head, &without(&payload, name)), Malformed);
        for value in [json!(null), json!(["x"]), json!({}), json!(true)] {
            let text = format!("{name}: {value}");
            add(text, client.sign(&head, &with(&payload, name, value)), Malformed);
        }
    }
    for (name, value) in [
        ("typ", json!("JWT")),
        ("typ", json!("at+jwt")),
        ("typ", json!("DPOP+JWT")),
        ("typ", json!("application/dpop+jwt")),
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("es256")),
        ("alg", json!("ES512")),
        ("alg", json!("ES384")),
        ("alg", json!("RS256")),
        ("crit", json!(["x"])),
        ("b64", json!(false)),
        ("x5c", json!(["AA"])),
        ("x5u", json!("https://a.example")),
        ("jku", json!("https://a.example")),
        ("x5t#S256", json!("AA")),
        ("jwk", without(&client.jwk, "x")),
        ("jwk", with(&client.jwk, "d", json!("AA"))),
        ("jwk", with(&client.jwk, "x5c", json!(["AA"]))),
        ("jwk", with(&client.jwk, "y", client.jwk["x"].clone())),
        ("jwk", with(&client.jwk, "crv", json!("P-384"))),
        ("jwk", with(&client.jwk, "use", json!("enc"))),
        ("jwk", with(&client.jwk, "alg", json!("ES384"))),
        ("jwk", json!({"kty": "oct", "k": "AA"})),
    ] {
        let text = format!("{name}: {value}");
        let is_other_key =
            name == "jwk" && (value["y"] != client.jwk["y"] || value["crv"] != client.jwk["crv"]);
        let is_known =
            super::proof::Proof::parse(&client.sign(&with(&head, name, value.clone()), &payload)).is_ok();
        let reason = if is_other_key && is_known { Mismatch } else { Malformed };
        add(text, client.sign(&with(&head, name, value), &payload), reason);
    }
    for (name, value, reason) in [
        ("jti", json!(""), Malformed),
        ("jti", json!("x".repeat(257)), Malformed),
        ("nonce", json!(7), Malformed),
        ("iat", json!(0), Malformed),
        ("iat", json!(-1), Malformed),
        ("iat", json!("1800000000"), Malformed),
        ("htm", json!("GET"), Mismatch),
        ("htm", json!("post"), Mismatch),
        ("htm", json!(""), Mismatch),
        ("htu", json!("https://a.example/"), Mismatch),
        ("htu", json!("https://a.example/x/"), Mismatch),
        ("htu", json!("https://a.example/X"), Mismatch),
        ("htu", json!("http://a.example/x"), Mismatch),
        ("htu", json!("https://b.example/x"), Mismatch),
        ("htu", json!("https://a.example:8443/x"), Mismatch),
        ("htu", json!("https://u@a.example/x"), Mismatch),
        ("htu", json!("https://a.example/y/../x"), Mismatch),
        ("htu", json!("/x"), Mismatch),
        ("htu", json!(""), Mismatch),
        ("ath", json!(""), Mismatch),
        ("ath", json!(base64url::encode(&[0; 32])), Mismatch),
        ("ath", json!(format!("{}=", payload["ath"].as_str().unwrap())), Mismatch),
        ("iat", json!(NOW - 301), Stale),
        ("iat", json!(NOW + 301), Stale),
        ("iat", json!(NOW * 1000), Stale),
    ] {
        add(format!("{name}: {value}"), client.sign(&head, &with(&payload, name, value)), reason);
    }
    let good = client.proof("j-1");
    let parts: Vec<&str> = good.split('.').collect();
    let [head_part, payload_part, signature] = parts[..] else { panic!("three parts") };
    let other = client.proof("j-2");
    let foreign = other.split('.').nth(2).unwrap();
    let der = [&[0x30, 0x44, 2, 32], &[1; 32][..], &[2, 32], &[1; 32]].concat();
    for (name, proof) in [
        ("two parts", format!("{head_part}.{payload_part}")),
        ("four parts", format!("{good}.x")),
        ("no signature", format!("{head_part}.{payload_part}.")),
        ("the signature of another", format!("{head_part}.{payload_part}.{foreign}")),
        ("a cut signature", good[..good.len() - 4].to_owned()),
        ("a padded signature", format!("{good}==")),
        ("a signature in DER", format!("{head_part}.{payload_part}.{}", base64url::encode(&der))),
        ("a head in base64", format!("{head_part}+.{payload_part}.{signature}")),
        ("a blank", format!("{head_part} .{payload_part}.{signature}")),
        ("a head that is a list", client.sign(&json!([1]), &payload)),
        ("a payload that is text", client.sign(&head, &json!("x"))),
        (
            "a member twice",
            client.sign_text(&head.to_string(), &payload.to_string().replacen('{', "{\"jti\":\"a\",", 1)),
        ),
        ("text behind the payload", client.sign_text(&head.to_string(), &format!("{payload} x"))),
        ("longer than 4 KiB", client.sign(&head, &with(&payload, "pad", json!("x".repeat(4096))))),
    ] {
        add(name.to_owned(), proof, Malformed);
    }
    rows
}

#[test]
fn a_broken_proof_is_refused_for_what_is_broken_and_takes_no_room() {
    let (client, policy) = (Client::new(), policy());
    let rows = broken(&client);
    assert!(rows.len() >= 60, "{} rows", rows.len());
    for (name, proof, reason) in rows {
        assert_eq!(judged(&policy, &client, &proof), refused(reason), "{name}");
    }
    assert_eq!(policy.proofs.count(Instant::from_unix(NOW)), 0);
    assert_eq!(judged(&policy, &client, &client.proof("j-1")), GOOD);
    let none = judged_at(&policy, &client.thumbprint(), &[], Instant::from_unix(NOW), Purpose::Serve);
    assert_eq!(none, refused(Reason::ProofMissing));
}

#[test]
fn a_good_proof_passes_in_every_spelling_that_means_the_same() {
    let (client, policy) = (Client::new(), policy());
    for (i, (name, value)) in [
        ("htu", json!("HTTPS://A.EXAMPLE:443/x?y=1#z")),
        ("htu", json!("wss://a.example/%78")),
        ("iat", json!(NOW - 300)),
        ("iat", json!(NOW + 300)),
        ("iat", json!(1_800_000_000.5)),
        ("nonce", json!("a nonce of somebody else")),
        ("exp", json!(1)),
        ("unknown", json!({"a": [1]})),
    ]
    .into_iter()
    .enumerate()
    {
        let payload = with(&with(&payload(), "jti", json!(format!("s-{i}"))), name, value.clone());
        assert_eq!(judged(&policy, &client, &client.sign(&client.head(), &payload)), GOOD, "{name}: {value}");
    }
    let kid = with(&client.head(), "kid", json!("k"));
    assert_eq!(judged(&policy, &client, &client.sign(&kid, &payload())), GOOD);
}

#[test]
fn the_key_of_another_and_an_algorithm_that_is_not_listed_are_refused() {
    let (client, thief) = (Client::new(), Client::new());
    let policy = policy();
    assert_eq!(judged(&policy, &client, &thief.proof("j-1")), refused(Reason::ProofMismatch));
    let only_rsa = Dpop { algorithms: [Algorithm::Rs256].into_iter().collect(), ..policy };
    assert_eq!(judged(&only_rsa, &client, &client.proof("j-1")), refused(Reason::ProofMalformed));
}

/// A key whose numbers are those of RSA, of so many bits. No signature is needed: the key is looked at before.
fn rsa_proof(bits: usize, client: &Client) -> (String, Digest) {
    let mut n = vec![0xff; bits / 8];
    n[0] = 0x80;
    let jwk = json!({"kty": "RSA", "n": base64url::encode(&n), "e": "AQAB"});
    let Value::Object(members) = jwk.clone() else { panic!("an object") };
    let members: Map<String, Value> = members;
    let key = *super::jwk::Jwk::read(members).unwrap().thumbprint();
    (client.sign(&json!({"typ": "dpop+jwt", "alg": "RS256", "jwk": jwk}), &payload()), key)
}

#[test]
fn a_weak_rsa_key_is_refused_by_its_size() {
    let (client, policy) = (Client::new(), policy());
    for (bits, wanted) in [(1024, "RSA"), (2048, "bytes of RS256")] {
        let (proof, key) = rsa_proof(bits, &client);
        let mut headers = HeaderMap::new();
        headers.insert(DPOP, HeaderValue::from_str(&proof).unwrap());
        let path = CanonicalPath::parse(b"/x").unwrap();
        let now = Instant::from_unix(NOW);
        let request = Request { method: &Method::POST, path, ..Request::with_headers(&headers, now) };
        let mut transcript = Transcript::default();
        let judged = policy.check(&Bound { request: &request, token: TOKEN, key: &key }, &mut transcript);
        assert_eq!(judged.unwrap_err().reason, Reason::ProofMalformed);
        let seen = transcript.lines.last().and_then(|line| line.seen.clone()).unwrap();
        assert!(seen.contains(wanted), "{bits}: {seen}");
        assert_eq!(seen.contains("cannot be used"), bits == 1024, "{seen}");
    }
}

#[test]
fn of_32_equal_proofs_at_the_same_time_one_passes() {
    let (client, policy) = (Client::new(), policy());
    let (proof, key) = (client.proof("j-1"), client.thumbprint());
    let (barrier, passed) = (Barrier::new(32), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                barrier.wait();
                match judged_at(&policy, &key, &[&proof], Instant::from_unix(NOW), Purpose::Serve) {
                    GOOD => passed.fetch_add(1, Ordering::Relaxed),
                    other => {
                        assert_eq!(other, refused(Reason::ProofReplayed));
                        0
                    }
                };
            });
        }
    });
    assert_eq!(passed.into_inner(), 1);
}

#[test]
fn a_proof_is_remembered_for_as_long_as_it_would_pass() {
    for issued in [NOW - 300, NOW, NOW + 300] {
        let (client, policy) = (Client::new(), policy());
        let proof = client.sign(&client.head(), &with(&payload(), "iat", json!(issued)));
        assert_eq!(judged(&policy, &client, &proof), GOOD);
        for (now, wanted) in [(issued + 300, Reason::ProofReplayed), (issued + 301, Reason::ProofStale)] {
            let at = Instant::from_unix(now);
            let again = judged_at(&policy, &client.thumbprint(), &[&proof], at, Purpose::Serve);
            assert_eq!(again, refused(wanted), "{issued} {now}");
        }
    }
}

#[test]
fn an_explanation_uses_no_proof_up() {
    let (client, policy) = (Client::new(), policy());
    let explained = |proof: &str| {
        judged_at(&policy, &client.thumbprint(), &[proof], Instant::from_unix(NOW), Purpose::Explain)
    };
    let proof = client.proof("j-1");
    assert_eq!([explained(&proof), explained(&proof)], [GOOD, GOOD]);
    assert_eq!(judged(&policy, &client, &proof), GOOD);
    assert_eq!(explained(&proof), refused(Reason::ProofReplayed));
}

#[test]
fn a_required_nonce_stands_in_for_the_clock() {
    let (client, policy) = (Client::new(), policy());
    let policy = Dpop { nonces: Nonces { are_required: true, ..policy.nonces.clone() }, ..policy };
    let at = |seconds: u64| Instant::from_unix(NOW + seconds);
    // 1,800,000,000 is the beginning of a period.
    let nonce = policy.nonce(NextNonce::Usual, at(0)).unwrap();
    let proof = |jti: &str, nonce: &str| {
        let payload = with(&with(&payload(), "jti", json!(jti)), "nonce", json!(nonce));
        client.sign(&client.head(), &with(&payload, "iat", json!(1)))
    };
    let key = client.thumbprint();
    let judged = |proof: &str, seconds| judged_at(&policy, &key, &[proof], at(seconds), Purpose::Serve);
    let wanting = Err((Reason::NonceRequired, NextNonce::Usual));
    let first = proof("j-1", &nonce);
    for (proof, seconds, wanted) in [
        (&client.proof("j-0"), 0, wanting),
        (&proof("j-0", "x"), 0, wanting),
        (&first, 0, GOOD),
        (&first, 29, refused(Reason::ProofReplayed)),
        (&proof("j-2", &nonce), 30, Ok(NextNonce::Usual)),
        (&first, 59, refused(Reason::ProofReplayed)),
        (&first, 60, wanting),
    ] {
        assert_eq!(judged(proof, seconds), wanted, "{seconds}");
    }
}

#[test]
fn a_full_table_asks_for_nonces_of_the_reserve_and_then_refuses() {
    let (client, policy) = (Client::new(), policy());
    // One key has room for one.
    let policy = Dpop { replay_entries: 16, ..policy };
    let at = |seconds: u64| Instant::from_unix(NOW + seconds);
    let key = client.thumbprint();
    let judged = |proof: &str, seconds| judged_at(&policy, &key, &[proof], at(seconds), Purpose::Serve);
    let nonce = |seconds| policy.nonce(NextNonce::Reserve, at(seconds)).unwrap();
    let proof = |jti: &str, nonce: &str| {
        let payload = with(&with(&payload(), "jti", json!(jti)), "nonce", json!(nonce));
        client.sign(&client.head(), &payload)
    };
    let wanting = Err((Reason::NonceRequired, NextNonce::Reserve));
    assert_eq!(judged(&client.proof("j-1"), 0), GOOD);
    assert_eq!(judged(&client.proof("j-2"), 0), wanting);
    let with_nonce = proof("j-2", &nonce(0));
    assert_eq!(judged(&with_nonce, 0), GOOD);
    assert_eq!(judged(&with_nonce, 29), refused(Reason::ProofReplayed));
    assert_eq!(judged(&proof("j-3", &nonce(0)), 29), refused(Reason::ProofMemoryFull));
    // Its half minute is over, and what was accepted with it is forgotten: so it is good for nothing, now and later.
    assert_eq!(judged(&with_nonce, 30), wanting);
    assert_eq!(judged(&proof("j-4", &nonce(30)), 30), GOOD);
    assert_eq!(judged(&with_nonce, 299), wanting, "its iat would do");
}
