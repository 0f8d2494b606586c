//! What the chart makes: the plain manifest without any value, objects that Kubernetes accepts, pods under the restricted
//! standard, and configurations that the gateway accepts. Values and what they change are in `chart_values.rs`.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::helm::{AGENTS, CHART, configuration, helm, objects, of_kind, parsed, pod, program, root, text};

/// Values whose rendering is kept beside this file.
const KEPT: [&str; 3] = ["plain", "folder", "fleet"];

/// One value each, on top of a configuration without a warning.
const ROWS: [(&str, &str); 9] = [
    ("agents", ""),
    ("one replica", "replicas: 1\n"),
    ("no pods", "replicas: 0\n"),
    ("tls", "tls: { existingSecret: gateway-tls }\n"),
    ("another port", "service: { type: NodePort, port: 8443 }\n"),
    ("no policy, no budget", "networkPolicy: { enabled: false }\npodDisruptionBudget: { enabled: false }\n"),
    ("no monitoring", "networkPolicy: { monitoringNamespace: '' }\n"),
    ("cpu alone", "autoscaling: { enabled: true }\n"),
    (
        "a digest",
        "image: { digest: 'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef' }\n",
    ),
];

fn kept(name: &str) -> String {
    fs::read_to_string(root().join(format!("tests/docs/chart/{name}.values.yaml"))).expect("the values")
}

/// Every set of values here, with its name.
fn cases() -> Vec<(&'static str, String)> {
    let rows = ROWS.into_iter().map(|(name, more)| (name, format!("{AGENTS}{more}")));
    KEPT.into_iter().map(|name| (name, kept(name))).chain(rows).collect()
}

#[test]
fn the_linter_has_nothing_to_say() {
    for (name, values) in cases() {
        let said = helm(&["lint", "--strict", "--quiet", CHART], &values);
        let text = String::from_utf8_lossy(&said.stdout);
        assert!(said.status.success() && text.trim().is_empty(), "{name}: {text}");
    }
}

#[test]
fn the_chart_has_the_version_of_the_gateway() {
    let chart = parsed(&fs::read_to_string(root().join(CHART).join("Chart.yaml")).expect("a chart"));
    assert_eq!(chart[0]["appVersion"], env!("CARGO_PKG_VERSION"));
    let image = pod(&objects("portcullis", ""))["spec"]["containers"][0]["image"].clone();
    assert_eq!(image, concat!("portcullis:", env!("CARGO_PKG_VERSION")));
}

/// An object without what only a chart or only a namespaced manifest has.
fn bare(mut object: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                let of_the_chart = [
                    "app.kubernetes.io/instance",
                    "app.kubernetes.io/version",
                    "app.kubernetes.io/managed-by",
                    "helm.sh/chart",
                    "checksum/server",
                ];
                members.retain(|name, _| !of_the_chart.contains(&name.as_str()));
                members.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut object);
    object["metadata"] = json!({ "name": object["metadata"]["name"] });
    if object["spec"]["type"] == "ClusterIP" {
        object["spec"].as_object_mut().expect("a mapping").remove("type");
    }
    object
}

#[test]
fn without_values_the_chart_makes_what_the_plain_manifest_has() {
    let manifest = fs::read_to_string(root().join("deploy/kubernetes/portcullis.yaml")).expect("a manifest");
    let (plain, made) = (parsed(&manifest), objects("portcullis", ""));
    let kinds = |objects: &[Value]| -> BTreeSet<String> {
        objects.iter().map(|object| object["kind"].as_str().expect("a kind").to_owned()).collect()
    };
    let mut expected = kinds(&plain);
    assert!(expected.remove("Namespace"), "helm makes the namespace");
    assert_eq!(kinds(&made), expected);
    for kind in expected.iter().filter(|kind| *kind != "ConfigMap") {
        let of = |objects: &[Value]| bare(of_kind(objects, kind).expect("an object").clone());
        assert_eq!(of(&made), of(&plain), "{kind}");
    }
    let written = of_kind(&plain, "ConfigMap").expect("one")["data"]["server.yaml"].as_str().expect("text");
    let [written, made] = [written, configuration(&made)].map(|text| parsed(text).remove(0));
    assert_eq!(made["server"], written["server"]);
}

/// `UPDATE_EXPECTED=1` writes the files anew.
#[test]
fn what_the_chart_makes_is_what_was_reviewed() {
    for name in KEPT {
        let made = text("portcullis", &kept(name)).expect("a rendering");
        // Copies of whole files have a test of their own.
        let copies = ["templates/alerts.yaml", "templates/dashboard.yaml"];
        let parts = made.split("---\n").filter(|part| !copies.iter().any(|copy| part.contains(copy)));
        let made = parts.collect::<Vec<_>>().join("---\n");
        let path = root().join(format!("tests/docs/chart/{name}.rendered.yaml"));
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&path, &made).expect("a file");
        }
        let reviewed = fs::read_to_string(&path).unwrap_or_default();
        assert!(made == reviewed, "{} is not what the chart makes:\n{made}", path.display());
    }
}

/// What `kubernetes-validate` says of the files of a folder, for the oldest and the newest version.
fn validated(folder: &std::path::Path) -> Vec<(bool, String)> {
    let entries = fs::read_dir(folder).expect("a folder");
    let files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    let verdict = |version: &str| {
        let mut command = Command::new(program("kubernetes-validate"));
        command.args(["--strict", "--quiet", "--kubernetes-version", version]).args(&files);
        let said = command.output().expect("it starts");
        (said.status.success(), String::from_utf8_lossy(&said.stdout).into_owned())
    };
    ["1.27", "1.37"].map(verdict).into()
}

