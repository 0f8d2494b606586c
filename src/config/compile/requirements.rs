//! What an agent requires of a token beside scopes and claims, compiled.

use crate::authz::{ActorRule, AllowedActor, ClientLists, LoginRule, Requirements};
use crate::config::language::settings::agent::Require;

/// The requirements that are written; `None` when nothing is required.
pub(super) fn of(written: &Require) -> Option<Box<Requirements>> {
    let texts = |list: &[String]| list.iter().map(|text| text.as_str().into()).collect();
    let requirements = Requirements {
        profile: written.token_profile,
        clients: ClientLists {
            allow: written.clients.allow.as_slice().into(),
            deny: written.clients.deny.as_slice().into(),
        },
        actors: written.actor.as_deref().map(|actor| ActorRule {
            allow: actor
                .allow
                .iter()
                .map(|name| AllowedActor {
                    issuer: name.issuer.as_str().into(),
                    sub: name.sub.as_str().into(),
                })
                .collect(),
            max_depth: actor.max_depth,
            required: actor.required,
        }),
        login: LoginRule {
            acr_values: texts(&written.acr_values),
            amr_any: texts(&written.amr_any),
            max_auth_age: written.max_auth_age,
        },
    };
    (!requirements.is_empty()).then(|| Box::new(requirements))
}
