//! The cookies of a request (RFC 6265 section 4.2.1). What one means is for whoever has set it.

use http::{HeaderMap, header};

/// The values of the cookies of that name, in the order in which they were sent. There can be several: clients also send those
/// that were set for other paths.
pub fn cookies<'h>(headers: &'h HeaderMap, name: &'h str) -> impl Iterator<Item = &'h [u8]> {
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("ab=0; a=1;b=2 ;a=5"));
        headers.append(header::COOKIE, HeaderValue::from_static("c=3=4; e; f="));
        for (name, wanted) in [
            ("a", &["1", "5"][..]),
            ("b", &["2"]),
            ("c", &["3=4"]),
            ("ab", &["0"]),
            ("A", &[]),
            ("d", &[]),
            ("e", &[]),
            ("f", &[""]),
        ] {
            let found: Vec<&[u8]> = cookies(&headers, name).collect();
            assert_eq!(found, wanted.iter().map(|value| value.as_bytes()).collect::<Vec<_>>(), "{name}");
        }
    }
}
