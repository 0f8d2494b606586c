//! The shapes of what is sent.

use serde_json::{Value, json};

use super::shape::{
    Members, duration, flag, maybe_moment, maybe_text, object, one_of, pairs, partly, secret, text,
};
use crate::config;
use crate::model::ResourceKind;
use crate::model::methods::METHODS;

/// Each by its name.
pub(super) fn all() -> Vec<(&'static str, Value)> {
    let name = || json!({"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,62}$"});
    let expiry = |mut members: Members| {
        members.extend([
            ("expires_at", maybe_moment()),
            ("expires_in", json!({"anyOf": [duration(), {"type": "null"}]})),
        ]);
        members
    };
    let maybe = |schema: Value| json!({"anyOf": [schema, {"type": "null"}]});
    let key_name = json!({"type": ["string", "null"], "minLength": 1, "maxLength": 200});
    let ends = ["name", "expires_at", "expires_in"];
    vec![
        ("AgentSpec", config::schema_of(ResourceKind::Agent)),
        ("ProviderSpec", config::schema_of(ResourceKind::IdentityProvider)),
        ("Login", object(vec![("token", secret())])),
        ("NewApiKey", partly(expiry(vec![("agent", name()), ("name", key_name)]), &ends)),
        (
            "RotateApiKey",
            partly(expiry(vec![("overlap", maybe(duration()))]), &["overlap", "expires_at", "expires_in"]),
        ),
        (
            "RollBack",
            partly(
                vec![(
                    "resource",
                    json!({
                        "type": ["string", "null"],
                        "pattern": "^(agents|identity_providers)/[A-Za-z0-9-]{1,63}$",
                    }),
                )],
                &["resource"],
            ),
        ),
        (
            "Restore",
            object(vec![(
                "resource",
                json!({
                    "type": "string",
                    "pattern": "^(agents|identity_providers|api_keys)/[A-Za-z0-9-]{1,63}$",
                }),
            )]),
        ),
        (
            "ExplainQuestion",
            partly(
                vec![
                    ("agent", name()),
                    ("credential", maybe(secret())),
                    ("path", maybe(secret())),
                    ("headers", pairs()),
                ],
                &["credential", "path", "headers"],
            ),
        ),
        (
            "ProbeQuestion",
            partly(
                vec![
                    ("issuer", json!({"type": "string", "minLength": 1, "maxLength": 2048})),
                    ("jwks_uri", json!({"type": ["string", "null"], "format": "uri", "maxLength": 2048})),
                    ("insecure_http", flag()),
                ],
                &["jwks_uri", "insecure_http"],
            ),
        ),
        (
            "ClientTokenQuestion",
            partly(
                vec![
                    ("client_id", text()),
                    ("client_secret", secret()),
                    ("scope", maybe_text()),
                    ("audience", maybe_text()),
                    ("resource", maybe_text()),
                    ("authentication", one_of(&["basic", "post"])),
                ],
                &["scope", "audience", "resource", "authentication"],
            ),
        ),
        (
            "Trial",
            partly(
                vec![
                    ("method", one_of(&METHODS)),
                    ("path", json!({"type": "string", "pattern": "^([/?][!-~]*)?$"})),
                    ("headers", pairs()),
                    ("body", maybe_text()),
                    ("credential", maybe(secret())),
                ],
                &["method", "path", "headers", "body", "credential"],
            ),
        ),
    ]
}
