//! Files in a folder of their own, under a clock that is set.

use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;

use http::Method;
use tempfile::TempDir;

use super::super::path_text::PathText;
use super::super::upstream_error::UpstreamError;
use super::*;
use crate::model::{
    AgentName, AuthMethod, CacheLabel, Call, CallProtocol, FailedCheck, FixedClock, Grounds, Identity,
    ProviderName, Reason, RequestId, TokenSaid,
};

const NOW: u64 = 1_700_000_000;

fn entry(second: u64, id: &str) -> RequestRecord {
    let said =
        TokenSaid { iss: Some("https://a".into()), client_id: Some("app".into()), ..TokenSaid::default() };
    RequestRecord {
        at: Instant::from_unix(second),
        agent: AgentName::parse("a").ok(),
        auth_method: AuthMethod::OAuth,
        decision: Reason::AudienceMismatch.decision(),
        reason: Reason::AudienceMismatch,
        provider: ProviderName::parse("corp").ok(),
        request_id: RequestId::Given(id.into()),
        http_method: Some(Method::POST),
        path: PathText::whole("/a/\"x\""),
        remote: "2001:db8::1".parse().ok(),
        identity: None,
        cache: CacheLabel::Off,
        possession: crate::model::Possession::NOT_JUDGED,
        call: Some(Arc::new(Call {
            protocol: CallProtocol::A2a,
            method: Some("tools/call".into()),
            name: Some("read \"x\"".into()),
            version: None,
        })),
        limit: None,
        status: Some(401),
        upstream_error: None,
        grounds: Some(Arc::new(Grounds {
            failed: Some(FailedCheck::new("audience", Some("aud: y\n"), "one of x", "ask for it")),
            said: Some(said),
        })),
    }
}

struct Place {
    folder: TempDir,
    clock: Arc<FixedClock>,
}

impl Place {
    fn new() -> Self {
        let clock = Arc::new(FixedClock::at(Instant::from_unix(NOW)));
        Self { folder: tempfile::tempdir().unwrap(), clock }
    }

    fn open(&self) -> (Refusals, RefusalsGuard) {
        Refusals::open(self.folder.path(), Arc::clone(&self.clock) as Arc<dyn Clock>).unwrap()
    }

    fn keep(&self, entries: &[RequestRecord]) {
        let (refusals, guard) = self.open();
        for entry in entries {
            refusals.keep(&Arc::new(entry.clone()));
        }
        drop(guard);
    }

    fn find(&self, id: &str) -> Option<RequestRecord> {
        KeptRefusals::of(self.folder.path()).find(id, self.clock.now())
    }

    fn files(&self) -> Vec<PathBuf> {
        segments::all(&self.folder.path().join("refusals"))
    }
}

#[test]
fn a_refusal_is_the_same_after_a_restart() {
    let place = Place::new();
    let proven = Identity { key_id: Some("k1".into()), client_id: Some("app".into()), ..Identity::default() };
    let rules = RequestRecord {
        identity: Some(Arc::new(proven)),
        reason: Reason::ScopeMissing,
        grounds: None,
        ..entry(NOW - 5, "two")
    };
    let failed = RequestRecord {
        decision: Reason::Ok.decision(),
        reason: Reason::Ok,
        upstream_error: Some(UpstreamError::ConnectRefused),
        agent: None,
        ..entry(NOW - 4, "three")
    };
    let all = [entry(NOW - 10, "one"), rules, failed];
    place.keep(&all);
    for wanted in &all {
        assert_eq!(place.find(&wanted.request_id.to_string()).as_ref(), Some(wanted));
    }
    assert_eq!(place.find("on"), None, "a part of an id is no id");
    let (refusals, _guard) = place.open();
    assert_eq!(refusals.last(100), all);
    assert_eq!(refusals.last(2), all[1..]);
    assert_eq!(refusals.kept().since(place.clock.now()), Some(Instant::from_unix(NOW - 10)));
}

#[test]
fn nobody_else_can_read_them() {
    let place = Place::new();
    place.keep(&[entry(NOW, "one")]);
    let files = place.files();
    assert_eq!(files.len(), 1);
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!((mode(&files[0]), mode(&place.folder.path().join("refusals"))), (0o600, 0o700));
}

#[test]
fn damaged_lines_and_a_torn_end_are_passed_over() {
    let place = Place::new();
    place.keep(&[entry(NOW, "one")]);
    let file = place.files().remove(0);
    let good = fs::read_to_string(&file).unwrap();
    let torn = &good.replace("one", "torn")[..good.len() / 2];
    let strange = good.replace("one", "strange").replace("audience_mismatch", "no_such_reason");
    let mut file = fs::OpenOptions::new().append(true).open(file).unwrap();
    file.write_all(format!("\0\0\0\n{{}}\nnull\n{strange}{}{torn}", good.replace("one", "two")).as_bytes())
        .unwrap();
    file.write_all(b"\xff\xfe").unwrap();
    let (refusals, _guard) = place.open();
    let ids: Vec<_> = refusals.last(10).iter().map(|entry| entry.request_id.to_string()).collect();
    assert_eq!(ids, ["one", "two"]);
    for (id, is_there) in [("one", true), ("two", true), ("torn", false), ("strange", false)] {
        assert_eq!(place.find(id).is_some(), is_there, "{id}");
    }
}

#[test]
fn what_is_older_than_a_day_is_neither_shown_nor_kept() {
    let place = Place::new();
    place.keep(&[entry(NOW, "one"), entry(NOW + 3600, "two")]);
    place.clock.set(Instant::from_unix(NOW).plus(AGE).plus(Duration::from_secs(1)));
    assert_eq!((place.find("one"), place.find("two").is_some()), (None, true));
    // The file was written to just now, by the clock of the disk.
    let written = fs::metadata(&place.files()[0]).unwrap().mtime();
    place.clock.set(Instant::from_unix(written.unsigned_abs()).plus(AGE).plus(Duration::from_secs(2)));
    let (_refusals, _guard) = place.open();
    assert_eq!(place.files().len(), 0);
}

#[test]
fn all_files_together_stay_within_their_bound_and_the_newest_stay() {
    let place = Place::new();
    let mut writer =
        Segments::new(place.folder.path().join("refusals"), Arc::clone(&place.clock) as Arc<dyn Clock>);
    fs::create_dir(place.folder.path().join("refusals")).unwrap();
    let mut line = Vec::new();
    for number in 0..100 {
        line.clear();
        line.resize(1 << 20, b' ');
        line::write(&entry(NOW + number, &format!("id-{number}")), &mut line);
        writer.write_all(&line).unwrap();
        place.clock.set(Instant::from_unix(NOW + number));
    }
    let total: u64 = place.files().iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    assert!(total <= segments::BYTES && total > segments::BYTES / 2, "{total}");
    assert!(place.find("id-99").is_some() && place.find("id-0").is_none());
}

#[test]
fn without_a_place_to_write_nothing_stops() {
    let place = Place::new();
    let (refusals, guard) = place.open();
    fs::remove_dir_all(place.folder.path().join("refusals")).unwrap();
    refusals.keep(&Arc::new(entry(NOW, "one")));
    drop(guard);
    assert!(super::super::lines::lost().iter().any(|(log, lost)| *log == LOG && *lost > 0));
}