#[test]
fn kubernetes_accepts_every_object() {
    let made = cases().into_iter().map(|(name, values)| text("blue", &values).expect(name));
    // Most objects are the same in most cases.
    let objects: BTreeSet<String> =
        made.flat_map(|made| made.split("---\n").map(str::to_owned).collect::<Vec<_>>()).collect();
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("all"), Vec::from_iter(objects).join("---\n")).expect("a file");
    for (good, said) in validated(folder.path()) {
        // Resources of the Prometheus operator have no schema here.
        let rest: Vec<_> =
            said.lines().filter(|line| !line.contains("api version monitoring.coreos.com/v1")).collect();
        assert!(good && rest.is_empty(), "{rest:#?}");
    }
}

#[test]
fn an_object_with_a_wrong_key_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = text("blue", "").expect("a rendering").replace("maxUnavailable: 1\n", "maxUnavailabel: 1\n");
    fs::write(folder.path().join("wrong"), made).expect("a file");
    for (good, said) in validated(folder.path()) {
        assert!(!good && said.contains("maxUnavailabel"), "{said}");
    }
}

/// The restricted pod security standard, and what the gateway can do without besides.
#[test]
fn every_pod_is_restricted() {
    for (name, values) in cases() {
        let objects = objects("portcullis", &values);
        let pod = &pod(&objects)["spec"];
        let container = &pod["containers"][0];
        let facts = json!({
            "token": pod["automountServiceAccountToken"],
            "pod": pod["securityContext"],
            "container": container["securityContext"],
            "containers": pod["containers"].as_array().map(Vec::len),
            "volumes": pod["volumes"].as_array().expect("volumes").iter().all(|volume| {
                ["configMap", "emptyDir", "secret", "persistentVolumeClaim"].iter().any(|kind| volume.get(kind).is_some())
            }),
        });
        let expected = json!({
            "token": false,
            "pod": {
                "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
                "seccompProfile": { "type": "RuntimeDefault" },
            },
            "container": {
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] },
            },
            "containers": 1,
            "volumes": true,
        });
        assert_eq!(facts, expected, "{name}");
        assert!(objects.iter().all(|object| object["kind"] != "Secret"), "{name}: the chart makes a Secret");
        assert_eq!(of_kind(&objects, "ServiceAccount").expect("one")["automountServiceAccountToken"], false);
    }
}

/// Runs `check` on a rendered configuration, with the folders of the pod put into one of its own.
fn checked(text: &str, strict: bool) -> (bool, String) {
    let place = tempfile::tempdir().expect("a folder");
    let at = |name: &str| place.path().join(name).display().to_string();
    let made = rcgen::generate_simple_self_signed(["gateway.example.com".to_owned()]).expect("a certificate");
    for secret in ["tls", "etcd"] {
        let folder = place.path().join("secrets").join(secret);
        fs::create_dir_all(&folder).expect("a folder");
        for (name, text) in [
            ("ca.crt", made.cert.pem()),
            ("tls.crt", made.cert.pem()),
            ("tls.key", made.signing_key.serialize_pem()),
        ] {
            fs::write(folder.join(name), text).expect("a file");
        }
    }
    let text =
        text.replace("/etc/portcullis-secrets", &at("secrets")).replace("/var/lib/portcullis", &at("state"));
    let folder = place.path().join("configuration");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("portcullis.yaml"), text).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.arg("check").args(strict.then_some("--strict")).arg("-c").arg(&folder).env_clear();
    let said = command.output().expect("the command runs");
    (said.status.success(), String::from_utf8_lossy(&said.stderr).into_owned())
}

#[test]
fn the_gateway_accepts_every_rendered_configuration() {
    for (name, values) in cases() {
        let objects = objects("portcullis", &values);
        let text = configuration(&objects);
        // That one is warned of resources beside the store.
        let (good, said) = checked(text, name != "fleet");
        assert!(good, "{name}:\n{said}\n{text}");
    }
}

#[test]
fn a_mistake_in_config_is_found_by_check() {
    let objects = objects("portcullis", "config: { servre: {} }\n");
    let (good, said) = checked(configuration(&objects), false);
    assert!(!good && said.contains("servre"), "{said}");
}

/// `UPDATE_EXPECTED=1` copies them.
#[test]
fn alerts_and_dashboard_are_those_of_deploy() {
    let copies = [
        ("deploy/prometheus/alerts.yaml", "files/alerts.yaml"),
        ("deploy/grafana/portcullis.json", "files/dashboard.json"),
    ];
    let read = |path: std::path::PathBuf| fs::read_to_string(&path).unwrap_or_default();
    for (source, copy) in copies {
        let copy = root().join(CHART).join(copy);
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::copy(root().join(source), &copy).expect("a copy");
        }
        let same = read(root().join(source)) == read(copy);
        assert!(same, "the chart's copy of {source} is old; UPDATE_EXPECTED=1 makes it anew");
    }
    let made = objects("portcullis", "prometheusRule: { enabled: true }\ndashboard: { enabled: true }\n");
    let alerts = read(root().join(copies[0].0));
    assert_eq!(of_kind(&made, "PrometheusRule").expect("rules")["spec"], parsed(&alerts)[0]);
    let dashboards = made.iter().filter_map(|object| object["data"]["portcullis.json"].as_str());
    let dashboards: Vec<_> = dashboards.map(str::trim).collect();
    assert_eq!(dashboards, [read(root().join(copies[1].0)).trim()]);
}
