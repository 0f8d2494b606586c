//! How long a session lasts: as long as its key.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use testkit::{Gateway, Start, eventually};

use super::stage::{Call, World};

/// The status of the call of a session's owner.
async fn status(world: &World, gateway: &Gateway, session: &str) -> u16 {
    world.ask(gateway, Call::new("/public/mcp", None), &[session]).await.status
}

#[tokio::test]
async fn a_session_outlives_the_process_with_its_key_and_ends_with_another() {
    let world = World::new().await;
    let (body, server) = (world.body(&json!({})), "  state_dir: state\n");
    let mut gateway = Start { body: &body, server, ..Start::default() }.ready().await;
    let call = Call::new("/public/mcp", None);
    let (session, file) =
        (world.begin(&gateway, call).await, gateway.folder.path().join("state/session.key"));
    let first = fs::read_to_string(&file).expect("the key");
    let second = "5a".repeat(32);
    for (content, wanted, what) in [
        (first.clone(), 200, "the same key"),
        (format!("{second}\n{first}"), 200, "the key before"),
        (format!("{second}\n"), 404, "another key"),
        (first.clone(), 200, "the first key again"),
    ] {
        gateway.kill().await;
        fs::write(&file, content).expect("it is written");
        gateway.start_again().await;
        assert_eq!(status(&world, &gateway, &session).await, wanted, "{what}");
        // Whatever the key is, a client that begins anew goes on.
        let begun = world.begin(&gateway, call).await;
        assert_eq!(
            (status(&world, &gateway, &begun).await, begun == session),
            (200, content_is(&file, &first))
        );
    }
    gateway.kill().await;
    fs::remove_file(&file).expect("it is there");
    gateway.start_again().await;
    assert_eq!(status(&world, &gateway, &session).await, 404, "a key of its own again");
    gateway.kill().await;
    fs::write(&file, "half a key").expect("it is written");
    let ran = testkit::portcullis(gateway.folder.path(), &["run", "-c", "portcullis.yaml"]).await;
    assert_ne!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains("session.key") && ran.err.contains("remove it"), "{ran:?}");
    assert!(!ran.err.contains("half a key"), "{ran:?}");
}

fn content_is(file: &std::path::Path, first: &str) -> bool {
    fs::read_to_string(file).expect("the key") == first
}

#[tokio::test]
async fn a_session_goes_on_at_the_process_that_takes_the_listeners_over() {
    let world = World::new().await;
    let (body, server) = (world.body(&json!({})), "  state_dir: state\n");
    let mut gateway = Start { body: &body, server, ..Start::default() }.ready().await;
    let session = world.begin(&gateway, Call::new("/public/mcp", None)).await;
    let successor = gateway.successor().await;
    gateway.signal("QUIT").await;
    assert!(gateway.ended(Duration::from_secs(40)).await.success(), "{:?}", gateway.stderr());
    assert_eq!(status(&world, &gateway, &session).await, 200, "{}", successor.log());
}

#[tokio::test]
async fn without_a_folder_a_session_ends_with_the_process() {
    let world = World::new().await;
    let mut gateway = Start { body: &world.body(&json!({})), ..Start::default() }.ready().await;
    let session = world.begin(&gateway, Call::new("/public/mcp", None)).await;
    assert_eq!(status(&world, &gateway, &session).await, 200);
    gateway.kill().await;
    gateway.start_again().await;
    assert_eq!(status(&world, &gateway, &session).await, 404);
}

