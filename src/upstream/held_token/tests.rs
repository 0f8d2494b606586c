//! Which tokens are held, for how long, and when they are due.

use super::*;

/// The time, which a test may pause.
fn now() -> Tick {
    tokio::time::Instant::now().into_std()
}

/// A token of `corp` with this text, due at once; for tests of other files.
pub(crate) fn token(text: &str, expires_at: Option<Instant>, hold: impl FnOnce(&NewToken<'_>)) {
    let (issuer, digest) = (Issuer::new("corp"), Digest::of(text.as_bytes()));
    hold(&NewToken { issuer: &issuer, text, digest, expires_at, due: now() });
}

fn held(all: &HeldTokens, agent: &str, text: &str) -> Arc<HeldToken> {
    let mut made = None;
    token(text, None, |new| made = Some(all.hold(&AgentName::parse(agent).unwrap(), new)));
    made.unwrap()
}

fn taken(all: &HeldTokens) -> Option<Arc<HeldToken>> {
    all.take_due(&Issuer::new("corp"), now())
}

#[tokio::test]
async fn streams_of_one_token_at_one_agent_share_it_and_the_last_one_takes_it_away() {
    let all = HeldTokens::default();
    let streams: Vec<_> = (0..10_000).map(|_| held(&all, "a", "t")).collect();
    let (other, text) = (held(&all, "b", "t"), held(&all, "a", "u"));
    assert_eq!(all.count(), 3);
    assert!(streams.iter().all(|one| Arc::ptr_eq(one, &streams[0])));
    assert_eq!(all.issuers_due(now()), [Issuer::new("corp")]);
    let due: Vec<_> = std::iter::from_fn(|| taken(&all)).collect();
    assert_eq!(due.len(), 3, "each once");
    assert!(format!("{:?} {all:?}", due[0]).find("Secret").is_none() && due[0].text().expose_secret() == "t");
    drop((due, other, text));
    assert_eq!(all.count(), 1);
    drop(streams);
    assert_eq!((all.count(), all.0.lock().len()), (0, 0), "nothing is left");
}

#[tokio::test(start_paused = true)]
async fn a_token_is_due_when_it_was_said_and_one_of_which_nothing_is_said_is_not_lost() {
    let all = HeldTokens::default();
    let one = held(&all, "a", "t");
    let mine = || taken(&all).is_some_and(|due| Arc::ptr_eq(&due, &one));
    assert!(mine() && !mine());
    tokio::time::advance(LOST_AFTER).await;
    assert!(mine());
    one.set_due(now() + Duration::from_secs(5));
    tokio::time::advance(Duration::from_secs(4)).await;
    assert!(!mine());
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(mine());
    one.leave();
    tokio::time::advance(LOST_AFTER * 2).await;
    assert!(!mine());
}

#[tokio::test]
async fn a_token_that_is_over_is_news_once_and_its_text_may_come_again() {
    let all = HeldTokens::default();
    let one = held(&all, "a", "t");
    assert!(!all.take_news() && !one.is_over());
    one.end();
    assert!(all.take_news() && !all.take_news() && one.is_over());
    one.set_due(now());
    assert_eq!((all.count(), taken(&all).is_none()), (0, true), "nobody asks about it");
    let again = held(&all, "a", "t");
    assert!(!Arc::ptr_eq(&one, &again) && !again.is_over());
    drop(one);
    assert_eq!((all.count(), taken(&all).is_some()), (1, true), "it is not taken for the other");
    again.give_up(Instant::from_unix(7));
    again.give_up(Instant::from_unix(8));
    assert!(all.take_news() && !again.is_over());
    assert_eq!(again.unknown_since(), Some(Instant::from_unix(7)));
    assert!(taken(&all).is_none() && !Arc::ptr_eq(&again, &held(&all, "a", "t")));
    again.set_due(now());
    assert!(taken(&all).is_some(), "it is asked about all the same");
}
