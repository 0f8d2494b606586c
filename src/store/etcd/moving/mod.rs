//! A store in etcd, moved as a whole: by commands, which open it for one purpose and follow nothing.

mod head;
mod past;
mod resume;
mod whole;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use etcd_client::GetOptions;

use super::fault::Fault;
use super::generation::Generations;
use super::keys::Keys;
use super::link::Link;
use super::look::Looks;
use super::options::EtcdOptions;
use crate::model::ResourceId;
use crate::store::{
    Contents, Description, Member, Movable, Query, Record, Replacement, StoreError, StoreKind, Unobserved,
    WriteError,
};

pub use resume::{Resumed, Truth};

/// A store in etcd for commands.
pub struct EtcdMoving {
    looks: Looks,
    /// The id that the store must have, when one was written down.
    written: Option<String>,
}

impl std::fmt::Debug for EtcdMoving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EtcdMoving").field("prefix", &self.looks.keys.prefix()).finish_non_exhaustive()
    }
}

impl EtcdMoving {
    /// The store. Nothing is sent before somebody asks.
    #[must_use]
    pub fn new(options: EtcdOptions) -> Self {
        let written = options.store_id.clone();
        let keys = Keys::new(options.prefix.clone());
        // Whatever is there is looked at; what its id means is judged here.
        let link = Link::new(EtcdOptions { store_id: None, ..options });
        Self { looks: Looks::new(Arc::new(link), keys, Arc::new(Unobserved)), written }
    }

    /// What all keys of the store begin with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.looks.keys.prefix()
    }

    /// Makes the head of an empty store, unless it is there already, and returns its id and whether it is new.
    ///
    /// # Errors
    /// When the keys of somebody else are there, or a store of another id than the configuration says.
    pub async fn init(&self) -> Result<(String, bool), WriteError> {
        let was = self.read().await?.head;
        Ok((self.head_or_new().await?.store_id, was.is_none()))
    }

    /// What the members say that are there now, by name.
    ///
    /// # Errors
    /// When etcd cannot be asked.
    pub async fn members(&self) -> Result<Vec<Member>, StoreError> {
        let folder = self.looks.keys.members();
        let values =
            self.values(&folder).await.map_err(|fault| StoreError::Unavailable(fault.to_string()))?;
        Ok(values.iter().filter_map(|value| serde_json::from_slice(value).ok()).collect())
    }

    /// The values of all keys in a folder, in the order of their names.
    async fn values(&self, folder: &str) -> Result<Vec<Vec<u8>>, Fault> {
        let found = self.looks.link.below(folder, GetOptions::new()).await?;
        Ok(found.iter().map(|kv| kv.value().to_vec()).collect())
    }

    fn generations(&self) -> Generations<'_> {
        Generations { link: &self.looks.link, keys: &self.looks.keys }
    }

    fn name(&self) -> String {
        format!("etcd:{}", self.looks.keys.prefix())
    }
}

#[async_trait]
impl Movable for EtcdMoving {
    async fn contents(&self) -> Result<Contents, StoreError> {
        let held = self.read().await?;
        let mut contents = Contents { head: held.revision(), ..Contents::default() };
        for (name, entry) in held.content.iter() {
            let Some(id) = ResourceId::parse(name) else {
                return Err(StoreError::NotUnderstood { what: name.to_owned() });
            };
            contents.resources.insert(id, entry.text.to_string());
        }
        Ok(contents)
    }

    async fn past(&self, head: u64) -> Result<Vec<Record>, StoreError> {
        let query = Query { before: head.checked_add(1), limit: usize::MAX, only: None };
        let away = |fault: Fault| StoreError::Unavailable(fault.to_string());
        let mut records = self.looks.history(&query).await.map_err(away)?;
        records.reverse();
        Ok(records)
    }

    async fn replace(&self, with: Replacement) -> Result<u64, WriteError> {
        self.replace_whole(with).await
    }

    fn place(&self, id: &ResourceId) -> PathBuf {
        self.looks.keys.place(id).into()
    }

    fn describe(&self) -> Description {
        Description { kind: StoreKind::Etcd, place: Some(self.name()), read_only: None }
    }
}
