//! The loop against a scripted source, in tokio's paused time.

use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{Instant as TokioInstant, sleep_until, timeout};

use super::*;
use crate::idp::fixtures::{Script, Step, TokioClock, jwks_uri, provider, set_of, spec};
use crate::idp::{Missing, ProviderSpec, VerificationKey};
use crate::model::{Algorithm, Instant, Issuer};
use crate::telemetry::Metrics;

mod clock_jumps;

const ED: Algorithm = Algorithm::EdDsa;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A provider whose refresher follows a script.
struct Fixture {
    provider: Arc<Provider>,
    clock: Arc<TokioClock>,
    script: Arc<Script>,
    handle: Option<RefresherHandle>,
}

impl Fixture {
    /// Whether a verdict based on that key of the id `a` is still valid.
    fn stands(&self, key: &Arc<VerificationKey>) -> bool {
        self.provider.confirms(Some("a"), ED, key, 0, self.clock.now()).is_some()
    }

    fn open(script: Arc<Script>) -> Self {
        Self::open_with(provider(spec(jwks_uri())), script, None)
    }

    fn open_with(provider: Arc<Provider>, script: Arc<Script>, state: Option<Arc<StateDir>>) -> Self {
        let clock = TokioClock::start();
        let handle = Refresher::spawn_with(Arc::clone(&provider), clock.clone(), state, script.source());
        Self { provider, clock, script, handle: Some(handle) }
    }

    fn find(&self, kid: &str) -> Result<usize, Missing> {
        self.provider.find(Some(kid), ED, self.clock.now()).map(|c| c.iter().count())
    }

    fn join(&self) -> Option<impl Future<Output = ()> + Send + 'static> {
        self.provider.join_refetch(self.clock.now())
    }

    /// Lets the refresher run until it waits for time to pass.
    async fn settle(&self) {
        pass(Duration::from_millis(1)).await;
    }

    async fn fetched(&self, times: usize) {
        while self.script.count() < times {
            pass(Duration::from_millis(900)).await;
        }
        self.settle().await;
    }
}

/// Advances the paused time, through everything that is due in between.
async fn pass(time: Duration) {
    sleep_until(TokioInstant::now() + time).await;
}

const UNKNOWN: Missing = Missing::UnknownKid { last_refresh_failed: false };
const UNKNOWN_AFTER_FAILURE: Missing = Missing::UnknownKid { last_refresh_failed: true };

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_at_start_and_then_at_jittered_times() {
    let fixture =
        Fixture::open(Script::new([Step::give(set_of(&["a"]))], || Step::Unchanged { max_age: None }));
    assert_eq!(fixture.find("a"), Err(Missing::Unavailable));
    assert!(!fixture.provider.tried());
    fixture.settle().await;
    assert_eq!(fixture.find("a"), Ok(1));
    assert!(fixture.provider.tried());
    let due = fixture.provider.status(fixture.clock.now()).next_due.unwrap() - fixture.clock.now().unix();
    assert!((539..=661).contains(&due), "{due}");
    fixture.fetched(60).await;
    let gaps = fixture.script.gaps();
    assert!(gaps.iter().all(|g| (secs(540)..=secs(661)).contains(g)), "{gaps:?}");
    assert!(gaps.iter().any(|g| *g < secs(590)) && gaps.iter().any(|g| *g > secs(610)), "not jittered");
}

#[tokio::test(start_paused = true)]
async fn cache_control_shortens_the_wait() {
    let keys = set_of(&["a"]);
    let fixture = Fixture::open(Script::new([], move || Step::Give {
        body: keys.clone(),
        etag: None,
        max_age: Some(120),
    }));
    fixture.fetched(20).await;
    assert!(
        fixture.script.gaps().iter().all(|g| (secs(108)..=secs(133)).contains(g)),
        "{:?}",
        fixture.script.gaps()
    );
}

/// A bundle with a key of this id, and a hint.
fn bundle_of(kid: &str, hint: u64) -> String {
    let mut key = testkit::Key::new("ES256", kid).jwk();
    key["use"] = "jwt-svid".into();
    serde_json::json!({"spiffe_refresh_hint": hint, "keys": [key]}).to_string()
}

