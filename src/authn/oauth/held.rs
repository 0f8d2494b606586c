//! Tokens of running streams: whether a provider is asked about one again while its stream runs, and the question.
//!
//! Who holds them is in `upstream`, and who asks in `control`.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use crate::authn::token_location::only;
use crate::idp::TokenQuestion;
use crate::model::{Digest, Instant, Issuer, Secret};

use super::opaque::Introspecting;
use super::policy::OAuthPolicy;
use super::shape::Shape;

/// A token with which a stream begins and about which its provider is asked again.
#[derive(Debug)]
pub struct StreamToken<'a> {
    /// Its issuer, as its provider is configured.
    pub issuer: &'a Issuer,
    /// Its text.
    pub text: Cow<'a, str>,
    /// The digest of the text.
    pub digest: Digest,
    /// After this time.
    pub again_in: Duration,
}

impl OAuthPolicy {
    /// The token in a request, whose provider has this index; `None` where the provider is asked about no such token.
    #[must_use]
    pub fn stream_token<'a>(
        &'a self,
        provider: usize,
        (headers, query): (&'a HeaderMap, Option<&'a [u8]>),
        now: Instant,
    ) -> Option<StreamToken<'a>> {
        self.introspection.as_ref()?;
        let provider = self.providers.get(provider)?;
        let introspector = provider.introspector()?;
        let text = only(self.in_header(headers), &self.also, headers, query).ok()?;
        if !Introspecting::asks_of_jwts(provider) && Shape::of(&text) != Shape::Opaque {
            return None;
        }
        let digest = Digest::of(text.as_bytes());
        let again_in = introspector.asked_again_in(&digest, now);
        Some(StreamToken { issuer: &provider.spec().issuer, text, digest, again_in })
    }

    /// The question about such a token; `None` where nobody of this issuer is asked any more.
    #[must_use]
    pub fn question_again(&self, issuer: &Issuer, text: &Arc<Secret>) -> Option<TokenQuestion> {
        let introspecting = self.introspection.as_ref()?;
        let mut providers = self.providers.iter().enumerate();
        let provider = providers.find(|(_, provider)| provider.spec().issuer == *issuer)?;
        introspecting.question_again(provider, text)
    }
}
