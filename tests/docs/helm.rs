//! Renders the chart in `deploy/helm`, by the `helm` that `scripts/setup.sh` fetches. What must come out is left to those
//! who ask.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub(crate) const CHART: &str = "deploy/helm/portcullis";

/// The agents of a configuration without a warning.
pub(crate) const AGENTS: &str = "config:
  identity_providers: { corp: { issuer: https://idp.example.com/realms/a } }
  agents:
    refund-agent:
      route: /agents/refunds
      upstream: { url: http://refund-agent.agents.svc:8000, stream_idle_timeout: 20s }
      auth: { oauth: { identity_providers: [corp], audiences: [api://refund-agent] } }
";

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A program of the folder that `scripts/setup.sh` makes for the chart.
pub(crate) fn program(name: &str) -> PathBuf {
    let path = root().join(".tools/venv-helm/bin").join(name);
    assert!(path.exists(), "{} is missing; scripts/setup.sh quick makes it", path.display());
    path
}

/// Runs `helm` without a cluster, and without what somebody has set up for it.
pub(crate) fn helm(arguments: &[&str], values: &str) -> Output {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("values.yaml");
    fs::write(&file, values).expect("the values");
    let mut command = Command::new(program("helm"));
    command.args(arguments).arg("--values").arg(&file).current_dir(root());
    command.env_clear().env("HOME", home.path()).env("KUBECONFIG", home.path().join("none"));
    command.output().expect("helm starts")
}

/// The text that a release is made of, or how helm rejects its values.
pub(crate) fn text(release: &str, values: &str) -> Result<String, String> {
    let made = helm(&["template", release, CHART, "--namespace", "gates"], values);
    let [out, said] = [&made.stdout, &made.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    if made.status.success() { Ok(out) } else { Err(said) }
}

/// The objects that a release is made of.
pub(crate) fn objects(release: &str, values: &str) -> Vec<Value> {
    parsed(&text(release, values).unwrap_or_else(|said| panic!("{values}\n{said}")))
}

/// The documents of a YAML text, as Kubernetes reads it.
pub(crate) fn parsed(yaml: &str) -> Vec<Value> {
    const READ: &str = "import json, sys, yaml
json.dump([document for document in yaml.safe_load_all(sys.stdin) if document], sys.stdout)";
    let mut command = Command::new(program("python"));
    command.args(["-c", READ]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("Python starts");
    // It reads all before it writes.
    child.stdin.take().expect("its input").write_all(yaml.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{yaml}"))
}

/// The one object of a kind; of several, the first.
pub(crate) fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Option<&'a Value> {
    objects.iter().find(|object| object["kind"] == kind)
}

/// The pod of the release's workload.
pub(crate) fn pod(objects: &[Value]) -> &Value {
    &of_kind(objects, "Deployment").expect("a workload")["spec"]["template"]
}

/// The configuration that the release mounts.
pub(crate) fn configuration(objects: &[Value]) -> &str {
    let map = of_kind(objects, "ConfigMap").expect("a configuration");
    map["data"]["portcullis.yaml"].as_str().expect("its text")
}

/// What the chart tells after an installation.
pub(crate) fn notes(values: &str) -> String {
    let made = helm(&["install", "portcullis", CHART, "--namespace", "gates", "--dry-run=client"], values);
    let out = String::from_utf8_lossy(&made.stdout).into_owned();
    let (_, notes) = out.split_once("\nNOTES:\n").unwrap_or_else(|| {
        panic!("no notes:\n{out}\n{}", String::from_utf8_lossy(&made.stderr));
    });
    // Long lines go on indented.
    notes.replace("\n  ", " ")
}
