//! `server`: listeners, limits, and how the process runs.

use std::net::SocketAddr;
use std::time::Duration;

use super::super::document::{
    AccessLog, Admin, CertificateFiles, Limits, Listener, ProxyProtocol, Server, Shutdown,
};
use super::super::fields::Fields;
use super::super::public_url::PublicUrl;
use super::super::sections::{ADMIN, CERTIFICATE, LIMITS, LISTENER, OPS, SERVER, SHUTDOWN, TLS, TOKEN_CACHE};
use super::super::value;
use super::provider::bad_url;
use super::route::{self, exact_host};
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::{Place, Spanned};
use crate::config::text::yaml::Node;
use crate::model::is_loopback;

const MS: Duration = Duration::from_millis(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const MOST_LISTENERS: usize = 64;
/// What Pingora reads.
const MOST_FIELDS: u64 = 256;
const MOST_CONNECTIONS: u64 = 1 << 20;

/// Reads the section; what cannot be read keeps its default, after it was reported.
pub(super) fn read<'a>(report: &'a Report<'a>, owner: Place, node: &'a Node) -> Server {
    let mut server = Server::default();
    let Some(fields) = Fields::open(report, &SERVER, owner, node) else { return server };
    let number = |value: Spanned<u64>| usize::try_from(value.value).unwrap_or(usize::MAX);

    server.public_url = fields.optional("public_url", public_url).map(|url| url.value);
    server.health_path = fields.optional("health_path", health_path);
    let listeners = fields.optional("listeners", |r, n| value::some_list(r, n, listener));
    if let Some(workers) = fields.optional("workers", |r, n| value::integer(r, n, 0..=1024)) {
        server.workers = number(workers);
    }
    let ops = ops(&fields);
    let admin = admin(&fields);
    server.state_dir = fields.optional("state_dir", value::path).map(|path| path.value);
    if let Some(cache) = fields.section("token_cache", &TOKEN_CACHE) {
        if let Some(entries) = cache.optional("entries", |r, n| value::integer(r, n, 0..=100_000_000)) {
            server.token_cache_entries = number(entries);
        }
        cache.close();
    }
    if let Some(section) = fields.section("limits", &LIMITS) {
        server.limits = limits(section);
    }
    if let Some(ranges) = fields.optional("trusted_proxies", |r, n| value::list(r, n, value::cidr)) {
        server.trusted_proxies = ranges.value.into_iter().map(|range| range.value).collect();
    }
    if let Some(section) = fields.section("shutdown", &SHUTDOWN) {
        server.shutdown = shutdown(section);
    }
    if let Some(log) = fields.optional("access_log", |r, n| value::word(r, n, &["stdout", "off"])) {
        server.access_log = if log.value == "off" { AccessLog::Off } else { AccessLog::Stdout };
    }

    if let Some(listeners) = listeners {
        if listeners.value.len() > MOST_LISTENERS {
            let help = format!("write at most {MOST_LISTENERS}");
            report.say(Code::OutOfRange, listeners.place, "more listeners than make sense", help);
        }
        let listeners: Vec<Listener> =
            listeners.value.into_iter().map(|l| l.value).take(MOST_LISTENERS).collect();
        warn_of_plain(report, &listeners, !server.trusted_proxies.is_empty());
        server.listeners = listeners;
    }
    refuse_untrusted_relays(report, &server);
    let mut taken: Vec<(SocketAddr, Place)> = Vec::new();
    let bound = server.listeners.iter().map(|l| (l.address.value, l.address.place));
    for (address, place) in
        bound.chain(ops.map(|o| (o.value, o.place))).chain(admin.as_ref().map(|(_, a)| *a))
    {
        if let Some((_, other)) = taken.iter().find(|(other, _)| overlap(*other, address)) {
            let message = "another listener has this address".to_owned();
            report.clash(Code::DuplicateAddress, place, *other, message, "choose another port");
        }
        taken.push((address, place));
    }
    if let Some(ops) = ops {
        server.ops = ops.value;
    }
    server.admin = admin.map(|(admin, _)| admin);
    fields.close();
    server
}

fn health_path(report: &Report<'_>, node: &Node) -> Option<String> {
    let path = route::path(report, node)?;
    if path == "/" {
        let message = "this would answer in place of every agent at the root";
        report.say(Code::BadPath, node.place, message, "write a path of its own, such as `/healthz`");
        return None;
    }
    Some(path)
}

/// Nobody could connect to them.
fn refuse_untrusted_relays(report: &Report<'_>, server: &Server) {
    let relayed = |listener: &&Listener| listener.proxy_protocol == ProxyProtocol::V1V2;
    for listener in server.listeners.iter().filter(relayed).filter(|_| server.trusted_proxies.is_empty()) {
        let message = format!(
            "{} takes the PROXY protocol from trusted proxies, and there are none",
            listener.address.shown()
        );
        let help = "name the proxies in `server.trusted_proxies`, or leave `proxy_protocol` off";
        report.say(Code::ProxyWithoutTrust, listener.address.place, message, help);
    }
}

fn public_url(report: &Report<'_>, node: &Node) -> Option<PublicUrl> {
    let text = value::some_text(report, node)?;
    match PublicUrl::parse(&text) {
        Ok(url) => Some(url),
        Err(help) => {
            bad_url(report, node, &text, "callers cannot reach a gateway at this URL", help);
            None
        }
    }
}

/// Whether two listeners cannot both have their address. Port 0 is a new one each time.
fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let everywhere = a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() != 0 && a.port() == b.port() && (a.ip() == b.ip() || (everywhere && a.is_ipv4() == b.is_ipv4()))
}

