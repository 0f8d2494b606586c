//! The rules of the house that a machine can check: who may import whom, which crate may be named where, how long a
//! file may be, what no tracked file may contain. docs/ARCHITECTURE.md says why.
//!
//! Rules are data (`tidy/laws.rs`); each carries samples that it must catch and samples that it must leave alone.

#[cfg(test)]
#[path = "tidy/circles.rs"]
mod circles;
#[cfg(test)]
#[path = "tidy/laws.rs"]
mod laws;
#[cfg(test)]
#[path = "tidy/schemas.rs"]
mod schemas;
#[cfg(test)]
#[path = "tidy/settings.rs"]
mod settings;
#[cfg(test)]
#[path = "tidy/text.rs"]
mod text;

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::circles::circles;
    use super::laws::{LAWS, ROOMS};
    use super::settings::places;
    use super::text::File;

    /// Every tracked text file of this repository; files that git does not know yet count as well.
    fn tree() -> Vec<File> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let listing = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .expect("git lists the files of a checkout");
        assert!(listing.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listing.stderr));
        let paths = String::from_utf8(listing.stdout).expect("paths are UTF-8");
        // A file that was deleted but not yet committed is still listed; one that is not text has no lines.
        let read = |path: &str| std::fs::read_to_string(root.join(path)).ok();
        paths.split('\0').filter_map(|path| Some(File::new(path, &read(path)?))).collect()
    }

    #[test]
    fn the_tree_keeps_every_law() {
        let tree = tree();
        assert!(tree.iter().any(|file| file.path == "src/lib.rs"), "the tree was not found");
        let mut findings = Vec::new();
        for law in LAWS {
            for file in tree.iter().filter(|file| (law.covers)(file)) {
                findings.extend(
                    (law.check)(file).into_iter().map(|what| format!("{}: {what} ({})", file.path, law.name)),
                );
            }
        }
        assert!(findings.is_empty(), "{} breaches:\n{}", findings.len(), findings.join("\n"));
    }

    #[test]
    fn no_files_import_each_other_in_a_circle() {
        let found = circles(&tree());
        assert!(found.is_empty(), "{} circles: {found:#?}", found.len());
    }

    #[test]
    fn every_law_bites_on_its_bad_samples_and_spares_its_good_ones() {
        for law in LAWS {
            assert!(!law.bad.is_empty(), "{} has no bad sample", law.name);
            for (bites, samples) in [(true, law.bad), (false, law.good)] {
                for (path, text) in samples {
                    let file = File::new(path, text);
                    assert!((law.covers)(&file), "{} does not cover {path}", law.name);
                    let found = (law.check)(&file);
                    assert_eq!(!found.is_empty(), bites, "{} on {path}: {text}\nfound: {found:?}", law.name);
                }
            }
        }
    }

    #[test]
    fn the_import_table_has_no_way_round() {
        // Rooms are listed bottom up: each may name only rooms above its own line in the table.
        for (i, (room, may)) in ROOMS.iter().enumerate() {
            for other in *may {
                let at = ROOMS.iter().position(|(name, _)| name == other);
                assert!(
                    at.is_some_and(|at| at < i),
                    "{room} may name {other}, which does not stand below it"
                );
            }
        }
    }

    #[test]
    fn the_page_on_architecture_shows_the_table_that_is_held() {
        let page =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ARCHITECTURE.md"))
                .expect("docs/ARCHITECTURE.md");
        for (room, may) in ROOMS {
            let may = if may.is_empty() { "nothing".to_owned() } else { format!("`{}`", may.join(" ")) };
            let row =
                page.lines().find(|line| line.starts_with(&format!("| `{room}` |"))).unwrap_or_default();
            assert!(row.ends_with(&format!("| {may} |")), "{room} may import {may}; the page has {row:?}");
        }
    }

    #[test]
    fn a_plain_setting_is_named_where_it_is_declared_and_where_it_is_used() {
        let mut tree = tree();
        let settings = places(&tree);
        assert!(settings.len() >= 20, "the declarations were not found: {settings:?}");
        let many: Vec<_> = settings.iter().filter(|(_, used)| used.len() > 1).collect();
        assert!(many.is_empty(), "beside its declaration and its use: {many:#?}");
        // A third place is seen.
        tree.push(File::new("src/config/third.rs", "fn f(a: &Agent) -> Option<u64> { a.max_body }"));
        let (_, used) = places(&tree).into_iter().find(|(name, _)| name == "max_body").expect("declared");
        assert_eq!(used, ["src/config/compile/agents.rs", "src/config/third.rs"]);
    }
}
