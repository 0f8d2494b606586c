//! The check on denials: whether one names a token that was verified, now or before.
//!
//! It comes after the verification, because what a token says of itself is nobody's name until then, and before everything
//! that an agent asks of its callers. What the entries say is in `model`.

use crate::authz::{Check, Facts, Trace};
use crate::model::{DenialKind, Instant, Principal};

use super::policy::OAuthPolicy;
use super::shape::signed_digest;

impl OAuthPolicy {
    /// By what a denial names the token with this text, if one does.
    #[inline]
    pub(super) fn denial(
        &self,
        principal: &Principal,
        text: &str,
        now: Instant,
        trace: &mut impl Trace,
    ) -> Option<DenialKind> {
        let denied = self.denials.of_token(principal, now, || Some(signed_digest(text)));
        trace.check(Check::Denial, denied.is_none(), || Facts {
            seen: Some(match denied {
                Some(kind) => format!("a denial by {kind} names it"),
                None => "no denial names it".to_owned(),
            }),
            wanted: "a token that no denial names".to_owned(),
            fix: "`portcullis denied` lists the denials. One that is about tokens up to a time lets those in that are issued \
                  later: log in again, or fetch a new token. `portcullis undeny` lifts one",
        });
        denied
    }
}
