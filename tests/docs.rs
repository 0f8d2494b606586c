//! What is shipped to be read is true: the reference and every example compile, the reference has every key and its
//! default, pages, alerts and dashboard speak of the metrics and reasons that there are, and each threat of files and
//! tests that there are.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use portcullis::config::{Document, Files, Source, compile, parse, schema};
    use portcullis::model::Reason;
    use portcullis::telemetry::Metrics;

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

    /// Compiles as `portcullis check` does, in an empty environment.
    fn document(what: &str, sources: &[Source]) -> Document {
        let document = parse(sources, &|_| None).unwrap_or_else(|findings| panic!("{what}:\n{findings}"));
        let held = |path: &PathBuf| fs::read(path).map_err(|error| error.to_string());
        let files: Files = document.files().into_iter().map(|path| (path.clone(), held(&path))).collect();
        let metrics = Metrics::new().expect("metrics");
        if let Err(findings) = compile(&document, &files, None, &metrics) {
            panic!("{what}:\n{findings}");
        }
        document
    }

    #[test]
    fn every_example_compiles() {
        for path in yaml_in("conf/examples") {
            document(&path.display().to_string(), &[source(&path)]);
        }
        let folder: Vec<_> = yaml_in("conf/examples/kubernetes").iter().map(|path| source(path)).collect();
        document("conf/examples/kubernetes", &folder);
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
        let numbers = (server.workers, server.ops, server.token_cache_entries, &server.trusted_proxies);
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
        words.map(|word| word.trim_end_matches("_bucket").to_owned()).collect()
    }

    #[test]
    fn pages_alerts_and_dashboard_name_the_metrics_that_there_are() {
        let room = fs::read_dir(root().join("src/telemetry")).expect("the room");
        let files = room.map(|file| fs::read_to_string(file.expect("a file").path()).expect("its text"));
        let declared: BTreeSet<String> = files
            .flat_map(|source| metrics_named(source.split("#[cfg(test)]").next().unwrap_or_default()))
            .collect();
        assert!(declared.len() > 15, "the metrics were not found: {declared:?}");
        assert_eq!(metrics_named(&read("docs/METRICS.md")), declared, "docs/METRICS.md");
        for path in ["deploy/prometheus/alerts.yaml", "deploy/grafana/portcullis.json", "docs/OPERATIONS.md"]
        {
            let unknown: Vec<_> = metrics_named(&read(path)).difference(&declared).cloned().collect();
            assert!(unknown.is_empty(), "{path} names {unknown:?}");
        }
    }
}
