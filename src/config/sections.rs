//! Every key of the configuration, once: its name, what may stand there, and what it means.
//!
//! The reader takes its list of known fields from here, the JSON Schema and the reference documentation
//! their text.

/// What may stand in a field.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// A whole number from 0 up.
    Integer,
    /// A duration such as `30s`.
    Duration,
    /// A size such as `10MiB`, or a number of bytes.
    Size,
    /// A moment such as `2027-01-01T00:00:00Z`.
    Date,
    /// Text, a number or a truth value.
    Single,
    /// A JSON value with a mapping at its top.
    Json,
    /// A list of such values.
    List(&'static Shape),
    /// A mapping from free keys to such values.
    Map(&'static Shape),
    /// A mapping with the fields of a section.
    Section(&'static Section),
    /// One of several.
    AnyOf(&'static [Shape]),
}

/// One field of a section.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What may stand there.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
    /// What it means, in one line.
    pub doc: &'static str,
}

/// The fields that one kind of mapping may have.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// What the mapping is called in messages.
    pub name: &'static str,
    /// The fields.
    pub fields: &'static [Field],
}

impl Section {
    /// Whether there is such a field.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// What the field means.
    pub(super) fn doc_of(&self, name: &str) -> &'static str {
        self.fields.iter().find(|field| field.name == name).map_or("", |field| field.doc)
    }
}

const fn may(name: &'static str, shape: Shape, doc: &'static str) -> Field {
    Field { name, shape, required: false, doc }
}

const fn must(name: &'static str, shape: Shape, doc: &'static str) -> Field {
    Field { name, shape, required: true, doc }
}

use Shape::{AnyOf, Bool, Date, Duration, Integer, Json, List, Map, Single, Size, Text, Word};

/// The top of a file.
pub const ROOT: Section = Section {
    name: "the configuration",
    fields: &[
        may("version", Integer, "the version of the configuration language: 1; needed in at least one file"),
        may("server", Shape::Section(&SERVER), "settings of the process; a change takes effect on restart"),
        may(
            "identity_providers",
            Map(&Shape::Section(&PROVIDER)),
            "who signs tokens, under a name of your choice",
        ),
        may(
            "agents",
            Map(&Shape::Section(&AGENT)),
            "what is behind the gateway, under a name of your choice",
        ),
        may("api_keys", Map(&Shape::Section(&API_KEY)), "API keys, under the id inside the key"),
    ],
};

