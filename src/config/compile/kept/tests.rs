//! What a change makes new, what it leaves alone, and that what is left alone is what would be made.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;

use crate::model::ResourceId;
use crate::telemetry::Metrics;

use super::super::super::{Diagnostics, Files, Snapshot, Source, compile, parse_after};

const KEYS: [&str; 2] = [
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"b","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
];
const OAUTH: &str = "auth: { oauth: { identity_providers: [P], audiences: [x] } }\n";

/// Everything that a snapshot is made of.
#[derive(Clone)]
struct World {
    document: String,
    resources: BTreeMap<ResourceId, String>,
    env: BTreeMap<&'static str, &'static str>,
    files: Files,
}

fn id(text: &str) -> ResourceId {
    ResourceId::parse(text).unwrap()
}

fn certificate() -> Vec<u8> {
    rcgen::generate_simple_self_signed(vec!["agents.internal".to_owned()]).unwrap().cert.pem().into_bytes()
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            document: "version: 1\n".to_owned(),
            resources: BTreeMap::new(),
            env: BTreeMap::from([("UP", "http://127.0.0.1:9000"), ("OTHER", "x")]),
            files: Files::from([
                (PathBuf::from("/c/upstream.pem"), Ok(certificate())),
                (PathBuf::from("/c/idp.pem"), Ok(certificate())),
                (PathBuf::from("/c/keys.json"), Ok(KEYS[0].as_bytes().to_vec())),
            ]),
        };
        for (name, text) in [
            ("identity_providers/corp", "issuer: https://corp.example\nca_file: /c/idp.pem\n"),
            ("identity_providers/files", "issuer: files\njwks_file: /c/keys.json\n"),
            ("agents/b-corp", &agent("b-corp", &OAUTH.replace('P', "corp"))),
            ("agents/c-files", &agent("c-files", &OAUTH.replace('P', "files"))),
            ("agents/d-both", &agent("d-both", &OAUTH.replace('P', "files, corp"))),
            ("agents/e-key", &agent("e-key", "auth: { api_key: {} }\n")),
            ("agents/f-key", &agent("f-key", "auth: { api_key: {} }\n")),
            ("agents/g-public", &agent("g-public", "auth: public\n")),
            ("agents/h-env", "route: /h\nupstream: \"${UP}\"\nauth: public\n"),
            (
                "agents/i-trust",
                "route: /i\nupstream: { url: \"https://agents.internal\", ca_file: /c/upstream.pem }\nauth: public\n",
            ),
            ("api_keys/00000001", &api_key("e-key", 1, "")),
            ("api_keys/00000002", &api_key("f-key", 2, "")),
        ] {
            world.put(name, text);
        }
        world
    }

    fn put(&mut self, name: &str, text: &str) {
        self.resources.insert(id(name), text.to_owned());
    }

    fn file(&mut self, name: &str, bytes: &[u8]) {
        self.files.insert(PathBuf::from(name), Ok(bytes.to_vec()));
    }

    fn env(&mut self, name: &'static str, value: &'static str) {
        self.env.insert(name, value);
    }

    fn sources(&self) -> Vec<Source> {
        let path = |id: &ResourceId| format!("/c/store/{id}.yaml");
        let resources =
            self.resources.iter().map(|(id, text)| Source::of(id.clone(), path(id), text.as_str()));
        std::iter::once(Source::new("/c/p.yaml", self.document.as_str())).chain(resources).collect()
    }

    fn compiled(&self, previous: Option<&Snapshot>, metrics: &Metrics) -> Result<Snapshot, Diagnostics> {
        let env = |name: &str| self.env.get(name).map(|value| (*value).to_owned());
        let document = parse_after(previous, &[], &self.sources(), &env)?;
        let named = document.files();
        let files = self.files.iter().filter(|(path, _)| named.contains(path));
        let files = files.map(|(path, held)| (path.clone(), held.clone())).collect();
        Ok(compile(&document, &files, previous, metrics)?.snapshot)
    }
}

