//! Keys of the gateway that follow each other under load, of both algorithms: an agent that verifies every assertion with
//! joserfc, and fetches the key set only when its copy is old, refuses none.
//!
//! The times of the contract are made short: a key is published for twice as long as the agent keeps the set before it signs.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::eventually::scripted_pause;
use testkit::gateway::{Place, Process};
use testkit::scripted::Scripted;
use testkit::{Issuer, Key, Start, client, eventually, portcullis};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use crate::ask::Ask;
use crate::length::short_or_long;
use crate::report::Report;
use crate::steady::{Carrier, Steady};
use crate::vitals::Vitals;

const ISSUER: &str = "https://gate.example/gw";
const ALGORITHMS: [&str; 2] = ["ES256", "EdDSA"];
/// How long the agent keeps the key set.
const KEPT: Duration = Duration::from_millis(500);
const SOON: Duration = Duration::from_secs(20);

/// The agent's server: hands on what each request tells it, and answers with the request line.
async fn agent(told: UnboundedSender<String>) -> Scripted {
    Scripted::start(move |mut peer| {
        let told = told.clone();
        async move {
            loop {
                let head = peer.head().await?;
                let line = head.lines().next()?.trim_end_matches(" HTTP/1.1");
                let algorithm = line.split('/').nth(1)?;
                let field = |line: &str| {
                    let (name, value) = line.split_once(": ")?;
                    name.eq_ignore_ascii_case("x-portcullis-assertion").then(|| value.to_owned())
                };
                // Without one, the line that the agent gets does not verify.
                let assertion = head.lines().find_map(field).unwrap_or_else(|| "none".to_owned());
                told.send(format!("{algorithm} urn:{algorithm} {assertion}\n")).ok()?;
                peer.say(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{line}", line.len())).await?;
            }
        }
    })
    .await
}

/// The process that verifies, and what it said last.
struct Verifier {
    child: Child,
    said: Arc<Mutex<Value>>,
    tasks: [JoinHandle<()>; 2],
}

impl Verifier {
    fn start(keys_url: &str, mut told: UnboundedReceiver<String>) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut child = Command::new(root.join(".tools/venv-verifiers/bin/python"))
            .arg(root.join("tests/load/life/verifying_agent.py"))
            .args([ISSUER, keys_url, &KEPT.as_secs_f64().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Python starts; scripts/setup.sh test makes it");
        let mut input = child.stdin.take().expect("its input");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let said = Arc::new(Mutex::new(Value::Null));
        let last = Arc::clone(&said);
        let writes = tokio::spawn(async move {
            while let Some(line) = told.recv().await {
                input.write_all(line.as_bytes()).await.expect("it reads");
            }
        });
        let reads = tokio::spawn(async move {
            while let Some(line) = lines.next_line().await.expect("its output") {
                *last.lock().expect("what it said") = serde_json::from_str(&line).expect("JSON");
            }
        });
        Self { child, said, tasks: [writes, reads] }
    }

    fn said(&self) -> Value {
        self.said.lock().expect("what it said").clone()
    }

    /// Waits until it has verified something by these keys, and so seen all that was told before them.
    async fn verifies_by(&self, kids: &[String]) {
        eventually("the agent sees what the new keys sign", SOON, async || {
            let said = self.said();
            kids.iter().all(|kid| said["kids"].get(kid).is_some()).then_some(())
        })
        .await;
    }

    /// Waits for its end, when nothing is told any more, and gives what it said at last.
    async fn ended(mut self) -> Value {
        for task in &mut self.tasks {
            task.await.expect("what is told goes to the agent, and what it says comes back");
        }
        assert!(self.child.wait().await.expect("it ends").success());
        self.said()
    }
}

/// A new private key of each algorithm.
async fn new_keys() -> Vec<Value> {
    let made = portcullis(Path::new("."), &["jwks", "new", "--alg", "ES256", "--alg", "EdDSA"]).await;
    let set: Value = serde_json::from_str(&made.out).expect("a set");
    set["keys"].as_array().expect("a list").clone()
}

fn kids(keys: &[Value]) -> Vec<String> {
    keys.iter().map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

/// Writes the key file, and waits until the gateway publishes exactly that.
async fn publish(place: &Place, process: &Process, keys: &[&[Value]]) {
    let keys = keys.concat();
    let file = place.folder.path().join("keys.json");
    let fresh = place.folder.path().join("keys.json.new");
    std::fs::write(&fresh, json!({"keys": keys}).to_string()).expect("it is written");
    std::fs::rename(fresh, file).expect("it takes the old one's place");
    process.signal("HUP").await;
    let wanted = kids(&keys);
    let url = place.url("/.well-known/portcullis/jwks.json");
    eventually("the keys are published", SOON, async || {
        let text = client().get(&url).send().await.ok()?.text().await.ok()?;
        let set: Value = serde_json::from_str(&text).ok()?;
        (kids(set["keys"].as_array()?) == wanted).then_some(())
    })
    .await;
}

/// The bodies of agents and of the provider.
fn body(issuer: &Issuer, agent: &Scripted) -> String {
    let agents = ALGORITHMS.map(|alg| {
        format!(
            "  {}:\n    route: /{alg}\n    upstream: \"{}\"\n    auth: {{ oauth: {{ identity_providers: [corp], audiences: [x] }} }}\n    \
             assertion: {{ audience: \"urn:{alg}\", alg: {alg}, ttl: 5s }}\n",
            alg.to_lowercase(),
            agent.url()
        )
    });
    format!("identity_providers:\n  corp: {{ issuer: \"{}\" }}\nagents:\n{}", issuer.url, agents.concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_verifies_every_assertion_while_keys_of_both_algorithms_follow_each_other() {
    let mut report = Report::new("assertions while the gateway's keys follow each other");
    let (rate, rotations, tokens) = short_or_long((250, 2, 40), (1_000, 20, 1_000));
    let key = Key::new("EdDSA", "k1");
    let issuer = Issuer::start(&[&key]).await;
    let (tell, told) = unbounded_channel();
    let agent = agent(tell).await;
    let mut signing = new_keys().await;
    let server = format!("  access_log: off\n  public_url: {ISSUER}\n  signing: {{ key_file: keys.json }}\n");
    let set = json!({ "keys": signing }).to_string();
    let (body, files) = (body(&issuer, &agent), [("keys.json", set.as_str())]);
    let place = Start { body: &body, server: &server, files: &files, ..Start::default() }.place();
    let process = place.start().await;
    let verifier = Verifier::start(&place.url("/.well-known/portcullis/jwks.json"), told);
    let tokens: Vec<String> = (0..tokens)
        .map(|nth| {
            let mut claims = issuer.claims("x");
            (claims["sub"], claims["jti"]) = (format!("caller-{nth}").into(), nth.to_string().into());
            claims["exp"] = (claims["exp"].as_u64().expect("a time") + 7_200).into();
            key.signed(&claims)
        })
        .collect();
    let load = Steady::start(place.port, rate, 32, Carrier::Kept, move |nth| {
        let alg = ALGORITHMS[nth as usize % ALGORITHMS.len()];
        Ask::get(format!("/{alg}/{nth}")).bearer(&tokens[nth as usize / ALGORITHMS.len() % tokens.len()])
    });
    let mut before: Vec<Value> = Vec::new();
    let mut signed = kids(&signing);
    for _ in 0..rotations {
        verifier.verifies_by(&kids(&signing)).await;
        let next = new_keys().await;
        // As the schedule has it: the next one is published behind the one that signs, the one before it stays.
        publish(&place, &process, &[&signing, &next, &before]).await;
        scripted_pause(KEPT * 2).await;
        publish(&place, &process, &[&next, &signing]).await;
        signed.extend(kids(&next));
        (before, signing) = (signing, next);
    }
    verifier.verifies_by(&kids(&signing)).await;
    let vitals = Vitals::of_gateway(process.pid(), place.ops).await;
    let tally = load.stop().await;
    // The agent's connections end with the gateway, and with them what it tells.
    drop(process);
    drop(agent);
    let said = verifier.ended().await;
    report.line("keys that signed", signed.len());
    report.line("load", &tally);
    report.line("the agent", &said);
    report.line("the gateway", vitals);
    tally.must_be_clean(u64::from(rate) * 2);
    assert_eq!((&said["failed"], &said["verified"]), (&json!(0), &json!(tally.sent)), "{said}");
    assert_eq!(said["kids"].as_object().map(serde_json::Map::len), Some(signed.len()), "{said}");
}