#[tokio::test]
async fn gateways_with_one_key_share_sessions_and_follow_its_file() {
    let world = World::new().await;
    let (one, two) = ("1d".repeat(32), "2e".repeat(32));
    let body = world.body(&json!({"session_key_file": "shared.key"}));
    let files = [("shared.key", one.as_str())];
    let start = Start { body: &body, files: &files, ..Start::default() };
    let (first, second) = (start.ready().await, start.ready().await);
    let call = Call::new("/public/mcp", None);
    let session = world.begin(&first, call).await;
    assert_eq!(status(&world, &second, &session).await, 200, "at the other gateway");
    for (content, wanted) in [(format!("{two}\n{one}\n"), 200), (two.clone(), 404)] {
        fs::write(second.folder.path().join("shared.key"), content).expect("it is written");
        second.signal("HUP").await;
        eventually("the key is in use", Duration::from_secs(10), async || {
            let fresh = world.begin(&second, call).await;
            let is_new = status(&world, &first, &fresh).await == 404;
            (is_new && status(&world, &second, &session).await == wanted).then_some(())
        })
        .await;
    }
    assert_eq!(status(&world, &first, &session).await, 200, "where the file stayed as it was");
    // A file without a key is refused with the rest of the change, and the key in use stays.
    fs::write(second.folder.path().join("shared.key"), "no key").expect("it is written");
    let ran = testkit::portcullis(second.folder.path(), &["check", "-c", "portcullis.yaml"]).await;
    assert_ne!(ran.code, Some(0), "{ran:?}");
    let said = format!("{}{}", ran.out, ran.err);
    assert!(said.contains("shared.key: holds no session key") && said.contains("openssl rand"), "{said}");
    assert!(!said.contains("no key\""), "{said}");
}

/// A configuration whose sealing key is for its owner alone.
fn private(folder: &Path, text: &str) -> PathBuf {
    fs::set_permissions(folder.join("seal.key"), Permissions::from_mode(0o600)).expect("its mode");
    let config = folder.join("portcullis.yaml");
    fs::write(&config, text).expect("the configuration is written");
    config
}

#[tokio::test]
async fn members_with_one_sealing_key_share_sessions_and_replace_it_one_by_one() {
    let world = World::new().await;
    let (body, server) = (world.body(&json!({})), "  state_dir: state\n  sealing_key_file: seal.key\n");
    let (raw, old, new) = ("k".repeat(32), "6b".repeat(32), "2e".repeat(32));
    let files = [("seal.key", raw.as_str())];
    let start = Start { body: &body, server, files: &files, layout: Some(private), ..Start::default() };
    let mut members = [start.ready().await, start.ready().await];
    assert!(!members[0].folder.path().join("state/session.key").exists(), "no key of its own is made");
    let call = Call::new("/public/mcp", None);
    let session = world.begin(&members[0], call).await;
    assert_eq!(status(&world, &members[1], &session).await, 200, "at the other member");
    // The new key is known everywhere before it seals anywhere.
    for content in [format!("{old}\n{new}\n"), format!("{new}\n{old}\n")] {
        for at in 0..members.len() {
            fs::write(members[at].folder.path().join("seal.key"), &content).expect("it is written");
            members[at].kill().await;
            members[at].start_again().await;
            let begun = world.begin(&members[at], call).await;
            for member in &members {
                assert_eq!(status(&world, member, &session).await, 200, "one of before");
                assert_eq!(status(&world, member, &begun).await, 200, "a new one");
            }
        }
    }
}

#[tokio::test]
async fn a_sealing_key_that_cannot_be_used_ends_the_start_and_the_check_with_its_place() {
    let gateway = Start {
        server: "  sealing_key_file: seal.key\n",
        files: &[("seal.key", &"k".repeat(32))],
        layout: Some(private),
        ..Start::default()
    };
    let place = gateway.place();
    let file = place.folder.path().join("seal.key");
    let ran = testkit::portcullis(place.folder.path(), &["check", "-c", "portcullis.yaml"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for (length, mode, said) in [
        (31, 0o600, "expected a sealing key of 32 bytes"),
        (33, 0o600, "found 33 bytes"),
        (0, 0o600, "found 0 bytes"),
        (32, 0o644, "mode 644"),
        (32, 0o000, "cannot be read"),
    ] {
        let _removed = fs::remove_file(&file);
        if mode != 0 {
            fs::write(&file, "k".repeat(length)).expect("it is written");
            fs::set_permissions(&file, Permissions::from_mode(mode)).expect("its mode");
        }
        for command in ["check", "run"] {
            let ran = testkit::portcullis(place.folder.path(), &[command, "-c", "portcullis.yaml"]).await;
            assert_eq!(ran.code, Some(1), "{ran:?}");
            assert!(ran.err.contains("portcullis.yaml:") && ran.err.contains("seal.key"), "{ran:?}");
            assert!(ran.err.contains(said) && !ran.err.contains("kkk"), "{said}: {ran:?}");
        }
    }
}
