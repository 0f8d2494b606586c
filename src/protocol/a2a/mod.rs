//! A2A over HTTP: the card in which an agent describes itself.

pub mod card;
