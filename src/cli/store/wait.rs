//! `--wait fleet`: until all members run a revision, as their keys in etcd tell.

use std::io::Write;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep};

use crate::model::inert;
use crate::store::{EtcdMoving, Member};

use super::super::exit::Exit;
use super::Failed;

/// How long to wait: as long as the control API does at most.
const LONGEST: Duration = Duration::from_secs(60);
/// How long members that lost their leases may take to say again what they run: they do so every four seconds.
pub(super) const ALL_HEARD: Duration = Duration::from_secs(6);
/// How often to ask: a member says what it runs as soon as it does.
const ASK_EVERY: Duration = Duration::from_millis(200);
/// The longest message of a member that is printed, in characters.
const LONGEST_MESSAGE: usize = 500;

/// For whom to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in super::super) enum Wait {
    /// All members of the fleet that have not vanished
    Fleet,
}

/// How far the members are.
#[derive(Debug, Default, PartialEq, Eq)]
struct Progress {
    running: usize,
    behind: Vec<String>,
    /// Names, and the first reason of each.
    refused: Vec<(String, String)>,
}

/// Waits, and says how it ended. It ends no earlier than after `at_least`: until then, members may be missing among those
/// that say what they run.
pub(super) fn wait(
    asked: Option<Wait>,
    runtime: &Runtime,
    (store, revision, at_least): (&EtcdMoving, u64, Duration),
    (out, err): (&mut dyn Write, &mut dyn Write),
) -> Result<Exit, Failed> {
    let Some(Wait::Fleet) = asked else { return Ok(Exit::Success) };
    let (until, heard) = (Instant::now() + LONGEST, Instant::now() + at_least);
    let progress = runtime.block_on(async {
        loop {
            let progress = store.members().await.map(|members| Progress::of(revision, &members));
            match progress {
                Ok(progress) if progress.behind.is_empty() && Instant::now() >= heard => return Ok(progress),
                progress if Instant::now() >= until => return progress,
                _ => sleep(ASK_EVERY).await,
            }
        }
    });
    let progress = progress.map_err(Failed::because)?;
    for (name, why) in &progress.refused {
        writeln!(err, "{name} refuses revision {revision}: {}", inert(why, LONGEST_MESSAGE))?;
    }
    for name in &progress.behind {
        writeln!(err, "{name} does not run revision {revision} yet")?;
    }
    let all = progress.running + progress.behind.len() + progress.refused.len();
    writeln!(out, "{} of {all} members run revision {revision}", progress.running)?;
    Ok(progress.exit())
}

impl Progress {
    fn of(revision: u64, members: &[Member]) -> Self {
        let mut progress = Self::default();
        for member in members {
            let refused = member.refused.as_ref().filter(|refused| refused.revision >= revision);
            if let Some(refused) = refused {
                let why = refused.findings.first().map_or("it does not say why", |f| &f.message);
                progress.refused.push((member.name.clone(), why.to_owned()));
            } else if member.revision >= revision {
                progress.running += 1;
            } else {
                progress.behind.push(member.name.clone());
            }
        }
        progress
    }

    const fn exit(&self) -> Exit {
        if !self.refused.is_empty() {
            Exit::RefusedSomewhere
        } else if self.behind.is_empty() {
            Exit::Success
        } else {
            Exit::NotYet
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{RefusedRevision, ReportedFinding};

    #[test]
    fn it_ends_when_nobody_is_behind_and_a_refusal_counts_most() {
        let member = |name: &str, revision: u64, refused: Option<u64>| Member {
            name: name.to_owned(),
            revision,
            refused: refused.map(|revision| {
                let finding = ReportedFinding { message: "no".to_owned(), ..ReportedFinding::default() };
                RefusedRevision { revision, findings: vec![finding] }
            }),
            ..Member::default()
        };
        let cases = [
            (vec![], (0, 0, 0), 0),
            (vec![member("a", 7, None), member("b", 9, None)], (2, 0, 0), 0),
            (vec![member("a", 7, None), member("b", 6, None)], (1, 1, 0), 3),
            (vec![member("a", 6, Some(6))], (0, 1, 0), 3),
            (vec![member("a", 6, Some(7)), member("b", 6, None)], (0, 1, 1), 4),
            (vec![member("a", 7, Some(7))], (0, 0, 1), 4),
        ];
        for (members, (running, behind, refused), code) in cases {
            let found = Progress::of(7, &members);
            assert_eq!((found.running, found.behind.len(), found.refused.len()), (running, behind, refused));
            assert_eq!(found.exit().code(), code, "{members:?}");
        }
    }
}
