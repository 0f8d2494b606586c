//! Attacks by load: each alone with good traffic beside it, all in a row, and all at once.
//!
//! The attackers (`idle`, `slow_*`, `volume`, `guessing`) know nothing of what must become of them.

mod connections;
mod descriptors;
mod fates;
mod floods;
mod guessing;
mod hanging;
mod idle;
mod memory;
mod origin;
mod slow_bodies;
mod slow_handshakes;
mod slow_heads;
mod slow_readers;
mod slowness;
mod streams;
mod together;
mod volume;
mod world;
