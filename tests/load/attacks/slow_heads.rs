//! Heads that come a byte at a time, on first and on later requests.

use std::time::Duration;

use testkit::raw::Wire;

use super::fates::{Fate, Fates};

/// A byte each time; far within the limit from one to the next, and far beyond it for the whole.
const PAUSE: Duration = Duration::from_millis(150);
const HEAD: &[u8] = b"GET /open HTTP/1.1\r\nHost: gateway.test\r\nX-Padding: ";
/// How much longer than the limit an end may take on a busy machine.
pub(crate) const SLACK: Duration = Duration::from_secs(4);

/// So many first requests that never get to their end.
pub(crate) async fn first(port: u16, count: usize, limit: Duration) -> Fates {
    Fates::of(count, move |_| async move {
        let Some(wire) = Wire::here(port).await else { return Fate::NoConnection };
        drip(wire, limit).await
    })
    .await
}

/// The same behind one good request on the same connection.
pub(crate) async fn later(port: u16, count: usize, limit: Duration) -> Fates {
    Fates::of(count, move |_| async move {
        let Some(mut wire) = Wire::here(port).await else { return Fate::NoConnection };
        wire.say(b"GET /open HTTP/1.1\r\nHost: gateway.test\r\n\r\n").await;
        match Fate::of(&wire.answer(SLACK).await) {
            Fate::Answered(200) => drip(wire, limit).await,
            other => other,
        }
    })
    .await
}

async fn drip(mut wire: Wire, limit: Duration) -> Fate {
    let pieces = usize::try_from((limit * 3).as_millis() / PAUSE.as_millis()).expect("a small number");
    let mut head = HEAD.to_vec();
    head.resize(pieces.max(HEAD.len()), b'x');
    // It goes on when it is refused, as an attacker does; only then does it look.
    let sending = tokio::time::timeout(limit + SLACK, wire.drip(&head, 1, PAUSE));
    let told = sending.await;
    let fate = Fate::of(&wire.rest(Duration::from_millis(200)).await);
    // One whose bytes are refused has been closed, whatever became of the answer.
    if fate == Fate::Open && told == Ok(false) { Fate::Closed } else { fate }
}
