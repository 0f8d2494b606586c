//! The ways in which a provider can be bad, as data: what it does, and the words in which the gateway says so.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::Key;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::turncoat::{Act, Document, answer};

/// One way.
pub(crate) struct Trial {
    pub(crate) name: &'static str,
    pub(crate) document: Document,
    /// From the provider's own URL.
    pub(crate) act: fn(&str) -> Act,
    /// Part of the error.
    pub(crate) says: &'static str,
}

const PAUSE: Duration = Duration::from_millis(50);
const JSON: &str = "Content-Type: application/json\r\n";

const fn keys(name: &'static str, act: fn(&str) -> Act, says: &'static str) -> Trial {
    Trial { name, document: Document::Keys, act, says }
}

const fn metadata(name: &'static str, act: fn(&str) -> Act, says: &'static str) -> Trial {
    Trial { name, document: Document::Metadata, act, says }
}

fn ok(body: impl AsRef<[u8]>) -> Act {
    answer("200 OK", JSON, body)
}

fn set(keys: &[Value]) -> Act {
    ok(json!({"keys": keys}).to_string())
}

/// A redirect to there.
fn to(status: &str, place: &str) -> Act {
    answer(status, &format!("Location: {place}\r\n"), "")
}

/// Metadata with this `jwks_uri`.
fn leads_to(issuer: &str, jwks_uri: &str) -> Act {
    ok(json!({"issuer": issuer, "jwks_uri": jwks_uri}).to_string())
}

fn key() -> Key {
    Key::new("EdDSA", "forged")
}

/// `{}` in gzip.
const GZIP: &[u8] =
    &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xae, 5, 0, 0x43, 0xbf, 0xa6, 0xa3, 2, 0, 0, 0];

/// 64 MiB of blanks in gzip.
fn bomb() -> Vec<u8> {
    use std::io::Write as _;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..64 {
        packer.write_all(&[b' '; 1 << 20]).expect("memory");
    }
    packer.finish().expect("memory")
}

fn nested(depth: usize) -> String {
    format!("{{\"keys\":{}{}}}", "[".repeat(depth), "]".repeat(depth))
}

