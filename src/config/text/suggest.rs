//! "Did you mean": the word of a list that somebody probably meant.

/// So many words are listed in a help.
const LISTED: usize = 16;

/// The word of `known` that `written` was probably meant to be.
pub(in crate::config) fn did_you_mean<'k>(
    written: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<&'k str> {
    let lower = written.to_lowercase();
    let folded = |word: &str| word.to_lowercase().replace(['-', '_'], "");
    known
        .into_iter()
        .map(|word| {
            let distance = strsim::damerau_levenshtein(&lower, &word.to_lowercase());
            (if folded(&lower) == folded(word) { 0 } else { distance }, word)
        })
        .filter(|(distance, word)| *distance <= word.chars().count().max(lower.chars().count()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// The help for a word that is not one of `known`.
pub(in crate::config) fn suggest<'k>(
    written: &str,
    known: impl IntoIterator<Item = &'k str> + Clone,
) -> String {
    if let Some(word) = did_you_mean(written, known.clone()) {
        return format!("did you mean `{word}`?");
    }
    let mut words: Vec<_> = known.into_iter().take(LISTED + 1).map(|word| format!("`{word}`")).collect();
    if words.len() > LISTED {
        words.truncate(LISTED);
        words.push("and more".to_owned());
    }
    match words.as_slice() {
        [] => "there is none to choose from".to_owned(),
        [one] => format!("expected {one}"),
        many => format!("expected one of {}", many.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_recognised_and_far_ones_are_not() {
        let known = ["identity_providers", "agents", "api_keys", "version", "server"];
        for (written, meant) in [
            ("identity_provider", Some("identity_providers")),
            ("identityProviders", Some("identity_providers")),
            ("api-keys", Some("api_keys")),
            ("verison", Some("version")),
            ("banana", None),
            ("x", None),
        ] {
            assert_eq!(did_you_mean(written, known), meant, "{written}");
        }
    }
}
