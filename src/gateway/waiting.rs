//! The wait of a process for the store that several gateways share: until that, or what ran last on this machine, can go
//! live. The process stays, says why it is not ready, and opens nothing to callers.
//!
//! How often the store itself is asked is for the store, which rings.

use std::fmt;
use std::time::Duration;

use tokio::time::sleep;

use crate::config::{Compiled, Files};
use crate::control::{LoadError, Stores, load};
use crate::store::StoreError;
use crate::telemetry::Metrics;

use super::first::First;
use super::life::{Early, Signals};
use super::notify::{News, Notifier};
use super::pages::Pages;

/// The shortest time between two tries, for a store that rings all the time.
const LEAST: Duration = Duration::from_millis(100);
/// The longest time between two tries of a store that is away, should it come back without ringing.
const LONGEST: Duration = Duration::from_secs(5);

/// What waits.
pub(super) struct Waiting<'w> {
    pub(super) stores: Stores,
    pub(super) metrics: &'w Metrics,
    pub(super) signals: &'w mut Signals,
    /// Absent during an upgrade: the process that runs serves them.
    pub(super) pages: Option<&'w Pages>,
    pub(super) notifier: Notifier,
}

/// What can go live.
type Loaded = (Compiled, Files);

/// Why nothing can go live.
#[derive(Debug, Clone, PartialEq, Eq)]
enum NotYet {
    /// The store cannot be asked.
    Away(String),
    /// What it holds is wrong, or is not to be trusted: only a change helps.
    Wrong(String),
}

