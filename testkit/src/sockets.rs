//! The kernel's list of TCP connections over IPv4: what a peer has not read yet, and which timer runs.
//!
//! It says what a process has done with bytes that somebody else has merely written.

use std::time::Duration;

use crate::eventually;

/// `TCP_ESTABLISHED`, as the list writes it.
const ESTABLISHED: &str = "01";

/// An established connection of this machine.
#[derive(Debug)]
pub struct Socket {
    /// Its port at this end.
    pub ours: u16,
    /// Its port at the other end.
    pub theirs: u16,
    /// Bytes that came and that nobody has read.
    pub unread: u64,
    /// The timer that runs, as the list writes it: `02` is keep-alive.
    pub timer: String,
}

/// Every established connection over IPv4.
#[must_use]
pub fn sockets() -> Vec<Socket> {
    let list = std::fs::read_to_string("/proc/net/tcp").expect("the kernel lists its connections");
    let sockets = list.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    sockets.filter(|fields| fields[3] == ESTABLISHED).map(|fields| Socket::of(&fields)).collect()
}

/// Waits until whoever listens at this port has accepted every connection and has read all that came on it.
pub async fn all_is_read_at(port: u16, within: Duration) {
    let probe =
        async || sockets().iter().all(|socket| socket.ours != port || socket.unread == 0).then_some(());
    eventually(&format!("all is read at port {port}"), within, probe).await;
}

impl Socket {
    /// From the fields of a line: `sl local_address rem_address st tx_queue:rx_queue tr:tm->when …`.
    fn of(fields: &[&str]) -> Self {
        let hex = |text: &str| u64::from_str_radix(text, 16).expect("the list is in hexadecimal");
        let after_colon = |text: &str| hex(text.rsplit(':').next().unwrap_or_default());
        let port = |end| u16::try_from(after_colon(end)).expect("a port has 16 bits");
        Self {
            ours: port(fields[1]),
            theirs: port(fields[2]),
            unread: after_colon(fields[4]),
            timer: fields[5][..2].to_owned(),
        }
    }
}
