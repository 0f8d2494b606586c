//! The wall clock is set while keys are in use: no key lives longer for it, and none is missing for long.

use std::sync::atomic::AtomicBool;

use super::*;

const YEARS: i64 = 10 * 365 * 86_400;
const HOUR: i64 = 3600;

/// A provider that responds while the flag is set, and whose keys expire after an hour.
fn fixture(answers: &Arc<AtomicBool>, state: Option<Arc<StateDir>>) -> Fixture {
    let (answers, keys) = (Arc::clone(answers), set_of(&["a"]));
    let step = move || if answers.load(Ordering::SeqCst) { Step::give(keys.clone()) } else { Step::Fail };
    let spec = ProviderSpec { max_stale: secs(3600), ..spec(jwks_uri()) };
    Fixture::open_with(provider(spec), Script::new([], step), state)
}

#[tokio::test(start_paused = true)]
async fn setting_the_clock_back_extends_the_life_of_no_key() {
    for back in [HOUR, YEARS] {
        let answers = Arc::new(AtomicBool::new(true));
        let fixture = fixture(&answers, None);
        fixture.fetched(1).await;
        answers.store(false, Ordering::SeqCst);
        fixture.clock.set_ahead(-back);
        pass(secs(3590)).await;
        assert_eq!(fixture.find("a"), Ok(1), "{back}");
        pass(secs(15)).await;
        assert_eq!(fixture.find("a"), Err(Missing::Unavailable), "{back}");
        answers.store(true, Ordering::SeqCst);
        pass(secs(70)).await;
        assert_eq!(fixture.find("a"), Ok(1), "{back}: by the clock that was set");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_ahead_for_a_while_leaves_no_key_valid_for_years() {
    let answers = Arc::new(AtomicBool::new(true));
    let fixture = fixture(&answers, None);
    fixture.fetched(1).await;
    fixture.clock.set_ahead(YEARS);
    pass(secs(2)).await;
    assert_eq!(fixture.find("a"), Ok(1), "they were fetched again by the clock of the day");
    answers.store(false, Ordering::SeqCst);
    fixture.clock.set_ahead(0);
    pass(secs(3590)).await;
    assert_eq!(fixture.find("a"), Ok(1));
    pass(secs(15)).await;
    assert_eq!(fixture.find("a"), Err(Missing::Unavailable));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_ahead_causes_one_fetch() {
    let answers = Arc::new(AtomicBool::new(true));
    let fixture = fixture(&answers, None);
    fixture.fetched(1).await;
    for (round, ahead) in [2 * HOUR, YEARS, 2 * YEARS].into_iter().enumerate() {
        fixture.clock.set_ahead(ahead);
        assert_eq!(fixture.find("a"), Err(Missing::Unavailable), "too old by the clock that is shown");
        pass(secs(2)).await;
        assert_eq!(fixture.find("a"), Ok(1), "{ahead}");
        pass(secs(300)).await;
        assert_eq!(fixture.script.count(), 2 + round, "{ahead}");
    }
    answers.store(false, Ordering::SeqCst);
    fixture.clock.set_ahead(4 * YEARS);
    let before = fixture.script.count();
    pass(secs(60)).await;
    let tries = fixture.script.count() - before;
    assert!((4..=7).contains(&tries), "a failing one is asked by the back-off alone: {tries}");
}

#[tokio::test(start_paused = true)]
async fn stored_keys_are_used_once_a_clock_that_was_wrong_at_start_is_set() {
    let folder = TempDir::new().unwrap();
    let state = || Some(Arc::new(StateDir::open(folder.path()).unwrap()));
    let answers = Arc::new(AtomicBool::new(true));
    let first = fixture(&answers, state());
    while !folder.path().join("keys/corp.json").exists() {
        pass(secs(1)).await;
    }
    drop(first);
    answers.store(false, Ordering::SeqCst);
    let second = fixture(&answers, state());
    second.clock.set_ahead(-YEARS);
    second.fetched(2).await;
    assert_eq!(second.find("a"), Err(Missing::Unavailable), "they come from a time that is not yet");
    second.clock.set_ahead(60);
    second.fetched(5).await;
    assert_eq!(second.find("a"), Ok(1));
    assert!(!second.provider.status(second.clock.now()).confirmed);
    // They count from when they were confirmed, by both clocks.
    pass(secs(3600)).await;
    assert_eq!(second.find("a"), Err(Missing::Unavailable));
}
