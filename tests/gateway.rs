//! The real binary from outside, row by row of its contract: a caller, an issuer and an upstream of our own on
//! loopback, and the gateway between them.
//!
//! What real peers say of it is in `e2e`.

#[cfg(test)]
#[path = "gateway/a2a_rules.rs"]
mod a2a_rules;

#[cfg(test)]
#[path = "gateway/access_log.rs"]
mod access_log;

#[cfg(test)]
#[path = "gateway/agent_card.rs"]
mod agent_card;

#[cfg(test)]
#[path = "gateway/also.rs"]
mod also;

#[cfg(test)]
#[path = "gateway/api_key.rs"]
mod api_key;

#[cfg(test)]
#[path = "gateway/asked.rs"]
mod asked;

#[cfg(test)]
#[path = "gateway/asks/mod.rs"]
mod asks;

#[cfg(test)]
#[path = "gateway/assertions.rs"]
mod assertions;

#[cfg(test)]
#[path = "gateway/bad_start.rs"]
mod bad_start;

#[cfg(test)]
#[path = "gateway/bystanders.rs"]
mod bystanders;

#[cfg(test)]
#[path = "gateway/certificates.rs"]
mod certificates;

#[cfg(test)]
#[path = "gateway/cli.rs"]
mod cli;

#[cfg(test)]
#[path = "gateway/client_certificates/mod.rs"]
mod client_certificates;

#[cfg(test)]
#[path = "gateway/collector.rs"]
mod collector;

#[cfg(test)]
#[path = "gateway/crowd.rs"]
mod crowd;

#[cfg(test)]
#[path = "gateway/demo.rs"]
mod demo;

#[cfg(test)]
#[path = "gateway/denials.rs"]
mod denials;

#[cfg(test)]
#[path = "gateway/drain.rs"]
mod drain;

#[cfg(test)]
#[path = "gateway/egress.rs"]
mod egress;

#[cfg(test)]
#[path = "gateway/ended.rs"]
mod ended;

#[cfg(test)]
#[path = "gateway/events/mod.rs"]
mod events;

#[cfg(test)]
#[path = "gateway/explain.rs"]
mod explain;

#[cfg(test)]
#[path = "gateway/explain_message.rs"]
mod explain_message;

#[cfg(test)]
#[path = "gateway/expiry.rs"]
mod expiry;

#[cfg(test)]
#[path = "gateway/foreign/mod.rs"]
mod foreign;

#[cfg(test)]
#[path = "gateway/foreign_collector.rs"]
mod foreign_collector;

#[cfg(test)]
#[path = "gateway/forwarded.rs"]
mod forwarded;

#[cfg(test)]
#[path = "gateway/given.rs"]
mod given;

#[cfg(test)]
#[path = "gateway/handover.rs"]
mod handover;

#[cfg(test)]
#[path = "gateway/heads.rs"]
mod heads;

#[cfg(test)]
#[path = "gateway/introspection/mod.rs"]
mod introspection;
#[cfg(test)]
#[path = "gateway/kept.rs"]
mod kept;

#[cfg(test)]
#[path = "gateway/limits/mod.rs"]
mod limits;

#[cfg(test)]
#[path = "gateway/lists.rs"]
mod lists;

#[cfg(test)]
#[path = "gateway/mcp_audience.rs"]
mod mcp_audience;

#[cfg(test)]
#[path = "gateway/log_file.rs"]
mod log_file;

#[cfg(test)]
#[path = "gateway/log_records.rs"]
mod log_records;

#[cfg(test)]
#[path = "gateway/mcp/mod.rs"]
mod mcp;

#[cfg(test)]
#[path = "gateway/metadata.rs"]
mod metadata;

#[cfg(test)]
#[path = "gateway/mcp_logins.rs"]
mod mcp_logins;
#[cfg(test)]
#[path = "gateway/mcp_rules.rs"]
mod mcp_rules;

#[cfg(test)]
#[path = "gateway/metrics.rs"]
mod metrics;

#[cfg(test)]
#[path = "gateway/notify.rs"]
mod notify;

#[cfg(test)]
#[path = "gateway/ops.rs"]
mod ops;

#[cfg(test)]
#[path = "gateway/proof.rs"]
mod proof;

#[cfg(test)]
#[path = "gateway/public_address.rs"]
mod public_address;

#[cfg(test)]
#[path = "gateway/refused_messages.rs"]
mod refused_messages;

#[cfg(test)]
#[path = "gateway/relays.rs"]
mod relays;

#[cfg(test)]
#[path = "gateway/reload.rs"]
mod reload;

#[cfg(test)]
#[path = "gateway/reload_busy.rs"]
mod reload_busy;

#[cfg(test)]
#[path = "gateway/reload_files.rs"]
mod reload_files;

#[cfg(test)]
#[path = "gateway/resigned_card.rs"]
mod resigned_card;

#[cfg(test)]
#[path = "gateway/restart.rs"]
mod restart;

#[cfg(test)]
#[path = "gateway/rfc.rs"]
mod rfc;

#[cfg(test)]
#[path = "gateway/routes.rs"]
mod routes;

#[cfg(test)]
#[path = "gateway/secrets.rs"]
mod secrets;

#[cfg(test)]
#[path = "gateway/section3/mod.rs"]
mod section3;

#[cfg(test)]
#[path = "gateway/sessions/mod.rs"]
mod sessions;

#[cfg(test)]
#[path = "gateway/shards.rs"]
mod shards;

#[cfg(test)]
#[path = "gateway/signals.rs"]
mod signals;

#[cfg(test)]
#[path = "gateway/smoke.rs"]
mod smoke;

#[cfg(test)]
#[path = "gateway/sockets.rs"]
mod sockets;

#[cfg(test)]
#[path = "gateway/open_metrics.rs"]
mod open_metrics;

#[cfg(test)]
#[path = "gateway/spans.rs"]
mod spans;

#[cfg(test)]
#[path = "gateway/spiffe.rs"]
mod spiffe;

#[cfg(test)]
#[path = "gateway/streaming.rs"]
mod streaming;

#[cfg(test)]
#[path = "gateway/streams.rs"]
mod streams;

#[cfg(test)]
#[path = "gateway/targets/mod.rs"]
mod targets;

#[cfg(test)]
#[path = "gateway/task_spans.rs"]
mod task_spans;

#[cfg(test)]
#[path = "gateway/tls.rs"]
mod tls;

#[cfg(test)]
#[path = "gateway/token_cache.rs"]
mod token_cache;

#[cfg(test)]
#[path = "gateway/upgrades.rs"]
mod upgrades;

#[cfg(test)]
#[path = "gateway/upstream_faults.rs"]
mod upstream_faults;

#[cfg(test)]
#[path = "gateway/upstream_gets.rs"]
mod upstream_gets;

#[cfg(test)]
#[path = "gateway/websocket.rs"]
mod websocket;
