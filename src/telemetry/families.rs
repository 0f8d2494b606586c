//! Every metric of the gateway, declared once: its type, name, labels and help text.
//!
//! A new metric is a line here and a use of its handle elsewhere. The series of an agent or a provider go with it, since
//! its label says whose they are.

use prometheus::{GaugeVec, IntGaugeVec, Registry};

use super::counter::Counter;
use super::family::{Declaration, Family, Shown};
use super::histogram::{Histogram, MOST_BOUNDS};
use super::label::Label;
use super::series::Counts;

/// Buckets for the time that a decision takes, or all that the gateway does before an agent is asked: 1 µs (a decision from the
/// cache) to 1 s (one that waits for keys).
pub(super) const DECISION_BUCKETS: &[f64] =
    &[1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 5e-3, 2.5e-2, 0.1, 1.0];
/// Buckets for the time that a request takes: 1 ms to an hour (streams last).
const REQUEST_BUCKETS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0, 3600.0];
/// Buckets for what is left of a credential: nothing, a second (a stream that ends at once) to a week.
const LIFE_BUCKETS: &[f64] =
    &[0.0, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 14400.0, 43200.0, 86400.0, 604800.0];
/// Buckets for the time that a shared store or a fleet takes: 5 ms (a store on the same machine) to 30 s (one that is
/// away for a while).
const STORE_BUCKETS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Buckets for the time that a question to an identity provider takes: 1 ms (one in the same rack) to 30 s, the longest that it
/// may be set to.
const CALL_BUCKETS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];

const _: () = assert!(
    DECISION_BUCKETS.len() <= MOST_BOUNDS
        && REQUEST_BUCKETS.len() <= MOST_BOUNDS
        && LIFE_BUCKETS.len() <= MOST_BOUNDS
        && STORE_BUCKETS.len() <= MOST_BOUNDS
        && CALL_BUCKETS.len() <= MOST_BOUNDS
);

macro_rules! families {
    (
        registered { $($field:ident: $type:ident $name:literal { $($label:ident),* } $(in $buckets:ident)? $(if $shown:ident)? = $help:literal;)+ }
        elsewhere { $($other:ident: $other_type:ident $other_name:literal { $($other_label:ident),* } = $other_help:literal;)+ }
    ) => {
        /// The families of one registry.
        #[derive(Debug)]
        pub(super) struct Families {
            pub(super) registry: Registry,
            $(pub(super) $field: Family<families!(@series $type), { LABELS.$field.len() }>,)+
        }

        /// The labels of each family.
        struct Labels { $($field: &'static [Label],)+ }

        const LABELS: Labels = Labels { $($field: &[$(Label::$label),*],)+ };

        /// What is declared of each.
        struct Declarations { $($field: Declaration,)+ $($other: Declaration,)+ }

        static DECLARATIONS: Declarations = Declarations {
            $($field: Declaration {
                name: $name,
                kind: families!(@kind $type),
                labels: LABELS.$field,
                help: $help,
                buckets: families!(@buckets $($buckets)?),
            },)+
            $($other: Declaration {
                name: $other_name,
                kind: families!(@kind $other_type),
                labels: &[$(Label::$other_label),*],
                help: $other_help,
                buckets: &[],
            },)+
        };

        $(
            /// A family whose collector is its own.
            pub(super) fn $other() -> &'static Declaration {
                &DECLARATIONS.$other
            }
        )+

        /// What is declared of every family.
        pub(super) fn declarations() -> Vec<&'static Declaration> {
            vec![$(&DECLARATIONS.$field,)+ $(&DECLARATIONS.$other,)+]
        }

        impl Families {
            /// A registry of its own, with every family in it.
            pub(super) fn new() -> Result<Self, prometheus::Error> {
                let registry = Registry::new();
                Ok(Self {
                    $($field: Family::register(&registry, &DECLARATIONS.$field, families!(@shown $($shown)?))?,)+
                    registry,
                })
            }

            /// Drops the series with a name that does not stay.
            pub(super) fn retain(&self, stays: &dyn Fn(Label, &str) -> bool) {
                $(self.$field.retain(stays);)+
            }
        }
    };
    (@series counter) => { Counts<Counter> };
    (@series gauge) => { IntGaugeVec };
    (@series timestamp) => { GaugeVec };
    (@series histogram) => { Counts<Histogram> };
    (@kind counter) => { "counter" };
    (@kind gauge) => { "gauge" };
    (@kind timestamp) => { "gauge" };
    (@kind histogram) => { "histogram" };
    (@shown) => { Shown::Always };
    (@shown shared) => { Shown::OnceUsed };
    (@buckets) => { &[] };
    (@buckets $buckets:ident) => { $buckets };
}

