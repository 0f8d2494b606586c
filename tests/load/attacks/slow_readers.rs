//! Callers who ask for much and read nothing, or little.

use std::time::Duration;

use testkit::raw::{HERE, Wire};
use tokio::io::AsyncReadExt as _;

use super::fates::{Fate, Fates};

/// What those ask for who read nothing.
pub(crate) const MUCH: usize = 50 * 1024 * 1024;
/// More than the system holds for one connection, and little enough to be read to its end.
pub(crate) const ENOUGH: usize = 6 * 1024 * 1024;
/// The room that a slow caller has, so that the system does not read for it.
const ROOM: u32 = 16 * 1024;

/// A caller who has asked for so many bytes.
pub(crate) async fn ask(port: u16, size: usize) -> Option<Wire> {
    let mut wire = Wire::open(HERE, port, Some(ROOM)).await?;
    let request = format!("GET /open/big/{size} HTTP/1.1\r\nHost: gateway.test\r\n\r\n");
    wire.say(request.as_bytes()).await.then_some(wire)
}

/// So many callers who ask and read nothing; they hold their connections.
pub(crate) async fn silent(port: u16, count: usize) -> Vec<Wire> {
    let asking: tokio::task::JoinSet<_> = (0..count).map(|_| ask(port, MUCH)).collect();
    asking.join_all().await.into_iter().flatten().collect()
}

/// Reads until so many bytes have come; how many there were, and whether the connection ended.
async fn drink(wire: &mut Wire, upto: usize, within: Duration) -> (usize, bool) {
    let mut total = 0;
    let mut piece = vec![0; 64 * 1024];
    let all = async {
        loop {
            match wire.stream.read(&mut piece).await {
                Ok(0) | Err(_) => return true,
                Ok(n) => total += n,
            }
            if total >= upto {
                return false;
            }
        }
    };
    let ended = tokio::time::timeout(within, all).await.unwrap_or(false);
    (total, ended)
}

/// The fates of callers who come back to a connection that they left unread.
pub(crate) async fn fates(wires: Vec<Wire>) -> Fates {
    let mut fates = Fates::default();
    for mut wire in wires {
        let (total, ended) = drink(&mut wire, MUCH, Duration::from_secs(5)).await;
        fates.add(match (total >= MUCH, ended) {
            (true, _) => Fate::Answered(200),
            (false, true) => Fate::Closed,
            (false, false) => Fate::Open,
        });
    }
    fates
}

/// Reads at this pace for a time, and then as fast as it can; how many bytes of [`ENOUGH`] there were.
pub(crate) async fn sip(mut wire: Wire, piece: usize, pause: Duration, pieces: usize) -> usize {
    let mut pace = tokio::time::interval(pause);
    let mut sip = vec![0; piece];
    let mut total = 0;
    for _ in 0..pieces {
        pace.tick().await;
        match wire.stream.read(&mut sip).await {
            Ok(0) | Err(_) => return total,
            Ok(n) => total += n,
        }
    }
    total + drink(&mut wire, ENOUGH - total, Duration::from_secs(60)).await.0
}
