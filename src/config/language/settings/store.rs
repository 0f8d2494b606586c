//! `store`: where agents, identity providers, API keys and limits are kept one by one. Exactly one kind of store.

use std::path::PathBuf;

use url::Url;

use super::super::fields::Fields;
use super::super::section::section;
use super::super::shape::{Field, Section, Shape};
use super::super::value::{Placed, Value};
use super::super::values::{ExactText, FilePath, List, SomeList, bad_url, some_text, text};
use super::super::web;
use crate::config::text::code::Code;
use crate::config::text::report::Report;
use crate::config::text::shared_file::SharedFile;
use crate::config::text::source::{Place, Spanned};
use crate::config::text::yaml::Node;

/// `store`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// A folder, with one file for each resource.
    Directory(Spanned<PathBuf>),
    /// A prefix of keys in etcd, which the members of a fleet share.
    Etcd(Box<Etcd>),
}

/// The kinds of store.
const SECTION: Section = Section {
    name: "`store`",
    one_of: true,
    declared: &[
        Field::may("directory", FilePath::SHAPE, "the folder; made on the first start when it is absent"),
        Field::may("etcd", Etcd::SHAPE, "keys in etcd, which all members of a fleet share"),
    ],
};

section! {
    /// `store.etcd`
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Etcd = "`etcd`" {
        /// the URLs of etcd's members; https unless the host is a loopback one
        endpoints: Vec<Url> as SomeList<Endpoint>, required;
        /// what all keys of this fleet begin with
        prefix: String as Prefix = "/portcullis/".to_owned();
        /// the id of the store, as `portcullis store init` prints it; with it, a store of another id is never applied
        store_id: Option<StoreId> as MaybeStoreId = None;
        /// PEM certificates that sign those of etcd; absent takes those of the system
        ca_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
        /// the certificate of this member, read again when it changes; needs `key_file`
        cert_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
        /// its private key
        key_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
        /// the user of etcd; needs `password_file`
        username: Option<String> as ExactText;
        /// the file with its password
        password_file: Option<Spanned<PathBuf>> as Placed<FilePath>;
        /// files that stored resources may name, as they write it; each member has them beside the file with this setting
        shared_files: Vec<SharedFile> as List<SharedFileName> = Vec::new();
    }
    impl {
        // A member that was to show a certificate or a password must not come up without.
        const STRICT: bool = true;

        fn check(fields: &Fields<'_>, _read: Option<&Self>) {
            fields.both_or_none("cert_file", "key_file");
            fields.both_or_none("username", "password_file");
        }
    }
}

impl Value for Store {
    type Read = Self;
    const SHAPE: Shape = Shape::Section(&SECTION);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self> {
        Self::read_under(report, node.place, node)
    }

    fn read_under(report: &Report<'_>, owner: Place, node: &Node) -> Option<Self> {
        let fields = Fields::open(report, &SECTION, owner, node)?;
        let directory = fields.optional::<Placed<FilePath>>("directory");
        let etcd = fields.optional::<Placed<Etcd>>("etcd");
        let is_either = match (fields.entry("directory"), fields.entry("etcd")) {
            (Some((first, _)), Some((second, _))) => {
                let message = "resources are kept in `directory` or in `etcd`, not in both";
                report.clash(Code::StoreConflict, second, first, message, "keep one");
                false
            }
            (None, None) => {
                let help = "write `directory: PATH`, or `etcd: { endpoints: [URL] }`";
                report.say(
                    Code::MissingField,
                    fields.owner(),
                    "`store` does not say where resources are kept",
                    help,
                );
                false
            }
            (Some(_), None) | (None, Some(_)) => true,
        };
        fields.close();
        let directory = directory.map(Self::Directory);
        let etcd = etcd.map(|etcd| Self::Etcd(Box::new(etcd.value)));
        directory.or(etcd).filter(|_| is_either)
    }
}

