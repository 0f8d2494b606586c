//! WebSocket handshakes that the agent answers at once: every tunnel that is said to be open carries bytes.

use std::sync::Arc;

use testkit::Upstream;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::streams::websocket;
use crate::length::short_or_long;
use crate::process;
use crate::report::Report;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tunnel_that_is_open_carries_bytes_however_soon_the_agent_opened_it() {
    let mut report = Report::new("WebSocket handshakes answered at once");
    let agent = Upstream::terse().await;
    let body = format!("agents:\n  p: {{ route: /p, upstream: \"{}\", auth: public }}\n", agent.url());
    let place = process::place("  access_log: off\n", &body);
    let _process = place.start().await;
    let (count, port) = (short_or_long(1_000, 50_000), place.port);
    let (seats, begun) = (Arc::new(Semaphore::new(64)), mpsc::unbounded_channel().0);
    let mut tunnels = JoinSet::new();
    for _ in 0..count {
        let seat = Arc::clone(&seats).acquire_owned().await.expect("a seat");
        let begun = begun.clone();
        tunnels.spawn(async move {
            let end = websocket(port, "/p/ws?ms=0", 1, begun).await;
            drop(seat);
            end
        });
    }
    let cut: Vec<String> = tunnels.join_all().await.into_iter().filter_map(Result::err).collect();
    report.line("tunnels", format!("{count}, cut {}: {:?}", cut.len(), cut.first()));
    assert!(cut.is_empty(), "{} of {count}: {:?}", cut.len(), cut.first());
}
