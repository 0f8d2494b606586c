//! `portcullis health`: asks the gateway that runs with a configuration whether it is alive, or ready. For
//! container health checks, where no other client is at hand.

use std::io::{Read as _, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::control::outline;

use super::{ConfigArg, Exit, place};

const LIMIT: Duration = Duration::from_secs(3);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// Ask whether it is ready for traffic, not only whether it is alive
    #[arg(long)]
    ready: bool,
}

pub(super) fn run(args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<Exit> {
    // A change that was refused is no reason to call a gateway ill that serves the last good one.
    let outline = place::documents(&args.config).and_then(|documents| {
        let outline = outline(documents.as_ref()).map_err(|e| e.to_string())?;
        outline.ok_or_else(|| "the configuration is not YAML; `portcullis check` says more".to_owned())
    });
    let ops = match outline {
        Ok(outline) => reachable(outline.server.ops),
        Err(message) => {
            writeln!(err, "error: {message}")?;
            return Ok(Exit::Failure);
        }
    };
    let path = if args.ready { "/readyz" } else { "/livez" };
    match ask(ops, path) {
        Ok((200, body)) => {
            writeln!(out, "{}", body.trim())?;
            Ok(Exit::Success)
        }
        Ok((status, body)) => {
            writeln!(err, "{path} on {ops} answered {status}: {}", body.trim())?;
            Ok(Exit::Failure)
        }
        Err(error) => {
            writeln!(err, "{path} on {ops} cannot be asked: {error}")?;
            Ok(Exit::Failure)
        }
    }
}

/// A listener on all addresses is asked on loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn ask(address: SocketAddr, path: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok());
    status
        .map(|status| (status, body.to_owned()))
        .ok_or_else(|| std::io::Error::other("the answer is not HTTP: another program listens there"))
}
