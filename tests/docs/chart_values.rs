//! What a value of the chart changes, what is rejected, and what the chart says about what is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use portcullis::config::{parse_duration, schema};
use serde_json::{Value, json};

use super::helm::{AGENTS, CHART, configuration, notes, objects, of_kind, parsed, pod, root, text};

#[test]
fn a_wrong_value_is_rejected_with_what_to_write() {
    let rows = [
        ("replicaCount: 3\n", "replicaCount"),
        ("image: { name: x }\n", "image"),
        ("image: { digest: sha256:12 }\n", "digest"),
        ("image: { pullPolicy: Sometimes }\n", "pullPolicy"),
        ("replicas: two\n", "replicas"),
        ("service: { type: ExternalName }\n", "type"),
        ("networkPolicy: { egress: { rules: [] } }\n", "rules"),
        ("store: { type: consul }\n", "type"),
        ("store: { etcd: { password: x } }\n", "password"),
        ("store: { type: etcd }\n", "store.etcd.endpoints is empty"),
        ("store: { type: etcd, etcd: { endpoints: ['http://etcd:2379'] } }\n", "endpoints"),
        ("store: { etcd: { endpoints: ['https://etcd:2379'] } }\n", "store.type is none"),
        ("store: { type: directory }\nreplicas: 2\n", "set replicas to 1"),
        ("store: { type: directory }\nautoscaling: { enabled: true }\n", "turn autoscaling off"),
        ("config: { store: { directory: /var/lib/portcullis/config } }\n", "set store.type"),
        ("autoscaling: { enabled: true, cpu: null }\n", "autoscaling has no measure"),
        ("autoscaling: { enabled: true, minReplicas: 5, maxReplicas: 3 }\n", "larger than"),
        ("serviceMonitor: { enabled: true }\npodMonitor: { enabled: true }\n", "enable one of them"),
        ("redis: { url: 'http://redis' }\n", "url"),
        ("tls: { existingSecret: [a] }\n", "existingSecret"),
    ];
    for (values, words) in rows {
        let said = text("portcullis", values).expect_err(values);
        assert!(said.contains(words), "{values}{said}");
    }
}

/// The names of the values, as paths; what is free within stays out.
fn paths(value: &Value, schema: &Value, at: &str, found: &mut BTreeSet<String>) {
    let below = schema["properties"].as_object().filter(|_| schema["additionalProperties"] == false);
    match (value.as_object(), below) {
        (Some(members), Some(properties)) if !at.starts_with("resources") => {
            let names: BTreeSet<_> = members.keys().chain(properties.keys()).collect();
            for name in names {
                let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                paths(&value[name.as_str()], &schema["properties"][name.as_str()], &path, found);
                let known = members.contains_key(name) && properties.contains_key(name);
                assert!(known || name == "global", "{path}: in values.yaml or in the schema alone");
            }
        }
        _ => {
            found.insert(at.to_owned());
        }
    }
}

#[test]
fn schema_values_and_page_have_the_same_keys() {
    let read = |name: &str| fs::read_to_string(root().join(CHART).join(name)).expect("a file");
    let values = parsed(&read("values.yaml")).remove(0);
    let schema: Value = serde_json::from_str(&read("values.schema.json")).expect("JSON");
    let mut found = BTreeSet::new();
    paths(&values, &schema, "", &mut found);
    found.remove("global");
    assert!(found.len() >= 40, "{found:?}");
    let page = read("README.md");
    let missing: Vec<_> = found.iter().filter(|path| !page.contains(&format!("`{path}`"))).collect();
    assert!(missing.is_empty(), "README.md of the chart does not have {missing:?}");
}

