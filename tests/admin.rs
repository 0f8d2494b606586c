//! The admin API from outside: the real binary with its admin listener and a store, and a caller that has read the
//! contract alone. A file per resource; the first test of each is the stranger's, the second a stale `If-Match`.
//!
//! What a browser makes of the console is in `e2e`.

#[cfg(test)]
#[path = "admin/agents.rs"]
mod agents;

#[cfg(test)]
#[path = "admin/api_keys.rs"]
mod api_keys;

#[cfg(test)]
#[path = "admin/audit.rs"]
mod audit;

#[cfg(test)]
#[path = "admin/bad_input.rs"]
mod bad_input;

#[cfg(test)]
#[path = "admin/bounds.rs"]
mod bounds;

#[cfg(test)]
#[path = "admin/broken.rs"]
mod broken;

#[cfg(test)]
#[path = "admin/client_token.rs"]
mod client_token;

#[cfg(test)]
#[path = "admin/clients.rs"]
mod clients;

#[cfg(test)]
#[path = "admin/crash.rs"]
mod crash;

#[cfg(test)]
#[path = "admin/decisions.rs"]
mod decisions;

#[cfg(test)]
#[path = "admin/docs.rs"]
mod docs;

#[cfg(test)]
#[path = "admin/explain.rs"]
mod explain;

#[cfg(test)]
#[path = "admin/explain_reasons.rs"]
mod explain_reasons;

#[cfg(test)]
#[path = "admin/full_disk.rs"]
mod full_disk;

#[cfg(test)]
#[path = "admin/given.rs"]
mod given;

#[cfg(test)]
#[path = "admin/guard.rs"]
mod guard;

#[cfg(test)]
#[path = "admin/identity_providers.rs"]
mod identity_providers;

#[cfg(test)]
#[path = "admin/limits.rs"]
mod limits;

#[cfg(test)]
#[path = "admin/openapi.rs"]
mod openapi;

#[cfg(test)]
#[path = "admin/probe.rs"]
mod probe;

#[cfg(test)]
#[path = "admin/refusals.rs"]
mod refusals;

#[cfg(test)]
#[path = "admin/reload.rs"]
mod reload;

#[cfg(test)]
#[path = "admin/revisions.rs"]
mod revisions;

#[cfg(test)]
#[path = "admin/schema.rs"]
mod schema;

#[cfg(test)]
#[path = "admin/secrets.rs"]
mod secrets;

#[cfg(test)]
#[path = "admin/session.rs"]
mod session;

#[cfg(test)]
#[path = "admin/status.rs"]
mod status;

#[cfg(test)]
#[path = "admin/store.rs"]
mod store;

#[cfg(test)]
#[path = "admin/streams.rs"]
mod streams;

#[cfg(test)]
#[path = "admin/trial.rs"]
mod trial;

#[cfg(test)]
#[path = "admin/traffic.rs"]
mod traffic;

#[cfg(test)]
#[path = "admin/world.rs"]
mod world;
