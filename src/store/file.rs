//! Documents in one file, or in all `*.yaml` files of a directory.

use std::fs;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::leisure::at_leisure;
use super::text::read_text;
use super::watch::{AT_LEAST_EVERY, FileWatch};
use super::{Documents, StoreError, Text};

/// The file or directory that `-c` names.
#[derive(Debug)]
pub struct FileDocuments {
    path: PathBuf,
    watch: Option<FileWatch>,
}

impl FileDocuments {
    /// The configuration at `path`.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path, watch: None }
    }
}

#[async_trait]
impl Documents for FileDocuments {
    async fn read(&self) -> Result<Vec<Text>, StoreError> {
        let path = self.path.clone();
        at_leisure(move || documents(&path)).await
    }

    async fn changed(&mut self, files: &[PathBuf]) {
        let mut all = vec![self.path.clone()];
        all.extend_from_slice(files);
        let watch = self.watch.get_or_insert_with(FileWatch::new);
        let folder = self.path.is_dir().then_some(self.path.as_path());
        watch.follow(&all, folder.as_slice());
        watch.rung(AT_LEAST_EVERY).await;
    }

    /// Documents are never written: a program would lose their comments and their order.
    fn why_read_only(&self) -> String {
        let (what, which) =
            if self.path.is_dir() { ("the files in", "one of them") } else { ("the file", "it") };
        format!(
            "the configuration is {what} {}, which this API does not write; add `store: {{ directory: PATH }}` to \
             {which}, and agents, identity providers, API keys and limits can be managed here",
            self.path.display()
        )
    }
}

fn documents(place: &Path) -> Result<Vec<Text>, StoreError> {
    if !place.is_dir() {
        return Ok(vec![document(place)?]);
    }
    let entries = fs::read_dir(place).map_err(|e| StoreError::unreadable(place, &e))?;
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| StoreError::unreadable(place, &e))?.path();
        let is_yaml = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
        let hidden = path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
        if is_yaml && !hidden && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(StoreError::Empty { path: place.to_owned() });
    }
    paths.iter().map(|path| document(path)).collect()
}

fn document(path: &Path) -> Result<Text, StoreError> {
    Ok(Text { path: path.into(), text: read_text(path, &mut Vec::new())?.into() })
}

#[cfg(test)]
mod tests {
    use super::super::text::MAX_BYTES;
    use super::*;

    #[test]
    fn a_directory_is_all_its_yaml_files_in_order() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [("b.yaml", "b"), ("a.yml", "a"), ("c.txt", "c"), (".d.yaml", "d")] {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let texts: Vec<String> =
            documents(dir.path()).unwrap().into_iter().map(|t| t.text.to_string()).collect();
        assert_eq!(texts, ["a", "b"]);
    }

    #[test]
    fn each_cause_of_an_unreadable_document_has_its_own_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.yaml");
        assert!(matches!(documents(dir.path()), Err(StoreError::Empty { .. })));
        assert!(matches!(documents(&path), Err(StoreError::Unreadable { .. })));
        fs::write(&path, b"ok\xff").unwrap();
        assert_eq!(documents(&path), Err(StoreError::NotUtf8 { path: path.clone(), offset: 2 }));
        fs::File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert!(matches!(documents(&path), Err(StoreError::TooLarge { .. })));
    }

    #[test]
    fn a_file_says_why_it_is_not_written_and_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("portcullis.yaml");
        for (path, what) in [(path.as_path(), "the file"), (dir.path(), "the files in")] {
            let why = FileDocuments::new(path.to_owned()).why_read_only();
            assert!(why.contains(&format!("is {what} {}", path.display())), "{why}");
            assert!(why.contains("`store: { directory: PATH }`"), "{why}");
        }
    }
}
