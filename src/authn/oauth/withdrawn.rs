//! Tokens about which their provider was asked, and whose claims are others now, as it says: its word of before counts no more,
//! and it is asked again with the next request.

use crate::authn::memory::TokenCache;
use crate::idp::Provider;
use crate::model::{DenialSet, Instant, Principal};

use super::answer::said;
use super::verified::{identity, verified};

/// Withdraws the word of a provider about the tokens that these entries name; how many are known. Verified JWTs about which it
/// is not asked say what they say. It looks at all that is remembered of the provider, so that it is not for a request.
#[must_use]
pub fn withdraw_word(
    provider: &Provider,
    tokens: Option<&TokenCache>,
    named: &DenialSet,
    now: Instant,
) -> usize {
    let Some(introspector) = provider.introspector() else { return 0 };
    let (spec, is_named) =
        (provider.spec(), |principal: &Principal| named.of_token(principal, now, || None).is_some());
    let answered = introspector.withdraw(|claims| {
        // It was read before.
        let Some((claims, _)) = said(claims) else { return true };
        let identity = identity(&verified(&claims, false, spec, now), 0, None);
        is_named(&Principal::of(spec.issuer.as_str(), &claims, &identity.names()))
    });
    answered + tokens.map_or(0, |tokens| tokens.withdraw(provider.id(), is_named))
}
