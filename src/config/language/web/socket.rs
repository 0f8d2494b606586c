//! Agents at a unix socket: `unix:/run/agent.sock`, and a path that goes before that of the request.

use std::path::Path;

use url::Url;

use super::{is_plain, route_path};

/// How a URL of a socket begins.
const SCHEME: &str = "unix:";
/// What the system has room for, without the NUL at the end (unix(7)).
const LONGEST: usize = 107;
/// What whoever talks to these can do is what the machine's administrator can do.
const CONTROL: [&str; 7] = [
    "docker.sock",
    "podman.sock",
    "containerd.sock",
    "crio.sock",
    "dockershim.sock",
    "system_bus_socket",
    "upgrade.sock",
];
/// Where the system's own sockets are.
const SYSTEM: [&str; 3] = ["/run/systemd/", "/run/dbus/", "/run/containerd/"];

/// The socket, and what is asked over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct SocketUrl {
    /// An absolute path without dot segments.
    pub(in crate::config) socket: Box<str>,
    /// The URL that is spoken over it.
    pub(in crate::config) url: Url,
}

/// The URL of a socket; nothing when it is the URL of something else.
///
/// # Errors
/// What to write instead.
pub(in crate::config) fn socket_url(text: &str) -> Option<Result<SocketUrl, &'static str>> {
    text.strip_prefix(SCHEME).map(read)
}

fn read(rest: &str) -> Result<SocketUrl, &'static str> {
    const HELP: &str =
        "write the path of the socket, such as `unix:/run/agent.sock`, and `:/base` behind it if need be";
    let (socket, base) = rest.split_once(':').unwrap_or((rest, "/"));
    if !socket.starts_with('/') || socket.starts_with("//") || !is_plain(socket) {
        return Err(HELP);
    }
    if socket.split('/').skip(1).any(|name| matches!(name, "" | "." | "..")) {
        return Err("write the path without empty and dot segments");
    }
    if socket.len() > LONGEST {
        return Err("the path of a socket has at most 107 bytes");
    }
    if is_control(socket) {
        return Err("this socket controls the machine or the gateway; write where the agent listens");
    }
    let base =
        route_path(base).map_err(|_| "the path behind the socket must be one that a request could have")?;
    let mut url = Url::parse("http://localhost/").map_err(|_| HELP)?;
    url.set_path(&base);
    Ok(SocketUrl { socket: socket.into(), url })
}

fn is_control(socket: &str) -> bool {
    let socket = socket.strip_prefix("/var").filter(|rest| rest.starts_with("/run/")).unwrap_or(socket);
    let name = Path::new(socket).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_bus = name == "bus" && socket.starts_with("/run/user/");
    CONTROL.contains(&name) || is_bus || SYSTEM.iter().any(|folder| socket.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_has_a_path_and_perhaps_a_base() {
        for (text, socket, url) in [
            ("unix:/run/agent.sock", "/run/agent.sock", "http://localhost/"),
            ("unix:/run/agent.sock:/base", "/run/agent.sock", "http://localhost/base"),
            ("unix:/run/agent.sock:/base/", "/run/agent.sock", "http://localhost/base"),
            ("unix:/run/user/1000/agent.sock", "/run/user/1000/agent.sock", "http://localhost/"),
        ] {
            let read = socket_url(text).unwrap().unwrap();
            assert_eq!((&*read.socket, read.url.as_str()), (socket, url), "{text}");
        }
        assert_eq!(socket_url("http://127.0.0.1:9000"), None);
    }

    #[test]
    fn what_is_no_agent_s_socket_is_refused() {
        let long = format!("unix:/{}", "x".repeat(LONGEST));
        for text in [
            "unix:",
            "unix:agent.sock",
            "unix:./agent.sock",
            "unix:@agent",
            "unix://run/agent.sock",
            "unix:///run/agent.sock",
            "unix:/run/../etc/agent.sock",
            "unix:/run/./agent.sock",
            "unix:/run//agent.sock",
            "unix:/run/",
            "unix:/run/a b.sock",
            "unix:/run/agent.sock:base",
            "unix:/run/agent.sock:/a/../b",
            "unix:/run/agent.sock:/a?b",
            "unix:/run/agent.sock:/a:/b c",
            "unix:/run/docker.sock",
            "unix:/var/run/docker.sock",
            "unix:/run/podman/podman.sock",
            "unix:/run/systemd/private",
            "unix:/var/run/dbus/system_bus_socket",
            "unix:/run/user/1000/bus",
            "unix:/var/lib/portcullis/upgrade.sock",
            &long,
        ] {
            assert!(socket_url(text).unwrap().is_err(), "{text}");
        }
    }
}
