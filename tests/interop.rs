//! What others wrote, against the real binary, in its short form: the conformance suite of MCP, clients and agents on the
//! SDKs of MCP and A2A, and a gateway made worse on purpose. `make interop` runs the whole.
//!
//! Needs Node and Python and `make setup`. What is run, and what is expected of it, stands in tests/interop.

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    #[test]
    fn the_conformance_suite_says_the_same_through_the_gateway() {
        runs("conformance");
    }

    #[test]
    fn clients_that_know_only_a_url_find_the_way_from_the_first_401_to_a_call() {
        runs("logins");
    }

    #[test]
    fn clients_that_lack_a_scope_ask_for_it_by_the_refusal_that_names_it() {
        runs("stepup");
    }

    #[test]
    fn a_client_with_an_a2a_agents_base_url_finds_it_by_its_card() {
        runs("a2a");
    }

    #[test]
    fn both_sdks_verify_a_card_that_the_gateway_signed() {
        runs("signatures");
    }

    #[test]
    fn jose_verifies_what_an_agent_is_told_by_each_algorithm() {
        runs("assertions");
    }

    #[test]
    fn a_gateway_made_worse_turns_checks_red() {
        runs("worse");
    }

    /// Runs a part of tests/interop/run.mjs, which ends its own processes and says what failed.
    fn runs(part: &str) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let node = root.join(".tools/venv-interop/bin/node");
        assert!(node.exists(), "{} is missing: run `make setup`", node.display());
        let run = Command::new(node)
            .arg(root.join("tests/interop/run.mjs"))
            .args(["--short", env!("CARGO_BIN_EXE_portcullis"), env!("CARGO_TARGET_TMPDIR"), part])
            .output()
            .expect("node starts");
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
        assert!(said.trim_end().ends_with(" passed, 0 failed"), "it says so at its end: {said}");
    }
}
