//! The types of token that are taken: what `typ` of a header may say. A closed list, so that what is made for another purpose
//! (a proof, a logout, an event, a grant) is never an access token, whoever signed it.

/// `JWT` or `at+jwt`, with or without `application/`, in any case (RFC 7515 section 4.1.9, RFC 9068 section 4).
pub(super) fn is_accepted_type(typ: &str) -> bool {
    is_type(typ, "JWT") || is_access_type(typ)
}

/// `JOSE`, likewise, which JWT-SVIDs may have (SPIFFE JWT-SVID section 2.3).
pub(super) fn is_svid_type(typ: &str) -> bool {
    bare(typ).eq_ignore_ascii_case("JOSE")
}

/// `at+jwt`, likewise.
pub(super) fn is_access_type(typ: &str) -> bool {
    is_type(typ, "at+jwt")
}

/// Whether it is this type, likewise.
pub(super) fn is_type(typ: &str, wanted: &str) -> bool {
    bare(typ).eq_ignore_ascii_case(wanted)
}

fn bare(typ: &str) -> &str {
    let prefix = "application/";
    match typ.split_at_checked(prefix.len()) {
        Some((head, rest)) if head.eq_ignore_ascii_case(prefix) => rest,
        _ => typ,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_jwt_and_access_token_types_pass() {
        for good in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "Application/JWT"] {
            assert!(is_accepted_type(good), "{good}");
        }
        for bad in [
            "",
            "JWS",
            "oauth-id-jag+jwt",
            "dpop+jwt",
            "logout+jwt",
            "secevent+jwt",
            "token-introspection+jwt",
            "txntoken+jwt",
            "wit+jwt",
            "wpt+jwt",
            "application/oauth-id-jag+jwt",
            "application/",
            "application/application/jwt",
            "at+jwt ",
            "text/jwt",
            "jwt;a",
        ] {
            assert!(!is_accepted_type(bad), "{bad}");
            assert!(!is_access_type(bad), "{bad}");
        }
    }
}
