//! Header names as servers see them that turn names into variables (CGI, WSGI): letters and digits only.

/// Equal on letters and digits alone, without regard to case.
#[must_use]
pub fn reduced_eq(a: &str, b: &str) -> bool {
    letters(a).eq(letters(b))
}

/// Whether `name` begins as `start` does, on letters and digits alone, without regard to case.
#[must_use]
pub fn reduced_starts_with(name: &str, start: &str) -> bool {
    let mut name = letters(name);
    letters(start).all(|letter| name.next() == Some(letter))
}

/// The letters and digits of `name` alone, in lower case: two names that agree here are one header to some server.
#[must_use]
pub fn reduced(name: &str) -> String {
    letters(name).map(char::from).collect()
}

fn letters(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_punctuation_make_no_other_name() {
        for name in ["x-caller-sub", "X_CALLER_SUB", "x.caller.sub", "X--Caller--Sub", "xcallersub"] {
            assert!(reduced_eq("X-Caller-Sub", name), "{name}");
            assert_eq!(reduced(name), "xcallersub");
        }
        for name in ["x-caller", "x-caller-sub2", "", "-"] {
            assert!(!reduced_eq("X-Caller-Sub", name), "{name}");
        }
    }

    #[test]
    fn case_and_punctuation_make_no_other_beginning() {
        for name in ["x-forwarded-for", "X_FORWARDED_FOR", "x--forwarded", "xforwardedfor", "_x.forwarded"] {
            assert!(reduced_starts_with(name, "X-Forwarded"), "{name}");
        }
        for name in ["x-forward", "forwarded", "", "-", "y-x-forwarded"] {
            assert!(!reduced_starts_with(name, "X-Forwarded"), "{name}");
        }
    }
}
