//! Where configuration lives: documents that people write, and a store of resources that takes changes over the control
//! API. Both read texts and say when they may have changed; the store keeps a history. What the texts mean is for
//! `config`, what happens then is for `control`.
//!
//! A new kind of store is one file, or one folder, that implements [`ResourceStore`], and the setting that names it.

mod absent;
mod access;
mod commit;
mod commit_size;
mod denial;
mod denial_file;
mod denials;
mod description;
mod directory;
mod divergence;
mod documents;
mod durable;
mod error;
mod etcd;
mod file;
mod file_denials;
mod folder;
mod folder_moving;
mod health;
mod health_source;
mod heard;
mod held;
mod history;
mod inotify;
mod journal;
mod layout;
mod leisure;
mod lock;
mod moving;
mod observer;
mod presence;
mod reading;
mod redis;
mod resources;
mod shelf;
mod snapshot;
mod state;
mod text;
mod texts;
mod watch;

pub use self::redis::{Bucket, Filling, News, RedisCounters, RedisFault, RedisOptions, Stand, Word};
pub use absent::NoStore;
pub use access::Writer;
pub use commit::{Change, Commit, LastCommit, Query, Record};
pub use commit_size::{CommitSize, MOST_BYTES, MOST_RESOURCES};
pub use denial::{Denial, DenialEntry, DenialNote};
pub use denials::{
    AskedDenials, DenialEntries, DenialHead, DenialStore, KnownDenials, ListedDenials, ToldDenials,
    hash as denials_hash,
};
pub use description::{Description, StoreKind};
pub use directory::DirectoryStore;
pub use divergence::Divergence;
pub use documents::Documents;
pub use error::{StoreError, WriteError};
pub use etcd::{EtcdMoving, EtcdOptions, EtcdStore, Resumed, Truth};
pub use file::FileDocuments;
pub use file_denials::FileDenials;
pub use health::Health;
pub use health_source::HealthSource;
pub use leisure::at_leisure;
pub use moving::{Contents, Movable, Past, Replacement};
pub use observer::{FullRead, Observer, Unobserved, WatchRestart};
pub use presence::{Member, Presence, RefusedRevision, ReportedFinding, Reporter, Seen, Sight};
pub use reading::{Reading, Unreadable};
pub use resources::{Latest, ResourceStore};
pub use snapshot::{NamedTexts, SnapshotError, SnapshotFile, SnapshotHead, SnapshotKeeper, StoreSnapshot};
pub use state::StoreState;
pub use text::Text;
