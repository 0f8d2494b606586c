//! Waiting for something to become true, with a deadline; the only place in this suite that sleeps, but for the
//! pauses that a peer makes by its script.

use std::time::Duration;

use tokio::time::Instant;

/// Asks `probe` again and again until it gives a value; panics when that has not happened `within` the time.
pub async fn eventually<T>(what: &str, within: Duration, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(value) = probe().await {
            return value;
        }
        assert!(Instant::now() < deadline, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The pause that a peer of the gateway makes because the test says so.
pub async fn scripted_pause(pause: Duration) {
    tokio::time::sleep(pause).await;
}
