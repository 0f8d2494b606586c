//! Tokens that must be refused and tokens that must pass, made here by rule and not by example; and the same question
//! put to three other verifiers.
//!
//! A file per kind of attack, each of which adds cases to a [`suite::Suite`]. Every case is decided in process; most are
//! also sent to the real binary, and what was refused must not have reached the agent.

#[cfg(test)]
#[path = "tokens/algorithms.rs"]
mod algorithms;

#[cfg(test)]
#[path = "tokens/bits.rs"]
mod bits;

#[cfg(test)]
#[path = "tokens/claims.rs"]
mod claims;

#[cfg(test)]
#[path = "tokens/curve.rs"]
mod curve;

#[cfg(test)]
#[path = "tokens/der.rs"]
mod der;

#[cfg(test)]
#[path = "tokens/differential.rs"]
mod differential;

#[cfg(test)]
#[path = "tokens/form.rs"]
mod form;

#[cfg(test)]
#[path = "tokens/good.rs"]
mod good;

#[cfg(test)]
#[path = "tokens/header.rs"]
mod header;

#[cfg(test)]
#[path = "tokens/json_text.rs"]
mod json_text;

#[cfg(test)]
#[path = "tokens/key.rs"]
mod key;

#[cfg(test)]
#[path = "tokens/key_sets.rs"]
mod key_sets;

#[cfg(test)]
#[path = "tokens/mutator.rs"]
mod mutator;

#[cfg(test)]
#[path = "tokens/providers.rs"]
mod providers;

#[cfg(test)]
#[path = "tokens/rsa.rs"]
mod rsa;

#[cfg(test)]
#[path = "tokens/second_opinion.rs"]
mod second_opinion;

#[cfg(test)]
#[path = "tokens/signatures.rs"]
mod signatures;

#[cfg(test)]
#[path = "tokens/suite.rs"]
mod suite;

#[cfg(test)]
#[path = "tokens/verdicts.rs"]
mod verdicts;

#[cfg(test)]
#[path = "tokens/world.rs"]
mod world;
