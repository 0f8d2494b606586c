//! What operators of agent gateways ask for, each as a journey from outside: a client that knows the protocols and nothing of
//! this gateway, a provider, and an agent that would do whatever reaches it.
//!
//! The rows of each feature are in the suites of that feature.

mod card;
mod client;
mod discovery;
mod eras;
mod expiry;
mod lists;
mod server;
mod sessions;
mod smuggling;
mod step_up;
mod world;
