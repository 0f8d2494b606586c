//! Secrets that come from the environment or stand where they should not: no finding shows them, whatever command says
//! it, and at any log level.

use testkit::portcullis_with;

use super::secret::{self, Places};

/// Documents that are refused, for a reason that is told at once; `ENV`, `PASSWORD`, `PRIVATE` stand for the secrets.
const REFUSED: &[&str] = &[
    // Values from the environment in every place.
    r#"
server: { listeners: [{ address: "ENV" }], state_dir: "/nowhere/ENV", workers: "ENV", access_log: "ENV" }
identity_providers:
  "ENV": { issuer: https://idp.test }
  a: { issuer: "ENV", jwks_uri: "ENV", leeway: "ENV", algorithms: ["ENV"] }
  b: { issuer: b, jwks_file: "ENV" }
  c: { issuer: "https://ENV:x@idp.test" }
agents:
  a: { route: "ENV", upstream: "http://ENV", auth: { oauth: { identity_providers: ["ENV"], header: "ENV" } } }
  b: { route: /b, upstream: "http://user:ENV@127.0.0.1:9", auth: "ENV" }
  c: { route: /c, upstream: "http://127.0.0.1:9", auth: public, max_body: "ENV", "ENV": 1 }
api_keys:
  Yq3Zk81b: { agent: "ENV", sha256: "ENV", expires_at: "ENV" }
"#,
    // Files that the environment names, which are not there.
    r#"
identity_providers:
  a: { issuer: a, jwks_file: "ENV" }
  b: { issuer: b, public_key_file: "/nowhere/ENV.pem" }
  c: { issuer: c, public_key: "ENV" }
"#,
    // Passwords in URLs, alone and beside another mistake on the same line.
    r#"
identity_providers:
  a: { issuer: a, jwks_uri: "https://u:PASSWORD@idp.test/", leeway: nonsense, unknown: 1 }
  b: { issuer: "https://u:PASSWORD@idp.test", refresh: nonsense }
agents:
  c: { route: /c, upstream: "http://user:PASSWORD@127.0.0.1:9", auth: public, max_body: nonsense, unknown: 1 }
  d: { route: /d, upstream: "http:/user:PASSWORD@127.0.0.1:9//x", auth: public, max_body: nonsense }
  e: { route: /e, upstream: { url: "https://:PASSWORD@127.0.0.1:9", unknown: 1 }, auth: public }
  f: { route: /f, upstream: "http:user:PASSWORD@127.0.0.1:9", auth: nonsense }
  g: { route: /f, upstream: "user:PASSWORD@127.0.0.1:9", auth: public }
"#,
    // What should be a hash, and is the key.
    r#"
api_keys:
  Yq3Zk81b: { agent: nobody, sha256: "PASSWORD" }
  Yq3Zk81c: { agent: nobody, unknown: 1, sha256: pck_Yq3Zk81c_PASSWORDx }
"#,
    // Private keys, in a line, in lines of their own, and as text.
    r#"
identity_providers:
  a: { issuer: a, jwks: { keys: [{ kty: OKP, crv: Ed25519, d: PRIVATE, x: AA }] } }
  b: { issuer: b, jwks: { keys: [{ kty: oct, k: PRIVATE }] } }
"#,
    r#"
identity_providers:
  a:
    issuer: a
    jwks:
      keys:
        - d: PRIVATE
          kty: OKP
          crv: Ed25519
          x: AA
        - { "k": "PRIVATE", "kty": "oct" }
"#,
    r#"
identity_providers:
  a: { issuer: a, public_key: "-----BEGIN PRIVATE KEY-----\nPRIVATE\n-----END PRIVATE KEY-----" }
  b:
    issuer: b
    public_key: |
      -----BEGIN PRIVATE KEY-----
      PRIVATE
      -----END PRIVATE KEY-----
"#,
    r#"
identity_providers:
  a: { issuer: a, jwks_file: keys.json }
  b: { issuer: b, public_key_file: key.pem }
server: { listeners: [{ address: 127.0.0.1:1, tls: { certificates: [{ cert_file: key.pem, key_file: keys.json }] } }] }
"#,
];

#[tokio::test]
async fn no_finding_shows_what_came_from_the_environment_or_a_password_in_a_url() {
    let folder = tempfile::tempdir().expect("a folder");
    let (env, password, private) = (secret::new(), secret::new(), secret::new());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{private}\n-----END PRIVATE KEY-----\n");
    let keys = format!("{{\"keys\":[{{\"kty\":\"oct\",\"k\":\"{private}\"}}]}}");
    std::fs::write(folder.path().join("key.pem"), pem).expect("a file");
    std::fs::write(folder.path().join("keys.json"), keys).expect("a file");
    let variables = [("CANARY", env.as_str())];
    let mut places = Places::default();
    let mut refused = 0;
    for (i, document) in REFUSED.iter().enumerate() {
        let document =
            document.replace("ENV", "${CANARY}").replace("PASSWORD", &password).replace("PRIVATE KEY", "\0");
        let document = document.replace("PRIVATE", &private).replace('\0', "PRIVATE KEY");
        std::fs::write(folder.path().join("portcullis.yaml"), format!("version: 1{document}"))
            .expect("a file");
        let commands: &[&[&str]] = if i == 0 {
            &[&["check"], &["run"], &["explain", "--agent", "a"], &["explain", "--agent", "a", "--json"]]
        } else {
            &[&["check"], &["run"]]
        };
        for level in ["error", "warn", "info", "debug", "trace"] {
            for format in ["json", "text"] {
                for command in commands {
                    let log = ["--log-level", level, "--log-format", format];
                    let args: Vec<&str> = command.iter().copied().chain(log).collect();
                    let ran = portcullis_with(folder.path(), &args, "", &variables).await;
                    assert_eq!(ran.code, Some(1), "document {i}, {args:?}: {ran:?}");
                    assert!(!ran.err.is_empty(), "{args:?} says why");
                    refused += 1;
                    places.add(format!("document {i}, {args:?}"), format!("{}\n{}", ran.out, ran.err));
                }
            }
        }
    }
    let secrets =
        [("the environment", env), ("a password in a URL", password), ("private key material", private)];
    let secrets = secrets.map(|(name, secret)| (name.to_owned(), secret));
    places.hold_none_of(&secrets, &format!("{refused} refusals of {} configurations", REFUSED.len()));
}