#[tokio::test(start_paused = true)]
async fn the_hint_of_a_bundle_shortens_the_wait_within_the_bounds_of_the_setting() {
    // In seconds: the hint, the `max-age` of its answer, and the wait.
    for (hint, max_age, wait) in
        [(300, None, 300), (5, None, 60), (9_999, None, 600), (300, Some(120), 120), (120, Some(300), 120)]
    {
        let spec = ProviderSpec { tokens: crate::idp::TokenKind::JwtSvid, ..spec(jwks_uri()) };
        let body = bundle_of("a", hint);
        // What is unchanged has no body, and its hint holds on.
        let first = Step::Give { body, etag: Some("\"1\""), max_age };
        let script = Script::new([first], move || Step::Unchanged { max_age });
        let fixture = Fixture::open_with(provider(spec), script, None);
        fixture.fetched(6).await;
        let (least, most) = (secs(wait).mul_f64(0.89), secs(wait).mul_f64(1.11) + secs(1));
        let gaps = fixture.script.gaps();
        assert!(gaps.iter().all(|gap| (least..=most).contains(gap)), "{hint} {max_age:?}: {gaps:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn failures_are_tried_again_after_one_second_doubling_to_a_minute() {
    let fixture = Fixture::open(Script::new([], || Step::Fail));
    fixture.fetched(10).await;
    for (gap, want) in fixture.script.gaps().into_iter().zip([1, 2, 4, 8, 16, 32, 60, 60, 60]) {
        assert!(
            (secs(want).mul_f64(0.9)..=secs(want).mul_f64(1.1) + secs(1) / 100).contains(&gap),
            "{want} {gap:?}"
        );
    }
    assert_eq!(fixture.find("a"), Err(Missing::Unavailable));
    assert!(fixture.provider.tried());
}

#[tokio::test(start_paused = true)]
async fn a_failed_fetch_keeps_the_last_good_keys_until_they_are_too_old() {
    let keys = set_of(&["a"]);
    let spec = ProviderSpec { max_stale: secs(3600), ..spec(jwks_uri()) };
    let recovered = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (flag, again) = (Arc::clone(&recovered), keys.clone());
    let script = Script::new([Step::give(keys)], move || {
        if flag.load(Ordering::SeqCst) { Step::give(again.clone()) } else { Step::Fail }
    });
    let fixture = Fixture::open_with(provider(spec), script, None);
    pass(secs(3590)).await;
    assert_eq!(fixture.find("a"), Ok(1));
    let key =
        Arc::clone(fixture.provider.find(Some("a"), ED, fixture.clock.now()).unwrap().iter().next().unwrap());
    assert!(fixture.stands(&key));
    let status = fixture.provider.status(fixture.clock.now());
    assert_eq!(status.last_error.as_deref(), Some("https://idp.test/keys answered 500"));
    assert!(status.usable && status.age_seconds.unwrap() > 3500);
    pass(secs(15)).await;
    assert_eq!(fixture.find("a"), Err(Missing::Unavailable));
    assert!(!fixture.stands(&key), "cached verdicts die with the key");
    assert!(!fixture.provider.status(fixture.clock.now()).usable);
    recovered.store(true, Ordering::SeqCst);
    pass(secs(70)).await;
    assert_eq!(fixture.find("a"), Ok(1));
    assert_eq!(fixture.provider.status(fixture.clock.now()).last_error, None);
}

#[tokio::test(start_paused = true)]
async fn a_bad_document_never_replaces_good_keys() {
    let bad = [
        "",
        "<html></html>",
        r#"{"keys": []}"#,
        r#"{"keys": [{"kty": "oct", "k": "AA"}]}"#,
        r#"{"error": 1}"#,
    ];
    let steps = [Step::give(set_of(&["a"]))].into_iter().chain(bad.into_iter().map(Step::give));
    let fixture = Fixture::open(Script::new(steps, || Step::Fail));
    for fetch in 2..=1 + bad.len() {
        fixture.fetched(fetch).await;
        assert_eq!(fixture.find("a"), Ok(1), "after {}", bad[fetch - 2]);
        assert_eq!(fixture.find("b"), Err(UNKNOWN_AFTER_FAILURE));
        assert!(fixture.provider.status(fixture.clock.now()).last_error.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_provider_is_not_asked_again_before_its_retry_after() {
    let fixture =
        Fixture::open(Script::new([Step::Busy(600), Step::Busy(999_999)], || Step::give(set_of(&["a"]))));
    fixture.settle().await;
    assert!(fixture.join().is_none(), "an unknown kid does not override retry-after");
    while fixture.script.count() < 3 {
        pass(secs(10)).await;
    }
    let gaps = fixture.script.gaps();
    assert!((secs(600)..=secs(661)).contains(&gaps[0]), "{gaps:?}");
    assert!((secs(3600)..=secs(3961)).contains(&gaps[1]), "an hour is the most: {gaps:?}");
    fixture.settle().await;
    assert_eq!(fixture.find("a"), Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_truncated_set_is_a_warning_in_the_status() {
    let many: Vec<String> = (0..1001).map(|n| n.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let fixture = Fixture::open(Script::new([Step::give(set_of(&many))], || Step::give(set_of(&["a"]))));
    fixture.settle().await;
    let warning = || fixture.provider.status(fixture.clock.now()).warning;
    assert_eq!(warning().as_deref(), Some("only the first 1000 keys of a set are used"));
    fixture.fetched(2).await;
    assert_eq!(warning(), None);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failed_fetch_and_the_task_goes_on() {
    let steps = [Step::give(set_of(&["a"])), Step::Stumble, Step::Stumble];
    let fixture = Fixture::open(Script::new(steps, || Step::give(set_of(&["b"]))));
    fixture.settle().await;
    fixture.join().unwrap().await;
    assert_eq!(fixture.find("a"), Ok(1), "the last good keys stay");
    let status = fixture.provider.status(fixture.clock.now());
    assert!(status.last_error.is_some_and(|error| error.contains("a fault of its own")));
    fixture.fetched(4).await;
    assert_eq!(fixture.find("b"), Ok(1));
    let gaps = fixture.script.gaps();
    assert!(gaps[1] >= secs(1).mul_f64(0.9) && gaps[2] >= secs(2).mul_f64(0.9), "by the back-off: {gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn withdrawn_keys_are_gone_after_the_next_good_fetch() {
    let fixture =
        Fixture::open(Script::new([Step::give(set_of(&["a", "b"]))], || Step::give(set_of(&["b"]))));
    fixture.settle().await;
    let key =
        Arc::clone(fixture.provider.find(Some("a"), ED, fixture.clock.now()).unwrap().iter().next().unwrap());
    assert!(fixture.stands(&key));
    fixture.fetched(2).await;
    assert_eq!(fixture.find("a"), Err(UNKNOWN));
    assert!(!fixture.stands(&key));
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_set_keeps_the_identity_of_its_keys() {
    let keys = set_of(&["a"]);
    let fixture = Fixture::open(Script::new([], move || Step::give(keys.clone())));
    fixture.settle().await;
    let key =
        Arc::clone(fixture.provider.find(Some("a"), ED, fixture.clock.now()).unwrap().iter().next().unwrap());
    fixture.fetched(3).await;
    assert!(fixture.stands(&key));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_kid_fetches_the_new_key_at_once() {
    let fixture = Fixture::open(Script::new([Step::give(set_of(&["a"]))], || Step::give(set_of(&["b"]))));
    fixture.settle().await;
    assert_eq!(fixture.find("b"), Err(UNKNOWN));
    let began = TokioInstant::now();
    fixture.join().unwrap().await;
    assert_eq!(fixture.find("b"), Ok(1));
    assert!(began.elapsed() < secs(1));
}

#[tokio::test(start_paused = true)]
async fn concurrent_requests_share_one_fetch() {
    let fixture =
        Fixture::open(Script::new([Step::give(set_of(&["a"])), Step::Hold], || Step::give(set_of(&["b"]))));
    fixture.settle().await;
    let early: Vec<_> = (0..100).map(|_| tokio::spawn(fixture.join().unwrap())).collect();
    fixture.settle().await;
    let late: Vec<_> = (0..100).map(|_| tokio::spawn(fixture.join().unwrap())).collect();
    fixture.settle().await;
    assert!(early.iter().chain(&late).all(|task| !task.is_finished()), "the fetch is still under way");
    fixture.script.release();
    for task in early.into_iter().chain(late) {
        timeout(secs(1), task).await.unwrap().unwrap();
    }
    assert_eq!(fixture.script.count(), 2);
    assert_eq!(fixture.find("b"), Ok(1));
}

#[tokio::test(start_paused = true)]
async fn tokens_with_random_kids_cause_at_most_one_fetch_in_thirty_seconds() {
    let keys = set_of(&["a"]);
    let fixture = Fixture::open(Script::new([], move || Step::give(keys.clone())));
    fixture.settle().await;
    for _ in 0..280 {
        assert_eq!(fixture.find("random"), Err(UNKNOWN));
        if let Some(end) = fixture.join() {
            end.await;
        }
        pass(secs(1)).await;
    }
    let gaps = fixture.script.gaps();
    assert!(gaps.iter().skip(1).all(|g| *g >= secs(30)), "{gaps:?}");
    assert_eq!(fixture.script.count(), 1 + 10, "one at start, and one each 30 s of 280 s");
}

#[tokio::test(start_paused = true)]
async fn the_fetch_at_start_and_those_of_the_timer_do_not_count_against_the_cool_down() {
    let keys = set_of(&["a"]);
    let steps = [Step::Hold, Step::give(keys.clone())];
    let fixture = Fixture::open(Script::new(steps, move || Step::give(keys.clone())));
    fixture.settle().await;
    let joined = tokio::spawn(fixture.join().unwrap());
    fixture.script.release();
    timeout(secs(1), joined).await.unwrap().unwrap();
    assert_eq!(fixture.script.count(), 1, "who asks during the first fetch waits for that one");
    fixture.join().unwrap().await;
    assert_eq!(fixture.script.count(), 2);
    assert!(fixture.join().is_none(), "cooling down");
    fixture.fetched(3).await;
    assert!(fixture.join().is_some(), "long after, and after a fetch of the timer");
}

#[tokio::test(start_paused = true)]
async fn a_failed_fetch_for_an_unknown_kid_is_tried_again_by_the_back_off_and_not_by_tokens() {
    let fixture = Fixture::open(Script::new([Step::give(set_of(&["a"])), Step::Fail, Step::Fail], || {
        Step::give(set_of(&["a", "b"]))
    }));
    fixture.settle().await;
    fixture.join().unwrap().await;
    assert_eq!(fixture.find("b"), Err(UNKNOWN_AFTER_FAILURE));
    assert!(fixture.join().is_none(), "the back-off decides when the next try comes");
    pass(Duration::from_millis(1200)).await;
    assert_eq!(fixture.script.count(), 3);
    assert_eq!(fixture.find("b"), Err(UNKNOWN_AFTER_FAILURE));
    pass(Duration::from_millis(2300)).await;
    assert_eq!(fixture.script.count(), 4);
    assert_eq!(fixture.find("b"), Ok(1));
    assert!(fixture.join().is_none(), "the attempt counts although it failed");
    pass(secs(30)).await;
    assert!(fixture.join().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_set_back_does_not_stretch_the_cool_down() {
    let keys = set_of(&["a"]);
    let fixture = Fixture::open(Script::new([], move || Step::give(keys.clone())));
    fixture.settle().await;
    fixture.join().unwrap().await;
    assert!(fixture.join().is_none());
    assert!(fixture.provider.join_refetch(Instant::from_unix(5)).is_some());
}

#[tokio::test(start_paused = true)]
async fn the_validator_is_that_of_the_last_accepted_document_and_304_counts_as_success() {
    let tagged = |kids: &[&str], etag| Step::Give { body: set_of(kids), etag: Some(etag), max_age: None };
    let steps = [
        Step::Give { body: "{}".to_owned(), etag: Some("bad"), max_age: None },
        tagged(&["a"], "good"),
        Step::Unchanged { max_age: None },
    ];
    let fixture = Fixture::open(Script::new(steps, || Step::Unchanged { max_age: None }));
    fixture.fetched(2).await;
    assert!(!fixture.script.last_was_conditional(), "the document before was refused");
    assert_eq!(fixture.find("a"), Ok(1));
    let first = fixture.provider.status(fixture.clock.now()).last_success.unwrap();
    fixture.fetched(3).await;
    assert!(fixture.script.last_was_conditional());
    assert_eq!(fixture.find("a"), Ok(1));
    assert!(fixture.provider.status(fixture.clock.now()).last_success.unwrap() > first + 500);
    pass(secs(48 * 3600)).await;
    assert_eq!(fixture.find("a"), Ok(1), "304 keeps the keys fresh");
}

#[tokio::test(start_paused = true)]
async fn a_wake_during_a_fetch_leads_to_another_fetch() {
    let fixture =
        Fixture::open(Script::new([Step::give(set_of(&["a"])), Step::Hold], || Step::give(set_of(&["b"]))));
    fixture.settle().await;
    fixture.provider.wake();
    fixture.settle().await;
    assert_eq!(fixture.script.count(), 2);
    fixture.provider.wake();
    fixture.script.release();
    fixture.settle().await;
    assert_eq!(fixture.script.count(), 3, "what was read may be older than the second ring");
    pass(secs(10)).await;
    assert_eq!(fixture.script.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn waiting_requests_end_with_the_refresher() {
    let mut fixture = Fixture::open(Script::new([Step::give(set_of(&["a"])), Step::Hold], || Step::Fail));
    fixture.settle().await;
    let waiting = fixture.join().unwrap();
    fixture.settle().await;
    drop(fixture.handle.take());
    timeout(secs(1), waiting).await.unwrap();
    assert!(fixture.join().is_none());
    assert_eq!(fixture.find("a"), Ok(1), "the keys stay");
    let script = Script::new([], || Step::give(set_of(&["b"])));
    let successor = Fixture::open_with(Arc::clone(&fixture.provider), script, None);
    successor.settle().await;
    assert_eq!(successor.find("b"), Ok(1));
    assert!(successor.join().is_none(), "the cool-down is the provider's and outlives a refresher");
    pass(secs(30)).await;
    assert!(successor.join().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_restart_uses_the_stored_keys_until_the_first_fetch() {
    let folder = TempDir::new().unwrap();
    let state = || Some(Arc::new(StateDir::open(folder.path()).unwrap()));
    let keys = set_of(&["a"]);
    let first = Fixture::open_with(
        provider(spec(jwks_uri())),
        Script::new([], move || Step::give(keys.clone())),
        state(),
    );
    while !folder.path().join("keys/corp.json").exists() {
        pass(secs(1)).await;
    }
    let confirmed_at = first.provider.status(first.clock.now()).last_success;
    drop(first);

    let script = Script::new([Step::Hold, Step::Fail], || Step::give(set_of(&["b"])));
    let fixture = Fixture::open_with(provider(spec(jwks_uri())), script, state());
    fixture.fetched(1).await;
    assert_eq!(fixture.find("a"), Ok(1));
    let status = fixture.provider.status(fixture.clock.now());
    assert!(!status.confirmed && !status.tried && status.usable);
    assert_eq!(status.last_success, confirmed_at.map(|at| at.min(fixture.clock.now().unix())));
    fixture.script.release();
    fixture.fetched(2).await;
    assert_eq!(fixture.find("b"), Ok(1));
    assert_eq!(fixture.find("a"), Err(UNKNOWN));
    assert!(fixture.provider.status(fixture.clock.now()).confirmed);
}

#[tokio::test(start_paused = true)]
async fn stored_keys_serve_the_same_provider_only_and_expire() {
    let folder = TempDir::new().unwrap();
    let state = Arc::new(StateDir::open(folder.path()).unwrap());
    let clock = TokioClock::start();
    let keys =
        crate::idp::parse_key_set(set_of(&["a"]).as_bytes(), spec(jwks_uri()).algorithms).unwrap().keys;
    let long_ago = Instant::from_duration(clock.now().since_epoch() - secs(25 * 3600));
    for (name, spec, at, want) in [
        ("same", spec(jwks_uri()), clock.now(), Ok(1)),
        ("too old", spec(jwks_uri()), long_ago, Err(Missing::Unavailable)),
        (
            "other issuer",
            ProviderSpec { issuer: Issuer::new("https://other.test"), ..spec(jwks_uri()) },
            clock.now(),
            Err(Missing::Unavailable),
        ),
        ("other source", spec(crate::idp::KeySource::Discovery), clock.now(), Err(Missing::Unavailable)),
    ] {
        state.save(provider(super::tests::spec(jwks_uri())).spec(), &keys, at).unwrap();
        let fixture = Fixture::open_with(
            provider(spec),
            Script::new([Step::Hold], || Step::Fail),
            Some(Arc::clone(&state)),
        );
        fixture.fetched(1).await;
        assert_eq!(fixture.find("a"), want, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn fetches_keys_and_skipped_keys_are_counted() {
    let metrics = Metrics::new().unwrap();
    let spec = spec(jwks_uri());
    let provider = Provider::new(spec.clone(), metrics.provider(&spec.name));
    let mixed = set_of(&["a"]).replace(r#"{"keys":["#, r#"{"keys":[{"kty":"oct","k":"AA"},"#);
    let steps = [Step::give(mixed), Step::Unchanged { max_age: None }, Step::Fail];
    let fixture = Fixture::open_with(provider, Script::new(steps, || Step::Hold), None);
    fixture.fetched(2).await;
    fixture.join().unwrap().await;
    fixture.provider.wake();
    fixture.settle().await;
    let text = metrics.render();
    for line in [
        r#"portcullis_jwks_refresh_total{provider="corp",result="ok",trigger="start"} 1"#,
        r#"portcullis_jwks_refresh_total{provider="corp",result="not_modified",trigger="timer"} 1"#,
        r#"portcullis_jwks_refresh_total{provider="corp",result="failed",trigger="unknown_kid"} 1"#,
        r#"portcullis_jwks_keys{provider="corp"} 1"#,
        r#"portcullis_jwks_keys_skipped_total{provider="corp",reason="symmetric"} 1"#,
        r#"portcullis_jwks_stale{provider="corp"} 1"#,
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_file_is_read_again_on_a_wake_and_by_the_timer() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.json");
    let provider = provider(spec(crate::idp::KeySource::JwksFile(path.clone())));
    let clock = TokioClock::start();
    std::fs::write(&path, set_of(&["a"])).unwrap();
    let _handle = Refresher::spawn(Arc::clone(&provider), clock.clone(), None);
    let eventually = async |kid: &str, limit: Duration| {
        let found = async {
            while provider.find(Some(kid), ED, clock.now()).is_err() {
                pass(Duration::from_millis(10)).await;
            }
        };
        timeout(limit, found).await.is_ok()
    };
    assert!(eventually("a", secs(1)).await);
    std::fs::write(&path, set_of(&["b"])).unwrap();
    provider.wake();
    assert!(eventually("b", secs(1)).await);
    std::fs::write(&path, "half a fi").unwrap();
    provider.wake();
    pass(secs(5)).await;
    assert!(eventually("b", secs(1)).await, "a file that is being written does no harm");
    std::fs::write(&path, set_of(&["c"])).unwrap();
    assert!(eventually("c", secs(661)).await);
}

/// The log written during `work`.
async fn log_of(work: impl Future<Output = ()>) -> String {
    use std::sync::{Mutex, PoisonError};
    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let sink = Sink::default();
    let writer = sink.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    work.await;
    drop(guard);
    let bytes = sink.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_problem_is_logged_once_and_again_when_it_changes() {
    let bad = |kid: &str| {
        let secret = format!(r#"{{"keys":[{{"kty":"oct","kid":"{kid}","k":"c2VjcmV0LXNlY3JldA"}},"#);
        Step::give(set_of(&["a"]).replace(r#"{"keys":["#, &secret))
    };
    let steps = [bad("s"), bad("s"), bad("s"), bad("t"), Step::Fail, Step::Fail, Step::Fail];
    let log = log_of(async {
        let fixture = Fixture::open(Script::new(steps, move || bad("t")));
        fixture.fetched(9).await;
    })
    .await;
    let count = |text: &str| log.matches(text).count();
    assert_eq!(count("publishes a secret"), 2, "{log}");
    assert_eq!(count("could not be fetched"), 1, "{log}");
    assert_eq!(count("can be fetched again"), 1, "{log}");
    assert!(!log.contains("c2VjcmV0"), "{log}");
}
