//! `portcullis import` over whole files: `tests/import/cases/PRODUCT_NAME.yaml`, written for these tests after the shapes
//! of each product's published examples, with what is printed in `PRODUCT_NAME.expected` beside it. Each output passes
//! `portcullis check`.
//!
//! `UPDATE_EXPECTED=1 cargo test --test import` writes the expectations anew; read the difference.

#![expect(clippy::expect_used, reason = "a test that cannot read its case has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use portcullis::cli::run_with;

/// What was printed, and how it ended.
struct Ran {
    exit: u8,
    out: String,
    err: String,
}

fn run(args: &[&str]) -> Ran {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let all = ["portcullis"].iter().chain(args);
    let exit = run_with(all, &mut out, &mut err).expect("output can be written");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { exit, out: text(out), err: text(err) }
}

/// A sample: its product, and its path as it is printed.
fn samples() -> Vec<(String, String)> {
    let folder = "tests/import/cases";
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("cases");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    names.sort();
    let product = |name: &str| name.split('_').next().unwrap_or_default().to_owned();
    names.into_iter().map(|name| (product(&name), format!("{folder}/{name}"))).collect()
}

const KEYS: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// A folder with the files that the samples name.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let made = rcgen::generate_simple_self_signed(["agents.example.com".to_owned()]).expect("a certificate");
    let key = made.signing_key.serialize_pem();
    let pem = made.cert.pem();
    for (name, text) in
        [("server.pem", pem.as_str()), ("server.key", &key), ("ca.pem", &pem), ("keys.json", KEYS)]
    {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    let path = folder.path().join("portcullis.yaml");
    (folder, path)
}

/// The output, as `check` sees it; variables of the environment that it asks for get a default.
fn checked(yaml: &str) -> Ran {
    let (folder, path) = folder();
    fs::write(&path, yaml.replace("${PLANNER_KEY}", "${PLANNER_KEY:-x}")).expect("a file");
    let ran = run(&["check", "-c", &path.to_string_lossy()]);
    drop(folder);
    ran
}

#[test]
fn samples_become_what_is_expected_and_valid() {
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    let mut wrong = Vec::new();
    for (product, path) in samples() {
        let ran = run(&["import", "--from", &product, &path]);
        let told =
            format!("# exit {}\n# standard error:\n{}# standard output:\n{}", ran.exit, ran.err, ran.out);
        let expected = Path::new(env!("CARGO_MANIFEST_DIR")).join(path.replace(".yaml", ".expected"));
        if update {
            fs::write(&expected, &told).expect("an expectation");
        } else if fs::read_to_string(&expected).unwrap_or_default() != told {
            wrong.push(format!("{path} became:\n{told}"));
        }
        let check = checked(&ran.out);
        if check.exit != 0 {
            wrong.push(format!("{path} is not valid:\n{}{}\n{}", check.err, check.out, ran.out));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_line_that_says_something_is_spoken_of() {
    for (product, path) in samples() {
        let ran = run(&["import", "--from", &product, &path]);
        let mut spoken = BTreeSet::new();
        for line in ran.err.lines() {
            let rest = line.strip_prefix(&format!("{path}:")).expect("FILE:LINE: VERDICT");
            let (number, verdict) = rest.split_once(": ").expect("LINE: VERDICT");
            let word = verdict.split(':').next().unwrap_or_default();
            assert!(["kept", "changed", "cannot"].contains(&word), "{line}");
            spoken.insert(number.parse::<usize>().expect("a number"));
        }
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path)).expect("a sample");
        let mut block = None;
        for (number, line) in (1..).zip(text.lines()) {
            let depth = line.len() - line.trim_start().len();
            if block.is_some_and(|above| depth > above) {
                continue;
            }
            block = line.ends_with('|').then_some(depth);
            let says = !line.trim().is_empty() && !line.trim_start().starts_with('#') && line != "---";
            assert!(!says || spoken.contains(&number), "{path}:{number}: nothing is said of `{line}`");
        }
    }
}

#[test]
fn secrets_are_printed_nowhere() {
    let mut seen = 0;
    for (product, path) in samples() {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path)).expect("a sample");
        seen += usize::from(text.contains("hunter2"));
        let ran = run(&["import", "--from", &product, &path]);
        assert!(!ran.out.contains("hunter2") && !ran.err.contains("hunter2"), "{path}");
    }
    assert!(seen > 2, "some samples hold secrets");
}

