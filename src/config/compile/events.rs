//! The receivers of security events, with what is remembered of the events before.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::HeaderValue;

use super::audience;
use super::input::{Input, Mention};
use super::made::Providers;
use crate::config::language::settings::agent::Auth;
use crate::config::language::settings::provider::{Events, IdentityProvider, LogoutAudience};
use crate::config::language::web;
use crate::config::text::code::Code;
use crate::config::text::source::Place;
use crate::events::{EventReceiver, Poll, Push, SessionScope};
use crate::model::{Digest, ProviderName};

/// The receivers, by the provider.
pub(super) type Receivers = BTreeMap<ProviderName, Arc<EventReceiver>>;

/// What a receiver is to be.
pub(super) struct Wanted {
    name: ProviderName,
    push: Option<Push>,
    poll: Option<Poll>,
    logout: Option<Vec<String>>,
    scope: SessionScope,
}

/// What the receivers of the document are to be; what is wrong with their files and audiences is reported.
pub(super) fn wanted(input: &Input<'_>) -> Vec<Wanted> {
    let providers = input.document.identity_providers.iter();
    providers.filter_map(|provider| want(input, provider, provider.events.as_deref()?)).collect()
}

fn want<'a>(input: &Input<'a>, provider: &'a IdentityProvider, events: &'a Events) -> Option<Wanted> {
    warn_without_place(input, provider);
    let authorization = |path: &'a Option<_>| match path {
        Some(path) => authorization(input, Mention::new(&provider.source, path)).map(Some),
        None => Some(None),
    };
    let push = match &events.push {
        Some(push) => {
            let shown = authorization(&push.authorization_file)?;
            let authorization = shown.map(|value| Digest::of(value.as_bytes()));
            Some(Push { audiences: push.audience.clone(), authorization })
        }
        None => None,
    };
    let poll = match &events.poll {
        Some(poll) => Some(Poll {
            endpoint: poll.endpoint.value.clone(),
            authorization: authorization(&poll.token_file)?,
            interval: poll.interval,
            audiences: match poll.audience.as_slice() {
                [] => usual(input, provider, events, poll.endpoint.place)?,
                written => written.to_vec(),
            },
        }),
        None => None,
    };
    let logout = match &events.backchannel_logout {
        None => None,
        Some(written) => match &written.value {
            LogoutAudience::Off => None,
            LogoutAudience::Usual => Some(usual(input, provider, events, written.place)?),
            LogoutAudience::Clients(clients) => Some(clients.clone()),
        },
    };
    Some(Wanted { name: provider.id.value.clone(), push, poll, logout, scope: events.ends })
}

/// For whom tokens of the provider are, where nothing else is said: reported when nobody is known.
fn usual(
    input: &Input<'_>,
    provider: &IdentityProvider,
    events: &Events,
    place: Place,
) -> Option<Vec<String>> {
    let pushed = events.push.iter().flat_map(|push| push.audience.iter().cloned());
    let agents = input.document.agents.iter().filter_map(|entry| match &entry.auth.value {
        Auth::OAuth(oauth) => Some((entry, oauth)),
        Auth::ApiKey(_) | Auth::Public => None,
    });
    let accepting = agents.filter(|(_, oauth)| {
        oauth.identity_providers.iter().any(|accepted| accepted.value == provider.id.value)
    });
    let of_agents = accepting.flat_map(|(entry, oauth)| audience::all(input, entry, oauth));
    let mut all: Vec<String> = pushed.chain(of_agents).collect();
    all.sort();
    all.dedup();
    if all.is_empty() {
        let message =
            "tokens that are for anybody would be taken: no agent that accepts this provider has an audience";
        let help = "write for whom they are: `backchannel_logout: CLIENT_ID`, or `audience` under `poll`";
        input.report(&provider.source).say(Code::AudienceMissing, place, message, help);
        return None;
    }
    Some(all)
}

/// The `Authorization` in a file; one word is a bearer token.
fn authorization<'a>(input: &Input<'a>, file: Mention<'a>) -> Option<HeaderValue> {
    let bytes = input.file(file)?.trim_ascii();
    let is_word = !bytes.is_empty() && !bytes.contains(&b' ');
    let value = if is_word { [b"Bearer ", bytes].concat() } else { bytes.to_vec() };
    match web::header_value(&value) {
        Ok(value) => Some(value),
        Err(help) => {
            input.bad_file(file, "holds no value of `Authorization`", help);
            None
        }
    }
}

fn warn_without_place(input: &Input<'_>, provider: &IdentityProvider) {
    let document = input.document;
    if document.store.is_none() && document.server.state_dir.is_none() {
        let message = "no event can be acted on: there is no place for the denials that it makes";
        let help = "set `store`, or `server.state_dir`";
        input.report(&provider.source).say(Code::EventsWithoutPlace, provider.id.place, message, help);
    }
}

/// The receivers.
pub(super) fn make(input: &Input<'_>, wanted: Vec<Wanted>, providers: &Providers) -> Receivers {
    let receiver = |Wanted { name, push, poll, logout, scope }: Wanted| {
        let provider = Arc::clone(providers.get(&name)?);
        let before = input.previous.and_then(|snapshot| snapshot.events.get(&name));
        let is_same = |before: &&Arc<EventReceiver>| before.provider.spec().issuer == provider.spec().issuer;
        let memory = before.filter(is_same).map(|before| Arc::clone(&before.memory)).unwrap_or_default();
        let metrics = input.metrics.events(&name);
        Some((name, Arc::new(EventReceiver { provider, push, poll, logout, scope, memory, metrics })))
    };
    wanted.into_iter().filter_map(receiver).collect()
}