fn agent(name: &str, auth: &str) -> String {
    format!("route: /{name}\nupstream: http://127.0.0.1:9000\n{auth}")
}

fn api_key(agent: &str, hash: u32, more: &str) -> String {
    format!("agent: {agent}\nsha256: \"{hash:064x}\"\n{more}")
}

type Change = fn(&mut World);

/// A change, and the agents that are made anew for it: those that are made of what changed, and no others.
const CHANGES: &[(&str, Change, &[&str])] = &[
    ("nothing", |_| {}, &[]),
    (
        "its own text",
        |w| w.put("agents/g-public", "route: /g\nupstream: http://a:1\nauth: public\n"),
        &["g-public"],
    ),
    ("its auth", |w| w.put("agents/g-public", &agent("g-public", "auth: { api_key: {} }\n")), &["g-public"]),
    (
        "a comment beside it",
        |w| w.put("agents/g-public", &agent("g-public", "auth: public # on purpose\n")),
        &[],
    ),
    (
        "where it stands in its file",
        |w| w.put("agents/g-public", &format!("\n\n{}", agent("g-public", "auth: public\n"))),
        &[],
    ),
    ("another agent before all", |w| w.put("agents/a", &agent("a", "auth: public\n")), &["a"]),
    ("another agent goes", |w| drop(w.resources.remove(&id("agents/b-corp"))), &[]),
    (
        "a setting of its provider",
        |w| {
            w.put(
                "identity_providers/corp",
                "issuer: https://corp.example\nca_file: /c/idp.pem\nleeway: 1s\n",
            )
        },
        &["b-corp", "d-both"],
    ),
    (
        "the certificates that its provider trusts",
        |w| w.file("/c/idp.pem", &certificate()),
        &["b-corp", "d-both"],
    ),
    // They are the provider's affair: it reads them again.
    ("the keys in its provider's file", |w| w.file("/c/keys.json", KEYS[1].as_bytes()), &[]),
    (
        "the issuers that are known",
        |w| w.put("identity_providers/new", "issuer: https://new.example\n"),
        &["b-corp", "c-files", "d-both"],
    ),
    ("the certificates that it trusts", |w| w.file("/c/upstream.pem", &certificate()), &["i-trust"]),
    ("a variable that it names", |w| w.env("UP", "http://127.0.0.1:9001"), &["h-env"]),
    ("a variable that nobody names", |w| w.env("OTHER", "y"), &[]),
    ("the hash of its key", |w| w.put("api_keys/00000001", &api_key("e-key", 3, "")), &["e-key"]),
    (
        "when its key expires",
        |w| w.put("api_keys/00000001", &api_key("e-key", 1, "expires_at: 2030-01-01T00:00:00Z\n")),
        &["e-key"],
    ),
    (
        "that its key is revoked",
        |w| w.put("api_keys/00000001", &api_key("e-key", 1, "revoked_at: 2020-01-01T00:00:00Z\n")),
        &["e-key"],
    ),
    (
        "the name of its key's owner",
        |w| w.put("api_keys/00000001", &api_key("e-key", 1, "name: somebody\n")),
        &[],
    ),
    ("one key more", |w| w.put("api_keys/00000003", &api_key("f-key", 3, "")), &["f-key"]),
    ("its key goes", |w| drop(w.resources.remove(&id("api_keys/00000002"))), &["f-key"]),
    ("its key moves", |w| w.put("api_keys/00000001", &api_key("f-key", 1, "")), &["e-key", "f-key"]),
    // These take effect on restart.
    ("the limits", |w| w.document.push_str("server: { limits: { token_bytes: 1KiB } }\n"), &[]),
    (
        "an agent in a document",
        |w| w.document.push_str("agents: { z: { route: /z, upstream: \"http://a:1\", auth: public } }\n"),
        &["z"],
    ),
];

