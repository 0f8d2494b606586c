//! The keys of an agent and of an API key.

use super::Shape::{AnyOf, Bool, Date, Duration, Integer, List, Map, Single, Size, Text, Word};
use super::{Section, Shape, may, must};

/// One of `agents`
pub(in crate::config) const AGENT: Section = Section {
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
        may("max_in_flight", Integer, "the most requests under way at the agent; default 4096"),
        may("websocket", Bool, "whether WebSocket upgrades pass; default true"),
        may("streams", Shape::Section(&STREAMS), "what ends running streams"),
        may(
            "enforcement",
            Word(&["enforce", "shadow"]),
            "enforce (default), or shadow: decide, count and log, but let through",
        ),
    ],
};

/// `route` written as a mapping
pub(in crate::config) const ROUTE: Section = Section {
    name: "`route`",
    fields: &[
        must("path", Text, "a path prefix, matched on whole segments"),
        may(
            "host",
            Text,
            "only requests for this host, or for one label below it: *.example.com; default every host",
        ),
        may("hosts", List(&Text), "several such hosts"),
        may("methods", List(&Text), "request methods, HEAD with GET; others get 405; default every method"),
        may("strip_path", Bool, "take the prefix off before the request goes on; default false"),
    ],
};

/// `upstream` written as a mapping
pub(in crate::config) const UPSTREAM: Section = Section {
    name: "`upstream`",
    fields: &[
        must(
            "url",
            Text,
            "http:// or https://, a host, and perhaps a port and a path to put before that of the request; or unix:/run/agent.sock, and perhaps :/base",
        ),
        may("connect_timeout", Duration, "how long connecting may take; default 5s"),
        may(
            "response_timeout",
            Duration,
            "how long the head of the answer may take once the whole request is with the agent; default 60s",
        ),
        may(
            "stream_idle_timeout",
            Shape::AnyOf(&[Word(&["off"]), Duration]),
            "ends an answer or a tunnel that has been silent for so long; default off",
        ),
        may("idle_timeout", Duration, "how long a kept connection may rest and still be used; default 30s"),
        may(
            "ca_file",
            Text,
            "a file with the certificates (PEM) that are trusted for this upstream, instead of the system's",
        ),
        may(
            "host",
            Text,
            "the `Host` that the agent gets: rewrite (default; the authority of `url`), preserve (the caller's), or a name",
        ),
        may(
            "set_headers",
            Map(&AnyOf(&[Text, Shape::Section(&SET_HEADER)])),
            "headers that the agent gets with every request, set last: name to text, or to a file; never shown",
        ),
    ],
};

/// One of `upstream.set_headers`, written as a mapping
pub(in crate::config) const SET_HEADER: Section = Section {
    name: "a header that is set",
    fields: &[must("file", Text, "the file that holds the value; read again when it changes")],
};

/// `auth` written as a mapping
pub(in crate::config) const AUTH: Section = Section {
    name: "`auth`",
    fields: &[
        may("oauth", Shape::Section(&OAUTH), "callers bring a token of an identity provider"),
        may("api_key", Shape::Section(&API_KEY_AUTH), "callers bring one of `api_keys`"),
    ],
};

/// `auth.oauth`
pub(in crate::config) const OAUTH: Section = Section {
    name: "`oauth`",
    fields: &[
        must("identity_providers", List(&Text), "whose tokens are accepted: names of `identity_providers`"),
        may("audiences", List(&Text), "`aud` must name one of these; empty does not check the audience"),
        may(
            "audience_claim",
            Word(&["aud", "client_id"]),
            "the claim that names the audience: aud (default), or client_id where tokens have no `aud`",
        ),
        may(
            "also",
            List(&AnyOf(&[Word(&["websocket_protocol"]), Shape::Section(&ALSO)])),
            "other places of the token: websocket_protocol, `query: NAME`, `cookie: NAME`; default none",
        ),
        may("header", Text, "the request header with the token; default Authorization"),
        may("prefix", Text, "the word before the token; default Bearer, \"\" is the bare token"),
        may(
            "forward_token",
            AnyOf(&[Bool, Shape::Section(&FORWARD_TOKEN)]),
            "send the header to the agent as it came, or the token in another header; default false",
        ),
        may("scopes", Shape::Section(&SCOPES), "scopes that the token must have"),
        may("claims", Shape::Section(&CLAIMS), "claims that the token must have"),
        may("claim_headers", Map(&Text), "claims that the agent gets as headers: claim to header name"),
        may(
            "claim_header_text",
            Word(&["refuse", "omit", "rfc8187"]),
            "a claim for a header that is not ASCII: refuse the caller (default), omit the header, or write it into a \
             second one, `NAME*`, as RFC 8187 says",
        ),
        may("max_token_lifetime", Duration, "the longest `exp` - `iat`; default not limited"),
        may(
            "sender_constraint",
            Shape::Section(&SENDER_CONSTRAINT),
            "what becomes of tokens that are bound to a key of their holder",
        ),
    ],
};

