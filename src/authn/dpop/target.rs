//! The URL of a request as a proof names it (`htu`, RFC 9449 section 4.3), in a form in which equal URLs are equal texts: that
//! of RFC 3986 sections 6.2.2 and 6.2.3, without the removal of dot segments, which no request of the gateway has.

/// A URL in that form; `None` when the text is no URL of a request. Query and fragment are cut off; `ws` is `http`, since a
/// browser opens a WebSocket by a request.
pub(super) fn normal(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let (scheme, port) = ["http", "ws"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
        .then_some(("http", "80"))
        .or_else(|| {
            let is_secure = ["https", "wss"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
            is_secure.then_some(("https", "443"))
        })?;
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len()))?;
    let authority = without_port(authority, port);
    let is_plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'@' | b'%' | b'\\');
    if authority.is_empty() || !authority.bytes().all(is_plain) {
        return None;
    }
    let mut normal = String::with_capacity(url.len() + 1);
    normal.push_str(scheme);
    normal.push_str("://");
    normal.extend(authority.chars().map(|c| c.to_ascii_lowercase()));
    push_path(path, &mut normal)?;
    Some(normal)
}

/// The authority without an empty port, and without that of the scheme.
fn without_port<'a>(authority: &'a str, usual: &str) -> &'a str {
    match authority.rsplit_once(':') {
        // The colons in the brackets of an IPv6 address come before one.
        Some((host, port)) if port.is_empty() || port == usual => host,
        _ => authority,
    }
}

/// Adds a path: escapes of unreserved characters decoded, the others in upper case; an empty path is `/`.
fn push_path(path: &str, normal: &mut String) -> Option<()> {
    if path.is_empty() {
        normal.push('/');
        return Some(());
    }
    let mut pieces = path.split('%');
    let plain = |piece: &str| piece.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let first = pieces.next().filter(|piece| plain(piece))?;
    normal.push_str(first);
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        // `from_str_radix` takes a sign, too.
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) || !plain(rest) {
            return None;
        }
        match u8::from_str_radix(digits, 16).ok().map(char::from)? {
            c if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~') => normal.push(c),
            _ => {
                normal.push('%');
                normal.push_str(&digits.to_ascii_uppercase());
            }
        }
        normal.push_str(rest);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_urls_have_one_form_and_others_have_another() {
        for (url, wanted) in [
            ("https://a.example/x", Some("https://a.example/x")),
            ("HTTPS://A.Example:443/x", Some("https://a.example/x")),
            ("wss://a.example/x", Some("https://a.example/x")),
            ("WS://a.example:80/x", Some("http://a.example/x")),
            ("https://a.example:80/x", Some("https://a.example:80/x")),
            ("http://a.example:443/x", Some("http://a.example:443/x")),
            ("https://a.example:/x", Some("https://a.example/x")),
            ("https://a.example:8443/x", Some("https://a.example:8443/x")),
            ("https://a.example/x?y=1#z", Some("https://a.example/x")),
            ("https://a.example?y", Some("https://a.example/")),
            ("https://a.example#/y", Some("https://a.example/")),
            ("https://a.example", Some("https://a.example/")),
            ("https://a.example/", Some("https://a.example/")),
            ("https://a.example/x/", Some("https://a.example/x/")),
            ("https://a.example/%7eu/%2D%5f%2E", Some("https://a.example/~u/-_.")),
            ("https://a.example/%c3%a4%2f", Some("https://a.example/%C3%A4%2F")),
            ("https://a.example/a/../b", Some("https://a.example/a/../b")),
            ("https://a.example//b", Some("https://a.example//b")),
            ("https://a.example/X", Some("https://a.example/X")),
            ("https://[::1]:443/x", Some("https://[::1]/x")),
            ("https://[::AB]/x", Some("https://[::ab]/x")),
            ("", None),
            ("/x", None),
            ("a.example/x", None),
            ("https:/a.example/x", None),
            ("ftp://a.example/x", None),
            ("https:///x", None),
            ("https://:443/x", None),
            ("https://u@a.example/x", None),
            ("https://%61.example/x", None),
            ("https://ä.example/x", None),
            ("https://a.example/ä", None),
            ("https://a.example/a b", None),
            ("https://a.example/a\\b", None),
            ("https://a.example/%", None),
            ("https://a.example/%4", None),
            ("https://a.example/%4g", None),
            ("https://a.example/%+4", None),
        ] {
            assert_eq!(normal(url).as_deref(), wanted, "{url}");
        }
    }
}
