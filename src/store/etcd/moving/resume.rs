//! The end of a divergence: a person says what the fleet follows from now on. What that is gets a number above all that
//! any member ran, and the head says that it was resumed, so that every member takes it as it is.

use super::EtcdMoving;
use super::whole::Next;
use crate::model::ResourceId;
use crate::store::etcd::content::{Content, Entry};
use crate::store::etcd::draft::new_id;
use crate::store::etcd::head::Head;
use crate::store::etcd::standing::Held;
use crate::store::{Change, Commit, Member, Record, SnapshotHead, StoreSnapshot, WriteError};

/// What is right.
#[derive(Debug)]
pub enum Truth {
    /// What a member ran, as its snapshot has it.
    Member(Box<StoreSnapshot>),
    /// What stands in etcd.
    Accept {
        /// The number that its head must have.
        number: u64,
        /// What this member ran last, where that is known: the store takes its id, and a number above its own.
        ran: Option<SnapshotHead>,
    },
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumed {
    /// The number of the revision.
    pub revision: u64,
    /// The resources in it.
    pub resources: usize,
    /// The revision of the store before, when it had one.
    pub before: Option<u64>,
}

/// What the fleet follows from now on.
struct Chosen {
    content: Content,
    /// The last revision that is known to have run.
    last: u64,
    /// The id of the store that members run.
    id: String,
}

impl EtcdMoving {
    /// Resumes the store. `commit` says who does it, and what for.
    ///
    /// # Errors
    /// [`WriteError`]; nothing was changed then.
    pub async fn resume(&self, truth: Truth, commit: Commit) -> Result<Resumed, WriteError> {
        let found = self.raw_head().await.map_err(|fault| self.looks.refused(&fault))?;
        let (before, over) = found.map_or((None, 0), |(head, changed)| (Some(head), changed));
        // What cannot be read cannot be accepted, and can be replaced.
        let held = match (self.read_any().await, &truth) {
            (Err(_), Truth::Member(_)) => Held::default(),
            (held, _) => held?,
        };
        let Chosen { content, last, id } = self.choose(truth, before.as_ref(), &held)?;
        let number = before.as_ref().map(|head| head.revision);
        let known = [number.unwrap_or_default(), last, self.seen().await?];
        let revision = known.into_iter().max().unwrap_or_default().saturating_add(1);
        let head = Head {
            // An id that was written down is the one that members ask for.
            store_id: self.written.clone().unwrap_or(id),
            revision,
            generation: before.as_ref().map_or(0, |head| head.generation),
            sha256: content.hash(),
            at: commit.at,
            who: commit.who.clone(),
            commit: new_id(),
            resumed: Some(revision),
        };
        let resumed = Resumed { revision, resources: content.len(), before: number };
        let changes = changes(&held, &content);
        let record = Record::new(revision, Commit { changes, ..commit });
        self.go_live(Next { head, content, record, over }).await?;
        Ok(resumed)
    }

    fn choose(&self, truth: Truth, before: Option<&Head>, held: &Held) -> Result<Chosen, WriteError> {
        match truth {
            Truth::Accept { number, ran } => {
                let head = before.ok_or_else(|| self.refused("it has no head to accept"))?;
                if head.revision != number {
                    let why = format!("it is at revision {}, not at {number}", head.revision);
                    return Err(self.refused(&why));
                }
                let ran = ran.and_then(|ran| Head::parse(ran.head.as_bytes()).ok());
                let (last, id) =
                    ran.map_or_else(|| (0, head.store_id.clone()), |ran| (ran.revision, ran.store_id));
                Ok(Chosen { content: (*held.content).clone(), last, id })
            }
            Truth::Member(snapshot) => {
                let head = Head::parse(snapshot.head.head.as_bytes()).map_err(|why| self.refused(&why))?;
                let entry = |(name, text): (String, String)| (name, Entry::new(text, 0));
                let content = snapshot.resources.into_iter().map(entry).collect();
                Ok(Chosen { content, last: head.revision, id: head.store_id })
            }
        }
    }

    /// The highest revision that members say they run.
    async fn seen(&self) -> Result<u64, WriteError> {
        let mut highest = 0;
        for folder in [self.looks.keys.members(), self.looks.keys.all_seen()] {
            let found = self.values(&folder).await.map_err(|fault| self.looks.refused(&fault))?;
            let revision =
                |value: &Vec<u8>| serde_json::from_slice::<Member>(value).ok().map(|member| member.revision);
            highest = found.iter().filter_map(revision).fold(highest, u64::max);
        }
        Ok(highest)
    }

    fn refused(&self, why: &str) -> WriteError {
        WriteError::Failed { path: self.name().into(), why: why.to_owned(), full: false }
    }
}

/// What leads from what etcd holds to what it is to hold.
fn changes(held: &Held, to: &Content) -> Vec<Change> {
    let change = |name: &str, from: Option<&Entry>, to: Option<&Entry>| {
        let text = |entry: &Entry| entry.text.to_string();
        Some(Change { id: ResourceId::parse(name)?, from: from.map(text), to: to.map(text) })
    };
    let gone = held.content.iter().filter(|(name, _)| to.get(name).is_none());
    let gone = gone.filter_map(|(name, entry)| change(name, Some(entry), None));
    let put = to.iter().filter_map(|(name, entry)| {
        let before = held.content.get(name);
        let is_same = before.is_some_and(|before| before.text == entry.text);
        if is_same { None } else { change(name, before, Some(entry)) }
    });
    gone.chain(put).collect()
}