/// One of `auth.oauth.also`
pub(in crate::config) const ALSO: Section = Section {
    name: "a place of the token",
    fields: &[
        may("query", Text, "the query parameter with the token; it is removed before the agent"),
        may("cookie", Text, "the cookie with the token; it is removed before the agent"),
    ],
};

/// `auth.oauth.sender_constraint`
pub(in crate::config) const SENDER_CONSTRAINT: Section = Section {
    name: "`sender_constraint`",
    fields: &[may(
        "cnf",
        Word(&["refuse", "ignore"]),
        "a token with `cnf`, whose proof is not checked here: refuse (default), or ignore: take it as a bearer token",
    )],
};

/// `auth.oauth.forward_token` written as a mapping
pub(in crate::config) const FORWARD_TOKEN: Section = Section {
    name: "`forward_token`",
    fields: &[
        must("header", Text, "the header in which the agent gets the token; the caller's own are removed"),
        may(
            "scheme",
            Word(&["keep", "strip"]),
            "keep (default): the value as it came, such as `Bearer TOKEN`; strip: the token alone",
        ),
    ],
};

/// `auth.oauth.scopes`
pub(in crate::config) const SCOPES: Section = Section {
    name: "`scopes`",
    fields: &[
        may("all_of", List(&Text), "every one of these"),
        may("any_of", List(&Text), "at least one of these"),
    ],
};

/// `auth.oauth.claims`
pub(in crate::config) const CLAIMS: Section = Section {
    name: "`claims`",
    fields: &[
        may("all_of", List(&Shape::Section(&CLAIM_RULE)), "every one of these rules"),
        may("any_of", List(&Shape::Section(&CLAIM_RULE)), "at least one of these rules"),
    ],
};

/// One rule of `auth.oauth.claims`
pub(in crate::config) const CLAIM_RULE: Section = Section {
    name: "a claim rule",
    fields: &[
        must("claim", Text, "the name of the claim; dots walk into objects"),
        must("values", List(&Single), "the claim must be one of these, by JSON type; a text may end in `*`"),
        may("keys_of", Bool, "compare the names of the members of an object; default false"),
    ],
};

/// `auth.api_key`
pub(in crate::config) const API_KEY_AUTH: Section = Section {
    name: "`api_key`",
    fields: &[
        may("header", Text, "the request header with the key; default X-API-Key"),
        may("prefix", Text, "the word before the key, such as Bearer; default \"\", the bare key"),
    ],
};

/// `cors` of an agent
pub(in crate::config) const CORS: Section = Section {
    name: "`cors`",
    fields: &[
        must(
            "allowed_origins",
            List(&Text),
            "origins such as https://app.example.com or https://*.example.com, or \"*\" for all",
        ),
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

/// `streams` of an agent
pub(in crate::config) const STREAMS: Section = Section {
    name: "`streams`",
    fields: &[may(
        "on_policy_change",
        Word(&["revocation", "end", "keep"]),
        "which running streams a change ends: revocation (default): those whose agent, provider or API key it removes \
         or revokes; end: those, and all when the agent's own policy changes; keep: none",
    )],
};

/// One of `api_keys`
pub(in crate::config) const API_KEY: Section = Section {
    name: "an API key",
    fields: &[
        must("agent", Text, "the agent that the key opens"),
        may("name", Text, "who has it, for people"),
        must("sha256", Text, "the SHA-256 of the whole key, 64 hexadecimal digits in quotes"),
        may("created_at", Date, "when it was made, for people and for the end of a key that replaces it"),
        may("expires_at", Date, "refused as expired from then on"),
        may("revoked_at", Date, "refused as revoked from then on"),
    ],
};