impl Store {
    /// The folder, where the store is one.
    #[must_use]
    pub const fn folder(&self) -> Option<&PathBuf> {
        match self {
            Self::Directory(folder) => Some(&folder.value),
            Self::Etcd(_) => None,
        }
    }

    /// The place of the folder's path.
    pub(in crate::config) const fn place(&self) -> Option<Place> {
        match self {
            Self::Directory(folder) => Some(folder.place),
            Self::Etcd(_) => None,
        }
    }
}

/// The URL of one member of etcd: scheme, host and port.
enum Endpoint {}

impl Value for Endpoint {
    type Read = Url;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<Url> {
        let text = some_text(report, node)?;
        let bad = |help| bad_url(report, node, &text, "this is not the URL of a member of etcd", help);
        web::member_url(&text).map_err(bad).ok()
    }
}

/// A file that stored resources may name, and where this member has it.
enum SharedFileName {}

impl Value for SharedFileName {
    type Read = SharedFile;
    const SHAPE: Shape = Shape::SomeText;

    fn read(report: &Report<'_>, node: &Node) -> Option<SharedFile> {
        let path = FilePath::read(report, node)?;
        Some(SharedFile { written: some_text(report, node)?, path })
    }
}

/// What keys begin with: absolute, and closed by a slash, so that no fleet's prefix begins another's by accident.
enum Prefix {}

impl Value for Prefix {
    type Read = String;
    const SHAPE: Shape = Shape::Pattern("^/([A-Za-z0-9._-]+/)+$");

    fn read(report: &Report<'_>, node: &Node) -> Option<String> {
        let prefix = text(report, node)?;
        let plain = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        };
        let inner = prefix.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        if inner.is_some_and(|inner| inner.split('/').all(plain)) {
            return Some(prefix);
        }
        let message = format!("{} is not a prefix of keys", node.shown());
        let help =
            "begin and end it with a slash, such as `/portcullis/`; letters, digits, `.`, `_`, `-` between";
        report.say(Code::BadPrefix, node.place, message, help);
        None
    }

    fn shown(read: &String) -> Option<String> {
        Some(read.clone())
    }
}

/// The id of a store: 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreId(String);

impl StoreId {
    const PATTERN: &str = "^([0-9a-f]{32})?$";

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An id, or nothing, so that a template can leave it open.
enum MaybeStoreId {}

impl Value for MaybeStoreId {
    type Read = Option<StoreId>;
    const SHAPE: Shape = Shape::Pattern(StoreId::PATTERN);

    fn read(report: &Report<'_>, node: &Node) -> Option<Self::Read> {
        let id = text(report, node)?;
        let digits = |id: &str| id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if digits(&id) {
            return Some(Some(StoreId(id)));
        }
        if id.is_empty() {
            return Some(None);
        }
        let message = format!("{} is not the id of a store", node.shown());
        let help = "write the 32 digits that `portcullis store init` prints";
        report.say(Code::BadStoreId, node.place, message, help);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Source, outline};

    fn read(id: &str) -> Option<Store> {
        let text =
            format!("version: 1\nstore: {{ etcd: {{ endpoints: [\"http://127.0.0.1:2379\"], {id} }} }}\n");
        outline(&[Source::new("a.yaml", text)], &|_| None)?.store
    }

    #[test]
    fn an_empty_id_is_none_and_the_store_stays() {
        let id = "0123456789abcdef0123456789abcdef";
        for (written, expected) in [
            ("", Some(None)),
            ("store_id: ''", Some(None)),
            (&format!("store_id: '{id}'"), Some(Some(id))),
            ("store_id: 12", None),
        ] {
            let store = read(written);
            let found = store.as_ref().map(|store| match store {
                Store::Etcd(etcd) => etcd.store_id.as_ref().map(StoreId::as_str),
                Store::Directory(_) => panic!("a folder"),
            });
            assert_eq!(found, expected, "{written}");
        }
    }
}
