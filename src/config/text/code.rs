//! The closed list of findings: a stable name each, and a line for the reference documentation.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The configuration is refused.
    Error,
    /// The configuration works, and somebody should look.
    Warning,
    /// Somebody wrote it on purpose, and should know what it means.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

macro_rules! codes {
    ($($variant:ident $word:literal $severity:ident $meaning:literal;)+) => {
        /// The name of a finding, stable across versions.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
        #[schemars(rename = "ConfigurationCode")]
        pub enum Code {
            $(#[doc = $meaning] #[serde(rename = $word)] $variant),+
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name as it is printed.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// One line that says what the finding means.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),+ }
            }

            /// How bad it is, where nothing else that is written makes it less so.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),+ }
            }
        }
    };
}

codes! {
    // the file and its YAML
    FileUnreadable "file-unreadable" Error "A file cannot be read.";
    FileContent "file-content" Error "A file that is named here does not hold what it should.";
    FileTooLarge "file-too-large" Error "A configuration file is over 8 MiB.";
    NotUtf8 "not-utf8" Error "A configuration file is not UTF-8 text.";
    EmptyFile "empty-file" Error "A configuration file holds nothing.";
    YamlSyntax "yaml-syntax" Error "The text is not YAML.";
    YamlTab "yaml-tab" Error "A tab stands where YAML allows only spaces.";
    YamlDocuments "yaml-documents" Error "A file holds more than one YAML document.";
    YamlTag "yaml-tag" Error "YAML tags (`!name`) and merge keys (`<<`) are not read.";
    YamlAlias "yaml-alias" Error "An alias stands for nothing, or for something that holds it.";
    TomlSyntax "toml-syntax" Error "A file of another product is not TOML.";
    TooComplex "too-complex" Error "Nested too deep, or too large once aliases are written out.";
    TooMany "too-many" Error "There are more errors than are shown.";
    DuplicateKey "duplicate-key" Error "The same key twice in one mapping.";
    EnvUnset "env-unset" Error "An environment variable is not set and has no default.";
    EnvSyntax "env-syntax" Error "`${` does not begin `${NAME}` or `${NAME:-default}`.";
    // the shape
    Version "version" Error "`version` is absent or not one that this program reads.";
    UnknownField "unknown-field" Error "There is no such field here.";
    MissingField "missing-field" Error "A field that must be there is not.";
    WrongType "wrong-type" Error "A value of another type was expected.";
    DuplicateName "duplicate-name" Error "The same name, or a section that may stand once, in two files.";
    AuthMissing "auth-missing" Error "An agent does not say who may call it.";
    AudienceMissing "audience-missing" Error "An agent that checks the audience, and has none that it could be.";
    AuthConflict "auth-conflict" Error "An agent has more than one kind of authentication.";
    KeySourceConflict "key-source-conflict" Error "A provider has more than one source of keys.";
    AmbiguousTokens "ambiguous-tokens" Error "Two providers of one agent that would be asked about the same opaque tokens.";
    StoreConflict "store-conflict" Error "A store is a folder or etcd, not both.";
    BadStoreId "bad-store-id" Error "The id of a store that is not 32 hexadecimal digits.";
    // With an underscore, as documents and programs of fleets name it.
    LocalReference "local_reference" Error "A resource that a fleet shares names something of one member's own.";
    // single values
    BadName "bad-name" Error "Not a name: 1 to 63 lower-case letters, digits and dashes.";
    BadNumber "bad-number" Error "Not a whole number.";
    BadDuration "bad-duration" Error "Not a duration such as `30s`.";
    BadSize "bad-size" Error "Not a size such as `10MiB`.";
    BadRate "bad-rate" Error "Not a rate such as `100/1m`.";
    BadQuota "bad-quota" Error "Not a quota such as `1000/day`.";
    BadDate "bad-date" Error "Not a moment such as `2027-01-01T00:00:00Z`.";
    BadWord "bad-word" Error "Not one of the words that may stand here.";
    OutOfRange "out-of-range" Error "A number, duration or size outside its bounds.";
    EmptyValue "empty-value" Error "A text or a list that must not be empty is.";
    WhiteSpace "white-space" Error "White space at the ends of a value that is compared byte for byte.";
    BadAddress "bad-address" Error "Not an address such as `127.0.0.1:8080`.";
    BadCidr "bad-cidr" Error "Not an address range such as `10.0.0.0/8`.";
    BadUrl "bad-url" Error "Not a URL that can be used here.";
    BadIssuer "bad-issuer" Error "An issuer that keys cannot be discovered from.";
    BadAlgorithm "bad-algorithm" Error "Not an asymmetric signature algorithm.";
    BadPath "bad-path" Error "A route path that no request could ever match.";
    BadHost "bad-host" Error "Not a host name for a route.";
    BadHeader "bad-header" Error "Not a header name that can be used here.";
    BadPrefix "bad-prefix" Error "A credential prefix that is not one token (RFC 9110).";
    BadClaim "bad-claim" Error "A claim or scope that no token could carry.";
    BadOrigin "bad-origin" Error "Not an origin such as `https://app.example.com`.";
    BadMethod "bad-method" Error "Not a request method.";
    BadKeyId "bad-key-id" Error "Not the id of an API key: 8 letters and digits.";
    BadHash "bad-hash" Error "Not a SHA-256: 64 hexadecimal digits.";
    UnquotedHash "unquoted-hash" Error "A hash that YAML readers take for a number; it wants quotes.";
    BadMemberLabel "bad-member-label" Error "Labels of a member of a fleet that are too many, too long, or not plain.";
    BadKeySet "bad-key-set" Error "A key or key set in the configuration that holds no usable key.";
    // how the parts fit together
    UnknownProvider "unknown-provider" Error "An agent names a provider that does not exist.";
    UnknownAgent "unknown-agent" Error "An API key names an agent that does not exist.";
    WrongAgent "wrong-agent" Error "An API key belongs to an agent that takes no API keys.";
    DuplicateIssuer "duplicate-issuer" Error "Two providers have the same issuer.";
    DuplicateRoute "duplicate-route" Error "Two agents have the same route.";
    ProxyWithoutTrust "proxy-without-trust" Error "A listener takes the PROXY protocol, or a header the certificates of clients, and no proxy is trusted.";
    ClientCertificates "client-certificates" Error "A listener that asks clients for certificates, and does not say which, or says two things.";
    DuplicateAddress "duplicate-address" Error "Two listeners share one address.";
    DuplicateValue "duplicate-value" Error "The same value twice in a list or in two keys.";
    HeaderConflict "header-conflict" Error "Two settings write the same header, or one of ours.";
    SelfUpstream "self-upstream" Error "An upstream that is one of the gateway's own ports.";
    CorsCredentials "cors-credentials" Error "CORS for every origin together with credentials.";
    ProtocolBlock "protocol-block" Error "A block for what the resource is not: a protocol that the agent does not speak, or a trust domain.";
    TokenPassthrough "token-passthrough" Error "An agent that speaks MCP would receive its callers' tokens.";
    RootMetadata "root-metadata" Error "Two agents of one host answer at its root with their metadata, or one that has none.";
    SigningUrl "signing-url" Error "A card that is to be signed, of an agent that no setting gives one URL.";
    SigningKeyAbsent "signing-key-absent" Error "Something that is to be signed by an algorithm that the key file has no key for.";
    AssertionIssuer "assertion-issuer" Error "An assertion, and no setting that says who the gateway is.";
    AssertionAudience "assertion-audience" Error "An assertion for an agent that has no one origin, and no audience is written.";
    LimitMeasure "limit-measure" Error "A limit that does not say what it permits, or two things at once, or something that it cannot count.";
    LimitCounting "limit-counting" Error "A limit that members cannot count together, or that needs `server.shared_state`.";
    LimitConflict "limit-conflict" Error "Limits that count everywhere have one name and permit different things.";
    RuleName "rule-name" Error "A rule for something that has no such name: an asterisk elsewhere than at the end.";
    RuleNeedsToken "rule-needs-token" Error "A rule with scopes or claims at an agent whose callers bring no token.";
    BindingConflict "binding-conflict" Error "Settings of bound tokens that contradict each other.";
    // warnings and notes
    UnknownMethod "unknown-method" Warning "A rule for a method that MCP does not have, and that looks like one that it has.";
    PublicRule "public-rule" Note "A rule that opens something to everybody.";
    TrustedHeaders "trusted-headers" Warning "Rules are decided by what the head of a request says of its message.";
    BadLabel "bad-label" Warning "A name for people that is very long, or holds control characters or ones that turn text.";
    DormantKey "dormant-key" Warning "A stored API key belongs to an agent that takes no API keys at the moment.";
    AudienceUnchecked "audience-unchecked" Warning "An agent takes tokens that were made for anybody.";
    PublicUrlMissing "public-url-missing" Warning "Nothing says under which URL an agent is reached, and its clients compare that URL.";
    AssertionInShadow "assertion-in-shadow" Warning "An agent in shadow mode, which gets no assertions.";
    SigningKeyApart "signing-key-apart" Warning "Each member of a fleet signs with a key of its own.";
    SigningKeyLost "signing-key-lost" Warning "The gateway signs with a key that ends with its process.";
    CardDiffers "card-differs" Warning "The card in a file does not say what the gateway does.";
    AnonymousLimit "anonymous-limit" Warning "A limit by something that no caller can have, so that it counts all together.";
    PublicAgent "public-agent" Note "An agent that everybody may call.";
    BesideStore "beside-store" Warning "A resource in a member's own file, beside a store that its fleet shares.";
    UnusedProvider "unused-provider" Warning "A provider that no agent accepts.";
    AgentWithoutKeys "agent-without-keys" Warning "An API-key agent that no key opens.";
    TokenForwarded "token-forwarded" Note "An agent receives its callers' tokens and could use them elsewhere.";
    InsecureHttp "insecure-http" Warning "Keys may be fetched over plain HTTP.";
    EventsWithoutPlace "events-without-place" Warning "Security events are received, and the denials that they make have no place.";
    FastRefresh "fast-refresh" Warning "Keys are fetched more than once a minute.";
    MoreShardsThanWorkers "more-shards-than-workers" Warning "More shards than workers: each has one of its own.";
    PlainListener "plain-listener" Warning "A listener without TLS on an address that is not loopback; a note behind `trusted_proxies`.";
    PlainHttp2 "plain-http2" Warning "A listener that speaks HTTP/2 without TLS on an address that is not loopback; a note behind `trusted_proxies`.";
    HealthNeedsCertificate "health-needs-certificate" Warning "Health checks at listeners that all require a client certificate.";
    GrpcOverHttp1 "grpc-over-http1" Warning "An agent that looks like one of gRPC, at an http URL to which HTTP/1.1 is spoken.";
    SealingKeyMissing "sealing-key-missing" Warning "Each member of a fleet seals sessions with a key of its own.";
    NonceKeyMissing "nonce-key-missing" Warning "Nonces are made with a key of the process, which other gateways do not have.";
    ProofForwarded "proof-forwarded" Warning "An agent receives proofs that name another path than the one that it receives.";
    ProofsPerMember "proofs-per-member" Warning "Each member of a fleet remembers the proofs that it has seen itself.";
    ProofOfAnyHost "proof-of-any-host" Warning "An agent compares proofs with a host that whoever sends them names.";
    CertificateOfNobody "certificate-of-nobody" Warning "Tokens are bound to certificates that nobody can show.";
    SnapshotMissing "snapshot-missing" Warning "A member of a fleet keeps nothing of what ran last.";
    CertificateEnds "certificate-ends" Warning "A certificate has expired, or will within 30 days.";
    CertificateUnrelated "certificate-unrelated" Warning "A certificate of a chain that issued none of the others.";
    RestartNeeded "restart-needed" Warning "A change of `server` that takes effect on restart.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_code_has_its_own_kebab_case_name_and_a_meaning() {
        let words: HashSet<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
        assert_eq!(words.len(), Code::ALL.len());
        for code in Code::ALL {
            let is_kebab =
                |word: &str| word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            assert!(is_kebab(code.as_str()) || *code == Code::LocalReference, "{code}");
            assert!(code.meaning().ends_with('.'), "{code}");
        }
    }
}
