//! Everything at once: as many attackers as good callers, of every kind.

use std::time::Duration;

use crate::ask::Ask;
use crate::length::short_or_long;
use crate::report::Report;
use crate::steady::{Carrier, Steady};

use super::idle::{elsewhere, look, open};
use super::origin::{Mood, Origin};
use super::slow_bodies::{Framing, Trickle};
use super::world::Setup;
use super::{guessing, slow_heads, slow_readers, volume};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn good_traffic_does_not_fail_while_every_attack_goes_on_at_once() {
    let mut report = Report::new("every attack at once");
    let hung = Origin::start(Mood::Silent);
    let agents = format!(
        "  hang:\n    route: /hang\n    upstream: {{ url: \"{}\", response_timeout: 3s }}\n    auth: public\n    \
         max_in_flight: 10\n",
        hung.url()
    );
    let limits = "connections: 2000, connections_per_address: 1000, header_timeout: 2s, write_timeout: 2s";
    let world = Setup { limits, agents: &agents, ..Setup::default() }.start().await;
    let port = world.gateway.port;
    let token = world.token();
    let many: Vec<_> = (0..8).map(elsewhere).collect();
    let good = world.good();
    let ((), _) = world
        .beside(&mut report, good, async || {
            for _ in 0..short_or_long(1, 20) {
                let hanging = Steady::start(port, 20, 40, Carrier::Kept, |n| {
                    Ask::get(format!("/hang/{n}")).wants(&[503, 504])
                });
                let limit = Duration::from_secs(2);
                let trickle = Trickle {
                    framing: Framing::Chunks,
                    piece: 1,
                    pause: Duration::from_millis(200),
                    pieces: 20,
                };
                let excess = async {
                    for excess in volume::excesses() {
                        excess.flood(port, 10).await;
                    }
                };
                let idle = async { look(open(port, 2500, &many).await, limit).await };
                let readers = async {
                    let held = slow_readers::silent(port, 30).await;
                    slow_readers::fates(held).await
                };
                let outcome = tokio::join!(
                    idle,
                    slow_heads::first(port, 100, limit),
                    slow_heads::later(port, 100, limit),
                    trickle.flood(port, 50),
                    readers,
                    excess,
                    volume::tiny_chunks(port, 5, 1000),
                    guessing::signatures(port, &token, 500),
                    guessing::api_keys(port, 500),
                );
                let ((idle, _), first, later, bodies, readers, (), tiny, signatures, keys) = outcome;
                let all = [first, later, bodies, readers, tiny, signatures, keys];
                let seen: Vec<String> = std::iter::once(idle).chain(all).map(|f| f.to_string()).collect();
                eprintln!("{}", seen.join("\n"));
                hanging.stop().await;
            }
        })
        .await;
}