#[test]
fn config_is_merged_over_the_charts_own_server() {
    let values = "config:
  server:
    ops: { address: '0.0.0.0:9999' }
    shutdown: { drain: 40s }
    trusted_proxies: null
    limits: { connections: 1048576 }
    listeners: [{ address: '0.0.0.0:8000' }, { address: '0.0.0.0:8001' }]
";
    let made = objects("portcullis", values);
    let expected = json!({
        "listeners": [{ "address": "0.0.0.0:8000" }, { "address": "0.0.0.0:8001" }],
        "ops": { "address": "0.0.0.0:9999" },
        "state_dir": "/var/lib/portcullis",
        "shutdown": { "delay": "5s", "drain": "40s" },
        "limits": { "connections": 1_048_576 },
    });
    assert_eq!(parsed(configuration(&made))[0]["server"], expected);
    let ports = json!([
        { "name": "http", "containerPort": 8000 },
        { "name": "listener-1", "containerPort": 8001 },
        { "name": "ops", "containerPort": 9999 },
    ]);
    assert_eq!(pod(&made)["spec"]["containers"][0]["ports"], ports);
    let service = json!([
        { "name": "http", "port": 80, "targetPort": "http" },
        { "name": "listener-1", "port": 8001, "targetPort": "listener-1" },
    ]);
    assert_eq!(of_kind(&made, "Service").expect("a service")["spec"]["ports"], service);
}

/// Where the gateway's settings have the word `off`, which Helm reads as false.
fn settings_with_off(schema: &Value, at: &str, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            let words = members.get("enum").and_then(Value::as_array);
            if members.get("const") == Some(&json!("off"))
                || words.is_some_and(|words| words.contains(&json!("off")))
            {
                found.insert(at.to_owned());
            }
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("properties", Value::Object(properties)) => {
                        properties.iter().for_each(|(name, schema)| settings_with_off(schema, name, found));
                    }
                    _ => settings_with_off(member, at, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| settings_with_off(item, at, found)),
        _ => {}
    }
}

#[test]
fn the_word_off_stays_a_word() {
    let mut settings = BTreeSet::new();
    settings_with_off(&schema(), "", &mut settings);
    assert!(settings.len() >= 3, "{settings:?}");
    let lines: String = settings.iter().map(|name| format!("    - {name}: off\n")).collect();
    let made = objects("portcullis", &format!("config:\n  below:\n{lines}  insecure_http: off\n"));
    let written = configuration(&made);
    for name in &settings {
        assert!(written.contains(&format!("- {name}: \"off\"\n")), "{name}: {written}");
    }
    assert!(written.contains("insecure_http: false\n"), "{written}");
}

#[test]
fn only_a_change_of_server_or_store_rolls_the_pods() {
    let first = pod(&objects("portcullis", AGENTS)).clone();
    let etcd = "store: { type: etcd, etcd: { endpoints: ['https://etcd:2379'] } }\n";
    let rows = [
        ("another agent", AGENTS.replace("refund-agent:", "other-agent:"), false),
        ("another issuer", AGENTS.replace("realms/a", "realms/b"), false),
        ("a service", format!("{AGENTS}service: {{ type: LoadBalancer }}\n"), false),
        ("a policy", format!("{AGENTS}networkPolicy: {{ egress: {{ enabled: true }} }}\n"), false),
        ("more pods", format!("{AGENTS}replicas: 7\n"), false),
        ("rules", format!("{AGENTS}prometheusRule: {{ enabled: true }}\n"), false),
        ("a limit", format!("{AGENTS}  server: {{ limits: {{ connections: 100 }} }}\n"), true),
        ("a store", format!("{AGENTS}{etcd}"), true),
    ];
    for (name, values, rolls) in rows {
        let then = pod(&objects("portcullis", &values)).clone();
        assert_eq!(then != first, rolls, "{name}");
        let hash = |pod: &Value| pod["metadata"]["annotations"]["checksum/server"].clone();
        assert_eq!(hash(&then) != hash(&first), rolls, "{name}");
    }
    let other = etcd.replace("etcd:2379", "other:2379");
    let [one, two] = [etcd, &other].map(|values| pod(&objects("portcullis", values)).clone());
    assert_ne!(one, two, "other endpoints");
}

