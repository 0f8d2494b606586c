//! Header names as servers see them that turn names into variables (CGI, WSGI): letters and digits only.

/// Equal on letters and digits alone, without regard to case.
#[must_use]
pub fn reduced_eq(a: &str, b: &str) -> bool {
    fn letters(name: &str) -> impl Iterator<Item = u8> {
        name.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase())
    }
    letters(a).eq(letters(b))
}

#[cfg(test)]
mod tests {
    use super::reduced_eq;

    #[test]
    fn case_and_punctuation_make_no_other_name() {
        for name in ["x-caller-sub", "X_CALLER_SUB", "x.caller.sub", "X--Caller--Sub", "xcallersub"] {
            assert!(reduced_eq("X-Caller-Sub", name), "{name}");
        }
        for name in ["x-caller", "x-caller-sub2", "", "-"] {
            assert!(!reduced_eq("X-Caller-Sub", name), "{name}");
        }
    }
}
