//! The machine's clock jumps by an hour and by ten years, both ways, under a running gateway (libfaketime): nothing that
//! is too old by the clock passes, no key lives longer for it, and everything is well again when the clock is.

use std::path::PathBuf;
use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use testkit::now;
use testkit::{Gateway, Start, Upstream, eventually};
use tokio::time::Instant;

use super::crowd::{self, ALG, Member, Told, ask, call, ready, until};
use super::turncoat::{Act, Document, answer};

const HOUR: i64 = 3600;
const YEARS: i64 = 10 * 365 * 86_400;

/// A clock for one process that can be set while it runs.
struct Clockwork {
    folder: tempfile::TempDir,
    library: String,
}

impl Clockwork {
    fn new() -> Self {
        let places = std::fs::read_dir("/usr/lib").expect("a folder of libraries").filter_map(Result::ok);
        let mut libraries = places.map(|place| place.path().join("faketime/libfaketimeMT.so.1"));
        let library = libraries.find(|path| path.exists()).expect("libfaketime (scripts/setup.sh test)");
        let clockwork = Self {
            folder: tempfile::tempdir().expect("a folder"),
            library: library.to_str().expect("a path in UTF-8").to_owned(),
        };
        clockwork.set(0);
        clockwork
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("offset")
    }

    /// Moves the clock so many seconds away from the true time, at this moment.
    fn set(&self, seconds: i64) {
        let fresh = self.folder.path().join("fresh");
        std::fs::write(&fresh, format!("{seconds:+}\n")).expect("the offset is written");
        std::fs::rename(&fresh, self.file()).expect("the offset is put in its place");
    }

