//! The spellings of a header name. Servers that turn names into variables (CGI, RFC 3875 section 4.1.18; WSGI) cannot tell
//! `X-User` from `X_User`, so names are compared by their letters and digits alone.

/// Whether two names are equal on letters and digits, ignoring case.
#[must_use]
pub fn reduced_eq(a: &str, b: &str) -> bool {
    letters(a).eq(letters(b))
}

/// Whether `name` begins with `start` on letters and digits, ignoring case.
#[must_use]
pub fn reduced_starts_with(name: &str, start: &str) -> bool {
    let mut name = letters(name);
    letters(start).all(|letter| name.next() == Some(letter))
}

/// The letters and digits of `name` in lower case: the key under which names that [`reduced_eq`] equates collide.
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
    fn names_are_equal_whatever_their_case_and_punctuation() {
        for name in ["x-caller-sub", "X_CALLER_SUB", "x.caller.sub", "X--Caller--Sub", "xcallersub"] {
            assert!(reduced_eq("X-Caller-Sub", name), "{name}");
            assert_eq!(reduced(name), "xcallersub");
        }
        for name in ["x-caller", "x-caller-sub2", "", "-"] {
            assert!(!reduced_eq("X-Caller-Sub", name), "{name}");
        }
    }

    #[test]
    fn names_begin_with_a_prefix_whatever_their_case_and_punctuation() {
        for name in ["x-forwarded-for", "X_FORWARDED_FOR", "x--forwarded", "xforwardedfor", "_x.forwarded"] {
            assert!(reduced_starts_with(name, "X-Forwarded"), "{name}");
        }
        for name in ["x-forward", "forwarded", "", "-", "y-x-forwarded"] {
            assert!(!reduced_starts_with(name, "X-Forwarded"), "{name}");
        }
    }
}
