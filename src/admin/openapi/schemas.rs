//! The shapes of what is given, and the list of all.

use serde_json::{Map, Value, json};

use super::decisions;
use super::operation::reference;
use super::requests;
use super::shape::{
    Members, count, flag, list, maybe_count, maybe_moment, maybe_text, moment, numbers, object, one_of,
    or_null, page, partly, secret, text,
};
use crate::model::{Decision, Reason};

/// Every shape, by its name. `codes` are the words of problems.
pub(super) fn all(codes: &[&str]) -> Map<String, Value> {
    let mut all = Map::new();
    for (name, schema) in requests::all().into_iter().chain(given(codes)).chain(resources()) {
        all.insert(name.to_owned(), schema);
    }
    all
}

/// The shapes of resources.
fn resources() -> Vec<(&'static str, Value)> {
    let managed_by = || one_of(&["store", "file"]);
    let route = || {
        object(vec![
            ("path", text()),
            ("host", maybe_text()),
            ("hosts", list(text())),
            ("methods", list(text())),
            ("strip_path", flag()),
        ])
    };
    let top = or_null(object(vec![("reason", text()), ("count", count())]));
    let traffic = object(vec![
        ("interval_seconds", count()),
        ("allowed", numbers()),
        ("refused", numbers()),
        ("would_refuse", numbers()),
        ("upstream_failed", numbers()),
        ("top_refusal", top.clone()),
        ("top_would_refuse", top),
    ]);
    let failure: Members = vec![("at", moment()), ("cause", text())];
    let last_failure = or_null(object(failure.clone()));
    let told: Members = vec![("detail", text()), ("request_id", text())];
    let health = object(vec![
        ("failures", json!({"type": "object", "additionalProperties": count()})),
        ("last_failure", or_null(object(failure.into_iter().chain(told).collect()))),
        ("recent", object(vec![("failures_5m", count()), ("requests_5m", count())])),
    ]);
    let agent: Members = vec![
        ("name", text()),
        ("display_name", maybe_text()),
        ("route", route()),
        ("upstream", text()),
        ("authentication", one_of(&["oauth", "api_key", "public"])),
        ("identity_providers", list(text())),
        ("enforcement", one_of(&["enforce", "shadow"])),
        ("managed_by", managed_by()),
        ("api_keys", count()),
        ("traffic", traffic),
        ("upstream_failures_5m", count()),
        ("last_upstream_failure", last_failure),
    ];
    // What people write in a file can be a number where text is meant, so what is given back is any object.
    let written = || json!({"type": "object", "description": "As it is written."});
    let whole: Members = vec![("etag", text()), ("file", text()), ("spec", written())];
    let provider: Members = vec![
        ("name", text()),
        ("issuer", text()),
        ("source", text()),
        ("managed_by", managed_by()),
        ("used_by", list(text())),
        ("used_by_total", count()),
        ("health", one_of(&["ok", "stale", "failing", "waiting"])),
        ("keys", count()),
    ];
    let key: Members = vec![
        ("id", text()),
        ("agent", text()),
        ("name", maybe_text()),
        ("masked", text()),
        ("state", one_of(&["active", "expired", "revoked"])),
        ("created_at", maybe_moment()),
        ("expires_at", maybe_moment()),
        ("revoked_at", maybe_moment()),
        ("last_used_at", maybe_moment()),
        ("managed_by", managed_by()),
        ("etag", text()),
    ];
    let created: Members = vec![("key", secret()), ("dry_run", flag())];
    let rotated: Members = vec![("replaces", text()), ("old_expires_at", moment())];
    let join = |parts: &[&Members]| object(parts.iter().flat_map(|part| part.iter().cloned()).collect());
    vec![
        ("AgentDetail", join(&[&agent, &whole, &vec![("url", text()), ("upstream_health", health)]])),
        ("AgentSummary", object(agent)),
        ("AgentPage", page("AgentSummary")),
        ("ProviderDetail", join(&[&provider, &whole, &vec![("status", reference("ProviderStatus"))]])),
        ("ProviderSummary", object(provider)),
        ("ProviderPage", page("ProviderSummary")),
        ("CreatedApiKey", join(&[&key, &created])),
        ("RotatedApiKey", join(&[&key, &created, &rotated])),
        ("ApiKey", object(key)),
        ("ApiKeyPage", page("ApiKey")),
    ]
}

