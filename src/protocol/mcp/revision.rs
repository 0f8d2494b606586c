//! The revision of MCP that a request says it speaks.

use http::HeaderMap;

/// The first revision whose requests repeat method and name in their head.
pub(super) const MIRRORED: &str = "2026-07-28";

/// What matters of a revision here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revision {
    /// One before 2026-07-28, or none: sessions, and no mirrored headers.
    Older,
    /// 2026-07-28 or later: no sessions, and method and name stand in the head, too.
    Mirrored,
}

/// The header is no single date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownRevision;

impl Revision {
    /// The header that names it.
    pub const HEADER: &str = "mcp-protocol-version";

    /// Reads `MCP-Protocol-Version`.
    ///
    /// # Errors
    /// When it stands more than once, or is not written as `YYYY-MM-DD`.
    pub fn of(headers: &HeaderMap) -> Result<Self, UnknownRevision> {
        let mut values = headers.get_all(Self::HEADER).iter();
        let Some(value) = values.next() else { return Ok(Self::Older) };
        let text = value.to_str().map_err(|_| UnknownRevision)?;
        if values.next().is_some() || !is_date(text) {
            return Err(UnknownRevision);
        }
        Ok(if text < MIRRORED { Self::Older } else { Self::Mirrored })
    }
}

fn is_date(text: &str) -> bool {
    text.len() == MIRRORED.len()
        && text.bytes().zip(MIRRORED.bytes()).all(|(byte, like)| match like {
            b'-' => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_one_date() {
        for (values, wanted) in [
            (&[] as &[&str], Ok(Revision::Older)),
            (&["2025-11-25"], Ok(Revision::Older)),
            (&["2026-07-27"], Ok(Revision::Older)),
            (&["2026-07-28"], Ok(Revision::Mirrored)),
            (&["2027-01-01"], Ok(Revision::Mirrored)),
            (&["2026-07-28", "2026-07-28"], Err(UnknownRevision)),
            (&["2026-07-28, 2025-11-25"], Err(UnknownRevision)),
            (&["2026-7-28"], Err(UnknownRevision)),
            (&["2026/07/28"], Err(UnknownRevision)),
            (&["DRAFT-2026-"], Err(UnknownRevision)),
            (&[""], Err(UnknownRevision)),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(Revision::HEADER, value.parse().unwrap());
            }
            assert_eq!(Revision::of(&headers), wanted, "{values:?}");
        }
    }
}
