//! What became of each attacker, counted.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;

use testkit::raw::Came;
use tokio::task::JoinSet;

/// What became of one connection, or of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    /// It got an answer with this status.
    Answered(u16),
    /// It was closed without an answer.
    Closed,
    /// It was still open, and had got nothing, when the attacker lost patience.
    Open,
    /// It was never let in.
    NoConnection,
}

impl Fate {
    /// The fate of a connection by what came over it.
    pub(crate) fn of(came: &Came) -> Self {
        match (came.status(), came.ended) {
            (0, true) => Self::Closed,
            (0, false) => Self::Open,
            (status, _) => Self::Answered(status),
        }
    }
}

/// How many came to which fate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fates(BTreeMap<Fate, usize>);

impl Fates {
    /// Runs `count` attackers at the same time, each with its number.
    pub(crate) async fn of<F>(count: usize, attacker: impl Fn(usize) -> F) -> Self
    where
        F: Future<Output = Fate> + Send + 'static,
    {
        let all: JoinSet<Fate> = (0..count).map(attacker).collect();
        let mut fates = Self::default();
        for fate in all.join_all().await {
            fates.add(fate);
        }
        fates
    }

    /// One more.
    pub(crate) fn add(&mut self, fate: Fate) {
        *self.0.entry(fate).or_default() += 1;
    }

    /// All of these as well.
    pub(crate) fn join(&mut self, other: &Self) {
        for (fate, count) in &other.0 {
            *self.0.entry(*fate).or_default() += count;
        }
    }

    /// How many came to this.
    pub(crate) fn count(&self, fate: Fate) -> usize {
        self.0.get(&fate).copied().unwrap_or(0)
    }

    /// How many got this status.
    pub(crate) fn answered(&self, status: u16) -> usize {
        self.count(Fate::Answered(status))
    }

    /// How many there were.
    pub(crate) fn all(&self) -> usize {
        self.0.values().sum()
    }
}

impl Extend<Fate> for Fates {
    fn extend<I: IntoIterator<Item = Fate>>(&mut self, fates: I) {
        fates.into_iter().for_each(|fate| self.add(fate));
    }
}

impl fmt::Display for Fates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "N={}:", self.all())?;
        self.0.iter().try_for_each(|(fate, count)| write!(f, " {count} x {fate:?}"))
    }
}