/// Every way over plain http.
pub(crate) const TRIALS: &[Trial] = &[
    // Slow.
    keys("never answers", |_| Act::Hold(Vec::new()), "took longer than 5 s"),
    keys("takes the connection and is silent", |_| Act::Silent, "took longer than 5 s"),
    keys("stops in the head", |_| Act::Hold(b"HTTP/1.1 200 OK\r\nContent-".to_vec()), "took longer than 5 s"),
    keys("stops in the body", |_| Act::Hold(b"HTTP/1.1 200 OK\r\n\r\n{".to_vec()), "took longer than 5 s"),
    keys("dribbles the head", |_| dribble("HTTP/1.1 200 OK\r\n", "x-a: b\r\n", ""), "took longer than 5 s"),
    keys("dribbles the body", |_| dribble("HTTP/1.1 200 OK\r\n\r\n", "", " "), "took longer than 5 s"),
    metadata(
        "never gives its metadata",
        |_| Act::Hold(Vec::new()),
        "openid-configuration took longer than 5 s",
    ),
    // Huge.
    keys("has no end", |_| endless("HTTP/1.1 200 OK\r\n\r\n", " "), "is over 1 MiB"),
    keys("has chunks without end", |_| endless(CHUNKED, CHUNK), "is over 1 MiB"),
    keys(
        "has a head without end",
        |_| endless("HTTP/1.1 200 OK\r\n", "x-a: bbbbbbbbbbbbbbbb\r\n"),
        "is broken",
    ),
    keys("sends interim answers without end", |_| endless("", "HTTP/1.1 100 Continue\r\n\r\n"), ""),
    keys("names a gigabyte", |_| length("1073741824"), "is over 1 MiB"),
    keys("names more than a number holds", |_| length("99999999999999999999999"), "is broken"),
    keys("names a negative length", |_| length("-1"), "is broken"),
    keys("names two lengths", |_| length("2\r\nContent-Length: 3"), "is broken"),
    keys("is a byte over the limit", |_| ok(" ".repeat(1024 * 1024 + 1)), "is over 1 MiB"),
    metadata("has metadata without end", |_| endless("HTTP/1.1 200 OK\r\n\r\n", " "), "is over 1 MiB"),
    // Compressed.
    keys("is compressed", |_| answer("200 OK", "Content-Encoding: gzip\r\n", GZIP), "not a JSON key set"),
    keys("is a bomb", |_| answer("200 OK", "Content-Encoding: gzip\r\n", bomb()), "is over 1 MiB"),
    keys("is no gzip", |_| answer("200 OK", "Content-Encoding: gzip\r\n", "{}"), "is broken: it is no gzip"),
    keys(
        "is compressed twice",
        |_| answer("200 OK", "Content-Encoding: br, gzip\r\n", GZIP),
        "is encoded (br, gzip)",
    ),
    keys("is compressed and does not say so", |_| ok(GZIP), "not a JSON key set"),
    // Redirecting.
    keys(
        "redirects, 301, to itself",
        |url| to("301 Moved", &format!("{url}/jwks")),
        "redirects are not followed (301",
    ),
    keys("redirects, 302, to metadata", |_| to("302 Found", "http://169.254.169.254/"), "not followed (302"),
    keys("redirects, 303, elsewhere", |_| to("303 See Other", "https://example.com/"), "not followed (303"),
    keys("redirects, 307, to a file", |_| to("307 Temporary", "file:///etc/passwd"), "not followed (307"),
    keys("redirects, 308, nowhere", |_| answer("308 Permanent", "", ""), "not followed (308 to nowhere)"),
    metadata(
        "redirects its metadata",
        |url| to("302 Found", &format!("{url}/jwks")),
        "redirects are not followed (302",
    ),
    // Lying about itself.
    metadata(
        "is another issuer",
        |url| leads_to("https://other.test", &format!("{url}/jwks")),
        "names the issuer",
    ),
    metadata(
        "is an issuer with a slash",
        |url| leads_to(&format!("{url}/"), &format!("{url}/jwks")),
        "names the issuer",
    ),
    metadata("leads to plain http", |url| leads_to(url, "http://keys.test/jwks"), "https required"),
    metadata("leads to metadata", |url| leads_to(url, "https://169.254.169.254/jwks"), "address refused"),
    metadata(
        "leads to metadata in decimal",
        |url| leads_to(url, "https://2852039166/jwks"),
        "address refused",
    ),
    metadata("leads to a file", |url| leads_to(url, "file:///etc/passwd"), "cannot be used"),
    metadata(
        "leads to itself with a password",
        |url| leads_to(url, &url.replace("//", "//user:secret@")),
        "carries credentials",
    ),
    metadata(
        "is a page",
        |_| answer("200 OK", "Content-Type: text/html\r\n", "<html>"),
        "is no metadata document",
    ),
    metadata(
        "has a huge issuer",
        |_| leads_to(&"x".repeat(900_000), "https://keys.test/"),
        "names the issuer",
    ),
    metadata("has no metadata", |_| answer("404 Not Found", "", ""), "answered 404"),
    // Lying about its keys.
    keys("is a page", |_| answer("200 OK", "Content-Type: text/html\r\n", "<html>"), "not a JSON key set"),
    keys("is empty", |_| ok(""), "not a JSON key set"),
    keys("is another object", |_| ok("{\"error\":\"x\"}"), "not a JSON key set"),
    keys("is an array", |_| ok("[]"), "not a JSON key set"),
    keys(
        "is a huge string",
        |_| ok(format!("{{\"keys\":\"{}\"}}", "x".repeat(1_000_000))),
        "not a JSON key set",
    ),
    keys("has two sets", |_| ok("{\"keys\":[],\"keys\":[]}"), "not a JSON key set"),
    keys("is cut", |_| ok("{\"keys\":[{\"kty\":"), "not a JSON key set"),
    keys("is no UTF-8", |_| ok(b"{\"keys\":[{\"kty\":\"\xff\xfe\"}]}"), ""),
    keys("is deep", |_| ok(nested(200_000)), "no usable key"),
    keys("has no key", |_| set(&[]), "no usable key"),
    keys(
        "has keys of no use",
        |_| set(&[json!({"kty": "oct", "k": "c2VjcmV0"}), json!({"kty": "X"}), json!(7)]),
        "no usable key",
    ),
    keys("has its private key", |_| set(&[with(key().jwk(), "d", "c2VjcmV0")]), "no usable key"),
    keys("has encryption keys", |_| set(&[with(key().jwk(), "use", "enc")]), "no usable key"),
    keys(
        "has ten thousand keys of no use",
        |_| set(&vec![json!({"kty": "X", "kid": "k"}); 10_000]),
        "no usable key",
    ),
    // Dying.
    keys("hangs up", |_| Act::Say(Vec::new()), "is broken"),
    keys(
        "resets",
        |_| Act::Reset(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"keys\":".to_vec()),
        "is broken",
    ),
    keys(
        "is short",
        |_| Act::Say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"keys\":[]}".to_vec()),
        "is broken",
    ),
    keys("speaks something else", |_| Act::Say(b"SSH-2.0-OpenSSH_9\r\n".to_vec()), "is broken"),
    keys("speaks HTTP/0.9", |_| Act::Say(b"{\"keys\":[]}".to_vec()), "is broken"),
    // Refusing.
    keys("401", |_| answer("401 Unauthorized", "", ""), "answered 401"),
    keys("403", |_| answer("403 Forbidden", "", "{\"keys\":[]}"), "answered 403"),
    keys("404", |_| answer("404 Not Found", "", ""), "answered 404"),
    keys("429 for a while", |_| answer("429 Too Many", "Retry-After: 5\r\n", ""), "answered 429"),
    keys("500", |_| answer("500 Oops", "", ""), "answered 500"),
    keys("503 for ever", |_| answer("503 Away", "Retry-After: for ever\r\n", ""), "answered 503"),
    keys("204", |_| answer("204 No Content", "", ""), "answered 204"),
    keys("206", |_| answer("206 Partial", "", "{\"keys\":[]}"), "answered 206"),
    keys(
        "304 to nobody's question",
        |_| Act::Say(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec()),
        "answered 304",
    ),
];

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const CHUNK: &str = "10\r\n                \r\n";

