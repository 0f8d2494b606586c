//! Whether a proof was made a moment ago, and whether it is the first of its kind.

use crate::authz::{Check, Facts, Trace};
use crate::model::{Digest, Instant, NextNonce, Purpose, Reason};

use super::nonce::{Read, millis};
use super::policy::Dpop;
use super::proof::Proof;
use super::replay::{Mark, Noted, Replay};

/// Why a proof is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::authn) struct NotAccepted {
    /// The reason.
    pub(in crate::authn) reason: Reason,
    /// The nonce for the next proof.
    pub(in crate::authn) nonce: NextNonce,
}

impl From<Reason> for NotAccepted {
    fn from(reason: Reason) -> Self {
        Self { reason, nonce: NextNonce::None }
    }
}

/// When a proof is judged, and for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    pub(super) now: Instant,
    pub(super) purpose: Purpose,
}

/// Where and for how long a proof is remembered.
struct Room<'a> {
    table: &'a Replay,
    is_reserve: bool,
    /// In milliseconds since the epoch.
    ends: u64,
    /// The nonce for the next proof.
    nonce: NextNonce,
}

impl Dpop {
    /// Accepts a proof that was verified with the key of this thumbprint, once.
    ///
    /// While the table is full, nothing is forgotten, and nobody is turned away for it: proofs with a nonce of the present half
    /// minute are remembered apart, until its end.
    pub(super) fn accept(
        &self,
        proof: &Proof<'_>,
        key: &Digest,
        at: At,
        trace: &mut impl Trace,
    ) -> Result<NextNonce, NotAccepted> {
        let room = self.room(proof, at.now, trace)?;
        let (mark, most) = (Mark::of(key, &proof.id), self.replay_entries);
        let noted = match at.purpose {
            Purpose::Serve => room.table.note(mark, room.ends, most, at.now),
            Purpose::Explain => room.table.look(mark, most, at.now),
        };
        trace.check(Check::ProofReplay, noted == Noted::New, || Facts {
            seen: Some(
                match noted {
                    Noted::New => "a proof that was not accepted before",
                    Noted::Again => "a proof that was accepted before",
                    Noted::Full => "no room to remember the proof",
                }
                .to_owned(),
            ),
            wanted: "a proof of its own for each request".to_owned(),
            fix: match noted {
                Noted::New | Noted::Again => "make a new proof, with a new `jti`, for each request, also for one that is sent again",
                Noted::Full => {
                    "one client made many proofs: raise `sender_constraint.replay_entries`, or ask for nonces of a short `age`"
                }
            },
        });
        match (noted, room.is_reserve) {
            (Noted::New, _) => Ok(room.nonce),
            (Noted::Again, _) => Err(Reason::ProofReplayed.into()),
            (Noted::Full, false) => {
                Err(NotAccepted { reason: Reason::NonceRequired, nonce: NextNonce::Reserve })
            }
            (Noted::Full, true) => Err(Reason::ProofMemoryFull.into()),
        }
    }

    /// Where a proof is remembered, when it was made a moment ago.
    fn room(&self, proof: &Proof<'_>, now: Instant, trace: &mut impl Trace) -> Result<Room<'_>, NotAccepted> {
        let age = self.nonces.age;
        let read = proof.nonce.as_deref().zip(self.keys()).map(|(nonce, keys)| keys.read(nonce, age, now));
        let room = |ends, nonce| Room { table: &self.proofs.usual, is_reserve: false, ends, nonce };
        let wanting = |nonce| Err(NotAccepted { reason: Reason::NonceRequired, nonce });
        let result = match (read, self.nonces.are_required) {
            (Some(Read::Reserve { ends }), _) => {
                Ok(Room { table: &self.proofs.reserve, is_reserve: true, ends, nonce: NextNonce::None })
            }
            // It may have been accepted with this nonce, whatever its `iat` says, and is forgotten since.
            (Some(Read::ReserveOver), false) => wanting(NextNonce::Reserve),
            (Some(Read::Usual { ends, is_late }), true) => {
                Ok(room(ends, if is_late { NextNonce::Usual } else { NextNonce::None }))
            }
            (Some(Read::ReserveOver | Read::Over | Read::NotOurs) | None, true) => wanting(NextNonce::Usual),
            (Some(Read::Usual { .. } | Read::Over | Read::NotOurs) | None, false) => {
                let max_age = self.max_age;
                if (now.unix_f64() - proof.issued).abs() <= max_age.as_secs_f64() {
                    // The end is counted as the comparison is: a proof is remembered for as long as it would pass.
                    Ok(room(end(proof.issued).saturating_add(millis(max_age)), NextNonce::None))
                } else {
                    Err(Reason::ProofStale.into())
                }
            }
        };
        trace.check(Check::ProofFresh, result.is_ok(), || self.facts(proof, read, now));
        result
    }

    fn facts(&self, proof: &Proof<'_>, read: Option<Read>, now: Instant) -> Facts {
        let nonce = match read {
            None => "none",
            Some(Read::NotOurs) => "not one of this gateway",
            Some(Read::Usual { .. } | Read::Reserve { .. }) => "good",
            Some(Read::Over | Read::ReserveOver) => "too old",
        };
        Facts {
            seen: Some(format!("iat: {}; nonce: {nonce}", proof.issued)),
            wanted: match self.nonces.are_required {
                true => {
                    format!("a nonce of this gateway that is at most {} s old", self.nonces.age.as_secs())
                }
                false => format!("iat at most {} s from {}", self.max_age.as_secs(), now.unix()),
            },
            fix: match self.nonces.are_required {
                true => {
                    "make the proof again, with the nonce of the field DPoP-Nonce; where that never ends, several gateways make \
                     nonces with different keys: give all the same `nonce.key_file`"
                }
                false => "compare the clocks of client and gateway, or ask for nonces, which need no clock",
            },
        }
    }
}

/// A timestamp in milliseconds, rounded up.
fn end(seconds: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a timestamp is positive and below 2^53 seconds"
    )]
    let millis = (seconds * 1000.0).ceil() as u64;
    // The comparison lets the very end pass.
    millis.saturating_add(1)
}
