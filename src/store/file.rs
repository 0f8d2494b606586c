//! A configuration in one file, or in all `*.yaml` files of a directory.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::text::read_text;
use super::watch::FileWatch;
use super::{Commit, ConfigStore, Holds, Latest, Query, Reading, Record, StoreError, Text, WriteError};
use crate::model::ResourceId;

/// The file or directory that `-c` names.
#[derive(Debug)]
pub struct FileStore {
    path: PathBuf,
    watch: Option<FileWatch>,
}

impl FileStore {
    /// The configuration at `path`.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path, watch: None }
    }

    /// Documents are written by people, with comments and an order of their own.
    fn why_not(&self) -> String {
        let (what, which) =
            if self.path.is_dir() { ("the files in", "one of them") } else { ("the file", "it") };
        format!(
            "the configuration is {what} {}, which this API does not write; add `store: {{ directory: PATH }}` to \
             {which}, and agents, identity providers and API keys can be managed here",
            self.path.display()
        )
    }

    fn documents(&self) -> Result<Vec<Text>, StoreError> {
        if !self.path.is_dir() {
            return Ok(vec![document(&self.path)?]);
        }
        let entries = fs::read_dir(&self.path).map_err(|e| StoreError::unreadable(&self.path, &e))?;
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in entries {
            let path = entry.map_err(|e| StoreError::unreadable(&self.path, &e))?.path();
            let is_yaml = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
            let hidden = path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
            if is_yaml && !hidden && path.is_file() {
                paths.push(path);
            }
        }
        paths.sort();
        if paths.is_empty() {
            return Err(StoreError::Empty { path: self.path.clone() });
        }
        paths.iter().map(|path| document(path)).collect()
    }
}

#[async_trait]
impl ConfigStore for FileStore {
    fn look(&self) -> Result<Reading, StoreError> {
        Ok(Reading::of_documents(self.documents()))
    }

    async fn changed(&mut self, files: &[PathBuf]) {
        let mut all = vec![self.path.clone()];
        all.extend_from_slice(files);
        let watch = self.watch.get_or_insert_with(FileWatch::new);
        let folder = self.path.is_dir().then_some(self.path.as_path());
        watch.follow(&all, folder.as_slice());
        watch.rung().await;
    }

    fn write(&self, _: &Commit) -> Result<u64, WriteError> {
        Err(WriteError::ReadOnly(self.why_not()))
    }

    fn note(&self, _: &Commit) -> Result<Option<u64>, WriteError> {
        Ok(None)
    }

    fn latest(&self, _: Option<&BTreeSet<ResourceId>>) -> Result<Latest, StoreError> {
        Ok(Latest::new())
    }

    fn history(&self, _: &Query) -> Result<Vec<Record>, StoreError> {
        Ok(Vec::new())
    }

    fn record(&self, _: u64) -> Result<Option<Record>, StoreError> {
        Ok(None)
    }

    fn head(&self) -> u64 {
        0
    }

    fn writable(&self) -> Result<PathBuf, String> {
        Err(self.why_not())
    }
}

fn document(path: &Path) -> Result<Text, StoreError> {
    Ok(Text { path: path.to_owned(), text: read_text(path)?, holds: Holds::Document })
}

#[cfg(test)]
mod tests {
    use super::super::text::MAX_BYTES;
    use super::*;

    fn read(path: &Path) -> Result<Vec<Text>, StoreError> {
        FileStore::new(path.to_owned()).read()
    }

    #[test]
    fn a_directory_is_all_its_yaml_files_in_order() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [("b.yaml", "b"), ("a.yml", "a"), ("c.txt", "c"), (".d.yaml", "d")] {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let texts: Vec<String> = read(dir.path()).unwrap().into_iter().map(|t| t.text).collect();
        assert_eq!(texts, ["a", "b"]);
    }

    #[test]
    fn each_way_to_be_unreadable_is_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.yaml");
        assert!(matches!(read(dir.path()), Err(StoreError::Empty { .. })));
        assert!(matches!(read(&path), Err(StoreError::Unreadable { .. })));
        fs::write(&path, b"ok\xff").unwrap();
        assert_eq!(read(&path), Err(StoreError::NotUtf8 { path: path.clone(), offset: 2 }));
        fs::File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert!(matches!(read(&path), Err(StoreError::TooLarge { .. })));
    }

    #[test]
    fn a_file_is_not_written_and_says_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("portcullis.yaml");
        for (path, what) in [(path.as_path(), "the file"), (dir.path(), "the files in")] {
            let store = FileStore::new(path.to_owned());
            let why = store.writable().unwrap_err();
            assert!(why.contains(&format!("is {what} {}", path.display())), "{why}");
            assert!(why.contains("`store: { directory: PATH }`"), "{why}");
            let commit = Commit {
                at: jiff::Timestamp::UNIX_EPOCH,
                who: String::new(),
                what: String::new(),
                changes: Vec::new(),
            };
            assert_eq!(store.write(&commit), Err(WriteError::ReadOnly(why)));
            assert_eq!((store.head(), store.record(1)), (0, Ok(None)));
            assert_eq!(store.history(&Query { limit: 9, ..Query::default() }), Ok(Vec::new()));
        }
    }
}
