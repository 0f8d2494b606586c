//! The content coding of a response. The request asks for identity; some servers send gzip all the same, because they store
//! the document in that form.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

/// A supported content coding (RFC 9110 section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
}

/// Why a body cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Undecoded {
    TooLarge,
    Broken(String),
}

impl Coding {
    /// The coding of a response with these headers.
    ///
    /// # Errors
    /// The value of `Content-Encoding`, when it is not supported.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, String> {
        let lines = headers.get_all(CONTENT_ENCODING).iter();
        let words: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
        let words = words.join(", ");
        match words.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(Self::Identity),
            // `x-gzip` is equivalent (RFC 9110 section 8.4.1.3).
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            _ => Err(words),
        }
    }

    /// The decoded body. Decoding stops at `limit` bytes, whatever a compressed body would expand to.
    ///
    /// # Errors
    /// When the decoded body is larger than `limit`, or the body does not have this coding.
    pub(super) fn decoded(self, body: Vec<u8>, limit: usize) -> Result<Vec<u8>, Undecoded> {
        if self == Self::Identity {
            return Ok(body);
        }
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        let mut plain = Vec::new();
        match MultiGzDecoder::new(body.as_slice()).take(most).read_to_end(&mut plain) {
            Ok(_) if plain.len() > limit => Err(Undecoded::TooLarge),
            Ok(_) => Ok(plain),
            Err(error) => Err(Undecoded::Broken(format!("it is no gzip: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use http::HeaderValue;

    use super::*;

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn gzip_is_supported_whatever_its_case_and_no_other_coding_is() {
        for (lines, wanted) in [
            (&[][..], Ok(Coding::Identity)),
            (&["identity"], Ok(Coding::Identity)),
            (&["gzip"], Ok(Coding::Gzip)),
            (&["X-GZip "], Ok(Coding::Gzip)),
            (&["br"], Err("br")),
            (&["gzip, gzip"], Err("gzip, gzip")),
            (&["gzip", "br"], Err("gzip, br")),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(CONTENT_ENCODING, HeaderValue::from_static(line));
            }
            assert_eq!(Coding::of(&headers), wanted.map_err(str::to_owned), "{lines:?}");
        }
    }

    #[test]
    fn a_body_is_decoded_up_to_the_limit_and_no_further() {
        let packed = |n| gzip(&vec![b'0'; n]);
        assert_eq!(Coding::Gzip.decoded(packed(1000), 1000), Ok(vec![b'0'; 1000]));
        assert_eq!(Coding::Gzip.decoded(packed(1001), 1000), Err(Undecoded::TooLarge));
        let bomb = packed(100 << 20);
        assert!(bomb.len() < 200_000);
        assert_eq!(Coding::Gzip.decoded(bomb, 1000), Err(Undecoded::TooLarge));
        let two = [gzip(b"a"), gzip(b"b")].concat();
        assert_eq!(Coding::Gzip.decoded(two, 10), Ok(b"ab".to_vec()), "RFC 1952 section 2.2");
        for broken in [b"{}".to_vec(), Vec::new(), packed(1000)[..20].to_vec()] {
            let said = Coding::Gzip.decoded(broken, 1000).unwrap_err();
            assert!(matches!(said, Undecoded::Broken(_)), "{said:?}");
        }
    }
}