#[test]
fn an_agent_is_made_anew_for_what_it_is_made_of_and_stays_the_very_same_for_all_else() {
    let world = World::new();
    for (what, change, wanted) in CHANGES {
        let metrics = Metrics::new().unwrap();
        let before = world.compiled(None, &metrics).unwrap();
        let mut after = world.clone();
        change(&mut after);
        let after = after.compiled(Some(&before), &metrics).unwrap_or_else(|e| panic!("{what}: {e}"));
        let is_new = |name, agent| before.agents.get(name).is_none_or(|before| !Arc::ptr_eq(before, agent));
        let new: Vec<&str> = after
            .agents
            .iter()
            .filter(|(name, agent)| is_new(*name, *agent))
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(new, *wanted, "{what}");
        for (name, agent) in &after.agents {
            let found = after
                .router
                .at(None, &crate::model::CanonicalPath::parse(agent.route.path.as_bytes()).unwrap());
            assert!(
                found.is_some_and(|found| Arc::ptr_eq(found, agent)),
                "{what}: requests reach another {name}"
            );
        }
    }
    eprintln!("{} changes, each with {} agents", CHANGES.len(), world.resources.len() - 4);
}

#[test]
fn the_same_holds_for_agents_that_share_one_document() {
    let text = |n: u32| {
        format!(
            "version: 1\nagents:\n  a: {{ route: /a, upstream: \"http://a:{n}\", auth: public }}\n  \
             b: {{ route: /b, upstream: \"http://b:1\", auth: public }}\n"
        )
    };
    let metrics = Metrics::new().unwrap();
    let world = |n| World { document: text(n), resources: BTreeMap::new(), ..World::new() };
    let before = world(1).compiled(None, &metrics).unwrap();
    let after = world(2).compiled(Some(&before), &metrics).unwrap();
    let same: Vec<bool> =
        after.agents.iter().map(|(name, agent)| Arc::ptr_eq(agent, &before.agents[name])).collect();
    assert_eq!(same, [false, true]);
}

#[test]
fn what_was_counted_before_a_change_is_counted_on() {
    use crate::model::{AuthMethod, Decision, Reason};
    let metrics = Metrics::new().unwrap();
    let mut world = World::new();
    let mut live = world.compiled(None, &metrics).unwrap();
    for auth in [
        "auth: public # 1\n",
        "auth: public\nwebsocket: false\n",
        "auth: { api_key: {} }\n",
        "auth: public\n",
    ] {
        world.put("agents/g-public", &agent("g-public", auth));
        live = world.compiled(Some(&live), &metrics).unwrap();
        let agent = live.agents.values().find(|agent| agent.name.as_str() == "g-public").unwrap();
        agent.metrics.decided(None, agent.method(), Decision::Allow, Reason::Ok);
    }
    let text = metrics.render();
    for (method, count) in [(AuthMethod::Public, 3), (AuthMethod::ApiKey, 1)] {
        let line = format!(
            r#"portcullis_auth_decisions_total{{agent="g-public",decision="allow",method="{}",operation="none",provider="_",reason="ok"}} {count}"#,
            method.as_str()
        );
        assert!(text.contains(&line), "{line}\n{text}");
    }
}

/// Texts that a resource may get: good ones, with and without warnings, and bad ones.
const AGENTS: &[&str] = &[
    "route: /NAME\nupstream: http://127.0.0.1:9000\nauth: public\n",
    "# moved\n\nroute: /NAME\nupstream: http://127.0.0.1:9000\nauth: public\n",
    "route: /shared\nupstream: http://127.0.0.1:9001\nauth: { api_key: {} }\n",
    "route: { path: /NAME, host: a.example }\nupstream: { url: \"${UP}\" }\nauth: { api_key: {} }\n",
    "route: /NAME\nupstream: http://127.0.0.1:9002\nauth: { oauth: { identity_providers: [p0] } }\n",
    "route: /NAME\nupstream: http://127.0.0.1:9002\nauth: { oauth: { identity_providers: [p1, p0], audiences: [x] } }\n",
    "route: /NAME\nupstream: { url: \"https://a.internal\", ca_file: /c/upstream.pem }\nauth: public\n",
    "route: nowhere\nupstream: http://127.0.0.1:9000\nauth: public\n",
    "route: [",
];
const PROVIDERS: &[&str] = &[
    "issuer: https://NAME.example\n",
    "issuer: https://NAME.example\nrefresh: 5s\n",
    "issuer: https://shared.example\n",
    "issuer: \"${OTHER}NAME\"\njwks_file: /c/keys.json\n",
    "issuer: https://NAME.example\nca_file: /c/idp.pem\n",
];
const API_KEYS: &[&str] = &[
    "agent: a0\nsha256: \"HASH\"\n",
    "agent: a1\nsha256: \"HASH\"\nexpires_at: 2030-01-01T00:00:00Z\n",
    "agent: a2\nsha256: \"0000000000000000000000000000000000000000000000000000000000000001\"\n",
    "agent: nobody\nsha256: \"HASH\"\n",
];

