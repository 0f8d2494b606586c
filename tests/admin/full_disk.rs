//! A disk without room: the write fails and says so, and what ran runs on.
//!
//! Root gets a small file system of its own; anyone else a limit on the size of files, which fails a write as truly.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use testkit::Start;
use testkit::api::If;

use super::world::World;

/// A file system with this much room, while this lives.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// `None` when this process may not mount one.
    fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let options = format!("size={size},mode=0700");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path()).output();
        mounted.is_ok_and(|ran| ran.status.success()).then_some(Self { folder })
    }

    /// Takes all the room that is left; gives the file that does so.
    fn fill(&self) -> PathBuf {
        let filler = self.folder.path().join("filler");
        let mut file = std::fs::File::create(&filler).expect("a file");
        while std::io::Write::write_all(&mut file, &[0; 512]).is_ok() {}
        filler
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the gateway on it may still be ending.
        let ran = Command::new("umount").arg("-l").arg(self.folder.path()).status();
        if !std::thread::panicking() {
            assert!(ran.is_ok_and(|status| status.success()), "the small disk is taken away again");
        }
    }
}

/// Names under a folder, with what stands in them; not the record of refusals, which goes on beside the documents.
fn texts(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.ends_with("refusals") {
            continue;
        }
        if entry.is_dir() {
            all.extend(texts(&entry));
        } else if !entry.ends_with("filler") {
            all.push((entry.clone(), std::fs::read_to_string(&entry).unwrap_or_default()));
        }
    }
    all.sort();
    all
}

#[tokio::test]
async fn a_write_without_room_fails_clearly_and_leaves_everything_as_it_was() {
    let Some(disk) = SmallDisk::mount("2m") else {
        return a_write_past_the_limit_of_a_file_fails_as_clearly().await;
    };
    let place = disk.folder.path().join("store");
    let start = Start { store: Some(place.to_str().expect("text")), ..Start::default() };
    let mut world = World::of(start, |_| String::new()).await;
    world.create("/agents/a", &world.open("/a")).await;
    let (id, key) = world.with_key("k").await;
    let tag = world.api.tag("/agents/a").await;
    let head = world.api.get("/revisions").await.tag();
    let before = texts(&place);
    let filler = disk.fill();

    let big = {
        let mut spec = world.open("/big");
        spec["display_name"] = "x".repeat(60_000).into();
        spec
    };
    let refusals = [
        world.api.put("/agents/a", If::Tag(&tag), &big).await,
        world.api.put("/agents/new", If::Absent, &world.open("/new")).await,
        world.api.delete("/agents/a", If::Tag(&tag)).await,
        world.api.post("/api-keys", If::Unsaid, &json!({"agent": "k"})).await,
        world.api.post(&format!("/api-keys/{id}/rotate"), If::Any, &json!({"overlap": "1h"})).await,
        world.api.post("/revisions/1/rollback", If::Any, &json!({})).await,
    ];
    for refused in refusals {
        let said = refused.problem(507, "store_failed");
        assert!(said["detail"].as_str().is_some_and(|why| why.contains("space")), "{said}");
        assert!(said.get("key").is_none(), "no key that will not work");
    }
    assert_eq!((world.status("/a").await, world.with("/k", &key).await), (200, 200), "the old state runs on");
    assert_eq!((world.status("/big").await, world.status("/new").await), (404, 404));
    assert_eq!(world.api.tag("/agents/a").await, tag);
    assert_eq!(world.api.get("/revisions").await.tag(), head);
    assert_eq!(texts(&place), before, "nothing is half written or left behind");

    std::fs::remove_file(filler).expect("there is room again");
    world.api.put("/agents/a", If::Tag(&tag), &world.open("/b")).await.is(200);
    assert_eq!(world.status("/b").await, 200);
    world.gateway.kill().await;
    world.gateway.start_again().await;
    assert_eq!((world.status("/b").await, world.with("/k", &key).await), (200, 200));
}

async fn a_write_past_the_limit_of_a_file_fails_as_clearly() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let pid = world.gateway.pid().to_string();
    let limited = Command::new("prlimit").args(["--pid", &pid, "--fsize=64"]).status().expect("prlimit runs");
    assert!(limited.success(), "the limit is set");
    let refused = world.api.put("/agents/a", If::Any, &world.open("/b")).await;
    assert!(refused.status >= 500, "{} {}", refused.status, refused.text);
    refused.problem(refused.status, "store_failed");
    assert_eq!((world.status("/a").await, world.status("/b").await), (200, 404));
}
