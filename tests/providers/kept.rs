//! The last good keys on disk: they carry a gateway over a restart while its provider is away, and nothing that somebody
//! left in the folder opens it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use testkit::{Start, Upstream, eventually};

use super::crowd::{self, Member, Told, ask, call, fails, ready, until};
use super::turncoat::{Act, Document, answer};

fn file_of(folder: &Path, name: &str) -> PathBuf {
    folder.join("keys").join(format!("{name}.json"))
}

/// A folder in which the keys of both were kept.
async fn kept(members: &[&Member], upstream: &Upstream) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let server = format!("  state_dir: {}\n", folder.path().display());
    let mut gateway = crowd::gateway(members, upstream, Start { server: &server, ..Start::default() }).await;
    ready(&gateway).await;
    for member in members {
        assert_eq!(call(&gateway, &member.name, &member.token()).await, 200);
        eventually("its keys are kept", Duration::from_secs(5), async || {
            file_of(folder.path(), &member.name).exists().then_some(())
        })
        .await;
    }
    gateway.signal("TERM").await;
    assert!(gateway.ended(Duration::from_secs(10)).await.success());
    folder
}

/// What becomes of a good file.
struct Harm {
    name: &'static str,
    /// From the file's path and text, and the path of the other provider's file.
    how: fn(&Path, &str, &Path),
}

fn write(path: &Path, text: impl AsRef<[u8]>) {
    std::fs::write(path, text).expect("the file is written");
}

fn replaced(path: &Path, text: &str, from: &str, to: &str) {
    assert!(text.contains(from), "{from} is in {text}");
    write(path, text.replace(from, to));
}

const HARM: &[Harm] = &[
    Harm { name: "gone", how: |path, _, _| std::fs::remove_file(path).expect("it was there") },
    Harm { name: "empty", how: |path, _, _| write(path, "") },
    Harm { name: "cut", how: |path, text, _| write(path, &text[..text.len() / 2]) },
    Harm { name: "twice", how: |path, text, _| write(path, format!("{text}{text}")) },
    Harm { name: "noise", how: |path, _, _| write(path, [0xff; 4096]) },
    Harm { name: "huge", how: |path, text, _| write(path, format!("{text}{}", " ".repeat(8 * 1024 * 1024))) },
    Harm { name: "a plain key set", how: |path, _, _| write(path, "{\"keys\":[]}") },
    Harm {
        name: "of another version",
        how: |path, text, _| replaced(path, text, "\"version\":1", "\"version\":9"),
    },
    Harm { name: "without its keys", how: |path, text, _| replaced(path, text, "\"kty\"", "\"kti\"") },
    Harm {
        name: "of the other provider",
        how: |path, _, other| write(path, std::fs::read(other).expect("the other one")),
    },
    Harm {
        name: "of another source",
        how: |path, text, _| replaced(path, text, "\"discovery\"", "\"jwks_uri x\""),
    },
    Harm {
        name: "from plain http",
        how: |path, text, _| replaced(path, text, "_http\":false", "_http\":true"),
    },
    Harm { name: "from the future", how: |path, text, _| aged(path, text, "99999999999999") },
    Harm { name: "too old", how: |path, text, _| aged(path, text, "1000") },
    Harm {
        name: "a folder",
        how: |path, _, _| {
            std::fs::remove_file(path).expect("it was there");
            std::fs::create_dir(path).expect("a folder");
        },
    },
    Harm {
        name: "a pipe",
        how: |path, _, _| {
            std::fs::remove_file(path).expect("it was there");
            assert!(std::process::Command::new("mkfifo").arg(path).status().expect("mkfifo runs").success());
        },
    },
];

/// The file with another time of confirmation.
fn aged(path: &Path, text: &str, millis: &str) {
    let mut value: serde_json::Value = serde_json::from_str(text).expect("a kept file is JSON");
    value["last_success"] = millis.parse::<u64>().expect("a number").into();
    write(path, value.to_string());
}

#[tokio::test]
async fn kept_keys_carry_over_a_restart_and_damaged_ones_open_nothing() {
    let upstream = Upstream::start().await;
    let (victim, other) = (Member::new("victim").await, Member::new("other").await);
    let members = [&victim, &other];
    let folder = kept(&members, &upstream).await;
    let path = file_of(folder.path(), "victim");
    let text = std::fs::read_to_string(&path).expect("a kept file is text");
    let server = format!("  state_dir: {}\n", folder.path().display());
    let start = || Start { server: &server, ..Start::default() };
    for member in members {
        member.provider.play(Document::Any, answer("500 Oops", "", ""));
    }
    let gateway = crowd::gateway(&members, &upstream, start()).await;
    ready(&gateway).await;
    for member in members {
        assert_eq!(call(&gateway, &member.name, &member.token()).await, 200, "kept keys are used");
    }
    drop(gateway);
    let unavailable = Told { status: 503, reason: "keys_unavailable".to_owned(), retry_after: true };
    for Harm { name, how } in HARM {
        how(&path, &text, &file_of(folder.path(), "other"));
        let gateway = crowd::gateway(&members, &upstream, start()).await;
        ready(&gateway).await;
        fails(&gateway, "victim", "answered 500").await;
        assert_eq!(ask(&gateway, "victim", &victim.token()).await, unavailable, "{name}");
        assert_eq!(call(&gateway, "other", &other.token()).await, 200, "{name}: the other is not harmed");
        victim.provider.play(Document::Any, Act::Well);
        until(&gateway, "victim", &victim.token(), 200, Duration::from_secs(20)).await;
        victim.provider.play(Document::Any, answer("500 Oops", "", ""));
        drop(gateway);
        let _ = std::fs::remove_dir_all(&path);
        let _ = std::fs::remove_file(&path);
        write(&path, &text);
    }
    eprintln!("{} kinds of damage: 0 let anybody in, 0 kept the gateway from starting", HARM.len());
}
