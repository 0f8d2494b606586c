//! Fuzzing on stable Rust, for a short time in every run of the tests: each reader of what a stranger writes is given
//! inputs that grew out of good ones. `fuzz/` does the same for long, with coverage.

#[cfg(test)]
#[path = "fuzz/drive.rs"]
mod drive;

#[cfg(test)]
#[path = "fuzz/mutate.rs"]
mod mutate;

#[cfg(test)]
#[path = "fuzz/targets/mod.rs"]
mod targets;

#[cfg(test)]
mod tests {
    use super::drive::fuzz;
    use super::targets::ALL;

    #[test]
    fn api_keys_have_the_form_of_the_contract_and_no_text_opens_an_agent() {
        fuzz("api_key");
    }

    #[test]
    fn a_rewritten_card_agrees_with_the_policy_and_stays_as_it_is() {
        fuzz("card");
    }

    #[test]
    fn a_certificate_of_a_header_is_the_one_that_is_in_it() {
        fuzz("certificate_header");
    }

    #[test]
    fn one_credential_is_one_credential() {
        fuzz("credential");
    }

    #[test]
    fn a_configuration_that_compiles_compiles_when_it_is_written_again() {
        fuzz("document");
    }

    #[test]
    fn what_is_made_of_a_foreign_configuration_is_one_of_ours_and_tells_what_weakens() {
        fuzz("foreign");
    }

    #[test]
    fn a_request_of_a2a_names_no_url_but_those_that_are_judged() {
        fuzz("a2a_message");
    }

    #[test]
    fn a_head_that_passes_is_read_alike_by_another_parser() {
        fuzz("head");
    }

    #[test]
    fn a_host_has_one_form() {
        fuzz("host");
    }

    #[test]
    fn a_key_set_reads_back_as_itself() {
        fuzz("key_set");
    }

    #[test]
    fn a_list_that_passes_names_nothing_that_is_hidden() {
        fuzz("list");
    }

    #[test]
    fn a_message_that_is_read_is_read_alike_by_any_reader() {
        fuzz("message");
    }

    #[test]
    fn a_path_has_one_form_and_the_meaning_of_what_was_sent() {
        fuzz("path");
    }

    #[test]
    fn a_public_key_in_pem_is_one_key() {
        fuzz("pem");
    }

    #[test]
    fn a_resource_is_written_as_it_was_read() {
        fuzz("resource");
    }

    #[test]
    fn a_token_has_one_spelling_and_nobody_gets_in() {
        fuzz("token");
    }

    #[test]
    fn every_target_runs_here_and_in_the_folder_for_long_runs() {
        let here = include_str!("fuzz.rs");
        let manifest = include_str!("../fuzz/Cargo.toml");
        for target in ALL {
            assert!(
                here.contains(&format!("fuzz(\"{}\")", target.name)),
                "{} does not run here",
                target.name
            );
            assert!(
                manifest.contains(&format!("name = \"{}\"", target.name)),
                "{} is not in fuzz/",
                target.name
            );
        }
    }
}