    async fn gateway(&self, member: &Member, upstream: &Upstream) -> Gateway {
        let file = self.file();
        let env = [
            ("LD_PRELOAD", &*self.library),
            ("FAKETIME_TIMESTAMP_FILE", file.to_str().expect("a path in UTF-8")),
            ("FAKETIME_NO_CACHE", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("NO_FAKE_STAT", "1"),
        ];
        let gateway = crowd::gateway(&[member], upstream, Start { env: &env, ..Start::default() }).await;
        ready(&gateway).await;
        gateway
    }
}

/// A token that is good for ten minutes from a time that differs so much from the true one.
fn token(member: &Member, seconds: i64) -> String {
    let issued = now().saturating_add_signed(seconds);
    let mut claims = member.claims(issued);
    claims["exp"] = Value::from(issued + 600);
    member.key.token(&member.key.header(ALG), &claims)
}

fn unavailable() -> Told {
    Told { status: 503, reason: "keys_unavailable".to_owned(), retry_after: true }
}

fn never_panicked(gateway: &Gateway) {
    let log = gateway.stderr();
    assert!(log.iter().all(|line| !line.contains("panicked")), "{log:?}");
}

#[tokio::test]
async fn a_token_passes_by_the_clock_that_is_shown_and_by_no_other() {
    const EACH: usize = 20;
    let (clockwork, upstream) = (Clockwork::new(), Upstream::start().await);
    let member = Member::new("corp").await.settings(", max_stale: 30m");
    let gateway = clockwork.gateway(&member, &upstream).await;
    let (began, asked) = (Instant::now(), member.provider.asked_for_keys());
    let jumps = [HOUR, -HOUR, YEARS, -YEARS, 2 * YEARS, 60];
    let mut refused = 0;
    for jump in jumps {
        let of_today = token(&member, 0);
        assert_eq!(call(&gateway, "corp", &of_today).await, 200, "before {jump}");
        clockwork.set(jump);
        let (good, expired, early) =
            (token(&member, jump), token(&member, jump - 1200), token(&member, jump + 1200));
        // After a leap ahead, keys are too old until they are fetched again.
        until(&gateway, "corp", &good, 200, Duration::from_secs(5)).await;
        for _ in 0..EACH {
            assert_eq!(ask(&gateway, "corp", &expired).await.reason, "token_expired", "{jump}");
            assert_eq!(ask(&gateway, "corp", &early).await.reason, "not_yet_valid", "{jump}");
            refused += 2;
        }
        if jump.abs() >= HOUR {
            let wanted = if jump > 0 { "token_expired" } else { "not_yet_valid" };
            assert_eq!(ask(&gateway, "corp", &of_today).await.reason, wanted, "{jump}");
        }
        clockwork.set(0);
        until(&gateway, "corp", &token(&member, 0), 200, Duration::from_secs(5)).await;
    }
    let before = member.provider.asked_for_keys();
    eventually("the refresher goes on", Duration::from_secs(5), async || {
        (member.provider.asked_for_keys() >= before + 2).then_some(())
    })
    .await;
    let (fetches, time) = (member.provider.asked_for_keys() - asked, began.elapsed());
    // One each 0.9 s, and one for each leap and its end.
    let most = time.as_millis() / 900 + 2 * jumps.len() as u128 + 1;
    assert!(fetches as u128 <= most, "it does not spin: {fetches} fetches in {time:?}");
    never_panicked(&gateway);
    eprintln!("{} jumps there and back: 0 of {refused} let in, {fetches} fetches in {time:?}", jumps.len());
}

#[tokio::test]
async fn keys_that_are_too_old_by_the_clock_are_not_used() {
    const EACH: usize = 20;
    let (clockwork, upstream) = (Clockwork::new(), Upstream::start().await);
    let member = Member::new("corp").await.settings(", max_stale: 20m");
    let gateway = clockwork.gateway(&member, &upstream).await;
    assert_eq!(call(&gateway, "corp", &token(&member, 0)).await, 200);
    member.provider.play(Document::Any, answer("500 Oops", "", ""));
    crowd::fails(&gateway, "corp", "answered 500").await;
    let mut refused = 0;
    for jump in [HOUR, YEARS] {
        clockwork.set(jump);
        for _ in 0..EACH {
            assert_eq!(ask(&gateway, "corp", &token(&member, jump)).await, unavailable(), "{jump}");
            refused += 1;
        }
        clockwork.set(0);
        assert_eq!(call(&gateway, "corp", &token(&member, 0)).await, 200, "{jump}: they are young again");
    }
    member.provider.play(Document::Any, Act::Well);
    clockwork.set(YEARS);
    until(&gateway, "corp", &token(&member, YEARS), 200, Duration::from_secs(40)).await;
    never_panicked(&gateway);
    eprintln!("an hour and ten years ahead while the provider is away: 0 of {refused} let in");
}

/// The clock while the keys are fetched, and when the provider is away.
const CLOCKS: [(i64, i64); 5] = [(0, -HOUR), (0, -YEARS), (HOUR, 0), (YEARS, 0), (0, 0)];
/// So often a token is tried when the keys are too old.
const TRIES: usize = 20;

/// How long keys are believed whose provider goes away while the clock changes so.
async fn believed(ahead: i64, then: i64, upstream: &Upstream) -> Duration {
    let clockwork = Clockwork::new();
    let member = Member::new("corp").await.settings(", max_stale: 4s");
    let gateway = clockwork.gateway(&member, upstream).await;
    clockwork.set(ahead);
    let asked = member.provider.asked_for_keys();
    eventually("keys are fetched by that clock", Duration::from_secs(20), async || {
        (member.provider.asked_for_keys() >= asked + 2).then_some(())
    })
    .await;
    assert_eq!(call(&gateway, "corp", &token(&member, ahead)).await, 200, "{ahead} {then}");
    member.provider.play(Document::Any, answer("500 Oops", "", ""));
    clockwork.set(then);
    let away = Instant::now();
    until(&gateway, "corp", &token(&member, then), 503, Duration::from_secs(10)).await;
    let lasted = away.elapsed();
    for _ in 0..TRIES {
        assert_eq!(ask(&gateway, "corp", &token(&member, then)).await, unavailable(), "{ahead} {then}");
    }
    member.provider.play(Document::Any, Act::Well);
    until(&gateway, "corp", &token(&member, then), 200, Duration::from_secs(20)).await;
    never_panicked(&gateway);
    lasted
}

#[tokio::test]
async fn no_clock_keeps_keys_beyond_max_stale() {
    let upstream = Upstream::start().await;
    let all = join_all(CLOCKS.map(|(ahead, then)| believed(ahead, then, &upstream))).await;
    let longest = all.into_iter().max().unwrap_or_default();
    eprintln!(
        "keys of 4 s under {} clocks: believed for {longest:?} at most, then 0 of {} let in",
        CLOCKS.len(),
        CLOCKS.len() * TRIES
    );
    assert!(longest < Duration::from_millis(5500), "{longest:?}");
}