fn endless(first: &str, others: &str) -> Act {
    Act::Endless(first.into(), others.repeat(8192 / others.len()).into())
}

fn length(length: &str) -> Act {
    Act::Hold(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{{}}").into())
}

/// For longer than anybody waits.
fn dribble(first: &str, head: &str, body: &str) -> Act {
    Act::Dribble([first.to_owned(), head.repeat(200), body.repeat(2000)].concat().into(), PAUSE)
}

fn with(mut key: Value, name: &str, value: &str) -> Value {
    key[name] = value.into();
    key
}

/// The certificates of a provider with TLS: who signed them, the good one, and those that must not be believed.
pub(crate) struct Certificates {
    /// The authority in PEM, for `ca_file`.
    pub(crate) authority: String,
    pub(crate) good: Arc<ServerConfig>,
    bad: Vec<(&'static str, Arc<ServerConfig>, &'static str)>,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        // Already installed by another test in this process: that one serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (authority, issuer) = authority();
        let (_, stranger) = authority_named("stranger");
        let valid = |name: &str, from: i32, until: i32| {
            let mut leaf = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name");
            (leaf.not_before, leaf.not_after) =
                (rcgen::date_time_ymd(from, 1, 1), rcgen::date_time_ymd(until, 1, 1));
            leaf
        };
        let own = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate");
        let own_key = PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
        Self {
            authority,
            good: signed(&valid("127.0.0.1", 2020, 4000), &issuer),
            bad: vec![
                ("has expired", signed(&valid("127.0.0.1", 2019, 2020), &issuer), "certificate expired"),
                ("is not yet valid", signed(&valid("127.0.0.1", 3999, 4000), &issuer), "not valid yet"),
                (
                    "is for another name",
                    signed(&valid("idp.test", 2020, 4000), &issuer),
                    "not valid for name",
                ),
                (
                    "is signed by a stranger",
                    signed(&valid("127.0.0.1", 2020, 4000), &stranger),
                    "invalid peer certificate",
                ),
                ("is signed by itself", config(own.cert.der().clone(), own_key), "invalid peer certificate"),
            ],
        }
    }

    /// Each way to fail over TLS: a name, what is done, and part of the error.
    pub(crate) fn trials(&self) -> Vec<(&'static str, Act, &'static str)> {
        let shown = self.bad.iter().map(|(name, config, says)| (*name, Act::Show(Arc::clone(config)), *says));
        let spoken = [
            ("plain text", Act::PlainText(b"HTTP/1.1 200 OK\r\n\r\n{}".to_vec()), "cannot connect"),
            ("hangs up in the handshake", Act::PlainText(Vec::new()), "cannot connect"),
            ("is silent in the handshake", Act::Silent, "could not be reached within 2 s"),
        ];
        shown.chain(spoken).collect()
    }
}

type Authority = rcgen::Issuer<'static, rcgen::KeyPair>;

fn authority() -> (String, Authority) {
    authority_named("authority")
}

fn authority_named(name: &str) -> (String, Authority) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    let pem = params.self_signed(&key).expect("a certificate").pem();
    (pem, rcgen::Issuer::new(params, key))
}

fn signed(leaf: &rcgen::CertificateParams, by: &Authority) -> Arc<ServerConfig> {
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = leaf.signed_by(&key, by).expect("a certificate");
    config(certificate.der().clone(), PrivateKeyDer::Pkcs8(key.serialize_der().into()))
}

fn config(
    certificate: tokio_rustls::rustls::pki_types::CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
) -> Arc<ServerConfig> {
    let builder = ServerConfig::builder().with_no_client_auth();
    Arc::new(builder.with_single_cert(vec![certificate], key).expect("a certificate and its key"))
}
