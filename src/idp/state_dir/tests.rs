//! Stored keys: written, loaded, and rejected.

use super::*;
use crate::idp::KeySource;
use crate::idp::fixtures::{jwks_uri, set_of, spec};
use tempfile::TempDir;

const NOW: Instant = Instant::from_unix(1_700_000_000);

fn keys(kids: &[&str]) -> KeySet {
    parse_key_set(set_of(kids).as_bytes(), spec(jwks_uri()).algorithms).unwrap().keys
}

fn opened() -> (TempDir, StateDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let state = StateDir::open(folder.path().join("state")).unwrap();
    let file = folder.path().join("state/keys/corp.json");
    (folder, state, file)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn stored_keys_are_loaded_and_readable_by_the_owner_only() {
    let (_folder, state, file) = opened();
    let spec = spec(jwks_uri());
    assert!(state.load(&spec, NOW).unwrap().is_none());
    let set = keys(&["a", "b"]);
    state.save(&spec, &set, NOW).unwrap();
    assert_eq!(state.load(&spec, NOW.plus(Duration::from_secs(60))).unwrap(), Some((set, NOW)));
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    let names: Vec<_> =
        fs::read_dir(file.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["corp.json"], "nothing else is left behind");
}

#[test]
fn the_keys_of_a_changed_provider_are_not_used() {
    let (_folder, state, _) = opened();
    let first = spec(jwks_uri());
    state.save(&first, &keys(&["a"]), NOW).unwrap();
    let issuer =
        ProviderSpec { issuer: crate::model::Issuer::new("https://idp.test/realms/A"), ..first.clone() };
    let source = ProviderSpec { source: KeySource::Discovery, ..first.clone() };
    let plain = ProviderSpec { insecure_http: true, ..first.clone() };
    let narrow = ProviderSpec { algorithms: [crate::model::Algorithm::Rs256].into_iter().collect(), ..first };
    for other in [issuer, source, plain, narrow] {
        assert!(state.load(&other, NOW).unwrap().is_none(), "{other:?}");
    }
}

#[test]
fn stored_keys_from_the_future_are_rejected() {
    let (_folder, state, _) = opened();
    let spec = spec(jwks_uri());
    state.save(&spec, &keys(&["a"]), NOW.plus(Duration::from_secs(200))).unwrap();
    assert_eq!(state.load(&spec, NOW).unwrap().map(|(_, at)| at), Some(NOW), "clocks differ a little");
    for ahead in [301, 1_000_000, u64::MAX] {
        state.save(&spec, &keys(&["a"]), NOW.plus(Duration::from_secs(ahead))).unwrap();
        let said = state.load(&spec, NOW).unwrap_err().to_string();
        assert!(said.contains("and now it is 2023-11-14"), "{said}");
    }
}

#[test]
fn a_pipe_in_place_of_a_file_does_not_block_the_start() {
    let (_folder, state, file) = opened();
    fs::create_dir(&file).unwrap();
    assert!(state.load(&spec(jwks_uri()), NOW).is_err());
    fs::remove_dir(&file).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&file).status().unwrap();
    assert!(made.success());
    assert!(state.load(&spec(jwks_uri()), NOW).unwrap_err().to_string().contains("not a regular file"));
    state.save(&spec(jwks_uri()), &keys(&["a"]), NOW).unwrap();
    assert!(state.load(&spec(jwks_uri()), NOW).unwrap().is_some());
}

#[test]
fn a_damaged_file_is_an_error_and_can_be_replaced() {
    let (_folder, state, file) = opened();
    let spec = spec(jwks_uri());
    state.save(&spec, &keys(&["a"]), NOW).unwrap();
    let good = fs::read_to_string(&file).unwrap();
    for bad in [
        String::new(),
        good[..good.len() / 2].to_owned(),
        good.replace("\"version\":1", "\"version\":2"),
        good.replace("\"keys\"", "\"kees\""),
        format!("{good}{good}"),
        "x".repeat(5 * 1024 * 1024),
    ] {
        fs::write(&file, &bad).unwrap();
        assert!(state.load(&spec, NOW).is_err(), "{}", &bad[..bad.len().min(80)]);
        state.save(&spec, &keys(&["b"]), NOW).unwrap();
        assert!(state.load(&spec, NOW).unwrap().is_some());
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(StateDir::open(&file).unwrap_err().to_string().contains("file/keys"));
}
