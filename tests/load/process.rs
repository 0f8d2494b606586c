//! A place with everything on: a plain and a TLS listener, ops, the admin API, a store and a state folder.

use testkit::gateway::Place;
use testkit::{Certificate, Start};

/// Such a place, with these further lines of `server` (indented by two), and this body.
pub(crate) fn place(server: &str, body: &str) -> Place {
    let state = if server.contains("state_dir:") { "" } else { "  state_dir: state\n" };
    let server = format!("{state}{server}");
    let certificate = Some(&Certificate::generate());
    Start { body, server: &server, admin: Some(""), store: Some("store"), certificate, ..Start::default() }
        .place()
}
