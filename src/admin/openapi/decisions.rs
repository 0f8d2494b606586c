//! The shapes of decisions.

use serde_json::{Value, json};

use super::shape::{Members, maybe_count, maybe_moment, maybe_text, moment, object, one_of, text};
use crate::model::{Decision, Reason};

/// A decision in a list.
pub(super) fn line() -> Value {
    let own = vec![("at", maybe_moment()), ("method", text()), ("http_method", text())];
    object(own.into_iter().chain(both()).collect())
}

/// A decision, whole.
pub(super) fn whole() -> Value {
    let claimed = json!({"type": "array", "items": one_of(&["seen", "client_id", "iss", "aud", "kid"]),
        "description": "The members that hold what the caller claims and nobody has verified."});
    let own = vec![
        ("time", moment()),
        ("method", text()),
        ("auth_method", text()),
        ("iss", maybe_text()),
        ("aud", maybe_text()),
        ("kid", maybe_text()),
        ("unverified", claimed),
    ];
    object(own.into_iter().chain(both()).collect())
}

fn both() -> Members {
    let reasons: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    let outcomes: Vec<&str> = Decision::ALL.iter().map(|decision| decision.as_str()).collect();
    vec![
        ("agent", maybe_text()),
        ("decision", one_of(&outcomes)),
        ("reason", one_of(&reasons)),
        ("provider", maybe_text()),
        ("request_id", text()),
        ("path", text()),
        ("remote", maybe_text()),
        ("status", maybe_count()),
        ("upstream_error", maybe_text()),
        ("key_id", maybe_text()),
        ("key_name", maybe_text()),
        ("client_id", maybe_text()),
        ("check", maybe_text()),
        ("seen", maybe_text()),
        ("wanted", maybe_text()),
        ("fix", maybe_text()),
    ]
}
