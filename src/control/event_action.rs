//! Does what a security event comes to: denials are made and lifted, and whatever nobody could act on is told of.

use std::sync::Arc;

use crate::events::{Effect, EventReceiver, Told, ToldEvent};
use crate::model::{Denied, Instant, SecurityEventKind, SecurityEventResult, check_label};
use crate::store::Denial;

use super::edit::EditError;
use super::handle::{Control, Order};

/// Acts on one event of what was told. What is to be denied is durable and in force when this returns.
pub(super) async fn act(
    control: &Control,
    receiver: &Arc<EventReceiver>,
    (told, event): (&Told, &ToldEvent),
    now: Instant,
) -> SecurityEventResult {
    let issuer = receiver.provider.spec().issuer.as_str();
    let denial =
        |denied| Denial { denied, reason: reason(told, event), actor: actor(receiver), at: now.timestamp() };
    let done = match Effect::of(told, event, issuer, now) {
        Effect::Deny(all) => {
            let mut made = Ok(());
            for denied in all {
                made = made.and(control.deny(denial(denied), true).await.map(drop));
            }
            made.map(|()| SecurityEventResult::Denied)
        }
        Effect::Close(denied) if is_overtaken(receiver, &denied, event) => Ok(SecurityEventResult::Overtaken),
        Effect::Close(denied) => {
            control.deny(denial(denied), true).await.map(|_| SecurityEventResult::Denied)
        }
        Effect::Open(denied) if is_overtaken(receiver, &denied, event) => Ok(SecurityEventResult::Overtaken),
        Effect::Open(denied) => lift(control, denial(denied)).await,
        Effect::AskAgain(named) => Ok(ask_again(control, receiver, (told, event, named), now).await),
        Effect::Nothing(result) => {
            tell(control, receiver, (told, event, result), now);
            Ok(result)
        }
    };
    done.unwrap_or_else(|error| {
        let provider = &receiver.provider.spec().name;
        tracing::error!(%provider, event = %event.kind, jti = %told.jti, %error, "a security event could not be acted on");
        SecurityEventResult::Failed
    })
}

fn is_overtaken(receiver: &EventReceiver, denied: &Denied, event: &ToldEvent) -> bool {
    !receiver.memory.is_last_word(&denied.value, event.at)
}

/// Has the provider asked again about tokens, which it may have told us of with other claims.
async fn ask_again(
    control: &Control,
    receiver: &Arc<EventReceiver>,
    (told, event, named): (&Told, &ToldEvent, Vec<Denied>),
    now: Instant,
) -> SecurityEventResult {
    let (tokens, looking) = (control.live().tokens.clone(), Arc::clone(receiver));
    let looked = tokio::task::spawn_blocking(move || looking.ask_again(tokens.as_deref(), named, now)).await;
    let Ok(known) = looked else { return SecurityEventResult::Failed };
    let provider = &receiver.provider.spec().name;
    tracing::info!(%provider, event = %event.kind, jti = %told.jti, known, "the provider is asked again about tokens");
    SecurityEventResult::Noted
}

/// Lifts the denial of a closed account, unless somebody else has made it.
async fn lift(control: &Control, denial: Denial) -> Result<SecurityEventResult, EditError> {
    let id = denial.id();
    let Some(entry) = control.denial(&id).await? else { return Ok(SecurityEventResult::Noted) };
    let made_by = entry.note().actor;
    if made_by != denial.actor {
        tracing::warn!(
            id,
            made_by,
            "an account was enabled again whose denial somebody else has made: it stays"
        );
        return Ok(SecurityEventResult::Noted);
    }
    let lifted = control.lift(&id, &entry, denial.actor).await?;
    Ok(if lifted { SecurityEventResult::Lifted } else { SecurityEventResult::Noted })
}

/// Tells of an event that changes nothing.
fn tell(
    control: &Control,
    receiver: &EventReceiver,
    (told, event, result): (&Told, &ToldEvent, SecurityEventResult),
    now: Instant,
) {
    let (provider, kind, subject) = (&receiver.provider.spec().name, event.kind, event.form);
    match result {
        SecurityEventResult::Unmapped => {
            tracing::warn!(%provider, event = %kind, jti = %told.jti, subject, "a security event names nobody whom a denial can name");
            let what = format!("{kind} of a subject that no denial can name ({subject}): nobody was denied");
            let note = Order::NoteDone { who: actor(receiver), what, written: None };
            // The log and the metric say it too.
            let _full = control.orders.try_send(note);
        }
        SecurityEventResult::Late => {
            tracing::warn!(%provider, event = %kind, jti = %told.jti, issued = %told.issued, "a security event is too old to be acted on");
        }
        SecurityEventResult::Denied
        | SecurityEventResult::Lifted
        | SecurityEventResult::Noted
        | SecurityEventResult::Repeated
        | SecurityEventResult::Overtaken
        | SecurityEventResult::Ignored
        | SecurityEventResult::Rejected
        | SecurityEventResult::Unauthorized
        | SecurityEventResult::Failed => note(receiver, told, event, now),
    }
}

/// Tells of an event that is about the stream, or about nothing that could be denied.
fn note(receiver: &EventReceiver, told: &Told, event: &ToldEvent, now: Instant) {
    let provider = &receiver.provider.spec().name;
    match event.kind {
        SecurityEventKind::Verification => {
            tracing::info!(%provider, state = event.word, "the stream of security events was verified");
            receiver.memory.verified(event.word.clone(), now);
        }
        SecurityEventKind::StreamUpdated => {
            tracing::warn!(%provider, status = event.word, "the transmitter changed its stream of security events");
        }
        SecurityEventKind::SessionRevoked
        | SecurityEventKind::CredentialChange
        | SecurityEventKind::TokenClaimsChange
        | SecurityEventKind::AccountDisabled
        | SecurityEventKind::AccountPurged
        | SecurityEventKind::AccountEnabled
        | SecurityEventKind::Logout
        | SecurityEventKind::Unknown
        | SecurityEventKind::None => {
            tracing::info!(%provider, event = %event.kind, jti = %told.jti, "a security event changes nothing here");
        }
    }
}

/// Who makes such a denial, for the list and the audit log.
fn actor(receiver: &EventReceiver) -> String {
    format!("events:{}", receiver.provider.spec().name)
}

/// Why, likewise.
fn reason(told: &Told, event: &ToldEvent) -> String {
    let (kind, at) = (event.kind, event.at);
    let whole = format!("{kind} at {at}, jti {}", told.jti);
    // A sender chooses its ids.
    if check_label(&whole).is_ok() { whole } else { format!("{kind} at {at}") }
}