/// One edit: which resource, and which of its texts; past the last, it is removed. Or something around them.
#[derive(Debug, Clone)]
enum Edit {
    Agent(usize, usize),
    Provider(usize, usize),
    ApiKey(usize, usize),
    Env(bool),
    File(usize),
    Document(bool),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        6 => (0..6_usize, 0..AGENTS.len() + 2).prop_map(|(name, text)| Edit::Agent(name, text)),
        2 => (0..2_usize, 0..PROVIDERS.len() + 1).prop_map(|(name, text)| Edit::Provider(name, text)),
        3 => (0..3_usize, 0..API_KEYS.len() + 1).prop_map(|(name, text)| Edit::ApiKey(name, text)),
        1 => any::<bool>().prop_map(Edit::Env),
        1 => (0..3_usize).prop_map(Edit::File),
        1 => any::<bool>().prop_map(Edit::Document),
    ]
}

fn carry_out(world: &mut World, edit: &Edit) {
    let mut put = |id: ResourceId, text: Option<&&str>| match text {
        Some(text) => {
            let hash = format!("{:0>64}", id.name());
            drop(world.resources.insert(id.clone(), text.replace("NAME", id.name()).replace("HASH", &hash)));
        }
        None => drop(world.resources.remove(&id)),
    };
    match edit {
        Edit::Agent(name, text) => put(id(&format!("agents/a{name}")), AGENTS.get(*text)),
        Edit::Provider(name, text) => put(id(&format!("identity_providers/p{name}")), PROVIDERS.get(*text)),
        Edit::ApiKey(name, text) => put(id(&format!("api_keys/0000000{name}")), API_KEYS.get(*text)),
        Edit::Env(one) => {
            world.env("UP", if *one { "http://127.0.0.1:9005" } else { "http://127.0.0.1:9006" })
        }
        Edit::File(0) => world.file("/c/upstream.pem", &certificate()),
        Edit::File(1) => world.file("/c/idp.pem", &certificate()),
        Edit::File(_) => world.file("/c/keys.json", b"damaged"),
        Edit::Document(long) => {
            let more = "agents: { z: { route: /shared, upstream: \"http://a:1\", auth: public } }\n";
            world.document = format!("version: 1\n{}", if *long { more } else { "" });
        }
    }
}

