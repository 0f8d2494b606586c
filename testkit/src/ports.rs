//! Ports of loopback that nobody has.

use std::sync::atomic::{AtomicU32, Ordering};

/// A port that nobody has at the moment: below those that the system gives to clients, and from another place for each
/// process, so that two tests do not reach for the same one.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    const FIRST: u32 = 10_000;
    const COUNT: u32 = 22_000;
    let begin = std::process::id().wrapping_mul(20);
    let ports = std::iter::repeat_with(|| {
        let at = begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        u16::try_from(FIRST + at).expect("a port")
    });
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.take(COUNT as usize).find(is_free).expect("a free port")
}
