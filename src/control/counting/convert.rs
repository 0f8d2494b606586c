//! The words of the settings and of limits in those of the store.

use crate::config;
use crate::limits::{Heard, Refill, Tale};
use crate::store::{Bucket, Filling, RedisOptions, Stand};

/// The port of Redis where none is written.
const PORT: u16 = 6379;

/// The settings for those who know no configuration.
pub(super) fn options(redis: &config::Redis) -> RedisOptions {
    let url = &redis.url.value;
    let file =
        |file: &Option<config::Spanned<std::path::PathBuf>>| file.as_ref().map(|file| file.value.clone());
    RedisOptions {
        host: url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned(),
        port: url.port().unwrap_or(PORT),
        has_tls: url.scheme() == "rediss",
        database: url.path().trim_start_matches('/').parse().unwrap_or_default(),
        username: redis.username.clone(),
        password_file: file(&redis.password_file),
        prefix: redis.prefix.clone(),
        ca_file: file(&redis.ca_file),
        certificate: file(&redis.cert_file).zip(file(&redis.key_file)),
        pool: redis.pool,
        timeout: redis.timeout,
    }
}

/// What a member tells of a bucket.
pub(super) fn bucket(tale: &Tale) -> Bucket {
    let Tale { limit, key, burst, refill, own, spent, is_wanted, told_from } = *tale;
    let refill = match refill {
        Refill::Steady { count, window } => Filling::Steady { count, window },
        Refill::Whole { after } => Filling::Whole { after },
    };
    Bucket { limit, key, burst, refill, own, spent, is_wanted, told_from }
}

/// What it hears.
pub(super) const fn heard(stand: Stand) -> Heard {
    Heard { spent: stand.spent, others: stand.others }
}
