//! `server.shared_state`: where the members of a fleet count together. That it can be reached is for the process to find out,
//! and no error of a configuration.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::super::super::fields::Fields;
use super::super::super::section::section;
use super::super::super::shape::Shape;
use super::super::super::value::{Placed, Value};
use super::super::super::values::{Count, ExactText, FilePath, Time, bad_url, some_text, text};
use super::super::super::web;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::source::Spanned;
use crate::config::text::yaml::Node;

section! {
    /// `server.shared_state`
    #[derive(Debug, Clone, PartialEq)]
    pub struct SharedState = "`shared_state`" {
        /// the Redis in which limits with `counting: shared` or `strict` count
        redis: Redis as Redis, required;
    }
    impl { const STRICT: bool = true; }
}

section! {
    /// `server.shared_state.redis`
    #[derive(Debug, Clone, PartialEq)]
    pub struct Redis = "`redis`" {
        /// where it listens: redis or rediss (TLS), host, port and the number of the database, such as
        /// redis://redis.example.com:6379/0
        url: Spanned<Url> as Placed<RedisUrl>, required;
        /// the user of Redis (ACL); needs `password_file`; absent is the default user
        username: Option<String> as ExactText;
        /// the file with the password, read again for each connection
        password_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
        /// what all keys of this fleet begin with
        prefix: String as KeyPrefix = "portcullis:".to_owned();
        /// PEM certificates that sign that of Redis; absent takes those of the system
        ca_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
        /// the certificate that is shown to Redis; needs `key_file`
        cert_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
        /// its private key
        key_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
        /// the most connections of a member
        pool: usize as Count<1, 64> = 8;
        /// how long a request waits for a limit with `counting: strict`
        timeout: Duration as Time<1, 1000> = Duration::from_millis(5);
    }
    impl {
        // A member that was to show a certificate or a password must not come up without.
        const STRICT: bool = true;

        fn check(fields: &Fields<'_>, read: Option<&Self>) {
            fields.both_or_none("cert_file", "key_file");
            if let Some((place, _)) = fields.entry("username").filter(|_| !fields.has("password_file")) {
                let help = "write `password_file` as well";
                fields.report().say(Code::MissingField, place, "`username` needs `password_file`", help);
            }
            let is_plain = read.is_some_and(|read| read.url.value.scheme() == "redis");
            for name in ["ca_file", "cert_file", "key_file"].into_iter().filter(|_| is_plain) {
                if let Some((place, _)) = fields.entry(name) {
                    let message = format!("`{name}` needs a URL that begins with `rediss://`");
                    let help = "write `rediss://` in `url` for TLS, or remove the field";
                    fields.report().say(Code::BadUrl, place, message, help);
                }
            }
        }
    }
}

impl SharedState {
    /// The files that it names.
    pub fn files(&self) -> impl Iterator<Item = &Spanned<PathBuf>> {
        let redis = &self.redis;
        [&redis.password_file, &redis.ca_file, &redis.cert_file, &redis.key_file].into_iter().flatten()
    }
}

/// The URL of a Redis.
enum RedisUrl {}

impl Value for RedisUrl {
    type Read = Url;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Url> {
        let text = some_text(report, node)?;
        let bad = |help| bad_url(report, node, &text, "this is not the URL of a Redis", help);
        web::redis_url(&text).map_err(bad).ok()
    }
}

/// What keys begin with: no blanks, no wildcards of ACLs, and an end that no other fleet's prefix goes on from.
enum KeyPrefix {}

impl Value for KeyPrefix {
    type Read = String;
    const SHAPE: Shape = Shape::Pattern("^[A-Za-z0-9._:/-]{0,63}:$");

    fn read(report: &Report<'_>, node: &Node) -> Option<String> {
        let prefix = text(report, node)?;
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._:/-".contains(&b);
        if prefix.len() <= 64 && prefix.ends_with(':') && prefix.bytes().all(is_plain) {
            return Some(prefix);
        }
        let message = format!("{} is not a prefix of keys", node.shown());
        let help =
            "end it with a colon, such as `portcullis:`; at most 64 letters, digits, `.`, `_`, `-`, `/`, `:`";
        report.say(Code::BadPrefix, node.place, message, help);
        None
    }

    fn shown(read: &String) -> Option<String> {
        Some(read.clone())
    }
}
