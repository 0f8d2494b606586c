//! What a request has shown of the keys that its token is bound to (RFC 7800 section 3.1).

use http::HeaderName;

use super::closed_words;

/// The field with the proof of a request (RFC 9449 section 4.1).
pub const DPOP: HeaderName = HeaderName::from_static("dpop");
/// The field with the nonce for the next proof (RFC 9449 section 8).
pub const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

closed_words! {
    /// What a token is bound to.
    TokenBinding {
        /// Nothing: who has it may use it.
        None = "none",
        /// A key of its holder, of which each request has a proof (RFC 9449).
        Dpop = "dpop",
        /// The certificate with which its holder connects (RFC 8705 section 3).
        Mtls = "mtls",
    }
}

/// The nonce that the response to a request carries (RFC 9449 section 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NextNonce {
    /// None.
    #[default]
    None,
    /// A new one.
    Usual,
    /// One of those that are issued while the memory of proofs is full.
    Reserve,
}

/// What a request has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Possession {
    /// Whether the agent looks at bindings, and the token is good so far.
    pub is_judged: bool,
    /// The key of the token, by a proof.
    pub dpop: bool,
    /// The certificate of the token.
    pub mtls: bool,
    /// The nonce for the response.
    pub nonce: NextNonce,
}

impl Possession {
    /// Of a request at an agent that does not look at bindings.
    pub const NOT_JUDGED: Self = Self { is_judged: false, dpop: false, mtls: false, nonce: NextNonce::None };

    /// The same in one word, for logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match (self.dpop, self.mtls) {
            (false, false) => TokenBinding::None.as_str(),
            (true, false) => TokenBinding::Dpop.as_str(),
            (false, true) => TokenBinding::Mtls.as_str(),
            (true, true) => "dpop+mtls",
        }
    }

    /// What the token is bound to, as far as the agent has judged it; a token can be bound twice.
    pub fn bindings(self) -> impl Iterator<Item = TokenBinding> {
        let is_none = self.is_judged && !self.dpop && !self.mtls;
        let all =
            [(is_none, TokenBinding::None), (self.dpop, TokenBinding::Dpop), (self.mtls, TokenBinding::Mtls)];
        all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, binding)| binding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_counts_under_each_of_its_bindings_and_under_none_without() {
        let of = |is_judged, dpop, mtls| {
            let possession = Possession { is_judged, dpop, mtls, nonce: NextNonce::None };
            possession.bindings().map(TokenBinding::as_str).collect::<Vec<_>>().join(" ")
        };
        for (found, wanted) in [
            (of(true, false, false), "none"),
            (of(true, true, false), "dpop"),
            (of(true, false, true), "mtls"),
            (of(true, true, true), "dpop mtls"),
            (of(false, false, false), ""),
        ] {
            assert_eq!(found, wanted);
        }
    }
}
