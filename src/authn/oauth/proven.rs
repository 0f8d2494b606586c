//! What follows once a token is proven, however it was: denials, then what it is bound to, then the rules of the agent.

use std::sync::Arc;

use crate::authn::memory::Remembered;
use crate::authz::{Trace, VerifiedToken};
use crate::model::{Identity, Principal, TokenSaid};

use super::policy::OAuthPolicy;
use super::question::{Answer, Question};
use super::terms::Terms;
use super::verified::identity;

/// A token that was proven just now.
pub(super) struct Proven<'t> {
    pub(super) token: VerifiedToken<'t>,
    pub(super) terms: &'t Terms,
    /// Whom it names, and by what denials can name it.
    pub(super) who: (Identity, Arc<Principal>),
    /// The name of the key that verified it, where one did.
    pub(super) key_id: Option<&'t str>,
    /// The agent's index of its provider.
    pub(super) index: usize,
    pub(super) remembered: Option<&'t Remembered>,
}

impl OAuthPolicy {
    /// The answer for a proven token. What the agent makes of it is remembered with it.
    pub(super) fn conclude(
        &self,
        proven: Proven<'_>,
        question: &Question<'_>,
        trace: &mut impl Trace,
    ) -> Answer {
        let Proven { token, terms, who: (identity, principal), key_id, index, remembered } = proven;
        let said = || TokenSaid::of(token.claims, key_id);
        if let Some(kind) = self.denial(&principal, question.text, question.request.now, trace) {
            trace.refused(said);
            return Answer::Denied { identity: Arc::new(identity), kind, provider: index };
        }
        let possession = match self.possession(terms, question, trace) {
            Ok(possession) => possession,
            Err(not_accepted) => {
                trace.refused(said);
                return Answer::unproven(not_accepted, index);
            }
        };
        let admission = Arc::new(question.entry.admit(identity, &token, trace));
        if let Some(remembered) = remembered {
            remembered.keep(question.entry.number, &admission);
        }
        Answer::Proven { admission, provider: index, possession }
    }
}

/// Whom a proven token names, and by what denials can name it.
pub(super) fn who(
    token: &VerifiedToken<'_>,
    index: usize,
    key_id: Option<&str>,
) -> (Identity, Arc<Principal>) {
    let identity = identity(token, index, key_id);
    let principal = Arc::new(Principal::of(token.issuer, token.claims, &identity.names()));
    (Identity { principal: Some(Arc::clone(&principal)), ..identity }, principal)
}
