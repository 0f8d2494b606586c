//! What it takes to reach a store in etcd.

use std::path::PathBuf;

use crate::model::ResourceId;

/// Where a store is in etcd, and how this member proves who it is there.
#[derive(Debug, Clone)]
pub struct EtcdOptions {
    /// The URLs of etcd's members.
    pub endpoints: Vec<String>,
    /// What all keys of the store begin with; it ends with a slash.
    pub prefix: String,
    /// The id that the store must have, when one was written down.
    pub store_id: Option<String>,
    /// PEM certificates that sign those of etcd; `None` takes those of the system.
    pub ca_file: Option<PathBuf>,
    /// The certificate of this member and its private key.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// The user of etcd, and the file with its password.
    pub user: Option<(String, PathBuf)>,
    /// The text of a resource without what the history must not hold: the hash of an API key.
    pub masked: fn(&ResourceId, &str) -> String,
}
