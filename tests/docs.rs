//! What is shipped to be read is true: the reference and every example compile, the reference has every key and its
//! default, pages, alerts and dashboard speak of the metrics and reasons that there are, and each threat of files and
//! tests that there are.

#[cfg(test)]
#[path = "docs/chart.rs"]
mod chart;
#[cfg(test)]
#[path = "docs/chart_values.rs"]
mod chart_values;
#[cfg(test)]
#[path = "docs/clients.rs"]
mod clients;
#[cfg(test)]
#[path = "docs/helm.rs"]
mod helm;
#[cfg(test)]
#[path = "docs/names.rs"]
mod names;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::sync::Arc;
    use std::time::Duration;

    use portcullis::config::{Document, Files, Source, compile, parse, reference, schema};
    use portcullis::model::{
        AuthContext, Call, CallProtocol, Digest, EndedBy, Identity, Instant, Possession, Reason, RequestId,
    };
    use portcullis::telemetry::{AccessLog, EndedRequest, Metrics, RequestRecord, UpstreamError};

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    fn read(path: &str) -> String {
        fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn yaml_in(folder: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(root().join(folder)).expect("a folder");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
        paths.sort();
        assert!(!paths.is_empty(), "{folder} has no YAML");
        paths
    }

    fn source(path: &Path) -> Source {
        Source::new(path, fs::read_to_string(path).expect("a readable file"))
    }

    /// Compiles as `portcullis check --strict` does, in an empty environment: what is shown to be copied passes it.
    fn document(what: &str, sources: &[Source]) -> Document {
        let document = parse(sources, &|_| None).unwrap_or_else(|findings| panic!("{what}:\n{findings}"));
        let held = |path: &PathBuf| fs::read(path).map_err(|error| error.to_string());
        let files: Files = document.files().into_iter().map(|path| (path.clone(), held(&path))).collect();
        let metrics = Metrics::new().expect("metrics");
        match compile(&document, &files, None, &metrics) {
            Ok(compiled) if compiled.warnings.warnings() == 0 => {}
            Ok(compiled) => panic!("{what}:\n{}", compiled.warnings),
            Err(findings) => panic!("{what}:\n{findings}"),
        }
        document
    }

    #[test]
    fn every_example_compiles() {
        let mut examples = yaml_in("examples");
        examples.push(root().join("examples/kubernetes"));
        for path in examples {
            let checked = Command::new(env!("CARGO_BIN_EXE_portcullis"))
                .args(["check", "--strict", "-c"])
                .arg(&path)
                .env_clear()
                .output()
                .expect("the command runs");
            let said = String::from_utf8_lossy(&checked.stderr);
            assert!(checked.status.success(), "{}:\n{said}", path.display());
        }
    }

    #[test]
    fn the_page_on_the_examples_lists_those_that_there_are() {
        let page = read("examples/README.md");
        let name = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let mut there: BTreeSet<_> = yaml_in("examples").iter().filter_map(name).collect();
        there.insert("kubernetes".to_owned());
        let rows = page.lines().filter_map(|line| line.strip_prefix("| [")?.split_once(']'));
        let listed: BTreeSet<_> = rows.map(|(name, _)| name.trim_end_matches('/').to_owned()).collect();
        assert_eq!(listed, there);
    }

    #[test]
    fn the_page_on_the_suites_lists_those_that_there_are() {
        let entries = fs::read_dir(root().join("tests")).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let suites: BTreeSet<_> = paths
            .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
            .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
            .collect();
        assert!(suites.contains("docs"), "the suites were not found: {suites:?}");
        let page = read("tests/README.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        let listed: Vec<_> = rows.map(|(name, _)| name.to_owned()).collect();
        assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), suites);
        assert_eq!(listed.len(), suites.len(), "each once: {listed:?}");
        let makefile = read("Makefile");
        let quick =
            makefile.lines().find_map(|line| line.strip_prefix("QUICK := ")).expect("the quick suites");
        let unknown: Vec<_> = quick.split(' ').filter(|name| !suites.contains(*name)).collect();
        assert!(unknown.is_empty(), "make quick names {unknown:?}");
    }

    #[test]
    fn the_configurations_in_the_readme_and_in_the_manifest_compile() {
        let readme = read("README.md");
        let (_, after) = readme.split_once("```yaml\n").expect("a configuration");
        let (yaml, _) = after.split_once("```").expect("its end");
        document("README.md", &[Source::new("README.md", yaml)]);

        let manifest = read("deploy/kubernetes/portcullis.yaml");
        let files = ["server.yaml", "agents.yaml"].map(|name| Source::new(name, block(&manifest, name)));
        document("deploy/kubernetes/portcullis.yaml", &files);
    }

    /// The literal text under `  NAME: |`.
    fn block(manifest: &str, name: &str) -> String {
        let (_, after) = manifest.split_once(&format!("  {name}: |\n")).expect("a block");
        let lines = after.lines().take_while(|line| line.starts_with("    "));
        lines.map(|line| format!("{}\n", &line[4..])).collect()
    }

    #[test]
    fn the_reference_compiles_and_its_server_settings_are_the_defaults() {
        let path = root().join("conf/portcullis.yaml");
        let reference = document("conf/portcullis.yaml", &[source(&path)]);
        let bare =
            "version: 1\nagents:\n  a: { route: /, upstream: 'http://127.0.0.1:9000', auth: public }\n";
        let bare = document("the least", &[Source::new("bare.yaml", bare)]);
        assert_eq!(settings(&reference), settings(&bare));
    }

    /// The server settings, without the places where they were written.
    fn settings(document: &Document) -> String {
        let server = &document.server;
        let listeners: Vec<_> = server.listeners.iter().map(|listener| listener.address.value).collect();
        let numbers = (server.workers, server.ops.address.value, server.token_cache, &server.trusted_proxies);
        let rest = (&server.state_dir, &server.limits, &server.shutdown, &server.access_log);
        format!("{listeners:?} {numbers:?} {rest:?} {:?}", server.admin)
    }

    #[test]
    fn the_reference_has_every_key() {
        let reference = read("conf/portcullis.yaml");
        let written = |key: &str| {
            let key = format!("{key}:");
            reference.match_indices(&key).any(|(at, _)| reference[..at].ends_with([' ', '\n']) || at == 0)
        };
        let mut keys = BTreeSet::new();
        collect_keys(&schema(), &mut keys);
        assert!(keys.contains("identity_providers"), "the schema was not understood: {keys:?}");
        let missing: Vec<_> = keys.iter().filter(|key| !written(key)).collect();
        assert!(missing.is_empty(), "conf/portcullis.yaml does not have {missing:?}");
    }

    /// `UPDATE_EXPECTED=1` writes the page anew.
    #[test]
    fn the_page_of_settings_is_the_one_that_the_declarations_make() {
        let made = reference();
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(root().join("docs/SETTINGS.md"), &made).expect("a page");
        }
        assert!(read("docs/SETTINGS.md") == made, "docs/SETTINGS.md is not what the declarations make");
        assert!(made.contains("| `max_in_flight` | number, 1 to 1048576 | `4096` |"), "{made}");
    }

    fn collect_keys(schema: &serde_json::Value, keys: &mut BTreeSet<String>) {
        match schema {
            serde_json::Value::Object(members) => {
                for (name, member) in members {
                    if let ("properties", Some(properties)) = (name.as_str(), member.as_object()) {
                        keys.extend(properties.keys().cloned());
                    }
                    collect_keys(member, keys);
                }
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| collect_keys(item, keys)),
            _ => {}
        }
    }

    #[test]
    fn the_runbook_has_a_row_for_every_reason_with_its_status() {
        let runbook = read("docs/OPERATIONS.md");
        for reason in Reason::ALL.into_iter().filter(|reason| *reason != Reason::Ok) {
            let row = format!("| `{reason}` | {} |", reason.status());
            assert!(runbook.contains(&row), "docs/OPERATIONS.md has no row that starts with {row}");
        }
    }

    /// The rows of a page's tables, each as its columns.
    fn rows(page: &str) -> Vec<Vec<&str>> {
        let lines = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| attack"));
        lines.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
    }

    #[test]
    fn every_threat_names_files_and_tests_that_there_are() {
        let page = read("docs/THREATS.md");
        let (rows, mut wrong) = (rows(&page), Vec::new());
        assert!(rows.len() >= 80, "only {} rows", rows.len());
        for row in &rows {
            let [attack, stops, test, n] = row[..] else { panic!("not four columns: {row:?}") };
            assert!(!n.is_empty(), "no N: {attack}");
            for column in [stops, test]
                .into_iter()
                .filter(|column| !column.ends_with("these") && *column != "the whole")
            {
                let named: Vec<&str> = column.split('`').skip(1).step_by(2).collect();
                assert!(!named.is_empty(), "{attack}: names nothing in {column:?}");
                for name in named {
                    let (path, function) = name.split_once("::").unwrap_or((name, ""));
                    let text = fs::read_to_string(root().join(path)).unwrap_or_default();
                    if text.is_empty() || !text.contains(&format!("fn {function}")) && !function.is_empty() {
                        wrong.push(format!("{attack}: {name}"));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "not there: {wrong:#?}");
    }

    /// Every word that starts like a metric of ours.
    fn metrics_named(text: &str) -> BTreeSet<String> {
        let is_word = |c: char| c.is_ascii_lowercase() || c == '_';
        let words = text.match_indices("portcullis_").map(|(at, _)| &text[at..]);
        let words = words.map(|rest| rest.split(|c| !is_word(c)).next().unwrap_or_default());
        words.map(|word| word.trim_end_matches("_bucket").trim_end_matches("_count").to_owned()).collect()
    }

    #[test]
    fn pages_alerts_and_dashboard_name_the_metrics_that_there_are() {
        let declared: BTreeSet<String> =
            Metrics::declarations().iter().map(|family| family.name.to_owned()).collect();
        assert_eq!(metrics_named(&read("docs/METRICS.md")), declared, "docs/METRICS.md");
        for path in ["deploy/prometheus/alerts.yaml", "deploy/grafana/portcullis.json", "docs/OPERATIONS.md"]
        {
            let unknown: Vec<_> = metrics_named(&read(path)).difference(&declared).cloned().collect();
            assert!(unknown.is_empty(), "{path} names {unknown:?}");
        }
    }

    #[test]
    fn the_page_on_metrics_has_a_row_for_each_family_with_its_type_and_labels() {
        let page = read("docs/METRICS.md");
        let rows: Vec<Vec<&str>> = page
            .lines()
            .filter(|line| line.starts_with("| `"))
            .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
            .collect();
        for family in Metrics::declarations().iter().filter(|family| family.name != "portcullis_build_info") {
            let named = format!("`{}`", family.name);
            let row = rows.iter().find(|row| row.first() == Some(&named.as_str()));
            let [_, kind, labels, meaning] = row.map_or(&[][..], Vec::as_slice) else {
                panic!("docs/METRICS.md has no row of four columns for {}", family.name)
            };
            let labels: Vec<&str> = labels.split('`').skip(1).step_by(2).collect();
            let declared: Vec<&str> = family.labels.iter().map(|label| label.name()).collect();
            assert_eq!((*kind, labels), (family.kind, declared), "{}", family.name);
            assert!(!meaning.is_empty(), "{} has no meaning", family.name);
        }
    }

    /// The alerts of the rule file: name, and the lines below it.
    fn alerts(rules: &str) -> Vec<(&str, &str)> {
        let entries = rules.split("- alert: ").skip(1);
        entries.map(|entry| entry.split_once('\n').expect("lines below the name")).collect()
    }

    #[test]
    fn every_alert_says_what_it_means_and_has_a_heading_in_the_runbook() {
        let (rules, runbook) = (read("deploy/prometheus/alerts.yaml"), read("docs/RUNBOOK.md"));
        let alerts = alerts(&rules);
        assert!(alerts.len() >= 16, "the alerts were not found: {alerts:?}");
        for (name, rule) in alerts {
            for member in ["summary: ", "description: "] {
                assert!(rule.contains(member), "{name} has no {member}");
            }
            let address = format!("runbook_url: docs/RUNBOOK.md#{}\n", name.to_lowercase());
            assert!(rule.contains(&address), "{name} does not say {address}");
            let has_heading = runbook.contains(&format!("\n### {name}\n"));
            assert!(has_heading, "docs/RUNBOOK.md has no heading {name}");
        }
    }

    #[test]
    fn every_alert_fires_in_one_case_and_stays_quiet_in_another() {
        const CASES: [&str; 2] = ["alerts_test.yaml", "alerts_days_test.yaml"];
        let rules = read("deploy/prometheus/alerts.yaml");
        let cases = CASES.map(|file| read(&format!("deploy/prometheus/{file}"))).concat();
        let cases: Vec<&str> = cases.split("\n  - name: ").skip(1).collect();
        for (name, _) in alerts(&rules) {
            let of_it = cases.iter().filter(|case| case.contains(&format!("alertname: {name}\n")));
            let (quiet, fires): (Vec<&str>, Vec<&str>) =
                of_it.copied().partition(|case| case.contains("exp_alerts: []"));
            assert!(!fires.is_empty() && !quiet.is_empty(), "{name}: {fires:?} {quiet:?}");
        }
        let ran = std::process::Command::new("promtool")
            .args(["test", "rules"])
            .args(CASES)
            .current_dir(root().join("deploy/prometheus"))
            .output()
            .expect("promtool; `make setup` installs it");
        let said =
            format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success(), "{said}");
    }

    #[test]
    fn the_memory_limit_of_the_manifest_fits_what_the_defaults_allow() {
        // KiB for each, as docs/OPERATIONS.md says under Memory.
        const IDLE: u64 = 17 * 1024;
        const TOKEN: u64 = 2;
        const CONNECTION: u64 = 19;
        let bare =
            "version: 1\nagents:\n  a: { route: /, upstream: 'http://127.0.0.1:9000', auth: public }\n";
        let server = document("the least", &[Source::new("bare.yaml", bare)]).server;
        let full =
            IDLE + server.token_cache.entries as u64 * TOKEN + server.limits.connections as u64 * CONNECTION;
        let manifest = read("deploy/kubernetes/portcullis.yaml");
        let (_, limit) = manifest.split_once("limits: { memory: ").expect("a memory limit");
        let limit: u64 = limit.split_once("Mi").and_then(|(number, _)| number.parse().ok()).expect("in Mi");
        // A third of it stays for callers that read slowly.
        assert!(full <= limit * 1024 * 3 / 4, "{full} KiB when full, and a limit of {limit} MiB");
    }

    #[test]
    fn the_page_on_the_access_log_has_every_field_of_a_line() {
        let page = read("docs/ACCESS_LOG.md");
        let rows = rows(&page);
        let named: BTreeSet<&str> = rows
            .iter()
            .filter(|row| row.len() == 3)
            .flat_map(|row| row[0].split('`').skip(1).step_by(2))
            .collect();
        assert_eq!(named, fields_of_a_line().iter().map(String::as_str).collect());
    }

    #[test]
    fn the_page_on_the_access_log_explains_every_upstream_error() {
        let page = read("docs/ACCESS_LOG.md");
        let (_, table) = page.split_once("## `upstream_error`").expect("the section");
        let rows = rows(table);
        let explained: Vec<&str> =
            rows.iter().filter(|row| row.len() == 4).filter_map(|row| row[0].split('`').nth(1)).collect();
        assert_eq!(explained.len(), UpstreamError::ALL.len(), "each once");
        let explained: BTreeSet<&str> = explained.into_iter().collect();
        assert_eq!(explained, UpstreamError::ALL.into_iter().map(UpstreamError::as_str).collect());
    }

    fn fields_of_a_line() -> BTreeSet<String> {
        let (sink, mut said) = std::io::pipe().map(|(said, sink)| (sink, said)).expect("a pipe");
        let (log, written) = AccessLog::to(sink);
        for protocol in CallProtocol::ALL.iter().copied() {
            let call = Call { protocol, method: None, name: None, version: None };
            let record = RequestRecord::unrouted(Instant::from_unix(0), RequestId::Given("r".into()));
            let context = AuthContext { acr: Some("c".into()), act: ["i|s".into()].into() };
            let identity = Identity { context: Some(Box::new(context)), ..Identity::default() };
            log.write(|| EndedRequest {
                record: RequestRecord {
                    call: Some(Arc::new(call)),
                    identity: Some(Arc::new(identity)),
                    limit: Some("l".into()),
                    possession: Possession { is_judged: true, ..Possession::NOT_JUDGED },
                    ..record
                },
                version: http::Version::HTTP_11,
                took: Duration::ZERO,
                upstream_took: None,
                upstream_attempts: 0,
                client_certificate: Some(Digest::of(b"")),
                grpc_status: Some(16),
                bytes_in: 0,
                bytes_out: 0,
                ended_by: Some(EndedBy::Policy),
            });
        }
        drop((log, written));
        let mut text = String::new();
        std::io::Read::read_to_string(&mut said, &mut text).expect("the lines");
        let lines = text.lines().map(|line| {
            let line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).expect("JSON");
            line
        });
        let below = |name: &str, value: &serde_json::Value| match value {
            serde_json::Value::Object(members) => {
                members.keys().map(|member| format!("{name}.{member}")).collect()
            }
            _ => vec![name.to_owned()],
        };
        lines.flatten().flat_map(|(name, value)| below(&name, &value)).collect()
    }

    #[test]
    fn every_panel_of_the_dashboard_shows_the_chosen_job_alone() {
        let dashboard: serde_json::Value =
            serde_json::from_str(&read("deploy/grafana/portcullis.json")).expect("JSON");
        let panels = dashboard["panels"].as_array().expect("panels");
        let queries = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
        let queries: Vec<&str> = queries.filter_map(|target| target["expr"].as_str()).collect();
        assert!(queries.len() > 25, "{queries:?}");
        for query in queries {
            let selectors = ["portcullis_", "process_"].map(|start| query.matches(start).count());
            let chosen = query.matches(r#"job=~"$job""#).count();
            assert_eq!(chosen, selectors.iter().sum::<usize>(), "{query}");
        }
    }
}
