//! The keys of `server`.

use super::Shape::{Duration, Integer, List, Size, Text, Word};
use super::{Section, Shape, may, must};

/// `server`
pub(in crate::config) const SERVER: Section = Section {
    name: "`server`",
    fields: &[
        may(
            "public_url",
            Text,
            "how callers reach the gateway, such as https://agents.example.com; shown as the address of agents",
        ),
        may(
            "health_path",
            Text,
            "a path at which callers' listeners say 200, or 503 while draining, before any route; absent is off",
        ),
        may("listeners", List(&Shape::Section(&LISTENER)), "where callers connect; default 127.0.0.1:8080"),
        may("workers", Integer, "worker threads; 0, the default, is one per CPU"),
        may(
            "ops",
            Shape::Section(&OPS),
            "the listener for /metrics, /livez and /readyz; default 127.0.0.1:9464",
        ),
        may(
            "admin",
            Shape::Section(&ADMIN),
            "the listener of the control API and the console; absent is off",
        ),
        may(
            "state_dir",
            Text,
            "the folder in which the last good key sets are kept; absent keeps nothing on disk",
        ),
        may("token_cache", Shape::Section(&TOKEN_CACHE), "the cache of verified tokens"),
        may("limits", Shape::Section(&LIMITS), "what a caller may send, and how slowly"),
        may(
            "trusted_proxies",
            List(&Text),
            "address ranges (CIDR) whose X-Forwarded-* is believed; default none",
        ),
        may("shutdown", Shape::Section(&SHUTDOWN), "how the process ends"),
        may("access_log", Word(&["stdout", "off"]), "where the access log goes: stdout (default) or off"),
    ],
};

/// One of `server.listeners`
pub(in crate::config) const LISTENER: Section = Section {
    name: "a listener",
    fields: &[
        must("address", Text, "an IP address and a port, such as 0.0.0.0:8080"),
        may("tls", Shape::Section(&TLS), "serve TLS here; absent is plain HTTP"),
        may(
            "proxy_protocol",
            Word(&["off", "v1_v2"]),
            "v1_v2: connections come from trusted_proxies and begin with the PROXY protocol; default off",
        ),
    ],
};

/// `tls` of a listener
pub(in crate::config) const TLS: Section = Section {
    name: "`tls`",
    fields: &[must(
        "certificates",
        List(&Shape::Section(&CERTIFICATE)),
        "at least one; chosen by server name, the first is the default",
    )],
};

/// One of `tls.certificates`
pub(in crate::config) const CERTIFICATE: Section = Section {
    name: "a certificate",
    fields: &[
        must("cert_file", Text, "the file with the certificate chain (PEM)"),
        must("key_file", Text, "the file with its private key (PEM)"),
    ],
};

/// `server.ops`
pub(in crate::config) const OPS: Section = Section {
    name: "`ops`",
    fields: &[may("address", Text, "an IP address and a port; default 127.0.0.1:9464")],
};

/// `server.admin`
pub(in crate::config) const ADMIN: Section = Section {
    name: "`admin`",
    fields: &[
        must("address", Text, "an IP address and a port, such as 127.0.0.1:9465"),
        must(
            "token_file",
            Text,
            "the file with the token that opens the control API; made on the first start when it is absent",
        ),
        may("hosts", List(&Text), "names by which browsers may reach it, besides localhost and IP addresses"),
        may("tls", Shape::Section(&CERTIFICATE), "serve TLS with this certificate; absent is plain HTTP"),
    ],
};

/// `store`
pub(in crate::config) const STORE: Section = Section {
    name: "`store`",
    fields: &[must("directory", Text, "the folder; made on the first start when it is absent")],
};

/// `server.token_cache`
pub(in crate::config) const TOKEN_CACHE: Section = Section {
    name: "`token_cache`",
    fields: &[may("entries", Integer, "how many verified tokens are remembered; default 100000, 0 is off")],
};

/// `server.limits`
pub(in crate::config) const LIMITS: Section = Section {
    name: "`limits`",
    fields: &[
        may("header_bytes", Size, "the largest request head; default 32KiB"),
        may("header_fields", Integer, "the most fields of a request head; default 100, at most 256"),
        may("token_bytes", Size, "the largest token; default 16KiB"),
        may("header_timeout", Duration, "how long a request head may take; default 10s"),
        may("idle_timeout", Duration, "how long a connection may say nothing; default 75s"),
        may("write_timeout", Duration, "how long a caller may take nothing of what it is sent; default 60s"),
        may(
            "min_body_rate",
            Size,
            "bytes a second that a request body must come at, on average, after its first 30 seconds and until the agent answers; default 64B, 0 is off",
        ),
        may(
            "connections",
            Integer,
            "connections of callers on all listeners together; default 16384, or what the limit of open files allows",
        ),
        may(
            "connections_per_address",
            Integer,
            "connections from one IPv4 address or one IPv6 /64 that is no trusted proxy; default 4096",
        ),
    ],
};

/// `server.shutdown`
pub(in crate::config) const SHUTDOWN: Section = Section {
    name: "`shutdown`",
    fields: &[
        may("delay", Duration, "time between not being ready and no longer accepting; default 0s"),
        may("drain", Duration, "time that running requests have to end; default 25s"),
    ],
};