/// `server`
pub(super) const SERVER: Section = Section {
    name: "`server`",
    fields: &[
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
pub(super) const LISTENER: Section = Section {
    name: "a listener",
    fields: &[
        must("address", Text, "an IP address and a port, such as 0.0.0.0:8080"),
        may("tls", Shape::Section(&TLS), "serve TLS here; absent is plain HTTP"),
    ],
};

/// `tls` of a listener
pub(super) const TLS: Section = Section {
    name: "`tls`",
    fields: &[must(
        "certificates",
        List(&Shape::Section(&CERTIFICATE)),
        "at least one; chosen by server name, the first is the default",
    )],
};

/// One of `tls.certificates`
pub(super) const CERTIFICATE: Section = Section {
    name: "a certificate",
    fields: &[
        must("cert_file", Text, "the file with the certificate chain (PEM)"),
        must("key_file", Text, "the file with its private key (PEM)"),
    ],
};

/// `server.ops`
pub(super) const OPS: Section = Section {
    name: "`ops`",
    fields: &[may("address", Text, "an IP address and a port; default 127.0.0.1:9464")],
};

/// `server.admin`
pub(super) const ADMIN: Section = Section {
    name: "`admin`",
    fields: &[
        must("address", Text, "an IP address and a port, such as 127.0.0.1:9465"),
        must("token_file", Text, "the file with the token that opens the control API"),
    ],
};

/// `server.token_cache`
pub(super) const TOKEN_CACHE: Section = Section {
    name: "`token_cache`",
    fields: &[may("entries", Integer, "how many verified tokens are remembered; default 100000, 0 is off")],
};

/// `server.limits`
pub(super) const LIMITS: Section = Section {
    name: "`limits`",
    fields: &[
        may("header_bytes", Size, "the largest request head; default 32KiB"),
        may("token_bytes", Size, "the largest token; default 16KiB"),
        may("header_timeout", Duration, "how long a request head may take; default 10s"),
        may("idle_timeout", Duration, "how long a connection may say nothing; default 75s"),
    ],
};

/// `server.shutdown`
pub(super) const SHUTDOWN: Section = Section {
    name: "`shutdown`",
    fields: &[
        may("delay", Duration, "time between not being ready and no longer accepting; default 0s"),
        may("drain", Duration, "time that running requests have to end; default 25s"),
    ],
};

/// One of `identity_providers`
pub(super) const PROVIDER: Section = Section {
    name: "an identity provider",
    fields: &[
        must("issuer", Text, "compared byte for byte with `iss` of a token"),
        may(
            "discovery",
            AnyOf(&[Bool, Shape::Section(&DISCOVERY)]),
            "find the keys by OpenID Connect discovery or RFC 8414; the default source of keys",
        ),
        may("jwks_uri", Text, "fetch the key set from this URL"),
        may("jwks_file", Text, "read the key set from this file"),
        may("jwks", Json, "the key set itself"),
        may("public_key_file", Text, "read one PEM public key or certificate from this file"),
        may("public_key", Text, "one PEM public key or certificate"),
        may("ca_file", Text, "a file with certificates (PEM) that are trusted, too, when keys are fetched"),
        may(
            "algorithms",
            List(&Word(&[
                "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
                "Ed25519",
            ])),
            "the signature algorithms that are accepted; default all of these",
        ),
        may("leeway", Duration, "how far clocks may differ; default 30s, at most 5m"),
        may("refresh", Duration, "how often keys are fetched; default 10m, at least 1s"),
        may("max_stale", Duration, "keys older than this are not used; default 24h, not below `refresh`"),
        may("insecure_http", Bool, "fetch keys over plain HTTP also from other hosts; default false"),
    ],
};

/// `discovery` written as a mapping
pub(super) const DISCOVERY: Section = Section { name: "`discovery`", fields: &[] };

/// One of `agents`
pub(super) const AGENT: Section = Section {
    name: "an agent",
    fields: &[
        may("display_name", Text, "the name that people see; default the agent's name"),
        must("route", AnyOf(&[Text, Shape::Section(&ROUTE)]), "the path prefix at which the agent answers"),
        must("upstream", AnyOf(&[Text, Shape::Section(&UPSTREAM)]), "the URL of the agent"),
        must(
            "auth",
            AnyOf(&[Word(&["public"]), Shape::Section(&AUTH)]),
            "who may call: exactly one of oauth, api_key, or the word public",
        ),
        may("cors", Shape::Section(&CORS), "answers to browsers of other origins; absent is none"),
        may("max_body", Size, "the largest request body; default no limit"),
        may("websocket", Bool, "whether WebSocket upgrades pass; default true"),
        may(
            "enforcement",
            Word(&["enforce", "shadow"]),
            "enforce (default), or shadow: decide, count and log, but let through",
        ),
    ],
};

/// `route` written as a mapping
pub(super) const ROUTE: Section = Section {
    name: "`route`",
    fields: &[
        must("path", Text, "a path prefix, matched on whole segments"),
        may("host", Text, "only requests for this host; default every host"),
        may("strip_path", Bool, "take the prefix off before the request goes on; default false"),
    ],
};

/// `upstream` written as a mapping
pub(super) const UPSTREAM: Section = Section {
    name: "`upstream`",
    fields: &[
        must(
            "url",
            Text,
            "http:// or https://, a host, and perhaps a port and a path to put before that of the request",
        ),
        may("connect_timeout", Duration, "how long connecting may take; default 5s"),
        may(
            "response_timeout",
            Duration,
            "how long the head of the answer, and each wait within its body, may take; default 60s",
        ),
        may(
            "ca_file",
            Text,
            "a file with the certificates (PEM) that are trusted for this upstream, instead of the system's",
        ),
    ],
};

/// `auth` written as a mapping
pub(super) const AUTH: Section = Section {
    name: "`auth`",
    fields: &[
        may("oauth", Shape::Section(&OAUTH), "callers bring a token of an identity provider"),
        may("api_key", Shape::Section(&API_KEY_AUTH), "callers bring one of `api_keys`"),
    ],
};

/// `auth.oauth`
pub(super) const OAUTH: Section = Section {
    name: "`oauth`",
    fields: &[
        must("identity_providers", List(&Text), "whose tokens are accepted: names of `identity_providers`"),
        may("audiences", List(&Text), "`aud` must name one of these; empty does not check the audience"),
        may("header", Text, "the request header with the token; default Authorization"),
        may("prefix", Text, "the word before the token; default Bearer, \"\" is the bare token"),
        may("forward_token", Bool, "send the header to the agent as it came; default false"),
        may("scopes", Shape::Section(&SCOPES), "scopes that the token must have"),
        may("claims", Shape::Section(&CLAIMS), "claims that the token must have"),
        may("claim_headers", Map(&Text), "claims that the agent gets as headers: claim to header name"),
        may("max_token_lifetime", Duration, "the longest `exp` - `iat`; default not limited"),
    ],
};

/// `auth.oauth.scopes`
pub(super) const SCOPES: Section = Section {
    name: "`scopes`",
    fields: &[
        may("all_of", List(&Text), "every one of these"),
        may("any_of", List(&Text), "at least one of these"),
    ],
};

/// `auth.oauth.claims`
pub(super) const CLAIMS: Section = Section {
    name: "`claims`",
    fields: &[
        may("all_of", List(&Shape::Section(&CLAIM_RULE)), "every one of these rules"),
        may("any_of", List(&Shape::Section(&CLAIM_RULE)), "at least one of these rules"),
    ],
};

/// One rule of `auth.oauth.claims`
pub(super) const CLAIM_RULE: Section = Section {
    name: "a claim rule",
    fields: &[
        must("claim", Text, "the name of the claim; dots walk into objects"),
        must("values", List(&Single), "the claim must be one of these, by JSON type"),
    ],
};

/// `auth.api_key`
pub(super) const API_KEY_AUTH: Section = Section {
    name: "`api_key`",
    fields: &[may("header", Text, "the request header with the key; default X-API-Key")],
};

/// `cors` of an agent
pub(super) const CORS: Section = Section {
    name: "`cors`",
    fields: &[
        must("allowed_origins", List(&Text), "origins such as https://app.example.com, or \"*\" for all"),
        may("allowed_methods", List(&Text), "request methods; empty is GET, HEAD, POST"),
        may(
            "allowed_headers",
            List(&Text),
            "request headers; empty is the credential header and Content-Type",
        ),
        may("exposed_headers", List(&Text), "response headers that a page may read"),
        may("allow_credentials", Bool, "whether browsers may send cookies along; default false"),
        may("max_age", Duration, "how long a browser may remember the answer; default 1h"),
    ],
};

/// One of `api_keys`
pub(super) const API_KEY: Section = Section {
    name: "an API key",
    fields: &[
        must("agent", Text, "the agent that the key opens"),
        may("name", Text, "who has it, for people"),
        must("sha256", Text, "the SHA-256 of the whole key, 64 hexadecimal digits in quotes"),
        may("expires_at", Date, "refused as expired from then on"),
        may("revoked_at", Date, "refused as revoked from then on"),
    ],
};
