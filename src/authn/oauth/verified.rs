//! A verified token, as `authz` judges it: what it says, and how its provider's configuration says to read it.

use crate::authz::VerifiedToken;
use crate::idp::ProviderSpec;
use crate::model::{Claims, Identity, Instant};

/// A token of this provider, judged at `now`.
pub(in crate::authn) fn verified<'t>(
    claims: &'t Claims,
    has_access_type: bool,
    spec: &'t ProviderSpec,
    now: Instant,
) -> VerifiedToken<'t> {
    VerifiedToken {
        claims,
        issuer: spec.issuer.as_str(),
        has_access_type,
        implied: &spec.implied_scopes,
        client_claim: spec.client_claim.as_deref(),
        leeway: spec.leeway,
        now,
    }
}

/// Whom it names. `provider` is the agent's index of its provider, `key_id` names the key that verified it.
pub(in crate::authn) fn identity(
    token: &VerifiedToken<'_>,
    provider: usize,
    key_id: Option<&str>,
) -> Identity {
    Identity::from_claims(token.claims, token.client_claim, provider, key_id)
}
