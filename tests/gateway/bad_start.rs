//! What must not start: exit 1, one clear message, no panic, nothing that listens.

use std::path::Path;
use std::time::Duration;

use testkit::free_port;
use testkit::{Ran, client, portcullis};

/// Runs the gateway on a configuration that it must refuse, and checks the manners of the refusal.
async fn refused(folder: &Path, config: &str, wanted: &str) -> Ran {
    let ran = portcullis(folder, &["run", "-c", config]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains(wanted), "{wanted:?} in {}", ran.err);
    assert!(!ran.err.contains("panicked") && !ran.err.contains("RUST_BACKTRACE"), "{}", ran.err);
    assert_eq!(ran.out, "", "standard output belongs to the access log");
    assert!(ran.err.matches("error[").count() <= 1, "one message: {}", ran.err);
    assert!(ran.err.len() < 4000, "{} bytes of message", ran.err.len());
    assert!(!ran.err.contains("is starting"), "{}", ran.err);
    ran
}

#[tokio::test]
async fn a_configuration_that_is_not_one_is_refused_with_one_message() {
    let bomb: String = (1..30).fold("version: 1\nx0: &x0 [a, a]\n".to_owned(), |text, i| {
        let before = format!("*x{}", i - 1);
        format!("{text}x{i}: &x{i} [{}]\n", vec![before; 9].join(", "))
    });
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content, wanted) in [
        ("empty.yaml", Vec::new(), "empty"),
        ("blank.yaml", b"\n# only a comment\n\n".to_vec(), "empty"),
        ("latin1.yaml", b"version: 1\nname: caf\xe9\n".to_vec(), "UTF-8"),
        ("huge.yaml", vec![b'#'; 20 << 20], "larger than"),
        ("bomb.yaml", bomb.into_bytes(), "alias"),
        ("binary.yaml", vec![0; 4096], "error"),
        ("deep.yaml", "[".repeat(100_000).into_bytes(), "error"),
        ("list.yaml", b"- version: 1\n".to_vec(), "error"),
        ("version.yaml", b"version: 2\n".to_vec(), "version"),
        ("no-version.yaml", b"agents: {}\n".to_vec(), "version"),
    ] {
        std::fs::write(folder.path().join(name), content).expect("it is written");
        let ran = refused(folder.path(), name, wanted).await;
        assert!(ran.err.contains(name), "it names the file: {}", ran.err);
    }
}

#[tokio::test]
async fn a_place_without_a_configuration_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("conf")).expect("a folder");
    std::fs::write(folder.path().join("conf/notes.txt"), "version: 1\n").expect("it is written");
    refused(folder.path(), "conf", "no *.yaml").await;
    refused(folder.path(), "absent.yaml", "absent.yaml").await;
    let ran = portcullis(folder.path(), &["run"]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("portcullis.yaml") && ran.err.lines().count() <= 3, "{}", ran.err);
}

#[tokio::test]
async fn a_referenced_file_that_cannot_be_read_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("folder.pem")).expect("a folder");
    std::fs::write(folder.path().join("empty.pem"), "").expect("it is written");
    std::fs::write(folder.path().join("noise.pem"), [0xff, 0xfe, 0, 1]).expect("it is written");
    for file in ["absent.pem", "folder.pem", "empty.pem", "noise.pem"] {
        for provider in [
            format!("{{ issuer: \"https://i.test\", public_key_file: {file} }}"),
            format!("{{ issuer: \"https://i.test\", jwks_file: {file} }}"),
            format!("{{ issuer: \"https://i.test\", ca_file: {file} }}"),
        ] {
            let text = format!(
                "version: 1\nidentity_providers:\n  corp: {provider}\nagents:\n  a: {{ route: /a, upstream: \"http://127.0.0.1:1\", auth: {{ oauth: {{ identity_providers: [corp], audiences: [x] }} }} }}\n"
            );
            std::fs::write(folder.path().join("c.yaml"), text).expect("it is written");
            let ran = refused(folder.path(), "c.yaml", file).await;
            assert!(ran.err.contains("c.yaml:3:"), "it names the place: {}", ran.err);
        }
        let text = format!(
            "version: 1\nserver:\n  listeners:\n    - address: 127.0.0.1:{}\n      tls:\n        certificates:\n          - {{ cert_file: {file}, key_file: {file} }}\n",
            free_port()
        );
        std::fs::write(folder.path().join("c.yaml"), text).expect("it is written");
        let ran = portcullis(folder.path(), &["run", "-c", "c.yaml"]).await;
        assert!(ran.code == Some(1) && ran.err.contains(file), "{ran:?}");
        assert!(!ran.err.contains("panicked"), "{ran:?}");
    }
}

