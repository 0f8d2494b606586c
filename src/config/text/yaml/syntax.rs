//! What the YAML parser stumbled over, in the words of this house.

use granit_parser::{ErrorKind, ScanError};

use super::super::code::Code;
use super::MAX_DEPTH;

/// The code, the message and the help for an error on the line `line`.
pub(super) fn explain(error: &ScanError, line: &str) -> (Code, String, &'static str) {
    use ErrorKind as K;
    match error.kind() {
        K::TabNotAllowed
        | K::TabInBlockIndentation
        | K::TabInIndentation
        | K::TabAtBlockScalarStart
        | K::TabInPlainScalar => {
            (Code::YamlTab, "a tab stands where YAML allows only spaces".to_owned(), "indent with spaces")
        }
        K::RecursionLimitExceeded => (
            Code::TooComplex,
            format!("nested deeper than {MAX_DEPTH} levels"),
            "no configuration needs this; look for a mistake",
        ),
        K::UnknownAnchor => {
            let help = "define the anchor above, in this file";
            (Code::YamlAlias, "this alias stands for nothing".to_owned(), help)
        }
        K::UndeclaredTagHandle => {
            (Code::YamlTag, "YAML tags are not read".to_owned(), "remove it; quotes make a text of any value")
        }
        K::DirectiveDisallowed => {
            (Code::YamlSyntax, "YAML directives (`%`) are not read".to_owned(), "remove the line")
        }
        _ if line.contains("${") => {
            let help = "inside `{ }` and `[ ]`, `${NAME}` wants quotes: \"${NAME}\"";
            (Code::YamlSyntax, format!("not YAML: {}", error.info()), help)
        }
        _ => {
            let help = "look at the indentation, the quotes and the brackets on this line and above";
            (Code::YamlSyntax, format!("not YAML: {}", error.info()), help)
        }
    }
}