/// Behind trusted proxies, plain HTTP is what was meant.
fn warn_of_plain(report: &Report<'_>, listeners: &[Listener], behind_proxies: bool) {
    for listener in listeners.iter().filter(|l| l.certificates.is_empty()) {
        if !is_loopback(listener.address.ip()) {
            let message = format!("callers reach {} without TLS", listener.address.shown());
            let help = "add `tls`, or make sure that something in front of it ends TLS";
            report.find(Code::PlainListener, listener.address.place, message, |finding| {
                let finding = finding.help(help);
                if behind_proxies { finding.noted() } else { finding }
            });
        }
    }
}

fn listener<'a>(report: &'a Report<'a>, node: &'a Node) -> Option<Listener> {
    let fields = Fields::open(report, &LISTENER, node.place, node)?;
    let address = fields.required("address", value::address);
    let mut certificates = Some(Vec::new());
    if let Some((key, node)) = fields.entry("tls") {
        certificates = Fields::open(report, &TLS, key.place, node).and_then(|tls| {
            let list = tls.required("certificates", |r, n| value::some_list(r, n, certificate));
            tls.close();
            // Without a certificate that could be read it would be a listener without TLS.
            let list = list.map(|list| list.value.into_iter().map(|c| c.value).collect::<Vec<_>>());
            list.filter(|list| !list.is_empty())
        });
    }
    let protocol = fields.optional("proxy_protocol", |r, n| value::word(r, n, &["off", "v1_v2"]));
    let proxy_protocol = match protocol.map(|word| word.value) {
        Some("v1_v2") => ProxyProtocol::V1V2,
        // Without a word that could be read nothing starts.
        _ => ProxyProtocol::Off,
    };
    fields.close();
    Some(Listener { address: address?, certificates: certificates?, proxy_protocol })
}

fn certificate<'a>(report: &'a Report<'a>, node: &'a Node) -> Option<CertificateFiles> {
    certificate_of(report, node.place, node)
}

fn certificate_of<'a>(report: &'a Report<'a>, owner: Place, node: &'a Node) -> Option<CertificateFiles> {
    let fields = Fields::open(report, &CERTIFICATE, owner, node)?;
    let cert_file = fields.required("cert_file", value::path);
    let key_file = fields.required("key_file", value::path);
    fields.close();
    Some(CertificateFiles { cert_file: cert_file?, key_file: key_file? })
}

fn ops(server: &Fields<'_>) -> Option<Spanned<SocketAddr>> {
    let fields = server.section("ops", &OPS)?;
    let address = fields.optional("address", value::address);
    fields.close();
    address
}

fn admin(server: &Fields<'_>) -> Option<(Admin, (SocketAddr, Place))> {
    let fields = server.section("admin", &ADMIN)?;
    let address = fields.required("address", value::address);
    let token_file = fields.required("token_file", value::path);
    let hosts = fields.optional("hosts", |r, n| value::list(r, n, exact_host)).map(|hosts| hosts.value);
    // A listener that was to have TLS must not come up without.
    let tls = match fields.entry("tls") {
        Some((key, node)) => Some(certificate_of(server.report(), key.place, node)?),
        None => None,
    };
    fields.close();
    let (address, token_file) = (address?, token_file?.value);
    let hosts = hosts.unwrap_or_default().into_iter().map(|host| host.value).collect();
    let admin = Admin { address: address.value, token_file, hosts, tls };
    Some((admin, (address.value, address.place)))
}

fn limits(fields: Fields<'_>) -> Limits {
    let defaults = Limits::default();
    let size = |name, least| fields.optional(name, |r, n| value::size(r, n, least..=1 << 20));
    let bytes = |size: Option<Spanned<u64>>, default| {
        size.map_or(default, |size| usize::try_from(size.value).unwrap_or(default))
    };
    let header_bytes = bytes(size("header_bytes", 1 << 10), defaults.header_bytes);
    let token_bytes = bytes(size("token_bytes", 256), defaults.token_bytes);
    let count = |name, bounds, default| {
        let found = fields.optional(name, |r, n| value::integer(r, n, bounds));
        found.map_or(default, |count| usize::try_from(count.value).unwrap_or(default))
    };
    let header_fields = count("header_fields", 16..=MOST_FIELDS, defaults.header_fields);
    let time = |name, most| fields.optional(name, |r, n| value::duration(r, n, 100 * MS..=most));
    let header_timeout = time("header_timeout", 10 * MINUTE).map_or(defaults.header_timeout, |d| d.value);
    let idle_timeout = time("idle_timeout", 24 * HOUR).map_or(defaults.idle_timeout, |d| d.value);
    let write_timeout = time("write_timeout", HOUR).map_or(defaults.write_timeout, |d| d.value);
    let min_body_rate = fields.optional("min_body_rate", |r, n| value::size(r, n, 0..=1 << 30));
    let connections = count("connections", 1..=MOST_CONNECTIONS, defaults.connections);
    let connections_per_address =
        count("connections_per_address", 1..=MOST_CONNECTIONS, defaults.connections_per_address);
    fields.close();
    Limits {
        header_bytes,
        header_fields,
        token_bytes,
        header_timeout,
        idle_timeout,
        write_timeout,
        min_body_rate: min_body_rate.map_or(defaults.min_body_rate, |rate| rate.value),
        connections,
        connections_per_address,
    }
}

fn shutdown(fields: Fields<'_>) -> Shutdown {
    let defaults = Shutdown::default();
    let time = |name| fields.optional(name, |r, n| value::duration(r, n, Duration::ZERO..=HOUR));
    let delay = time("delay").map_or(defaults.delay, |d| d.value);
    let drain = time("drain").map_or(defaults.drain, |d| d.value);
    fields.close();
    Shutdown { delay, drain }
}
