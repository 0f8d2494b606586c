//! `portcullis import` over whole files: `tests/import/cases/PRODUCT_NAME.yaml` (or `.toml`), written for these tests after the shapes
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
        .filter(|name| {
            Path::new(name).extension().is_some_and(|extension| extension == "yaml" || extension == "toml")
        })
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
            .into_iter()
            .chain([("to-be-made.pem", pem.as_str()), ("to-be-made.key", &key)])
    {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    let path = folder.path().join("portcullis.yaml");
    (folder, path)
}

/// The output, as `check` sees it; variables of the environment that it asks for get a default.
fn checked(yaml: &str) -> Ran {
    let (folder, path) = folder();
    let yaml =
        yaml.replace("${PLANNER_KEY}", "${PLANNER_KEY:-x}").replace("${ASKED_HOST}", "${ASKED_HOST:-asked}");
    fs::write(&path, yaml).expect("a file");
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
        let expected = Path::new(env!("CARGO_MANIFEST_DIR")).join(&path).with_extension("expected");
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

#[test]
fn an_issuer_with_a_password_is_not_copied() {
    for (product, source, from) in [
        ("envoy", ENVOY, "issuer: https://idp"),
        ("kong", KONG, "issuer: https://idp"),
        ("agentgateway", AGENTGATEWAY, "issuer: https://idp"),
        ("wso2", WSO2, "issuer: https://idp"),
        ("wso2", WSO2, "issuers: [Corp"),
        ("traefik", TRAEFIK, "Equals(`iss`, `https://idp"),
    ] {
        let to = match from.split_once("https://") {
            Some((before, after)) => format!("{before}https://user:hunter2@{after}"),
            None => "issuers: ['https://user:hunter2@other.example.com'".to_owned(),
        };
        assert!(source.contains(from), "{product}");
        let ran = import_text(product, &source.replacen(from, &to, 1));
        assert!(
            !ran.out.contains("hunter2") && !ran.err.contains("hunter2"),
            "{product}: {}{}",
            ran.err,
            ran.out
        );
        assert!(
            ran.err.contains("an issuer with a password") && ran.out.contains("to-be-written.invalid"),
            "{}",
            ran.err
        );
        assert_eq!(checked(&ran.out).exit, 0, "{product}: {}", ran.out);
    }
}

/// What is told of a text of a product.
fn import_text(product: &str, text: &str) -> Ran {
    import_named(product, "source.yaml", text)
}

fn import_named(product: &str, name: &str, text: &str) -> Ran {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
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
    (
        "envoy",
        ENVOY,
        "- domains: [\"*\"]",
        "- { domains: [\"*\"], routes: [{ match: { prefix: /p }, route: { cluster: a }, typed_per_filter_config: \
         { envoy.filters.http.jwt_authn: { disabled: true } } }] }\n                    - domains: [\"*.example.com\"]",
        1,
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
    ("envoy", ENVOY, "audiences: [api://a]", "audiences: []", 1),
    ("envoy", ENVOY, "forward: false", "subjects: { exact: a }", 1),
    ("envoy", ENVOY, "- match: { prefix: \"/\" }", "- match: { prefix: \"/\", case_sensitive: false }", 1),
    (
        "envoy",
        ENVOY,
        "routes:",
        "routes:\n                        - { match: { safe_regex: { regex: a } }, route: { cluster: a } }",
        1,
    ),
    (
        "envoy",
        ENVOY,
        "routes:",
        "routes:\n                        - { match: { path: /x }, redirect: {} }",
        1,
    ),
    (
        "envoy",
        ENVOY,
        "- name: envoy.filters.http.router",
        "- { name: x, typed_config: { \"@type\": a.v3.Buffer } }",
        1,
    ),
    (
        "envoy",
        ENVOY,
        "- name: a\n",
        "- name: a\n      transport_socket: { name: quic, typed_config: { \"@type\": Other } }\n",
        0,
    ),
    (
        "envoy",
        ENVOY,
        "- filters:",
        "- filter_chain_match: { source_prefix_ranges: [] }\n          filters:",
        1,
    ),
    ("kong", KONG, "audience_required: [api://a]", "audience_required: []", 1),
    ("kong", KONG, "audience_required: [api://a]", "audience_required: [\"api://a api://b\"]", 1),
    ("kong", KONG, "issuer: https://idp", "issuer: http://idp", 1),
    ("kong", KONG, "ssl_verify: true", "claims_forbidden: [x]", 1),
    ("kong", KONG, "ssl_verify: true", "consumer_claim: [sub]", 1),
    ("kong", KONG, "ssl_verify: true", "enable_hs_signatures: true", 1),
    ("kong", KONG, "ssl_verify: true", "ssl_verify: no", 1),
    ("kong", KONG, "ssl_verify: true", "cache_ttl: 5", 0),
    ("kong", KONG, "ssl_verify: true", "groups_required: [a b, c]", 0),
    ("kong", KONG, "ssl_verify: true", "groups_required: [\"a*\"]", 1),
    ("kong", KONG, "paths: [/a/]", "paths: [\"~/a\", /b/]", 1),
    ("kong", KONG, "paths: [/a/]", "expression: a", 1),
    ("kong", KONG, "name: openid-connect", "name: pre-function", 1),
    ("kong", KONG, "https://a.internal", "https://user:hunter2@a.internal", 0),
    ("agentgateway", AGENTGATEWAY, "jwtAuth:\n                mode: strict", "mcpAuthentication:", 0),
    (
        "agentgateway",
        AGENTGATEWAY,
        "jwtAuth:\n                mode: strict",
        "mcpAuthentication:\n                mode: optional",
        1,
    ),
    (
        "agentgateway",
        AGENTGATEWAY,
        "backendTLS: { insecure: false }",
        "authorization: { rules: [{ allow: 'jwt.sub == \"a\"' }] }",
        0,
    ),
    (
        "agentgateway",
        AGENTGATEWAY,
        "backendTLS: { insecure: false }",
        "authorization: { rules: [{ deny: 'jwt.sub == \"a\"' }] }",
        1,
    ),
    ("agentgateway", AGENTGATEWAY, "backendTLS: { insecure: false }", "mcpAuthorization: { rules: [] }", 1),
    ("agentgateway", AGENTGATEWAY, "- routes:", "- policies: { basicAuth: {} }\n        routes:", 1),
    ("agentgateway", AGENTGATEWAY, "binds:", "policies: [{ name: a }]\nbinds:", 1),
    ("agentgateway", AGENTGATEWAY, "matches: [{ path", "matches: [{ path: { regex: b } }, { path", 1),
    ("agentgateway", AGENTGATEWAY, "https://idp.example.com/keys", "http://localhost:9000/keys", 0),
    ("wso2", WSO2, "issuers: [Corp]", "claims: { allOf: [{ claim: a, values: ['b*'] }] }", 1),
    ("wso2", WSO2, "issuers: [Corp]", "scopes: { allOf: [a], anyOf: [b] }", 0),
    ("wso2", WSO2, "issuers: [Corp]", "forwardToken: false", 0),
    ("wso2", WSO2, "issuers: [Corp]", "somethingNew: x", 1),
    ("wso2", WSO2, "path: \"/*\"", "path: \"/{a}\"", 0),
    ("traefik", TRAEFIK, "PathPrefix(`/a/`)", "PathPrefix(`/a/`) && Header(`x`, `y`)", 1),
    ("traefik", TRAEFIK, "api://a`)", "api://a`) && Equals(`group`, `x`)", 0),
    ("traefik", TRAEFIK, "api://a`)", "api://a`) && Prefix(`group`, `x`)", 1),
    ("traefik", TRAEFIK, "a: { rule", "a: { priority: 5, rule", 0),
    ("traefik", TRAEFIK, "insecureSkipVerify: false", "peerCertURI: spiffe://a", 1),
    ("traefik", TRAEFIK, "https://idp.example.com/keys", "https://user:hunter2@idp.example.com/keys", 0),
    ("traefik", TRAEFIK, "\nhttp:", "\nentryPoints: { web: { http: { middlewares: [x] } } }\nhttp:", 1),
    ("kong", KONG, "plugins:", "plugins:\n          - { name: rate-limiting, config: { minute: 5 } }", 0),
    (
        "kong",
        KONG,
        "plugins:",
        "plugins:\n          - { name: rate-limiting, config: { minute: 5, policy: redis } }",
        1,
    ),
    (
        "kong",
        KONG,
        "plugins:",
        "plugins:\n          - { name: rate-limiting, config: { minute: 5, limit_by: header } }",
        1,
    ),
    ("kong", KONG, "plugins:", "plugins:\n          - { name: rate-limiting, config: { minute: 0 } }", 1),
    ("kong", KONG, "plugins:", "plugins:\n          - { name: rate-limiting, config: { fortnight: 5 } }", 1),
    ("kong", KONG, "plugins:", "plugins:\n          - { name: cors, config: { origins: [\"*\"] } }", 0),
    ("kong", KONG, "plugins:", "plugins:\n          - { name: cors, config: { credentials: true } }", 1),
    (
        "envoy",
        ENVOY,
        "- name: envoy.filters.http.router",
        "- { name: x, typed_config: { \"@type\": a.v3.LocalRateLimit, token_bucket: { max_tokens: 5, fill_interval: 1s }, \
         filter_enabled: { default_value: { numerator: 100 } }, filter_enforced: { default_value: { numerator: 100 } } } }",
        0,
    ),
    (
        "envoy",
        ENVOY,
        "- name: envoy.filters.http.router",
        "- { name: x, typed_config: { \"@type\": a.v3.LocalRateLimit, token_bucket: { max_tokens: 5, fill_interval: 1s }, \
         filter_enabled: { default_value: { numerator: 100 } }, descriptors: [{ entries: [] }] } }",
        1,
    ),
    (
        "envoy",
        ENVOY,
        "- name: envoy.filters.http.router",
        "- { name: x, typed_config: { \"@type\": a.v3.LocalRateLimit, token_bucket: { max_tokens: 5, fill_interval: 1us }, \
         filter_enabled: { default_value: { numerator: 100 } } } }",
        1,
    ),
    (
        "agentgateway",
        AGENTGATEWAY,
        "backendTLS: { insecure: false }",
        "localRateLimit: [{ maxTokens: 5, tokensPerFill: 5, fillInterval: 1s }]",
        0,
    ),
    (
        "agentgateway",
        AGENTGATEWAY,
        "backendTLS: { insecure: false }",
        "localRateLimit: [{ maxTokens: 5, tokensPerFill: 5, fillInterval: 1s, type: tokens }]",
        1,
    ),
    ("agentgateway", AGENTGATEWAY, "backendTLS: { insecure: false }", "cors: { allowOrigins: [\"*\"] }", 0),
    (
        "agentgateway",
        AGENTGATEWAY,
        "backendTLS: { insecure: false }",
        "cors: { allowOrigins: [\"*\"], allowCredentials: true }",
        1,
    ),
    (
        "wso2",
        WSO2,
        "  operations:",
        "    - { name: basic-ratelimit, version: v1, params: { limits: [{ requests: 5, duration: 1m }] } }\n  operations:",
        0,
    ),
    (
        "wso2",
        WSO2,
        "  operations:",
        "    - { name: advanced-ratelimit, params: { quotas: [{ limits: [{ limit: 5, duration: 1m }], keyExtraction: [{ type: header }] }] } }\n  operations:",
        1,
    ),
    (
        "wso2",
        WSO2,
        "  operations:",
        "    - { name: cors, params: { allowedOrigins: [\"*\"], allowCredentials: true } }\n  operations:",
        0,
    ),
    ("traefik", TRAEFIK, "      jwt:", "      rateLimit: { average: 5 }\n      jwt:", 0),
    (
        "traefik",
        TRAEFIK,
        "      jwt:",
        "      rateLimit: { average: 5, redis: { endpoints: [a] } }\n      jwt:",
        1,
    ),
    (
        "traefik",
        TRAEFIK,
        "      jwt:",
        "      rateLimit: { average: 5, sourceCriterion: { requestHeaderName: x } }\n      jwt:",
        1,
    ),
    ("traefik", TRAEFIK, "      jwt:", "      inFlightReq: { amount: 5 }\n      jwt:", 0),
    ("traefik", TRAEFIK, "      jwt:", "      headers: { allowedHosts: [a] }\n      jwt:", 1),
    ("kong", KONG, "ssl_verify: true", "auth_methods: [session]", 1),
    ("kong", KONG, "ssl_verify: true", "auth_methods: [session, bearer]", 0),
    ("wso2", WSO2, "issuers: [Corp]", "allowedAlgorithms: [RS256, ES256]", 0),
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
        assert!(!row.replace(to, "").contains("hunter2"), "{row}");
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
        ("kong", "a: &a { plugins: [] }\nservices: [{ <<: *a }]\n", ":2:14: error[yaml-tag]"),
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
fn toml_is_read_by_the_name_of_its_file_and_told_by_line_and_column() {
    let toml = "[http.routers.a]\nrule = \"Path(`/a`)\"\nservice = \"a\"\n[http.services.a.loadBalancer]\nservers = [{ url = \"http://a.internal\" }]\n";
    let ran = import_named("traefik", "source.TOML", toml);
    assert!(ran.exit == 1 && ran.out.contains("url: http://a.internal"), "{}{}", ran.err, ran.out);
    assert_eq!(import_named("traefik", "source.yaml", toml).exit, 2, "as YAML it is none");
    for (text, told) in [
        ("[http\n", "source.toml:1:"),
        ("a = 1\n  b = \"hunter2\n", "source.toml:2:"),
        ("[http.routers.a]\nrule = 1\nrule = 2\n", "source.toml:3:1: error[toml-syntax]"),
        ("a = 1\n", ":1:1: nothing to import for traefik: expected"),
        ("# nothing\n", ":1:1: nothing to import for traefik: expected"),
    ] {
        let ran = import_named("traefik", "source.toml", text);
        assert_eq!((ran.exit, ran.out.as_str()), (2, ""), "{text}\n{}", ran.err);
        assert!(ran.err.contains(told) && !ran.err.contains("hunter2"), "{text}\n{}", ran.err);
    }
}

#[test]
fn a_limit_is_no_laxer_than_that_of_the_source() {
    let limit = |product: &str, source: &str, from: &str, to: &str| {
        assert!(source.contains(from), "{product}");
        import_text(product, &source.replacen(from, to, 1))
    };
    let kong = |terms: &str| {
        let plugin = format!("plugins:\n          - {{ name: rate-limiting, config: {{ {terms} }} }}");
        limit("kong", KONG, "plugins:", &plugin)
    };
    let traefik = |terms: &str| {
        limit("traefik", TRAEFIK, "      jwt:", &format!("      rateLimit: {{ {terms} }}\n      jwt:"))
    };
    for (ran, wanted) in [
        (kong("minute: 60"), vec!["per: principal", "rate: 60/1m"]),
        (kong("month: 31"), vec!["rate: 31/31d"]),
        (kong("year: 366, limit_by: ip"), vec!["per: address", "rate: 31/31d", "burst: 366"]),
        (
            kong("second: 2000, hour: 9000000, limit_by: service"),
            vec!["per: agent", "rate: 2000/1s", "rate: 1000000/6m40s"],
        ),
        (traefik("average: 6, period: 1m"), vec!["per: address", "rate: 6/1m", "burst: 1"]),
        (traefik("average: 1, period: 500ms, burst: 2"), vec!["rate: 2/1s"]),
        (traefik("average: 3, period: 2, burst: 9"), vec!["rate: 3/2s", "burst: 9"]),
    ] {
        for line in wanted {
            assert!(ran.out.contains(&format!("{line}\n")), "{line}\n{}{}", ran.err, ran.out);
        }
        assert_eq!(checked(&ran.out).exit, 0, "{}", ran.out);
    }
    let none = traefik("average: 0, burst: 5");
    assert!(none.exit == 0 && !none.out.contains("limits"), "{}{}", none.err, none.out);
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

#[test]
fn where_something_may_ask_and_cannot_be_read_nobody_gets_in() {
    let without_jwt = |source: &str, from: &str, to: &str| {
        assert!(source.contains(from), "{source}");
        source.replacen(from, to, 1)
    };
    for (product, source) in [
        ("envoy", without_jwt(ENVOY, "envoy.filters.http.jwt_authn", "envoy.filters.http.ext_authz")),
        ("kong", without_jwt(KONG, "name: openid-connect", "name: ldap-auth")),
        ("kong", without_jwt(KONG, "name: openid-connect", "name: request-termination")),
        (
            "agentgateway",
            without_jwt(AGENTGATEWAY, "jwtAuth:", "cors:").replacen(
                "binds:",
                "policies: [{ jwtAuth: {} }]\nbinds:",
                1,
            ),
        ),
        ("agentgateway", without_jwt(AGENTGATEWAY, "jwtAuth:", "extAuthz:")),
        ("wso2", without_jwt(WSO2, "name: jwt-auth", "name: mtls-auth")),
        ("traefik", without_jwt(TRAEFIK, "      jwt:", "      oidc:")),
        ("traefik", without_jwt(TRAEFIK, "[tokens]", "[elsewhere@docker]")),
        ("traefik", without_jwt(TRAEFIK, "[tokens]", "[tokens@docker]")),
        (
            "envoy",
            without_jwt(
                ENVOY,
                "- name: envoy.filters.http.jwt_authn",
                "- name: envoy.filters.http.jwt_authn\n                  - name: x",
            ),
        ),
    ] {
        let ran = import_text(product, &source);
        assert_eq!(ran.exit, 1, "{product}: {}", ran.err);
        assert!(ran.out.contains("api_key: {}") && !ran.out.contains("public"), "{product}: {}", ran.out);
        assert_eq!(checked(&ran.out).exit, 0, "{product}");
    }
}

/// A second way in beside that of a source, which asks for more: what of the source stands before it, what is written there,
/// and whether requests that asked for more come to one that asks for less.
#[test]
fn requests_that_go_to_an_agent_that_asks_for_something_else_are_weak() {
    const ADMIN: &str = "plugins: [{ name: openid-connect, config: { issuer: https://idp.example.com, audience_required: [admin], \
                         ssl_verify: true } }]";
    let kong = |route: &str| KONG.replacen("routes:", &format!("routes:\n      - {{ {route}, {ADMIN} }}"), 1);
    let traefik = |router: &str, own: &str| {
        let admin = TRAEFIK[TRAEFIK.find("    tokens:").expect("a middleware")
            ..TRAEFIK.find("  services:").expect("services")]
            .replace("tokens:", "admin:")
            .replace("api://a", "admin");
        TRAEFIK
            .replacen("PathPrefix(`/a/`)", own, 1)
            .replacen(
                "  routers:",
                &format!("  routers:\n    b: {{ rule: \"{router}\", service: a, middlewares: [admin] }}"),
                1,
            )
            .replacen("  middlewares:", &format!("  middlewares:\n{}", admin.trim_end()), 1)
    };
    let envoy = |matching: &str| {
        let route = format!(
            "routes:\n                        - match: {matching}\n                          route: {{ cluster: a }}\n                          \
             typed_per_filter_config: {{ envoy.filters.http.jwt_authn: {{ requirement_name: admin }} }}"
        );
        let named = "requirement_map: { admin: { provider_and_audiences: { provider_name: corp, audiences: [admin] } } }\n                      rules:";
        ENVOY
            .replacen("{ match: { prefix: \"/\" }", "{ match: { prefix: \"/x/\" }", 1)
            .replacen("routes:", &route, 1)
            .replacen("rules:", named, 1)
    };
    let wso2 = |path: &str| {
        let policy = |audience: &str| {
            format!(
                "policies: [{{ name: jwt-auth, version: v1, params: {{ issuers: ['https://idp.example.com'], audiences: [{audience}] }} }}]"
            )
        };
        format!(
            "kind: RestApi\nspec:\n  context: /a\n  upstream: {{ main: {{ url: \"http://a.internal\" }} }}\n  operations:\n  \
             - {{ method: GET, path: \"/*\", {} }}\n  - {{ method: GET, path: \"{path}\", {} }}\n",
            policy("admin"),
            policy("user")
        )
    };
    let post = r#"headers: [{ name: ":method", exact_match: POST }]"#;
    for (product, source, is_weak) in [
        // Kong takes the route that asks for more things, here the longer path wins.
        ("kong", kong("paths: [/], methods: [POST]"), true),
        ("kong", kong("paths: [/]"), false),
        ("kong", kong("paths: [/a/b/], methods: [POST]"), false),
        ("kong", kong("paths: [/], hosts: [\"*.example.com\"]"), true),
        ("kong", kong("paths: [/], hosts: [a.example.com]"), false),
        // A path that ends in the middle of a segment.
        (
            "kong",
            KONG.replacen("paths: [/a/]", "paths: [/b/]", 1).replacen(
                "routes:",
                &format!("routes:\n      - {{ paths: [/b/c], {ADMIN} }}"),
                1,
            ),
            true,
        ),
        // Traefik takes the longer rule.
        ("traefik", traefik("PathPrefix(`/a/`) || PathPrefix(`/something/`)", "PathPrefix(`/a/b/`)"), true),
        ("traefik", traefik("PathPrefix(`/a/`)", "PathPrefix(`/a/b/`)"), false),
        ("traefik", traefik("PathPrefix(`/long/long/long/`)", "Host(`a.example`)"), true),
        // A path alone becomes a prefix.
        ("traefik", traefik("PathPrefix(`/a/`)", "Path(`/a/b/c`)"), true),
        ("traefik", traefik("PathPrefix(`/b/`)", "Path(`/a/b/c`)"), false),
        // Envoy takes the first.
        ("envoy", envoy(&format!("{{ prefix: \"/\", {post} }}")), true),
        ("envoy", envoy(&format!("{{ path: \"/y\", {post} }}")), false),
        ("wso2", wso2("/b"), true),
        ("wso2", wso2("/b/*"), false),
    ] {
        let ran = import_text(product, &source);
        let row = format!("{product}:\n{source}\n{}{}", ran.err, ran.out);
        assert_eq!(ran.exit, u8::from(is_weak), "{row}");
        assert_eq!(checked(&ran.out).exit, 0, "{row}");
    }
}

#[test]
fn algorithms_that_wso2_allows_are_those_of_the_provider() {
    let allowed = |source: &str, list: &str| {
        source.replacen(
            "issuers: [Corp]",
            &format!("issuers: [Corp]\n        allowedAlgorithms: [{list}]"),
            1,
        )
    };
    let one = import_text("wso2", &allowed(WSO2, "RS256, ES256"));
    assert!(one.out.contains("algorithms:\n    - RS256\n    - ES256\n"), "{}", one.out);
    let with = |list: &str| {
        let other = allowed(WSO2, list).replace("context: /a", "context: /b");
        import_text("wso2", &format!("{}---{other}", allowed(WSO2, "RS256, ES256")))
    };
    let shared = with("ES256, PS256");
    assert!(
        shared.exit == 0 && shared.out.contains("algorithms:\n    - ES256\n"),
        "{}{}",
        shared.err,
        shared.out
    );
    let none = with("PS256");
    assert!(none.exit == 1 && none.err.contains("allows none of them"), "{}", none.err);
    for ran in [one, shared, none] {
        assert_eq!(checked(&ran.out).exit, 0, "{}", ran.out);
    }
}

#[test]
fn what_is_off_in_wso2_is_not_here() {
    let other = WSO2.replace("context: /a", "context: /b\n  deploymentState: undeployed");
    let ran = import_text("wso2", &format!("{WSO2}---{other}"));
    assert!(
        ran.exit == 0 && ran.out.contains("path: /a") && !ran.out.contains("path: /b"),
        "{}{}",
        ran.err,
        ran.out
    );
}

#[test]
fn an_exception_of_wso2_never_opens_more_than_the_tool_of_that_name() {
    let list = "    - { name: mcp-acl-list, version: v0, params: { tools: { mode: deny, exceptions: [read, 'write*'] } } }\n  operations:";
    let source = WSO2
        .replace("kind: RestApi", "kind: Mcp")
        .replace("  operations:", list)
        .replace("[{ method: GET, path: \"/*\" }]", "[]");
    let ran = import_text("wso2", &source);
    assert!(ran.out.contains("read: allow") && !ran.out.contains("write"), "{}{}", ran.err, ran.out);
    assert_eq!(checked(&ran.out).exit, 0, "{}", ran.out);
}

#[test]
fn a_file_of_another_product_is_no_empty_configuration() {
    let sources = [
        ("envoy", ENVOY),
        ("kong", KONG),
        ("agentgateway", AGENTGATEWAY),
        ("wso2", WSO2),
        ("traefik", TRAEFIK),
    ];
    for (of, source) in sources {
        for (product, _) in sources.iter().filter(|(product, _)| *product != of) {
            let ran = import_text(product, source);
            assert_eq!((ran.exit, ran.out.as_str()), (2, ""), "{of} as {product}: {}", ran.err);
            assert!(ran.err.contains(&format!("nothing to import for {product}")), "{of}: {}", ran.err);
        }
    }
}

/// Ends, in time and without a panic, and tells with 2 what is no text or too much of it.
#[test]
fn hostile_files_are_refused_or_read_within_bounds() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| -> String {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("a file");
        path.to_string_lossy().into_owned()
    };
    let bomb: String = (1..9)
        .map(|n| format!("a{n}: &a{n} [{}]\n", format!("*a{},", n - 1).repeat(9)))
        .fold("a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned(), |all, line| all + &line);
    let chains: String = (0..8)
        .map(|n| {
            format!("    m{n}: {{ chain: {{ middlewares: [{}] }} }}\n", format!("m{},", n + 1).repeat(50))
        })
        .collect();
    let chained = TRAEFIK
        .replace("[tokens]", "[m0]")
        .replace("  middlewares:\n", &format!("  middlewares:\n{chains}    m8: {{ retry: {{}} }}\n"));
    for (name, product, bytes, exit) in [
        ("bomb.yaml", "kong", bomb.as_bytes(), 2),
        ("deep.yaml", "envoy", "[".repeat(100_000).as_bytes(), 2),
        ("large.yaml", "kong", "# x\n".repeat(3 << 20).as_bytes(), 2),
        ("many.yaml", "wso2", "---\na: 1\n".repeat(1001).as_bytes(), 2),
        ("latin.yaml", "traefik", b"a: \xe4\n".as_slice(), 2),
        ("tag.yaml", "kong", b"services: !x []\n".as_slice(), 2),
        ("twice.json", "kong", br#"{"services": [], "services": []}"#.as_slice(), 2),
        ("chains.yaml", "traefik", chained.as_bytes(), 1),
        ("marked.yaml", "kong", format!("\u{feff}{KONG}").as_bytes(), 0),
        ("lines.yaml", "kong", KONG.replace('\n', "\r\n").as_bytes(), 0),
        ("several.yaml", "wso2", format!("%YAML 1.2\n---{WSO2}---\n# none\n...\n").as_bytes(), 0),
        ("numbers.yaml", "kong", KONG.replace("name: a", "name: 5").as_bytes(), 0),
    ] {
        let path = write(name, bytes);
        let ran = run(&["import", "--from", product, &path]);
        assert_eq!(ran.exit, exit, "{name}: {}", ran.err.chars().take(2000).collect::<String>());
        if exit == 2 {
            assert!(ran.out.is_empty() && ran.err.starts_with(&format!("{path}:")), "{name}: {}", ran.err);
        } else {
            assert_eq!(checked(&ran.out).exit, 0, "{name}: {}", ran.out);
        }
    }
}

#[test]
fn what_a_source_calls_its_things_has_no_effect_on_a_terminal_and_no_two_have_one_name() {
    let routes: String = ["\"a b\"", "a_b", "\"a\\u001b[31mb\"", "\"\\u30c4\"", "any", "ANY"]
        .iter()
        .enumerate()
        .map(|(n, name)| format!("      - {{ name: {name}, paths: [/x{n}], \"o\\u0007dd\": 1 }}\n"))
        .collect();
    let ran = import_text(
        "kong",
        &format!("services:\n  - name: s\n    url: http://a.internal\n    routes:\n{routes}"),
    );
    assert!(!ran.err.chars().chain(ran.out.chars()).any(|c| c.is_control() && c != '\n'), "{:?}", ran.err);
    for name in ["a-b:", "a-b-2:", "a-31mb:", "imported:", "imported-2:", "imported-3:"] {
        assert!(ran.out.contains(&format!("\n  {name}\n")), "{name}: {}", ran.out);
    }
    assert_eq!(checked(&ran.out).exit, 0, "{}", ran.out);
}
