//! What is built from others' work is what we chose: the rules in `deny.toml` bite, its waivers have a reason and an end,
//! and the released binary keeps the checks that the tests run with.
//!
//! Today's date is passed in (`PORTCULLIS_TODAY=YYYY-MM-DD`, which `make test` and `make deny` do): without it only the
//! form of the ends is checked, so that an old checkout can still be tested as it was.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    fn read(path: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The lists whose entries let something pass that would be refused.
    const WAIVERS: [&str; 4] = ["ignore", "skip", "skip-tree", "exceptions"];

    /// The entries of those lists, each on one line.
    fn waivers(text: &str) -> Vec<&str> {
        let mut inside = false;
        let mut found = Vec::new();
        for line in text.lines().map(str::trim) {
            let opens = line.split_once('=').is_some_and(|(name, list)| {
                WAIVERS.contains(&name.trim()) && list.trim_start().starts_with('[')
            });
            if opens {
                let list = line.split_once('[').map_or("", |(_, list)| list).trim();
                inside = !list.ends_with(']');
                if !matches!(list, "" | "]") {
                    found.push(line);
                }
            } else if line.starts_with(']') {
                inside = false;
            } else if inside && !line.is_empty() && !line.starts_with('#') {
                found.push(line);
            }
        }
        found
    }

    /// What is wrong with a waiver on this day.
    fn fault(waiver: &str, today: Option<jiff::civil::Date>) -> Option<&'static str> {
        let Some((_, reason)) = waiver.split_once("reason = \"") else { return Some("has no reason") };
        let Some((reason, _)) = reason.split_once('"') else { return Some("has no reason") };
        let Some((why, end)) = reason.rsplit_once("; until ") else { return Some("has no end") };
        if why.trim().len() < 8 {
            return Some("has no reason");
        }
        match end.parse::<jiff::civil::Date>() {
            Err(_) => Some("has no end that is a date"),
            Ok(end) if today.is_some_and(|today| today > end) => Some("is past its end"),
            Ok(_) => None,
        }
    }

    #[test]
    fn every_waiver_has_a_reason_and_an_end_that_has_not_come() {
        let today = std::env::var("PORTCULLIS_TODAY").ok();
        let today = today.map(|today| today.parse().expect("PORTCULLIS_TODAY is a date"));
        let text = read("deny.toml");
        let waivers = waivers(&text);
        assert!(!waivers.is_empty(), "the waivers were not found");
        let faults: Vec<_> = waivers
            .iter()
            .filter_map(|waiver| Some(format!("{}: {waiver}", fault(waiver, today)?)))
            .collect();
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        eprintln!("0 faults in {} waivers, today being {today:?}", waivers.len());
    }

    #[test]
    fn a_waiver_without_a_reason_or_past_its_end_is_seen() {
        let day = |text: &str| Some(text.parse().expect("a date"));
        for (waiver, today, wanted) in [
            ("{ crate = \"a@1\", reason = \"b has it; until 2027-06-30\" },", day("2027-06-30"), None),
            ("{ crate = \"a@1\", reason = \"b has it; until 2027-06-30\" },", None, None),
            (
                "{ crate = \"a@1\", reason = \"b has it; until 2027-06-30\" },",
                day("2027-07-01"),
                Some("is past its end"),
            ),
            ("{ crate = \"a@1\", reason = \"b has it\" },", None, Some("has no end")),
            (
                "{ crate = \"a@1\", reason = \"b has it; until soon\" },",
                None,
                Some("has no end that is a date"),
            ),
            ("{ crate = \"a@1\", reason = \"; until 2027-06-30\" },", None, Some("has no reason")),
            ("\"RUSTSEC-2026-0001\",", None, Some("has no reason")),
        ] {
            assert_eq!(fault(waiver, today), wanted, "{waiver}");
        }
        let text = "ignore = [\n  \"RUSTSEC-1\",\n  # a word\n]\nallow = [\n  \"MIT\",\n]\nskip = []\nskip-tree = [\"x\"]\n";
        assert_eq!(waivers(text), ["\"RUSTSEC-1\",", "skip-tree = [\"x\"]"]);
    }

    /// Runs `cargo deny check` with a changed `deny.toml`, and says whether all is well.
    fn is_well(folder: &Path, text: &str, check: &str) -> bool {
        let config = folder.join("deny.toml");
        fs::write(&config, text).expect("a file");
        let ran = Command::new("cargo")
            .args(["deny", "--locked", "--offline", "--log-level", "error", "--config"])
            .arg(&config)
            .args(["check", check])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo deny runs (scripts/setup.sh test)");
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success() || said.contains("error["), "it fails for another reason: {said}");
        ran.status.success()
    }

    #[test]
    fn the_rules_on_licences_bans_and_sources_bite() {
        let folder = tempfile::tempdir().expect("a folder");
        let rules = read("deny.toml");
        let without = |word: &str| {
            let lines = rules.lines().filter(|line| !line.contains(word)).map(|line| format!("{line}\n"));
            let left: String = lines.collect();
            assert_eq!(left.lines().count() + 1, rules.lines().count(), "one line of deny.toml has {word}");
            left
        };
        let banned = rules.replace(
            "{ crate = \"openssl\",",
            "{ crate = \"serde\", reason = \"x\" }, { crate = \"openssl\",",
        );
        for (what, text, check, wanted) in [
            ("as they are", rules.clone(), "licenses", true),
            ("as they are", rules.clone(), "bans", true),
            ("as they are", rules.clone(), "sources", true),
            ("a licence that is not allowed", without("\"ISC\""), "licenses", false),
            ("a crate that is banned", banned, "bans", false),
            ("a crate in two versions", without("\"x509-parser@0.16\""), "bans", false),
            ("a build script that is not listed", without("\"zstd-sys\""), "bans", false),
            (
                "a registry that is not known",
                rules.replace(
                    "unknown-registry = \"deny\"",
                    "unknown-registry = \"deny\"\nallow-registry = []",
                ),
                "sources",
                false,
            ),
        ] {
            assert_eq!(is_well(folder.path(), &text, check), wanted, "{check}: {what}");
        }
    }

    #[test]
    fn the_released_binary_checks_its_arithmetic_and_unwinds() {
        let manifest = read("Cargo.toml");
        let (_, release) = manifest.split_once("[profile.release]\n").expect("a profile");
        let release: Vec<_> = release.lines().take_while(|line| !line.starts_with('[')).collect();
        // A sum that wraps round would be a wrong answer; an unwinding panic ends one request and not the process.
        for wanted in ["overflow-checks = true", "panic = \"unwind\""] {
            assert!(release.contains(&wanted), "{wanted} is not in the profile of the release");
        }
        assert!(manifest.contains("unsafe_code = \"forbid\""));
    }

    #[test]
    fn every_build_is_held_to_the_lock_file() {
        let mut commands = 0;
        for path in ["Makefile", "Dockerfile", "scripts/setup.sh", "scripts/image.sh"] {
            let spoken = |line: &&str| {
                ["#", "say ", "fail ", "\""].iter().any(|word| line.trim_start().starts_with(word))
            };
            for line in read(path).lines().filter(|line| !spoken(line)) {
                let cargo = ["$(CARGO) ", "cargo "]
                    .iter()
                    .find_map(|word| line.split_once(*word))
                    .map(|(_, rest)| rest);
                let verb = cargo.and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
                if matches!(
                    verb,
                    "build" | "run" | "test" | "nextest" | "clippy" | "deny" | "bench" | "install"
                ) {
                    commands += 1;
                    assert!(line.contains("--locked"), "{path}: {}", line.trim());
                }
            }
        }
        assert!(commands >= 8, "only {commands} commands were found");
    }
}
