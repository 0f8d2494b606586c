//! `server.signing`: the keys with which the gateway signs.

use std::path::PathBuf;
use std::time::Duration;

use super::super::super::fields::Fields;
use super::super::super::section::section;
use super::super::super::value::Placed;
use super::super::super::values::{FilePath, Time};
use crate::config::text::code::Code;
use crate::config::text::source::Spanned;

const MINUTE: u64 = 60 * 1_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Twice the time for which others may keep the key set, so that a new key reaches everybody before it signs.
const LEAST_AHEAD: u64 = 10 * MINUTE;

section! {
    /// `server.signing`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Signing = "`signing`", default {
        /// a private JWK set for several gateways that sign as one: its first key of each algorithm signs, all are published,
        /// and it is read again when it changes; absent: the gateway makes its keys, and keeps them in `state_dir`
        key_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
        /// how long a key of the gateway's making signs
        rotate: Duration as Time<HOUR, { 3650 * DAY }> = Duration::from_secs(30 * 86_400);
        /// how long such a key is published before it signs; less than `rotate`
        publish_before: Duration as Time<LEAST_AHEAD, { 365 * DAY }> = Duration::from_secs(86_400);
    }
    impl {
        fn check(fields: &Fields<'_>, read: Option<&Self>) {
            let Some(signing) = read else { return };
            let place = fields.entry("publish_before").or_else(|| fields.entry("rotate")).map(|(place, _)| place);
            if let Some(place) = place.filter(|_| signing.publish_before >= signing.rotate) {
                let message = "a key would be replaced before it has signed anything";
                fields.report().say(Code::OutOfRange, place, message, "let `publish_before` be less than `rotate`");
            }
        }
    }
}
