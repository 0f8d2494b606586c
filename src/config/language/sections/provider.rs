//! The keys of an identity provider.

use super::Shape::{AnyOf, Bool, Duration, Json, List, Text, Word};
use super::{Section, Shape, may, must};

/// One of `identity_providers`
pub(in crate::config) const PROVIDER: Section = Section {
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
        may(
            "egress_proxy",
            Text,
            "the proxy through which keys are fetched, `http://proxy:3128`, or `none`; default what HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment say",
        ),
        may("insecure_http", Bool, "fetch keys over plain HTTP also from other hosts; default false"),
    ],
};

/// `discovery` written as a mapping
pub(in crate::config) const DISCOVERY: Section = Section { name: "`discovery`", fields: &[] };