/// All that can be seen of a snapshot, each in the order of its words: sets are shown in an order of their own.
fn shown(snapshot: &Snapshot) -> Vec<String> {
    let agents = snapshot.agents.values().map(|agent| {
        let shown = format!("{agent:?}");
        let all: Vec<&str> = shown.split([' ', '{', '}', '(', ')', ',', '[', ']']).collect();
        // What is made anew has another number.
        let before = std::iter::once("").chain(all.iter().copied());
        let said =
            all.iter().zip(before).filter(|(_, before)| !matches!(*before, "id:" | "number:" | "policy:"));
        let mut words: Vec<&str> = said.map(|(word, _)| *word).collect();
        words.sort_unstable();
        words.join(" ")
    });
    let specs = snapshot.providers.values().map(|provider| format!("{:?}", provider.spec()));
    let keys = snapshot.api_keys.iter().map(|key| format!("{key:?}"));
    let rest = [
        snapshot.warnings.to_string(),
        snapshot.revision.to_string(),
        format!("{:?}", snapshot.endpoints.keys().collect::<Vec<_>>()),
        format!("{:?}", snapshot.sources),
    ];
    agents.chain(specs).chain(keys).chain(rest).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn after_any_edits_what_is_kept_is_what_would_be_made(edits in prop::collection::vec(edit(), 1..40)) {
        let metrics = Metrics::new().unwrap();
        let mut world = World { resources: BTreeMap::new(), ..World::new() };
        let mut live = world.compiled(None, &metrics).unwrap();
        for edit in &edits {
            carry_out(&mut world, edit);
            let (kept, made) = (world.compiled(Some(&live), &metrics), world.compiled(None, &metrics));
            match (kept, made) {
                (Ok(kept), Ok(made)) => {
                    prop_assert_eq!(shown(&kept), shown(&made));
                    live = kept;
                }
                (Err(kept), Err(made)) => prop_assert_eq!(kept.to_string(), made.to_string()),
                (kept, made) => prop_assert!(false, "{kept:?} and {made:?}"),
            }
        }
    }
}

#[test]
fn a_new_key_with_the_hash_of_one_that_runs_is_found_before_it_and_behind_it() {
    let (world, metrics) = (World::new(), Metrics::new().unwrap());
    let before = world.compiled(None, &metrics).unwrap();
    for id in ["00000000", "00000003"] {
        let mut after = world.clone();
        after.put(&format!("api_keys/{id}"), &api_key("e-key", 1, ""));
        let found = after.compiled(Some(&before), &metrics).unwrap_err().to_string();
        assert!(found.contains("two API keys have the same hash"), "{id}: {found}");
        assert_eq!(found, after.compiled(None, &metrics).unwrap_err().to_string(), "{id}");
    }
}

#[test]
fn the_number_of_a_policy_changes_with_who_may_call_and_with_nothing_else() {
    let cases: &[(&str, &str, Change, bool)] = &[
        ("nothing", "b-corp", |_| {}, true),
        (
            "the limit of a body",
            "g-public",
            |w| w.put("agents/g-public", &agent("g-public", "auth: public\nmax_body: 1KiB\n")),
            true,
        ),
        (
            "who may call",
            "g-public",
            |w| w.put("agents/g-public", &agent("g-public", "auth: { api_key: {} }\n")),
            false,
        ),
        (
            "what a refusal does",
            "e-key",
            |w| w.put("agents/e-key", &agent("e-key", "auth: { api_key: {} }\nenforcement: shadow\n")),
            false,
        ),
        ("its route", "g-public", |w| w.put("agents/g-public", &agent("elsewhere", "auth: public\n")), false),
        (
            "a setting of its provider",
            "b-corp",
            |w| {
                w.put(
                    "identity_providers/corp",
                    "issuer: https://corp.example\nca_file: /c/idp.pem\nleeway: 1s\n",
                );
            },
            false,
        ),
        (
            "an issuer that is known besides",
            "b-corp",
            |w| w.put("identity_providers/new", "issuer: https://new.example\n"),
            true,
        ),
        ("one more API key", "e-key", |w| w.put("api_keys/00000009", &api_key("e-key", 9, "")), true),
    ];
    for (what, name, change, same) in cases {
        let (mut world, metrics) = (World::new(), Metrics::new().unwrap());
        let before = world.compiled(None, &metrics).unwrap();
        change(&mut world);
        let after = world.compiled(Some(&before), &metrics).unwrap();
        let number = |snapshot: &Snapshot| {
            snapshot.agents.iter().find(|(agent, _)| agent.as_str() == *name).map(|(_, agent)| agent.policy)
        };
        assert!(number(&before).is_some());
        assert_eq!(number(&before) == number(&after), *same, "{what}");
    }
}
