//! Identity providers that are slow, huge, lying, dying or away, tokens with key ids that nobody has, and a clock that
//! jumps: the real binary must keep its good keys, serve everybody else, and come back by itself.
//!
//! What a caller gets in each case is in `gateway`; the rules of a single fetch are unit tests in `net` and `idp`.

#[cfg(test)]
#[path = "providers/alone.rs"]
mod alone;

#[cfg(test)]
#[path = "providers/clock.rs"]
mod clock;

#[cfg(test)]
#[path = "providers/crowd.rs"]
mod crowd;

#[cfg(test)]
#[path = "providers/flood.rs"]
mod flood;

#[cfg(test)]
#[path = "providers/inward.rs"]
mod inward;

#[cfg(test)]
#[path = "providers/kept.rs"]
mod kept;

#[cfg(test)]
#[path = "providers/many.rs"]
mod many;

#[cfg(test)]
#[path = "providers/outage.rs"]
mod outage;

#[cfg(test)]
#[path = "providers/pool.rs"]
mod pool;

#[cfg(test)]
#[path = "providers/rotation.rs"]
mod rotation;

#[cfg(test)]
#[path = "providers/tolerated.rs"]
mod tolerated;

#[cfg(test)]
#[path = "providers/traffic.rs"]
mod traffic;

#[cfg(test)]
#[path = "providers/trials.rs"]
mod trials;

#[cfg(test)]
#[path = "providers/turncoat.rs"]
mod turncoat;
