//! What may stand in a configuration where the web has its own grammar. Pure text, no places; the readers
//! put the findings where they belong.

mod header;
mod route;
mod service;
mod socket;
mod url;

pub(in crate::config) use header::{carries_no_credential, header_name, header_value, is_ours, spelled};
pub(in crate::config) use route::{authority, exact_host, host_rule, route_path};
pub(in crate::config) use service::{SERVICE, service_url};
pub(in crate::config) use socket::socket_url;
pub(in crate::config) use url::{
    collector_url, fetch_url, has_credentials, has_hidden_credentials, is_plain, member_url, origin, reaches,
    redis_url, upstream_url,
};
