//! A verified token, as the rules of an agent look at it.

use std::time::Duration;

use crate::model::{Claims, ImpliedScopes, Instant};

/// What a token says, and what its provider's configuration says of how to read it. Nothing in it is a claim that was not
/// verified.
#[derive(Debug, Clone, Copy)]
pub struct VerifiedToken<'t> {
    /// Its claims.
    pub claims: &'t Claims,
    /// Its issuer: of a JWT-SVID its trust domain.
    pub issuer: &'t str,
    /// Whether its header says that it is an access token: `typ` is `at+jwt` (RFC 9068 section 2.1).
    pub has_access_type: bool,
    /// What its scopes imply.
    pub implied: &'t ImpliedScopes,
    /// The claim that names its client; `None` = the usual ones.
    pub client_claim: Option<&'t str>,
    /// How far the clock of its provider may differ.
    pub leeway: Duration,
    /// The present time.
    pub now: Instant,
}