#[test]
fn two_releases_in_one_namespace_share_neither_names_nor_pods() {
    let all = format!("{AGENTS}serviceMonitor: {{ enabled: true }}\ndashboard: {{ enabled: true }}\n");
    let [one, two] = ["blue", "portcullis"].map(|release| objects(release, &all));
    let names = |objects: &[Value]| -> BTreeSet<String> {
        objects.iter().map(|object| format!("{} {}", object["kind"], object["metadata"]["name"])).collect()
    };
    assert!(names(&one).is_disjoint(&names(&two)), "{:?}", names(&one));
    let selects = |selector: &Value, pod: &Value| {
        let labels = &pod["metadata"]["labels"];
        selector.as_object().expect("labels").iter().all(|(name, value)| labels[name] == *value)
    };
    let mut selectors = 0;
    for object in &one {
        let spec = &object["spec"];
        let selector = match object["kind"].as_str().expect("a kind") {
            "Service" => &spec["selector"],
            "NetworkPolicy" => &spec["podSelector"]["matchLabels"],
            "Deployment" | "PodDisruptionBudget" => &spec["selector"]["matchLabels"],
            _ => continue,
        };
        selectors += 1;
        assert!(selects(selector, pod(&one)) && !selects(selector, pod(&two)), "{object}");
    }
    assert_eq!(selectors, 5);
}

/// What Kubernetes rejects the change of; an upgrade that has one ends half-way.
#[test]
fn an_upgrade_changes_nothing_that_kubernetes_holds_fixed() {
    let fixed = |objects: &[Value]| {
        let deployment = of_kind(objects, "Deployment").expect("a workload");
        let service = of_kind(objects, "Service").expect("a service");
        let clusterip = service["spec"]["clusterIP"].clone();
        (deployment["metadata"]["name"].clone(), deployment["spec"]["selector"].clone(), clusterip)
    };
    let read = |name: &str| fs::read_to_string(root().join("tests/docs/chart").join(name)).expect("a file");
    let before = fixed(&parsed(&read("plain.rendered.yaml")));
    for name in ["plain.values.yaml", "fleet.values.yaml", "folder.values.yaml"] {
        assert_eq!(fixed(&objects("portcullis", &read(name))), before, "{name}");
    }
    let volume =
        of_kind(&parsed(&read("folder.rendered.yaml")), "PersistentVolumeClaim").expect("one").clone();
    let after = objects("portcullis", &format!("{AGENTS}store: {{ type: directory }}\nreplicas: 1\n"));
    let after = of_kind(&after, "PersistentVolumeClaim").expect("one");
    assert_eq!((&after["spec"], &after["metadata"]["name"]), (&volume["spec"], &volume["metadata"]["name"]));
    assert_eq!(after["metadata"]["annotations"]["helm.sh/resource-policy"], "keep");
}

#[test]
fn there_is_a_budget_only_where_it_leaves_a_drain_possible() {
    let rows = [
        ("", Some(2), true),
        ("replicas: 3\n", Some(3), true),
        ("replicas: 1\n", Some(1), false),
        ("store: { type: directory }\n", Some(1), false),
        ("podDisruptionBudget: { enabled: false }\n", Some(2), false),
        ("autoscaling: { enabled: true }\n", None, true),
        ("autoscaling: { enabled: true, minReplicas: 1 }\n", None, false),
    ];
    for (values, replicas, budget) in rows {
        let made = objects("portcullis", values);
        let spec = &of_kind(&made, "Deployment").expect("a workload")["spec"];
        assert_eq!(spec["replicas"].as_u64(), replicas, "{values}");
        let found = of_kind(&made, "PodDisruptionBudget");
        assert_eq!(found.is_some(), budget, "{values}");
        if let Some(found) = found {
            assert_eq!(found["spec"]["maxUnavailable"], 1, "{values}");
        }
    }
}

#[test]
fn a_pod_is_given_longer_than_delay_and_drain() {
    for (delay, drain) in
        [("5s", "25s"), ("0s", "0s"), ("500ms", "1m30s"), ("1m1ms", "1h"), ("10s", "59m59s999ms")]
    {
        let values = format!("config: {{ server: {{ shutdown: {{ delay: {delay}, drain: {drain} }} }} }}\n");
        let made = objects("portcullis", &values);
        let grace = pod(&made)["spec"]["terminationGracePeriodSeconds"].as_u64().expect("seconds");
        let [delay, drain] = [delay, drain].map(|text| parse_duration(text).expect("a duration"));
        let more = Duration::from_secs(grace).checked_sub(delay + drain).expect("longer");
        assert!((15..=16).contains(&more.as_secs()), "{values}{grace}");
    }
}

