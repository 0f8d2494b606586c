//! What operators see: every metric, declared once; the log; the access log line.
//!
//! This is the only room that names `prometheus`. Others hold handles that were resolved when an agent or a
//! provider was compiled, so that counting on the request path is an addition and nothing else.

mod access_line;
mod access_log;
mod agent_metrics;
mod card_metrics;
mod card_times;
mod certificate_metrics;
mod config_metrics;
mod connection_metrics;
mod counter;
mod counts;
mod decision_filter;
mod decisions;
mod families;
mod family;
mod handshake_failure;
mod handshake_metrics;
mod histogram;
mod in_flight;
mod label;
mod lines;
mod log_file;
mod logging;
mod lost_lines;
mod lost_watch;
mod metrics;
mod path_text;
mod provider_metrics;
mod refusals;
mod request_record;
mod resolved;
mod series;
mod span_metrics;
mod store_metrics;
mod thread_end;
mod token_cache_metrics;
mod traffic;
mod upstream_error;

pub use access_log::{AccessLog, AccessLogGuard};
pub use agent_metrics::AgentMetrics;
pub use card_metrics::CardMetrics;
pub use connection_metrics::ConnectionMetrics;
pub use decision_filter::{DecisionFilter, Outcome};
pub use decisions::Decisions;
pub use family::Declaration;
pub use handshake_failure::HandshakeFailure;
pub use handshake_metrics::HandshakeMetrics;
pub use in_flight::{InFlight, Serving};
pub use label::Label;
pub use log_file::LogFile;
pub use logging::{Log, LogFormat, init_logging};
pub use lost_watch::tell_of_lost_lines;
pub use metrics::Metrics;
pub use path_text::PathText;
pub use provider_metrics::ProviderMetrics;
pub use refusals::{KeptRefusals, Refusals, RefusalsGuard};
pub use request_record::{EndedRequest, RequestRecord};
pub use span_metrics::SpanMetrics;
pub use store_metrics::StoreMetrics;
pub use thread_end::{ThreadEnd, start_thread};
pub use token_cache_metrics::TokenCacheMetrics;
pub use traffic::{AgentTraffic, Lately, Lost, Overview, TopRefusal, Traffic};
pub use upstream_error::UpstreamError;