families! {
    registered {
        decisions: counter "portcullis_auth_decisions_total" { Agent, Provider, Method, Decision, Reason, Operation }
            = "Decisions by agent, provider, method, decision, reason and operation, counted when they are made.";
        mcp_calls: counter "portcullis_mcp_calls_total" { Agent, CallKind, CallOutcome }
            = "Messages to agents with rules by operation, by kind and by what the rules said.";
        mcp_list_entries: counter "portcullis_mcp_list_entries_total" { Agent, ListOutcome }
            = "Entries of lists that MCP agents with rules sent, by what became of them.";
        denials: gauge "portcullis_denials" { DenialKind }
            = "Denials in force that this gateway knows, by what they name.";
        denial_hits: counter "portcullis_denial_hits_total" { Agent, DenialKind }
            = "Requests whose credential a denial names, by agent and by what it names.";
        assertions: counter "portcullis_assertions_total" { Agent, AssertionResult }
            = "Requests whose agent gets an assertion, by agent and by what became of it.";
        signing_key_made: timestamp "portcullis_signing_key_created_timestamp_seconds" { SigningAlgorithm } if shared
            = "When the key with which the gateway signs by this algorithm was made (Unix time).";
        token_bindings: counter "portcullis_token_binding_total" { Agent, TokenBinding }
            = "Allowed requests to agents that look at bindings, by what their token is bound to.";
        limit_requests: counter "portcullis_limit_requests_total" { Agent, LimitName, LimitResult }
            = "Requests that a limit counted or refused, by agent, limit and result.";
        limit_buckets: gauge "portcullis_limit_buckets" {}
            = "Callers and addresses that limits keep apart at the moment.";
        limit_crowded: counter "portcullis_limit_crowded_total" {}
            = "Requests that were counted together with other callers, since there was no room to keep them apart.";
        auth_duration: histogram "portcullis_auth_duration_seconds" { Method, Cache } in DECISION_BUCKETS
            = "Time that a decision took, by method and by what the token cache said.";
        token_cache_events: counter "portcullis_token_cache_events_total" { Event }
            = "Events of the cache of verified tokens, and of the one of bad signatures.";
        token_cache_entries: gauge "portcullis_token_cache_entries" {}
            = "Tokens in the verified-token cache.";
        spans: counter "portcullis_spans_total" { Result }
            = "Spans that were kept, by what became of them: sent, dropped, or capped by keep_per_second.";
        log_records: counter "portcullis_log_records_total" { Result }
            = "Log records of the access log for the collector, by what became of them: sent or dropped.";

        security_events: counter "portcullis_security_events_total" { Provider, SecurityEventKind, SecurityEventResult }
            = "Security events and logouts by provider, type, and what became of them.";
        security_event_last: timestamp "portcullis_security_event_last_timestamp_seconds" { Provider }
            = "When the last security event or logout of the provider came (Unix time).";
        security_event_polls: counter "portcullis_security_event_polls_total" { Provider, Result }
            = "Times that a provider was asked for security events, by how it ended.";

        jwks_refresh: counter "portcullis_jwks_refresh_total" { Provider, Trigger, Result }
            = "Key fetches by provider, by what asked for them and by how they ended.";
        jwks_last_success: timestamp "portcullis_jwks_last_success_timestamp_seconds" { Provider }
            = "When the provider's keys were last fetched with success (Unix time).";
        jwks_usable_until: timestamp "portcullis_jwks_usable_until_timestamp_seconds" { Provider }
            = "Until when the provider's keys are used if no fetch succeeds before (Unix time).";
        jwks_keys: gauge "portcullis_jwks_keys" { Provider }
            = "Usable keys of the provider.";
        jwks_keys_skipped: counter "portcullis_jwks_keys_skipped_total" { Provider, SkipReason }
            = "Keys of the provider that were not taken, by reason.";
        jwks_stale: gauge "portcullis_jwks_stale" { Provider }
            = "1 while the last fetch of the provider's keys failed and older ones are used.";
        introspection: counter "portcullis_introspection_total" { Provider, IntrospectionResult }
            = "Questions about tokens by provider and by how they were answered.";
        introspection_duration: histogram "portcullis_introspection_duration_seconds" { Provider } in CALL_BUCKETS
            = "Time that a call of the provider's introspection endpoint took.";
        introspection_breaker: gauge "portcullis_introspection_breaker_open" { Provider }
            = "1 while the provider's introspection endpoint is left alone after failures in a row.";
        introspection_held_tokens: gauge "portcullis_introspection_held_tokens" {}
            = "Tokens of running streams about which their provider is asked again.";

        config_reloads: counter "portcullis_config_reloads_total" { Result }
            = "Configurations that were read, by result.";
        config_last_reload_ok: gauge "portcullis_config_last_reload_success" {}
            = "1 while what is on disk is what runs, 0 while something there is refused.";
        config_last_reload_at: timestamp "portcullis_config_last_reload_success_timestamp_seconds" {}
            = "When a configuration last went live (Unix time).";
        config_broken_documents: gauge "portcullis_config_broken_documents" {}
            = "Documents that are broken on disk; what they were before runs.";

        requests: counter "portcullis_http_requests_total" { Agent, Code }
            = "Requests by agent and status code.";
        request_duration: histogram "portcullis_http_request_duration_seconds" { Agent } in REQUEST_BUCKETS
            = "Time from the request's head to the end of the answer.";
        upstream_duration: histogram "portcullis_upstream_duration_seconds" { Agent } in REQUEST_BUCKETS
            = "Time from the choice of the upstream to the head of its answer.";
        upstream_failures: counter "portcullis_upstream_failures_total" { Agent, UpstreamCause }
            = "Requests that ended without an answer of their agent, or without a whole one, by cause.";
        streams: gauge "portcullis_streams" { Agent, StreamKind }
            = "Streams under way, by kind.";
        stream_life_left: histogram "portcullis_stream_life_left_seconds" { Agent } in LIFE_BUCKETS
            = "Time that the credential of the caller had left when a stream began.";
        streams_ended: counter "portcullis_streams_ended_total" { Agent, StreamKind, EndedBy }
            = "Streams that the gateway ended before agent or client did, by kind and cause.";
        card_info: gauge "portcullis_agent_card_info" { Agent, CardSource, CardSignature }
            = "Always 1; where the served card of an A2A agent is from, and what became of its signatures.";
        card_age: gauge "portcullis_agent_card_age_seconds" { Agent }
            = "Seconds since the served card was last had from the agent, or confirmed by it.";
        card_stale: gauge "portcullis_agent_card_stale" { Agent }
            = "1 while the last fetch of the agent's card failed, and an older one or none is served.";
        added_duration: histogram "portcullis_added_duration_seconds" {} in DECISION_BUCKETS
            = "Time from the head of a request that went on to the moment when its agent was asked.";
        target_ejections: counter "portcullis_target_ejections_total" { Target, TargetFault }
            = "Targets of upstreams that were taken out after failures in a row, by what the last failure was.";
        retries: counter "portcullis_retries_total" { RetryResult }
            = "Requests that another target could have: sent again, or not for want of budget.";
        name_lookups: counter "portcullis_name_lookups_total" { LookupResult }
            = "Look-ups of the names of upstreams, by how they ended.";
        in_flight: gauge "portcullis_requests_in_flight" {}
            = "Requests that are being served now.";
        connections: gauge "portcullis_connections" { Shard }
            = "Connections of callers that are open, by the shard that serves them.";
        connections_refused: counter "portcullis_connections_refused_total" { Limit }
            = "Connections that were turned away, by the limit that they met.";
        connections_made_room: counter "portcullis_connections_made_room_total" {}
            = "Resting connections that were closed in favour of new ones.";
        handshakes_failed: counter "portcullis_tls_handshakes_failed_total" { Listener, HandshakeCause }
            = "TLS handshakes with callers that failed, by listener and cause.";
        build_info: gauge "portcullis_build_info" { Version }
            = "Always 1; the version is in the label.";

        store_connected: gauge "portcullis_store_connected" {} if shared
            = "1 while the shared store answers.";
        store_confirmed: timestamp "portcullis_store_confirmed_timestamp_seconds" {} if shared
            = "When the shared store last said which revision is the last one (Unix time).";
        store_state: gauge "portcullis_store_state" { StoreState } if shared
            = "1 for the state of the shared store, 0 for the others.";
        store_revision: gauge "portcullis_store_revision" { WhichRevision } if shared
            = "Revisions by number: the last one of the shared store, the one that runs, the one that is refused (0: none).";
        store_watch_restarts: counter "portcullis_store_watch_restarts_total" { WatchRestart } if shared
            = "Watches of the shared store that were opened anew, by reason.";
        store_full_reads: counter "portcullis_store_full_reads_total" { FullRead } if shared
            = "Reads of all resources of the shared store, by reason.";
        store_commit_duration: histogram "portcullis_store_commit_duration_seconds" {} in STORE_BUCKETS if shared
            = "Time that a commit to the shared store took.";
        store_conflicts: counter "portcullis_store_conflicts_total" {} if shared
            = "Commits to the shared store that met another one, and were drafted again or given up.";
        store_apply_lag: histogram "portcullis_store_apply_lag_seconds" {} in STORE_BUCKETS if shared
            = "Time from the first sight of a revision to its being live.";
        shared_state_up: gauge "portcullis_shared_state_up" {} if shared
            = "1 while the Redis of server.shared_state is there and answers in time, so that limits count over all members.";
        shared_state_failures: counter "portcullis_shared_state_failures_total" {} if shared
            = "Connections to that Redis and questions for it that failed, or had no answer in time.";
        shared_state_duration: histogram "portcullis_shared_state_duration_seconds" {} in DECISION_BUCKETS if shared
            = "Time that the answer to a request's question took, of limits with counting: strict.";
        fleet_members: gauge "portcullis_fleet_members" { MemberState } if shared
            = "Members of the fleet by state, as this one sees them.";
    }

    // These read where they count when somebody looks, or have other labels with each series.
    elsewhere {
        lost_lines: counter "portcullis_log_lines_dropped_total" { Log }
            = "Log lines, and refusals to be kept, that were dropped because their reader or disk did not keep up, by log.";
        certificate_ends: gauge "portcullis_tls_certificate_not_after_timestamp_seconds" { Listener, Clients, Upstream, Provider, Subject }
            = "When a certificate expires (Unix time), by what depends on it.";
        target_state: gauge "portcullis_target_state" { Target, TargetState }
            = "1 for the state of the target of an upstream, 0 for the others.";
        agent_targets: gauge "portcullis_agent_targets" { Agent, TargetUse }
            = "Targets of an agent by how they stand, where that is kept.";
        replay_entries: gauge "portcullis_dpop_replay_entries" { Agent }
            = "Proofs of possession that are remembered, so that none passes twice, by agent.";
        target_in_flight: gauge "portcullis_target_in_flight" { Target }
            = "Requests under way at the target of an upstream, streams among them.";
    }
}
