//! The request methods that a route without `methods` serves.

/// The methods of RFC 9110 section 9.3 and PATCH (RFC 5789). CONNECT would make a tunnel to anywhere, and TRACE would send
/// credentials back, so no route serves them.
pub const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// [`METHODS`] as the value of `Allow` (RFC 9110 section 10.2.1).
pub const ALLOW: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allow_lists_the_methods() {
        assert_eq!(ALLOW, METHODS.join(", "));
    }
}