/// The shapes of what is given that is no resource.
fn given(codes: &[&str]) -> Vec<(&'static str, Value)> {
    let reasons: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    let outcomes: Vec<&str> = Decision::ALL.iter().map(|decision| decision.as_str()).collect();
    let diagnostics = || list(reference("Diagnostic"));
    let change: Members =
        vec![("resource", text()), ("action", one_of(&["created", "updated", "deleted"])), ("live", flag())];
    let texts: Members = vec![("from", maybe_text()), ("to", maybe_text()), ("diff", text())];
    let revision = |changes: Value| -> Members {
        vec![
            ("number", count()),
            ("at", moment()),
            ("who", text()),
            ("what", text()),
            ("changes", list(changes)),
        ]
    };
    let both = change.iter().chain(&texts).cloned().collect();
    let maybe_latency = list(json!({"type": ["number", "null"], "minimum": 0}));
    let problem: Members = vec![
        ("type", json!({"const": "about:blank"})),
        ("title", text()),
        ("status", json!({"type": "integer", "minimum": 400, "maximum": 599})),
        ("detail", text()),
        ("code", one_of(codes)),
        ("diagnostics", diagnostics()),
        ("agents", list(text())),
    ];
    let diagnostic: Members = vec![
        ("severity", one_of(&["error", "warning", "note"])),
        ("code", text()),
        ("message", text()),
        ("help", maybe_text()),
        ("resource", maybe_text()),
        ("path", maybe_text()),
        ("file", text()),
        ("line", count()),
        ("column", count()),
    ];
    let impact = object(vec![("agents", list(text())), ("calls", count()), ("window_seconds", count())]);
    let written: Members = vec![
        ("resource", maybe_text()),
        ("etag", maybe_text()),
        ("revision", maybe_count()),
        ("live", text()),
        ("diff", text()),
        ("warnings", diagnostics()),
        ("dry_run", flag()),
        ("removed", list(text())),
        ("impact", impact),
        ("probe", reference("Probe")),
    ];
    let key: Members = vec![
        ("kid", maybe_text()),
        ("algorithms", list(text())),
        ("first_seen", maybe_count()),
        ("last_used", maybe_count()),
    ];
    let provider: Members = vec![
        ("provider", text()),
        ("issuer", text()),
        ("source", text()),
        ("usable", flag()),
        ("tried", flag()),
        ("confirmed", flag()),
        ("keys", list(object(key))),
        ("last_success", maybe_count()),
        ("age_seconds", maybe_count()),
        ("warning", maybe_text()),
        ("last_error", maybe_text()),
        ("next_due", maybe_count()),
    ];
    let check: Members = vec![
        ("check", text()),
        ("ok", flag()),
        ("seen", maybe_text()),
        ("wanted", text()),
        ("fix", maybe_text()),
    ];
    vec![
        ("Problem", partly(problem, &["diagnostics", "agents"])),
        ("Diagnostic", object(diagnostic)),
        ("Written", partly(written, &["removed", "impact", "probe"])),
        ("Whoami", object(vec![("by", one_of(&["token", "session"])), ("expires_at", maybe_moment())])),
        ("ProviderStatus", object(provider)),
        ("Status", status(&diagnostics)),
        (
            "Traffic",
            object(vec![
                ("interval_seconds", count()),
                ("times", list(count())),
                ("by_reason", json!({"type": "object", "additionalProperties": numbers()})),
                ("allowed", numbers()),
                ("refused", numbers()),
                ("would_refuse", numbers()),
                ("upstream_failed", numbers()),
                ("p50_ms", maybe_latency.clone()),
                ("p99_ms", maybe_latency),
            ]),
        ),
        ("Revision", object(revision(object(both)))),
        (
            "RevisionPage",
            object(vec![
                ("items", list(object(revision(object(change))))),
                ("next", maybe_count()),
                ("head", count()),
            ]),
        ),
        (
            "Explanation",
            object(vec![
                ("decision", one_of(&outcomes)),
                ("reason", one_of(&reasons)),
                ("status", count()),
                ("agent", text()),
                ("provider", maybe_text()),
                ("checks", list(object(check))),
            ]),
        ),
        (
            "Reloaded",
            object(vec![
                ("result", one_of(&["applied", "unchanged"])),
                ("revision", text()),
                ("warnings", diagnostics()),
            ]),
        ),
        ("Decision", decisions::line()),
        (
            "Decisions",
            object(vec![("items", list(reference("Decision"))), ("refusals_since", maybe_moment())]),
        ),
        ("WholeDecision", decisions::whole()),
        ("Probe", probe()),
        (
            "ClientToken",
            object(vec![
                ("access_token", secret()),
                ("token_type", maybe_text()),
                ("expires_in", maybe_count()),
                ("scope", maybe_text()),
            ]),
        ),
        (
            "Lines",
            json!({"type": "string", "description": "A JSON object on each line, with `event`: head, data, end or error."}),
        ),
        (
            "Events",
            json!({"type": "string", "description": "`event: decision` with a Decision as `data`; `event: missed` with a number."}),
        ),
        ("OpenApi", json!({"type": "object"})),
    ]
}

