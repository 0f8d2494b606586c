//! A configuration in one file, or in all `*.yaml` files of a directory.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::watch::FileWatch;
use super::{ConfigStore, StoreError, Text};

/// The largest document that is read, in bytes.
const MAX_BYTES: u64 = 8 << 20;

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
}

#[async_trait]
impl ConfigStore for FileStore {
    fn read(&self) -> Result<Vec<Text>, StoreError> {
        if !self.path.is_dir() {
            return Ok(vec![read_text(&self.path)?]);
        }
        let entries = fs::read_dir(&self.path).map_err(|e| unreadable(&self.path, &e))?;
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in entries {
            let path = entry.map_err(|e| unreadable(&self.path, &e))?.path();
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
        paths.iter().map(|path| read_text(path)).collect()
    }

    async fn changed(&mut self, files: &[PathBuf]) {
        let mut all = vec![self.path.clone()];
        all.extend_from_slice(files);
        let watch = self.watch.get_or_insert_with(FileWatch::new);
        watch.follow(&all, self.path.is_dir().then_some(self.path.as_path()));
        watch.rung().await;
    }
}

fn read_text(path: &Path) -> Result<Text, StoreError> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|e| unreadable(path, &e))?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| unreadable(path, &e))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(StoreError::TooLarge { path: path.to_owned(), limit: MAX_BYTES });
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Text { path: path.to_owned(), text }),
        Err(e) => Err(StoreError::NotUtf8 { path: path.to_owned(), offset: e.utf8_error().valid_up_to() }),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Unreadable { path: path.to_owned(), why: error.to_string() }
}

#[cfg(test)]
mod tests {
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
}