#[test]
fn egress_is_what_the_values_name() {
    let provider = |url: &str| format!("config: {{ identity_providers: {{ a: {{ issuer: '{url}' }} }} }}\n");
    let agent = |url: &str| {
        format!("config: {{ agents: {{ a: {{ route: /a, upstream: {url}, auth: public }} }} }}\n")
    };
    let etcd = |url: &str| format!("store: {{ type: etcd, etcd: {{ endpoints: ['{url}'] }} }}\n");
    let namespace = |name: &str| json!([{ "to": [{ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": name } } }] }]);
    let port = |number: u16| json!([{ "ports": [{ "port": number, "protocol": "TCP" }] }]);
    let none = json!([]);
    let rows = [
        (String::new(), none.clone()),
        (provider("https://idp.example.com/a"), port(443)),
        (provider("https://idp.example.com:8443"), port(8443)),
        (provider("https://keys.identity.svc.cluster.local/a"), namespace("identity")),
        (agent("'http://agent.agents.svc:8000'"), namespace("agents")),
        (agent("'http://agent'"), namespace("gates")),
        (agent("{ url: 'https://user@[2001:db8::1]:7443/base' }"), port(7443)),
        (agent("'http://10.1.2.3'"), port(80)),
        (agent("'http://127.0.0.1:9000'"), none.clone()),
        (agent("'unix:/run/agent.sock'"), none.clone()),
        (etcd("https://etcd-0.etcd.storage.svc.cluster.local:2379"), namespace("storage")),
        (etcd("https://etcd.example.com:2379"), port(2379)),
        ("redis: { url: 'rediss://user:word@redis.example.com' }\n".to_owned(), port(6379)),
        (
            "otlp: { endpoint: 'http://collector.observability.svc:4317' }\n".to_owned(),
            namespace("observability"),
        ),
    ];
    let dns = json!({ "ports": [{ "port": 53, "protocol": "UDP" }, { "port": 53, "protocol": "TCP" }] });
    for (values, expected) in rows {
        let extra = json!({ "ports": [{ "port": 5353, "protocol": "UDP" }] });
        let on = format!("{values}networkPolicy: {{ egress: {{ enabled: true, extra: [{extra}] }} }}\n");
        let made = objects("portcullis", &on);
        let policy = &of_kind(&made, "NetworkPolicy").expect("a policy")["spec"];
        assert_eq!(policy["policyTypes"], json!(["Ingress", "Egress"]));
        let rules = policy["egress"].as_array().expect("rules");
        let [first, between @ .., last] = &rules[..] else { panic!("{rules:?}") };
        assert_eq!((first, json!(between), last), (&dns, expected, &extra), "{values}");
    }
}

#[test]
fn a_scraped_pod_is_scraped_once() {
    let rows = [
        ("", true, 1, None),
        ("serviceMonitor: { enabled: true, labels: { release: x } }\n", false, 2, Some("ServiceMonitor")),
        ("podMonitor: { enabled: true, labels: { release: x } }\n", false, 1, Some("PodMonitor")),
    ];
    for (values, annotated, services, monitor) in rows {
        let made = objects("portcullis", values);
        let annotations = &pod(&made)["metadata"]["annotations"];
        assert_eq!(annotations.get("prometheus.io/scrape").is_some(), annotated, "{values}");
        let found: Vec<_> = made.iter().filter(|object| object["kind"] == "Service").collect();
        assert_eq!(found.len(), services, "{values}");
        // The Service for callers may lead to the outside, and the ops port has no credentials.
        assert!(!found[0]["spec"]["ports"].to_string().contains("ops"), "{values}");
        if let Some(kind) = monitor {
            let monitor = of_kind(&made, kind).expect("a monitor");
            assert_eq!(monitor["metadata"]["labels"]["release"], "x");
            assert_eq!(
                monitor["spec"]["selector"]["matchLabels"]["app.kubernetes.io/instance"],
                "portcullis"
            );
        }
    }
}

#[test]
fn members_have_the_names_of_their_pods() {
    let made = objects("portcullis", "store: { type: etcd, etcd: { endpoints: ['https://etcd:2379'] } }\n");
    let field =
        json!([{ "name": "POD_NAME", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } }]);
    assert_eq!(pod(&made)["spec"]["containers"][0]["env"], field);
    let server = &parsed(configuration(&made))[0]["server"];
    assert_eq!(server["member"]["name"], "${POD_NAME:-not-in-a-pod}");
}

#[test]
fn the_notes_say_what_is_missing_and_nothing_else() {
    let fleet = |more: &str| {
        format!(
            "{AGENTS}store: {{ type: etcd, etcd: {{ endpoints: ['https://etcd:2379'], existingSecret: etcd }} }}\n{more}"
        )
    };
    let inside = |more: &str| format!("{AGENTS}  {more}\n");
    let egress = "networkPolicy: { egress: { enabled: true } }\n";
    let outside = |more: &str| format!("{AGENTS}{more}");
    // What is said, the values with which it is, and those with which it is not.
    let rows = [
        ("config.agents is empty", String::new(), AGENTS.to_owned()),
        ("tls.existingSecret is empty", AGENTS.to_owned(), outside("tls: { existingSecret: t }\n")),
        ("believed from 10.0.0.0/8", AGENTS.to_owned(), inside("server: { trusted_proxies: null }")),
        ("trusted_proxies is empty", inside("server: { trusted_proxies: [] }"), AGENTS.to_owned()),
        ("the control API only reads", AGENTS.to_owned(), fleet("")),
        ("a volume that `helm uninstall` leaves", outside("store: { type: directory }\n"), AGENTS.to_owned()),
        ("store.etcd.existingSecret is empty", fleet("").replace(", existingSecret: etcd", ""), fleet("")),
        (
            "store_id is not set",
            fleet(""),
            fleet("").replace("config:\n", "config:\n  store: { etcd: { store_id: a } }\n"),
        ),
        (
            "sealing_key_file is not set",
            fleet(""),
            fleet("").replace(
                "config:\n",
                "config:\n  server: { sealing_key_file: /etc/portcullis-secrets/etcd/seal.key }\n",
            ),
        ),
        ("a name that both have makes", fleet(""), AGENTS.to_owned()),
        ("sealing_key_file is not set", fleet(""), fleet("replicas: 1\n")),
        ("run longer: refund-agent.", AGENTS.replace("20s", "1h"), AGENTS.to_owned()),
        ("run longer: refund-agent.", AGENTS.replace("20s", "off"), AGENTS.to_owned()),
        ("There is one replica", outside("replicas: 1\n"), AGENTS.to_owned()),
        ("networkPolicy.enabled is false", outside("networkPolicy: { enabled: false }\n"), AGENTS.to_owned()),
        (
            "monitoringNamespace is empty",
            outside("networkPolicy: { monitoringNamespace: '' }\n"),
            AGENTS.to_owned(),
        ),
        ("that only the store knows", fleet(egress), outside(egress)),
        (
            "which the chart cannot read",
            outside(egress).replace("https://idp.example.com/realms/a", "'https://${HOST}/a'"),
            outside(egress),
        ),
        (
            "prometheusRule.enabled is false",
            AGENTS.to_owned(),
            outside("prometheusRule: { enabled: true }\n"),
        ),
        (
            "custom.metrics.k8s.io",
            outside("autoscaling: { enabled: true, connectionsPerPod: 9 }\n"),
            AGENTS.to_owned(),
        ),
        ("redis is set", outside("redis: { url: 'redis://r:6379' }\n"), AGENTS.to_owned()),
        ("oidc is set", outside("oidc: { existingSecret: o }\n"), AGENTS.to_owned()),
    ];
    let mut told = BTreeMap::new();
    let mut notes = |values: String| told.entry(values).or_insert_with_key(|values| notes(values)).clone();
    for (words, with, without) in rows {
        let (with, without) = (notes(with), notes(without));
        assert!(with.contains(words), "{words} is not in\n{with}");
        assert!(!without.contains(words), "{words} is in\n{without}");
    }
}