fn status(diagnostics: &dyn Fn() -> Value) -> Value {
    let refused = object(vec![("at", moment()), ("diagnostics", diagnostics())]);
    let broken = object(vec![
        ("resource", maybe_text()),
        ("file", text()),
        ("since", moment()),
        ("diagnostics", diagnostics()),
        ("last_good_revision", maybe_count()),
        ("restorable", flag()),
    ]);
    let head = object(vec![("number", count()), ("by", maybe_text()), ("text_is_live", flag())]);
    let subject = object(vec![("kind", text()), ("name", text())]);
    let attention = object(vec![
        ("level", one_of(&["error", "warning", "note"])),
        ("code", text()),
        ("text", text()),
        ("subject", or_null(subject)),
        ("since", maybe_moment()),
        ("until", maybe_moment()),
    ]);
    object(vec![
        ("attention", list(attention)),
        ("version", text()),
        ("started_at", moment()),
        ("live", object(vec![("revision", text()), ("number", count())])),
        (
            "store",
            object(vec![
                ("kind", one_of(&["directory", "file"])),
                ("writable", flag()),
                ("reason", maybe_text()),
                ("place", maybe_text()),
            ]),
        ),
        (
            "last_reload",
            object(vec![("at", moment()), ("result", one_of(&["applied", "unchanged", "refused"]))]),
        ),
        ("refused", or_null(refused)),
        ("broken_documents", list(broken)),
        ("head", head),
        ("warnings", diagnostics()),
        ("counts", object(vec![("agents", count()), ("identity_providers", count()), ("api_keys", count())])),
        ("listeners", list(object(vec![("address", text()), ("tls", flag())]))),
        ("public_url", maybe_text()),
        ("draining", flag()),
        ("identity_providers", list(reference("ProviderStatus"))),
    ])
}

fn probe() -> Value {
    object(vec![
        ("issuer", text()),
        ("ok", flag()),
        ("metadata_url", maybe_text()),
        ("jwks_uri", maybe_text()),
        ("token_endpoint", maybe_text()),
        ("keys", list(object(vec![("kid", maybe_text()), ("algorithms", list(text()))]))),
        ("algorithms", list(text())),
        ("skipped", list(object(vec![("key", text()), ("reason", text())]))),
        ("problems", list(object(vec![("message", text()), ("help", maybe_text())]))),
    ])
}
