//! Which provider of an agent an opaque token is of: the token itself does not say, and to ask one after the other would hand
//! a bearer token to strangers.

use std::sync::Arc;

use crate::idp::{IntrospectedTokens, Provider, TokenQuestion, WaitingPlaces};
use crate::model::{Request, Secret};

use super::answer::read_answer;

/// How the providers of one agent are asked about tokens.
#[derive(Debug, Clone)]
pub struct Introspecting {
    /// How opaque tokens begin, and the index of the provider whose they are; the longest first.
    prefixes: Box<[(Box<str>, usize)]>,
    /// The places for requests that wait, by the index of the provider; none where it is not asked.
    waiting: Box<[Option<WaitingPlaces>]>,
}

/// Two providers of one agent that could both have made the same opaque token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmbiguousTokens {
    /// Their indices.
    pub providers: (usize, usize),
    /// How the tokens of both begin; empty = with anything.
    pub prefix: Box<str>,
}

impl Introspecting {
    /// How these providers are asked; `None` where none of them is.
    ///
    /// # Errors
    /// When two of them take tokens that begin in the same way.
    pub fn new(providers: &[Arc<Provider>]) -> Result<Option<Box<Self>>, AmbiguousTokens> {
        let mut prefixes: Vec<(Box<str>, usize)> = Vec::new();
        for (index, provider) in providers.iter().enumerate() {
            let Some(spec) = &provider.spec().introspection else { continue };
            match &*spec.token_prefixes {
                [] => prefixes.push((Box::default(), index)),
                some => prefixes.extend(some.iter().map(|prefix| (prefix.clone(), index))),
            }
        }
        // Of the same length the same ones are side by side.
        prefixes.sort_by(|(one, _), (other, _)| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        for ((one, first), (other, second)) in prefixes.iter().zip(prefixes.iter().skip(1)) {
            if one == other && first != second {
                return Err(AmbiguousTokens { providers: (*first, *second), prefix: one.clone() });
            }
        }
        let waiting = |provider: &Arc<Provider>| {
            provider.spec().introspection.as_ref().map(|spec| WaitingPlaces::new(spec.max_in_flight))
        };
        let waiting = providers.iter().map(waiting).collect();
        let is_used = !prefixes.is_empty();
        Ok(is_used.then(|| Box::new(Self { prefixes: prefixes.into(), waiting })))
    }

    /// The index of the provider whose tokens begin like this one.
    pub(super) fn provider_of(&self, token: &str) -> Option<usize> {
        self.prefixes.iter().find(|(prefix, _)| token.starts_with(&**prefix)).map(|(_, index)| *index)
    }

    /// How opaque tokens begin, for messages.
    pub(super) fn describe(&self) -> String {
        let shown = self.prefixes.iter().map(|(prefix, _)| format!("`{prefix}`"));
        shown.collect::<Vec<_>>().join(" or ")
    }

    /// The question to this provider about a token; `None` where it is asked none.
    pub(super) fn question(
        &self,
        (index, provider): (usize, &Arc<Provider>),
        request: &Request<'_>,
        token: &str,
    ) -> Option<TokenQuestion> {
        let waiting = self.waiting.get(index)?.as_ref()?;
        Some(TokenQuestion::new(provider, waiting, read_answer, token).from_address(request.peer))
    }

    /// The same about a token with which running streams began.
    pub(super) fn question_again(
        &self,
        (index, provider): (usize, &Arc<Provider>),
        token: &Arc<Secret>,
    ) -> Option<TokenQuestion> {
        let waiting = self.waiting.get(index)?.as_ref()?;
        Some(TokenQuestion::again(provider, waiting, read_answer, token))
    }

    /// Whether this provider is asked about verified JWTs as well.
    pub(super) fn asks_of_jwts(provider: &Provider) -> bool {
        provider.spec().introspection.as_ref().is_some_and(|spec| spec.tokens == IntrospectedTokens::All)
    }
}