impl Waiting<'_> {
    /// Waits; nothing when the process is told to end.
    pub(super) async fn first(mut self) -> Option<First> {
        let mut said = None;
        loop {
            let tried = tokio::select! {
                tried = attempt(&self.stores, self.metrics) => tried,
                early = self.signals.before_live() => match early {
                    Early::Again => continue,
                    Early::End => return None,
                },
            };
            let why = match tried {
                Ok(loaded) => return Some(First::new(self.stores, loaded)),
                Err(why) => why,
            };
            self.say(&why, said.as_ref());
            match self.again(&why).await {
                Early::Again => said = Some(why),
                Early::End => return None,
            }
        }
    }

    /// Waits for a reason to try again, or for the end.
    async fn again(&mut self, why: &NotYet) -> Early {
        let Self { stores, signals, .. } = self;
        let rung = async {
            sleep(LEAST).await;
            stores.changed(&[]).await;
        };
        let due = async {
            match why {
                NotYet::Away(_) => sleep(LONGEST).await,
                NotYet::Wrong(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            () = rung => Early::Again,
            () = due => Early::Again,
            early = signals.before_live() => early,
        }
    }

    /// Says why the gateway is not ready: on its pages, to the service manager, and in the log when it is news.
    fn say(&self, why: &NotYet, before: Option<&NotYet>) {
        self.notifier.tell(News::Waiting);
        if let Some(pages) = self.pages {
            pages.wait_for(why.to_string());
        }
        let is_news = match (why, before) {
            // Each try may fail at another endpoint, which is no news.
            (NotYet::Away(_), Some(NotYet::Away(_))) => false,
            (now, before) => before != Some(now),
        };
        if is_news {
            tracing::error!("nothing is live yet: {why}; the store is tried again");
        }
    }
}

/// Reads the store, or else what ran last on this machine.
async fn attempt(stores: &Stores, metrics: &Metrics) -> Result<Loaded, NotYet> {
    let why = match load(stores, metrics).await {
        Ok(loaded) => return Ok(loaded),
        Err(error) => NotYet::of(error),
    };
    match stores.fall_back().await {
        Err(Some(no_snapshot)) => Err(why.and(&no_snapshot.to_string())),
        Err(None) => Err(why),
        Ok(()) => match load(stores, metrics).await {
            Ok(loaded) => {
                tracing::error!("{why}; the snapshot of the store goes live, which may be old");
                Ok(loaded)
            }
            Err(error) => {
                Err(why.and(&format!("the snapshot of the store cannot go live: {}", NotYet::of(error))))
            }
        },
    }
}

impl NotYet {
    fn of(error: LoadError) -> Self {
        match error {
            LoadError::Store(StoreError::Unavailable(why)) => Self::Away(why),
            LoadError::Store(error) => Self::Wrong(error.to_string()),
            LoadError::Invalid(findings) => Self::Wrong(findings.errors_alone()),
        }
    }

    fn and(self, more: &str) -> Self {
        match self {
            Self::Away(why) => Self::Away(format!("{why}; {more}")),
            Self::Wrong(why) => Self::Wrong(format!("{why}; {more}")),
        }
    }
}

impl fmt::Display for NotYet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Away(why) | Self::Wrong(why)) = self;
        f.write_str(why)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::path::PathBuf;
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;
    use crate::control;
    use crate::model::ResourceId;
    use crate::store::{
        Commit, Description, Documents, NoStore, Query, Reading, Record, ResourceStore, SnapshotError, Text,
        WriteError,
    };

    /// A store that several gateways share: what it gives when it is read, and what ran last.
    struct Shared {
        read: Mutex<VecDeque<Result<Reading, StoreError>>>,
        snapshot: Mutex<Result<Reading, Option<SnapshotError>>>,
    }

    struct Own(&'static str);

    #[async_trait]
    impl Documents for Own {
        async fn read(&self) -> Result<Vec<Text>, StoreError> {
            Ok(vec![Text { path: std::path::Path::new("own.yaml").into(), text: self.0.into() }])
        }

        async fn changed(&mut self, _: &[PathBuf]) {
            std::future::pending().await
        }

        fn why_read_only(&self) -> String {
            String::new()
        }
    }

    #[async_trait]
    impl ResourceStore for Shared {
        async fn read(&self) -> Result<Reading, StoreError> {
            self.read.lock().unwrap().pop_front().unwrap_or_else(|| Err(away()))
        }

        async fn changed(&mut self) {
            std::future::pending().await
        }

        async fn commit(&self, _: Commit) -> Result<u64, WriteError> {
            Err(WriteError::ReadOnly(String::new()))
        }

        async fn history(&self, _: Query) -> Result<Vec<Record>, StoreError> {
            Ok(Vec::new())
        }

        async fn head(&self) -> Result<u64, StoreError> {
            Ok(0)
        }

        async fn fall_back(&self) -> Result<(), Option<SnapshotError>> {
            let absent = || Some(SnapshotError::Absent("store.snapshot".into()));
            let snapshot = std::mem::replace(&mut *self.snapshot.lock().unwrap(), Err(absent()))?;
            self.read.lock().unwrap().push_front(Ok(snapshot));
            Ok(())
        }

        fn place(&self, id: &ResourceId) -> PathBuf {
            id.to_string().into()
        }

        fn describe(&self) -> Description {
            NoStore::new(String::new()).describe()
        }
    }

    fn away() -> StoreError {
        StoreError::Unavailable("nobody is at home".to_owned())
    }

    fn reading(agents: &[(&str, &str)]) -> Reading {
        let resource = |(name, text): &(&str, &str)| {
            let id = ResourceId::parse(&format!("agents/{name}")).unwrap();
            let path = PathBuf::from(format!("{id}.yaml")).into();
            (id, Text { path, text: (*text).into() })
        };
        Reading {
            head: 7,
            resources: agents.iter().map(resource).collect(),
            unreadable: Vec::new(),
            hash: None,
        }
    }

    const AGENT: &str = "route: /a\nupstream: http://127.0.0.1:1\nauth: public\n";

    /// The names of the agents that could go live, or why nothing can.
    async fn tried(
        read: Vec<Result<Reading, StoreError>>,
        snapshot: Result<Reading, Option<SnapshotError>>,
    ) -> Result<Vec<String>, NotYet> {
        let resources = Shared { read: Mutex::new(read.into()), snapshot: Mutex::new(snapshot) };
        let stores = Stores::new(Box::new(Own("version: 1\n")), Box::new(resources), None);
        let (compiled, _) = attempt(&stores, &Metrics::new().unwrap()).await?;
        Ok(compiled.snapshot.agents.keys().map(ToString::to_string).collect())
    }

    #[tokio::test]
    async fn the_store_goes_before_the_snapshot_and_the_snapshot_before_nothing() {
        let (store, snapshot) = (reading(&[("new", AGENT)]), reading(&[("old", AGENT)]));
        let broken = reading(&[("new", "route: /a\n")]);
        let wrong = StoreError::Damaged { path: "g/1".into(), why: "torn".into() };
        for (case, read, goes_live) in [
            ("the store has it", Ok(store), "new"),
            ("the store is away", Err(away()), "old"),
            ("the store is not to be trusted", Err(wrong), "old"),
            ("its content does not compile", Ok(broken), "old"),
        ] {
            let tried = tried(vec![read], Ok(snapshot.clone())).await;
            assert_eq!(tried, Ok(vec![goes_live.to_owned()]), "{case}");
        }
    }

    #[tokio::test]
    async fn without_store_and_snapshot_the_reason_names_both() {
        let damaged = || SnapshotError::Damaged { path: "store.snapshot".into(), why: "cut off".into() };
        let why = tried(vec![Err(away())], Err(Some(damaged()))).await.unwrap_err();
        assert!(matches!(why, NotYet::Away(_)), "{why:?}");
        assert!(why.to_string().contains("nobody is at home"), "{why}");
        assert!(why.to_string().contains("snapshot store.snapshot is damaged"), "{why}");
        let broken = || reading(&[("a", "route: /a\n")]);
        let why = tried(vec![Ok(broken())], Ok(broken())).await.unwrap_err();
        assert!(matches!(why, NotYet::Wrong(_)), "{why:?}");
        assert!(
            why.to_string().contains("agents/a.yaml:1:1") && why.to_string().contains("snapshot"),
            "{why}"
        );
        let why = tried(vec![Err(away())], Err(None)).await.unwrap_err();
        assert_eq!(why, NotYet::Away("nobody is at home".into()));
    }

    #[tokio::test]
    async fn documents_are_checked_before_the_store_is_asked_and_may_name_what_it_holds() {
        let metrics = Metrics::new().unwrap();
        let own = async |text| {
            let store = Box::new(NoStore::new(String::new()));
            control::own(&Stores::new(Box::new(Own(text)), store, None), &metrics).await
        };
        let agent = "version: 1\nagents:\n  a: { route: /a, upstream: \"http://127.0.0.1:1\", ";
        assert!(own("version: 1\nserver: { workers: 3 }\n").await.is_ok_and(|own| own.server.workers == 3));
        let named =
            format!("{agent}auth: {{ oauth: {{ identity_providers: [stored], audiences: [a] }} }} }}\n");
        let findings = own(named.leak()).await.err();
        assert!(findings.is_none(), "{findings:?}");
        let wrong = format!("{agent}auth: {{ oauth: {{ identity_providers: [stored] }} }}, wrong: 1 }}\n");
        let said = own(wrong.leak()).await.unwrap_err().to_string();
        assert!(said.contains("unknown-field") && !said.contains("unknown-provider"), "{said}");
        assert!(own("agents: {}\n").await.is_err(), "without a version");
    }
}
