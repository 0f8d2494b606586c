//! How events come: what kind of token, and where it stands in the body of a request.

use url::form_urlencoded;

use super::rejection::Rejection;

/// How events come: what kind of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// A security event token (RFC 8417).
    Event,
    /// A logout token (OpenID Connect Back-Channel Logout).
    Logout,
}

impl Carrier {
    /// The `typ` of such tokens.
    #[must_use]
    pub const fn typ(self) -> &'static str {
        match self {
            Self::Event => "secevent+jwt",
            Self::Logout => "logout+jwt",
        }
    }

    /// The token in the body of a request.
    ///
    /// # Errors
    /// Where there is not exactly one.
    pub fn token(self, body: &[u8]) -> Result<String, Rejection> {
        match self {
            Self::Event => match str::from_utf8(body.trim_ascii()) {
                Ok(text) => Ok(text.to_owned()),
                Err(_) => Err(Rejection::form("the body is not text")),
            },
            Self::Logout => {
                let mut tokens = form_urlencoded::parse(body).filter(|(name, _)| name == "logout_token");
                match (tokens.next(), tokens.next()) {
                    (Some((_, token)), None) => Ok(token.into_owned()),
                    _ => Err(Rejection::form("the form does not have exactly one `logout_token`")),
                }
            }
        }
    }
}