/// What is told of a text of a product.
fn import_text(product: &str, text: &str) -> Ran {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("source.yaml");
    fs::write(&path, text).expect("a file");
    run(&["import", "--from", product, &path.to_string_lossy()])
}

const ENVOY: &str = r#"
static_resources:
  listeners:
    - address: { socket_address: { address: 127.0.0.1, port_value: 8080 } }
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                route_config:
                  virtual_hosts:
                    - domains: ["*"]
                      routes:
                        - { match: { prefix: "/" }, route: { cluster: a } }
                http_filters:
                  - name: envoy.filters.http.jwt_authn
                    typed_config:
                      providers:
                        corp:
                          issuer: https://idp.example.com
                          audiences: [api://a]
                          remote_jwks: { http_uri: { uri: "https://idp.example.com/keys" } }
                          forward: false
                      rules:
                        - match: { prefix: "/" }
                          requires: { provider_name: corp }
                  - name: envoy.filters.http.router
  clusters:
    - name: a
      load_assignment:
        endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 10.0.0.1, port_value: 80 } } } }] }]
"#;

const KONG: &str = r#"
services:
  - name: a
    url: https://a.internal
    tls_verify: true
    routes:
      - paths: [/a/]
        plugins:
          - name: openid-connect
            config:
              issuer: https://idp.example.com
              audience_required: [api://a]
              ssl_verify: true
"#;

const AGENTGATEWAY: &str = r#"
binds:
  - port: 3000
    listeners:
      - routes:
          - matches: [{ path: { pathPrefix: /a } }]
            policies:
              jwtAuth:
                mode: strict
                issuer: https://idp.example.com
                audiences: [api://a]
                jwks: { url: "https://idp.example.com/keys" }
              backendTLS: { insecure: false }
            backends: [{ host: "a.internal:8443" }]
"#;

const WSO2: &str = r#"
kind: RestApi
spec:
  context: /a
  upstream: { main: { url: "http://a.internal" } }
  policies:
    - name: jwt-auth
      version: v1
      params:
        keyManagers:
          - name: Corp
            issuer: https://idp.example.com
            jwks: { remote: { uri: "https://idp.example.com/keys", skipTlsVerify: false } }
        issuers: [Corp]
        audiences: [api://a]
  operations: [{ method: GET, path: "/*" }]
"#;

const TRAEFIK: &str = r#"
http:
  routers:
    a: { rule: "PathPrefix(`/a/`)", service: a, middlewares: [tokens] }
  middlewares:
    tokens:
      jwt:
        jwksUrl: https://idp.example.com/keys
        claims: "Equals(`iss`, `https://idp.example.com`) && Equals(`aud`, `api://a`)"
  services:
    a: { loadBalancer: { servers: [{ url: "https://a.internal" }], serversTransport: t } }
  serversTransports:
    t: { insecureSkipVerify: false }
"#;

/// A source, what of it is replaced by what, and how it ends then.
type Row = (&'static str, &'static str, &'static str, &'static str, u8);

const ROWS: &[Row] = &[
    ("envoy", ENVOY, "", "", 0),
    ("envoy", ENVOY, "audiences: [api://a]", "payload_in_metadata: x", 1),
    ("envoy", ENVOY, "issuer: https://idp.example.com", "payload_in_metadata: x", 1),
    ("envoy", ENVOY, "forward: false", "forward: true", 1),
    ("envoy", ENVOY, "{ provider_name: corp }", "{ allow_missing: {} }", 1),
    (
        "envoy",
        ENVOY,
        "{ provider_name: corp }",
        "{ requires_any: { requirements: [{ provider_name: corp }, { allow_missing_or_failed: {} }] } }",
        1,
    ),
    ("envoy", ENVOY, "- match: { prefix: \"/\" }", "- match: { prefix: \"/x/\" }", 1),
    ("envoy", ENVOY, "\"https://idp.example.com/keys\"", "\"http://idp.example.com/keys\"", 1),
    (
        "envoy",
        ENVOY,
        "remote_jwks: { http_uri: { uri: \"https://idp.example.com/keys\" } }",
        "local_jwks: { inline_string: '{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}]}' }",
        1,
    ),
    (
        "envoy",
        ENVOY,
        "- name: a\n",
        "- name: a\n      transport_socket: { name: x, typed_config: { \"@type\": UpstreamTlsContext } }\n",
        1,
    ),
    ("envoy", ENVOY, "- name: envoy.filters.http.router", "- name: envoy.filters.http.ext_authz", 1),
    (
        "envoy",
        ENVOY,
        "- name: envoy.filters.http.router",
        "- { name: x, typed_config: { \"@type\": a.v3.Cors } }",
        0,
    ),
    ("kong", KONG, "", "", 0),
    ("kong", KONG, "audience_required: [api://a]", "auth_methods: [bearer]", 1),
    ("kong", KONG, "issuer: https://idp.example.com", "auth_methods: [bearer]", 1),
    ("kong", KONG, "ssl_verify: true", "ssl_verify: false", 1),
    ("kong", KONG, "tls_verify: true", "tls_verify: false", 1),
    ("kong", KONG, "tls_verify: true", "retries: 5", 1),
    ("kong", KONG, "ssl_verify: true", "anonymous: guest", 1),
    ("kong", KONG, "ssl_verify: true", "upstream_access_token_header: authorization:bearer", 1),
    ("kong", KONG, "ssl_verify: true", "verify_signature: false", 1),
    ("kong", KONG, "name: openid-connect", "name: jwt", 1),
    ("kong", KONG, "name: openid-connect", "name: ip-restriction", 1),
    ("agentgateway", AGENTGATEWAY, "", "", 0),
    ("agentgateway", AGENTGATEWAY, "audiences: [api://a]", "x: y", 1),
    ("agentgateway", AGENTGATEWAY, "issuer: https://idp.example.com", "x: y", 1),
    ("agentgateway", AGENTGATEWAY, "mode: strict", "mode: optional", 1),
    ("agentgateway", AGENTGATEWAY, "mode: strict", "mode: permissive", 1),
    ("agentgateway", AGENTGATEWAY, "mode: strict", "x: y", 1),
    ("agentgateway", AGENTGATEWAY, "insecure: false", "insecure: true", 1),
    ("agentgateway", AGENTGATEWAY, "backendTLS: { insecure: false }", "backendAuth: { passthrough: {} }", 1),
    ("agentgateway", AGENTGATEWAY, "backendTLS: { insecure: false }", "extAuthz: { host: x }", 1),
    (
        "agentgateway",
        AGENTGATEWAY,
        "{ url: \"https://idp.example.com/keys\" }",
        "'{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}]}'",
        1,
    ),
    ("wso2", WSO2, "", "", 0),
    ("wso2", WSO2, "audiences: [api://a]", "userIdClaim: sub", 1),
    ("wso2", WSO2, "            issuer: https://idp.example.com\n", "", 1),
    ("wso2", WSO2, "issuers: [Corp]", "validateIssuer: false", 1),
    ("wso2", WSO2, "issuers: [Corp]", "forwardToken: true", 1),
    ("wso2", WSO2, "issuers: [Corp]", "allowedAlgorithms: [HS256]", 1),
    ("wso2", WSO2, "issuers: [Corp]", "trust_any: true", 1),
    ("wso2", WSO2, "skipTlsVerify: false", "skipTlsVerify: true", 1),
    ("wso2", WSO2, "name: jwt-auth", "name: mtls-auth", 1),
    ("wso2", WSO2, "name: jwt-auth", "executionCondition: x\n      name: jwt-auth", 1),
    ("traefik", TRAEFIK, "", "", 0),
    ("traefik", TRAEFIK, " && Equals(`aud`, `api://a`)", "", 1),
    ("traefik", TRAEFIK, "Equals(`iss`, `https://idp.example.com`) && ", "", 1),
    ("traefik", TRAEFIK, "insecureSkipVerify: false", "insecureSkipVerify: true", 1),
    ("traefik", TRAEFIK, "jwksUrl: https://idp.example.com/keys", "signingSecret: hunter2", 1),
    ("traefik", TRAEFIK, "jwksUrl: https:", "forwardAuthorization: true\n        jwksUrl: https:", 1),
    ("traefik", TRAEFIK, ", middlewares: [tokens]", "", 1),
    ("traefik", TRAEFIK, "middlewares: [tokens]", "middlewares: [absent]", 1),
];

#[test]
fn what_weakens_ends_with_1_and_what_is_stricter_with_0() {
    for (product, source, from, to, exit) in ROWS {
        assert!(source.contains(from), "{product}: the row is about `{from}`");
        let ran = import_text(
            product,
            &if from.is_empty() { (*source).to_owned() } else { source.replacen(from, to, 1) },
        );
        let row = format!("{product}: `{from}` as `{to}`:\n{}{}", ran.err, ran.out);
        assert_eq!(ran.exit, *exit, "{row}");
        assert_eq!(ran.err.contains(": weak: "), *exit == 1, "{row}");
        let check = checked(&ran.out);
        assert_eq!(check.exit, 0, "{row}\n{}", check.err);
    }
}

#[test]
fn scopes_of_wso2_are_any_of_in_v1_and_all_of_in_v0() {
    for (version, word) in [("v1", "any_of"), ("v1.0.1", "any_of"), ("v0.1", "all_of"), ("v0.1.3", "all_of")]
    {
        let source = WSO2
            .replace("version: v1", &format!("version: {version}"))
            .replace("issuers: [Corp]", "requiredScopes: [a, b]\n        issuers: [Corp]");
        let ran = import_text("wso2", &source);
        assert!(ran.out.contains(&format!("{word}:")), "{version}: {}", ran.out);
    }
}

#[test]
fn what_cannot_be_read_ends_with_2_and_says_where() {
    for (product, text, told) in [
        ("envoy", "static_resources:\n\tlisteners: []\n", ":2:2: error[yaml-tab]"),
        ("kong", "services:\n  - name: a\n   url: x\n", ":3:"),
        ("kong", "services: []\nservices: []\n", ":2:1:"),
        ("traefik", "http: { routers: [\n", "source.yaml:"),
        ("agentgateway", "", ":1:1:"),
        ("wso2", "a: 1\n", ":1:1: nothing to import for wso2: expected"),
        ("envoy", "http: {}\n", ":1:1: nothing to import for envoy: expected `static_resources`"),
    ] {
        let ran = import_text(product, text);
        assert_eq!((ran.exit, ran.out.as_str()), (2, ""), "{product}: {text}\n{}", ran.err);
        assert!(ran.err.contains(told), "{product}: {text}\n{}", ran.err);
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    for (args, told) in [
        (
            vec!["import", "--from", "apisix", "a.yaml"],
            "expected one of wso2, envoy, agentgateway, kong, traefik",
        ),
        (vec!["import", "--from", "kong"], "FILE"),
        (vec!["import", "a.yaml"], "--from"),
        (vec!["import", "--from", "kong", "not-there.yaml"], "not-there.yaml"),
    ] {
        let ran = run(&args);
        assert_eq!((ran.exit, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(ran.err.contains(told), "{args:?}: {}", ran.err);
    }
}

#[test]
fn a_text_of_a_source_never_asks_our_environment() {
    let ran = import_text("kong", &KONG.replace("[api://a]", "['api://${HOME}']"));
    assert!(ran.out.contains("api://$${HOME}"), "{}", ran.out);
    assert_eq!(checked(&ran.out).exit, 0);
}
