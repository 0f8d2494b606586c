//! The request methods that a route serves.

use http::{HeaderValue, Method};

/// The methods of a route that serves only some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Methods {
    list: Box<[Method]>,
    allow: HeaderValue,
}

impl Methods {
    /// These methods, and HEAD with GET (RFC 9110 section 9.3.2); `None` for an empty list, which restricts nothing.
    #[must_use]
    pub fn new(written: &[Method]) -> Option<Self> {
        let mut list = Vec::with_capacity(written.len() + 1);
        for method in written {
            list.push(method.clone());
            if *method == Method::GET && !written.contains(&Method::HEAD) {
                list.push(Method::HEAD);
            }
        }
        let allow = list.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        // Tokens, commas and blanks are always a header value.
        let allow = HeaderValue::from_str(&allow).ok().filter(|_| !list.is_empty())?;
        Some(Self { list: list.into(), allow })
    }

    /// Whether the route serves a method.
    #[must_use]
    pub fn allows(&self, method: &Method) -> bool {
        self.list.contains(method)
    }

    /// All methods, in the order of the configuration.
    #[must_use]
    pub fn list(&self) -> &[Method] {
        &self.list
    }

    /// The value of `Allow` (RFC 9110 section 10.2.1).
    #[must_use]
    pub const fn allow(&self) -> &HeaderValue {
        &self.allow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_is_served_with_get_and_nothing_else_is_added() {
        for (written, allow, refused) in [
            (vec![Method::GET, Method::POST], "GET, HEAD, POST", vec![Method::PUT, Method::OPTIONS]),
            (vec![Method::HEAD, Method::GET], "HEAD, GET", vec![Method::POST]),
            (vec![Method::POST], "POST", vec![Method::GET, Method::HEAD]),
            (vec![Method::from_bytes(b"PROPFIND").unwrap()], "PROPFIND", vec![Method::GET]),
        ] {
            let methods = Methods::new(&written).unwrap();
            assert_eq!(methods.allow(), allow);
            assert!(written.iter().all(|method| methods.allows(method)), "{allow}");
            assert!(refused.iter().all(|method| !methods.allows(method)), "{allow}");
        }
        assert_eq!(Methods::new(&[]), None);
    }
}