#[tokio::test]
async fn a_port_in_use_is_refused_and_the_other_listeners_do_not_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = (taken.local_addr().expect("its address").port(), taken);
    let free = (free_port(), free_port());
    for (listeners, ops, what) in [
        (vec![taken.0], free.1, "server.listeners"),
        (vec![free.0, taken.0], free.1, "server.listeners"),
        (vec![free.0], taken.0, "server.ops"),
        (vec![free.0, free.0], free.1, ""),
        (vec![free.0], free.0, ""),
    ] {
        let lines: String =
            listeners.iter().map(|port| format!("    - address: 127.0.0.1:{port}\n")).collect();
        let text = format!(
            "version: 1\nserver:\n  ops: {{ address: \"127.0.0.1:{ops}\" }}\n  listeners:\n{lines}agents: {{}}\n"
        );
        std::fs::write(folder.path().join("c.yaml"), text).expect("it is written");
        let ran = refused(folder.path(), "c.yaml", what).await;
        if what.is_empty() {
            assert!(ran.err.contains(&free.0.to_string()), "{}", ran.err);
        } else {
            assert!(ran.err.contains(&taken.0.to_string()), "{}", ran.err);
            assert!(ran.err.lines().count() <= 2, "{}", ran.err);
        }
        for port in [free.0, free.1] {
            let answer = client().get(format!("http://127.0.0.1:{port}/livez"));
            let answer = answer.timeout(Duration::from_secs(1)).send().await;
            assert!(answer.is_err(), "nothing listens on {port}");
        }
    }
}

#[tokio::test]
async fn a_state_folder_that_cannot_be_one_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("state"), "a file").expect("it is written");
    let text = format!(
        "version: 1\nserver:\n  ops: {{ address: \"127.0.0.1:{}\" }}\n  listeners: [{{ address: \"127.0.0.1:{}\" }}]\n  state_dir: state\nagents: {{}}\n",
        free_port(),
        free_port()
    );
    std::fs::write(folder.path().join("c.yaml"), text).expect("it is written");
    refused(folder.path(), "c.yaml", "state_dir").await;
}

#[tokio::test]
async fn what_keeps_it_from_starting_is_json_where_the_log_is() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address");
    let folder = tempfile::tempdir().expect("a folder");
    let server = format!(
        "server: {{ listeners: [{{ address: \"{address}\" }}], ops: {{ address: \"127.0.0.1:{}\" }} }}\n",
        free_port()
    );
    for (name, text, wanted) in [
        ("port.yaml", format!("version: 1\n{server}"), address.to_string()),
        ("wrong.yaml", "version: 2\n".to_owned(), "wrong.yaml:1:".to_owned()),
        ("absent.yaml", String::new(), "absent.yaml".to_owned()),
    ] {
        if !text.is_empty() {
            std::fs::write(folder.path().join(name), text).expect("it is written");
        }
        let ran = portcullis(folder.path(), &["run", "--log-format", "json", "-c", name]).await;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let lines: Vec<serde_json::Value> = ran
            .err
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{name}: {e}: {line}")))
            .collect();
        let errors = lines.iter().filter(|line| line["level"] == "ERROR");
        assert!(
            errors.clone().any(|line| line["message"].to_string().contains(&wanted)),
            "{name}: {}",
            ran.err
        );
        let last = lines.last().map(|line| line["message"].to_string()).unwrap_or_default();
        assert!(last.contains("nothing was started"), "{name}: {last}");
    }
}
