//! What a document becomes, and what is kept from one snapshot to the next.

use std::time::Duration;

use crate::authn::ForwardToken;
use crate::model::{AgentName, CanonicalPath, ProviderName};
use crate::routing::Authenticator;

use super::super::{Code, Severity, parse};
use super::*;
use crate::config::text::source::Source;

const BASE: &str = r#"
version: 1
server:
  limits: { token_bytes: 8KiB }
identity_providers:
  corp: { issuer: https://idp.example.com, refresh: 5m }
  files: { issuer: files, jwks_file: keys.json }
agents:
  refunds:
    route: { path: /agents/refunds/, host: A.example, strip_path: true }
    upstream: https://refunds.internal/base/
    auth:
      oauth:
        identity_providers: [files, corp]
        audiences: [a]
        claims: { any_of: [{ claim: tenant, values: [acme] }] }
        claim_headers: { sub: X-Caller-Sub }
  all:
    route: /
    upstream: http://refunds.internal:443
    auth: { api_key: {} }
api_keys:
  Yq3Zk81b:
    agent: all
    sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    expires_at: 1970-01-01T00:01:00Z
    revoked_at: 1960-01-01T00:00:00Z
"#;
const KEYS: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

fn document(text: &str) -> Document {
    parse(&[Source::new("/etc/p.yaml", text)], &|_| None).unwrap_or_else(|e| panic!("{e}"))
}

fn files() -> Files {
    Files::from([(PathBuf::from("/etc/keys.json"), Ok(KEYS.as_bytes().to_vec()))])
}

fn compiled(text: &str, previous: Option<&Snapshot>) -> Compiled {
    let metrics = Metrics::new().unwrap();
    compile(&document(text), &files(), previous, &metrics).unwrap_or_else(|e| panic!("{e}"))
}

fn warnings(compiled: &Compiled) -> Vec<Code> {
    compiled.warnings.iter().map(|finding| finding.code).collect()
}

#[test]
fn a_document_becomes_what_a_request_needs() {
    let Compiled { snapshot, warnings } = compiled(BASE, None);
    assert!(warnings.is_empty(), "{warnings}");
    let agent = |host, path: &str| {
        let path = CanonicalPath::parse(path.as_bytes()).unwrap();
        snapshot.router.at(host, &path).map(|agent| agent.name.to_string())
    };
    assert_eq!(agent(Some("a.example"), "/agents/refunds/7").as_deref(), Some("refunds"));
    assert_eq!(agent(Some("b.example"), "/agents/refunds/7").as_deref(), Some("all"));
    assert_eq!(agent(None, "/").as_deref(), Some("all"));

    let refunds = &snapshot.agents[&AgentName::parse("refunds").unwrap()];
    assert_eq!(refunds.upstream.base_path, "/base");
    assert_eq!(refunds.upstream.authority, "refunds.internal");
    assert_eq!(refunds.upstream.tls.as_ref().map(|tls| tls.server_name.as_str()), Some("refunds.internal"));
    assert!(refunds.entry.claim_headers.guards("x_caller_sub"));
    assert_eq!(refunds.entry.rules.claims_any_of.len(), 1);
    let Authenticator::OAuth(policy) = &refunds.authenticator else { panic!("oauth") };
    let names: Vec<_> = policy.providers.iter().map(|p| p.spec().name.as_str()).collect();
    assert_eq!(names, ["files", "corp"], "in the order in which they were written");
    assert_eq!(policy.token_bytes, 8 << 10);
    assert!(policy.issuers.contains("https://idp.example.com"));

    let all = &snapshot.agents[&AgentName::parse("all").unwrap()];
    let Authenticator::ApiKey(policy) = &all.authenticator else { panic!("api key") };
    let key = &policy.keys["Yq3Zk81b"];
    assert_eq!(key.expires_at.map(|at| at.unix()), Some(60));
    assert_eq!(key.revoked_at.map(|at| at.unix()), Some(0));
    assert_eq!(snapshot.endpoints.len(), 1, "one host and port is resolved once");
}

#[test]
fn what_did_not_change_is_kept_and_what_did_is_made_anew() {
    let first = compiled(BASE, None).snapshot;
    let second = compiled(&BASE.replace("refresh: 5m", "refresh: 6m"), Some(&first)).snapshot;
    let same = |name: &str| {
        let name = ProviderName::parse(name).unwrap();
        Arc::ptr_eq(&first.providers[&name], &second.providers[&name])
    };
    assert!(same("files"));
    assert!(!same("corp"));
    let endpoint = ("refunds.internal".to_owned(), 443);
    assert!(Arc::ptr_eq(&first.endpoints[&endpoint], &second.endpoints[&endpoint]));
    assert_ne!(first.revision, second.revision);
    assert_eq!(first.revision, compiled(BASE, Some(&second)).snapshot.revision);
}

#[test]
fn a_change_of_server_waits_for_the_restart_and_is_named_until_then() {
    let first = compiled(BASE, None).snapshot;
    let changed = BASE.replace("token_bytes: 8KiB", "token_bytes: 4KiB");
    let second = compiled(&changed, Some(&first));
    assert_eq!(warnings(&second), [Code::RestartNeeded]);
    assert!(
        second
            .warnings
            .to_string()
            .contains("/etc/p.yaml:3:1: warning[restart-needed]: `server` has changed (limits)")
    );
    let third = compiled(&changed, Some(&second.snapshot));
    assert_eq!(warnings(&third), [Code::RestartNeeded], "the process still runs with the first");
    let Authenticator::OAuth(policy) =
        &third.snapshot.agents[&AgentName::parse("refunds").unwrap()].authenticator
    else {
        panic!("oauth")
    };
    assert_eq!(policy.token_bytes, 8 << 10);
    assert_eq!(warnings(&compiled(BASE, Some(&third.snapshot))), []);
}

#[test]
fn a_file_that_changes_is_another_revision() {
    let metrics = Metrics::new().unwrap();
    let document = document(BASE);
    let one = compile(&document, &files(), None, &metrics).unwrap().snapshot.revision;
    let mut files = files();
    files.insert(PathBuf::from("/etc/keys.json"), Ok(KEYS.replace("OKP\"", "OKP\" ").into_bytes()));
    let two = compile(&document, &files, None, &metrics).unwrap().snapshot.revision;
    assert_ne!(one, two);
    assert_eq!(one.as_str().len(), 64);
}

#[test]
fn without_its_files_nothing_is_compiled() {
    let metrics = Metrics::new().unwrap();
    let document = document(BASE);
    assert_eq!(document.files(), [PathBuf::from("/etc/keys.json")]);
    let findings = compile(&document, &Files::new(), None, &metrics).unwrap_err();
    let found: Vec<_> = findings.iter().map(|f| (f.severity, f.code, f.line)).collect();
    assert_eq!(found, [(Severity::Error, Code::FileUnreadable, 7)]);
}

#[test]
fn defaults_are_those_of_the_contract() {
    let text = "version: 1\nidentity_providers:\n  a: { issuer: https://a.example }\nagents:\n  \
                a: { route: /a, upstream: \"http://127.0.0.1:9000\", auth: { oauth: { identity_providers: [a] } } }\n";
    let snapshot = compiled(text, None).snapshot;
    let server = &snapshot.server;
    assert_eq!(server.listeners[0].address.to_string(), "127.0.0.1:8080");
    assert_eq!(server.ops.address.to_string(), "127.0.0.1:9464");
    assert_eq!((server.workers, server.token_cache.entries), (0, 100_000));
    assert_eq!((server.limits.header_bytes, server.limits.token_bytes), (32 << 10, 16 << 10));
    assert_eq!(server.shutdown.drain, Duration::from_secs(25));
    assert!(server.admin.is_none() && server.state_dir.is_none() && server.trusted_proxies.is_empty());
    let agent = &snapshot.agents[&AgentName::parse("a").unwrap()];
    assert!(agent.websocket && agent.max_body.is_none() && agent.cors.is_none());
    let Authenticator::OAuth(policy) = &agent.authenticator else { panic!("oauth") };
    assert_eq!((policy.header.as_str(), policy.scheme.as_str()), ("authorization", "Bearer"));
    assert_eq!((&policy.forward_token, policy.max_token_lifetime), (&ForwardToken::No, None));
    let spec = policy.providers[0].spec();
    assert_eq!(spec.algorithms.iter().count(), 10);
    assert_eq!((spec.leeway, spec.refresh), (Duration::from_secs(30), Duration::from_secs(600)));
    assert_eq!((spec.max_stale, spec.insecure_http), (Duration::from_secs(86_400), false));
}
