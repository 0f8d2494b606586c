//! The members of a message that somebody decides by, so that the reader keeps them, and refuses what another reader
//! could take for them.

use super::message::Text;

/// A member that a protocol knows, and the members inside it that it knows.
#[derive(Debug)]
pub struct Known {
    /// Its name, in the spelling of the protocol.
    pub name: &'static str,
    /// Where its text is kept, if it is one that decides.
    pub keeps: Option<Text>,
    /// The known members of the object that it is, or of the objects in the list that it is.
    pub inside: &'static [Self],
}

/// Which names count as another spelling of a known one, and are refused.
///
/// A server that reads members without regard to case would act on `Name` where the gateway judged `name`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// Those that differ in case alone.
    Case,
    /// Those that differ in case and underscores alone: readers of protocol buffers' JSON take either.
    CaseAndUnderscores,
}

impl Spelling {
    /// Whether `name` is another spelling of `known`, which is ASCII. Case is Unicode's simple case folding: besides A to Z,
    /// only the Kelvin sign and the long s fold to ASCII letters.
    #[must_use]
    pub fn is_variant(self, name: &str, known: &str) -> bool {
        if name == known {
            return false;
        }
        let folded = name.chars().filter(|c| self == Self::Case || *c != '_').map(|c| match c {
            '\u{212a}' => 'k',
            '\u{17f}' => 's',
            _ => c.to_ascii_lowercase(),
        });
        folded.eq(known.chars().map(|c| c.to_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_spelling_differs_in_case_or_in_underscores() {
        use Spelling::{Case, CaseAndUnderscores};
        for (spelling, name, known, wanted) in [
            (Case, "name", "name", false),
            (Case, "Name", "name", true),
            (Case, "NAME", "name", true),
            (Case, "na_me", "name", false),
            (Case, "name ", "name", false),
            (Case, "taſkId", "taskId", true),
            (Case, "tas\u{212a}Id", "taskId", true),
            (Case, "nаme", "name", false),
            (CaseAndUnderscores, "push_notification_config", "pushNotificationConfig", true),
            (CaseAndUnderscores, "pushNotificationConfig", "pushNotificationConfig", false),
            (CaseAndUnderscores, "url_", "url", true),
            (CaseAndUnderscores, "u-rl", "url", false),
        ] {
            assert_eq!(spelling.is_variant(name, known), wanted, "{name} {known}");
        }
    }
}
