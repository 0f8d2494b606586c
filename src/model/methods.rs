//! The request methods that are served where no route says otherwise.

/// The methods of RFC 9110 section 9.3 and PATCH (RFC 5789), without CONNECT and TRACE, which are served nowhere.
pub const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The same as the value of `Allow` (RFC 9110 section 10.2.1).
pub const ALLOW: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allow_lists_the_methods() {
        assert_eq!(ALLOW, METHODS.join(", "));
    }
}
