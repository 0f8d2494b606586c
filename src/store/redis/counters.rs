//! The buckets in Redis, as one member tells of them and asks for them over its connections.

use std::sync::PoisonError;
use std::sync::RwLock;
use std::time::Duration;

use redis::Cmd;
use redis::aio::MultiplexedConnection;
use tokio::time::timeout;

use super::fault::RedisFault;
use super::options::RedisOptions;
use super::pool::{Pool, time};
use super::scripts::Scripts;
use crate::model::KeyedHash;

/// How long an answer about many buckets may take. A Redis that is there has them in a few milliseconds; the longer this member
/// waits for one that is not, the longer it takes what it knows for the present.
const ANSWER: Duration = Duration::from_millis(250);
/// A bucket that does not drain is kept so much longer than it counts: the clock of another member may be behind.
const KEPT: Duration = Duration::from_secs(3_600);
/// The most news that are read at once.
const MOST_NEWS: usize = 1_000;

/// What `hear.lua` answers: the mark, how many members there are, until when, how many words were looked at, and the words.
type Heard = (String, u32, String, usize, Vec<(String, f64, u32)>);

/// A Redis that a member is connected with.
#[derive(Debug)]
pub struct RedisCounters {
    options: RedisOptions,
    me: String,
    pool: Pool,
    scripts: RwLock<Scripts>,
}

/// A bucket, and what a member knows of it.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    /// The limit.
    pub limit: KeyedHash,
    /// The bucket.
    pub key: KeyedHash,
    /// Requests of a full bucket.
    pub burst: u32,
    /// How it is filled again.
    pub refill: Filling,
    /// Requests that this member has let in since it last told.
    pub own: f64,
    /// What had been spent before, as far as it knows.
    pub spent: f64,
    /// Whether somebody has asked for it since.
    pub is_wanted: bool,
    /// From how many requests on all members read of it.
    pub told_from: f64,
}

/// How a bucket is filled again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filling {
    /// Steadily: so many requests in a window.
    Steady {
        /// Requests of a window.
        count: u32,
        /// The window.
        window: Duration,
    },
    /// Never: another bucket takes its place after so long.
    Whole {
        /// From then on nobody asks for it.
        after: Duration,
    },
}

/// What a bucket stands at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stand {
    /// Requests that are spent from it.
    pub spent: f64,
    /// How many other members have asked for it in the last second.
    pub others: u32,
}

/// What another member has told of a bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Word {
    /// The limit.
    pub limit: KeyedHash,
    /// The bucket.
    pub key: KeyedHash,
    /// What it stands at.
    pub stand: Stand,
}

/// What there is to hear.
#[derive(Debug, Clone, PartialEq)]
pub struct News {
    /// The mark of this store: another one has forgotten what the one before knew.
    pub mark: String,
    /// How many members are there.
    pub members: u32,
    /// Until when this is all, as it is asked for the next time.
    pub until: String,
    /// Whether there is more.
    pub is_more: bool,
    /// What was told.
    pub words: Vec<Word>,
}

impl RedisCounters {
    /// Connects. `me` is what the others know this member by.
    ///
    /// # Errors
    /// What is wrong with it, or with the files of this member.
    pub async fn connect(options: &RedisOptions, me: &str) -> Result<Self, RedisFault> {
        let pool = Pool::open(options).await?;
        let scripts = in_time(ANSWER, Scripts::load(&mut pool.first())).await?;
        let (options, me) = (options.clone(), me.to_owned());
        Ok(Self { options, me, pool, scripts: RwLock::new(scripts) })
    }

    /// Opens connections for single requests anew that have ended, or are silent while what is told is answered.
    ///
    /// # Errors
    /// What is wrong with it: no connection can be made any more.
    pub async fn renew(&self) -> Result<(), RedisFault> {
        self.pool.renew(ANSWER).await
    }

    /// Whether the question of a request would be answered in time.
    pub async fn answers_in_time(&self) -> bool {
        self.pool.ask(self.options.timeout, time).await.is_ok()
    }

    /// Tells of these buckets: what each stands at then.
    ///
    /// # Errors
    /// What is wrong with it. Some of the buckets may have been told of.
    pub async fn tell(&self, buckets: &[Bucket]) -> Result<Vec<Stand>, RedisFault> {
        let told = in_time(ANSWER, self.told(buckets)).await;
        if self.is_learnt_again(&told).await? { in_time(ANSWER, self.told(buckets)).await } else { told }
    }

    /// Says that this member is there, and hears what was told since.
    ///
    /// # Errors
    /// What is wrong with it.
    pub async fn hear(&self, new_mark: &str, since: &str) -> Result<News, RedisFault> {
        let heard = in_time(ANSWER, self.heard(new_mark, since)).await;
        if self.is_learnt_again(&heard).await? {
            in_time(ANSWER, self.heard(new_mark, since)).await
        } else {
            heard
        }
    }

    /// Asks for a request at these buckets, each of which is enforced or not: whether each has one, and what it stands at.
    ///
    /// # Errors
    /// What is wrong with it: that it gave no answer in time, above all.
    pub async fn take(&self, buckets: &[(Bucket, bool)]) -> Result<Vec<(bool, Stand)>, RedisFault> {
        // A request waits no longer, whatever has to be done again.
        self.pool.ask(self.options.timeout, |requests| self.asked(requests, buckets)).await
    }

    async fn asked(
        &self,
        requests: MultiplexedConnection,
        buckets: &[(Bucket, bool)],
    ) -> Result<Vec<(bool, Stand)>, RedisFault> {
        let taken = self.taken(requests.clone(), buckets).await;
        if self.is_learnt_again(&taken).await? { self.taken(requests, buckets).await } else { taken }
    }

    async fn told(&self, buckets: &[Bucket]) -> Result<Vec<Stand>, RedisFault> {
        let (sha, mut requests) = (self.scripts().tell, self.pool.first());
        let mut all = redis::pipe();
        for bucket in buckets {
            all.add_command(self.telling(&sha, bucket));
        }
        let answers: Vec<(f64, u32)> = all.query_async(&mut requests).await?;
        Ok(answers.into_iter().map(|(spent, others)| Stand { spent, others }).collect())
    }

    async fn heard(&self, new_mark: &str, since: &str) -> Result<News, RedisFault> {
        let mut command = redis::cmd("EVALSHA");
        let mark = self.key("mark");
        command.arg(self.scripts().hear).arg(3).arg(self.key("members")).arg(self.key("news")).arg(mark);
        command.arg(&self.me).arg(new_mark).arg(since).arg(self.key("b:")).arg(MOST_NEWS);
        let mut requests = self.pool.first();
        let answer: Heard = command.query_async(&mut requests).await?;
        let (mark, members, until, found, words) = answer;
        let words = words.into_iter().filter_map(|(name, spent, others)| word(&name, spent, others));
        Ok(News { mark, members, until, is_more: found >= MOST_NEWS, words: words.collect() })
    }

    async fn taken(
        &self,
        mut requests: MultiplexedConnection,
        buckets: &[(Bucket, bool)],
    ) -> Result<Vec<(bool, Stand)>, RedisFault> {
        let mut command = redis::cmd("EVALSHA");
        command.arg(self.scripts().take).arg(buckets.len() + 1);
        for (bucket, _) in buckets {
            command.arg(self.key("b:") + &name(bucket));
        }
        command.arg(self.key("news")).arg(&self.me);
        for (bucket, is_enforced) in buckets {
            let (count, window, keep) = filling(bucket.refill);
            command.arg(name(bucket)).arg(bucket.spent).arg(count).arg(window).arg(keep);
            command.arg(bucket.burst).arg(bucket.told_from).arg(flag(*is_enforced));
        }
        let answers: Vec<(u8, f64, u32)> = command.query_async(&mut requests).await?;
        let answer = |(has_one, spent, others)| (has_one == 1, Stand { spent, others });
        Ok(answers.into_iter().map(answer).collect())
    }

    fn telling(&self, sha: &str, bucket: &Bucket) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(sha).arg(2).arg(self.key("b:") + &name(bucket)).arg(self.key("news"));
        command.arg(&self.me).arg(name(bucket)).arg(bucket.own).arg(bucket.spent);
        let (count, window, keep) = filling(bucket.refill);
        command.arg(count).arg(window).arg(keep).arg(bucket.told_from).arg(flag(bucket.is_wanted));
        command
    }

    /// Whether Redis had forgotten the scripts, of which nothing has run then, and was given them again.
    async fn is_learnt_again<T>(&self, answer: &Result<T, RedisFault>) -> Result<bool, RedisFault> {
        if !answer.as_ref().is_err_and(RedisFault::is_forgotten_script) {
            return Ok(false);
        }
        let scripts = in_time(ANSWER, Scripts::load(&mut self.pool.first())).await?;
        *self.scripts.write().unwrap_or_else(PoisonError::into_inner) = scripts;
        Ok(true)
    }

    fn scripts(&self) -> Scripts {
        self.scripts.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn key(&self, rest: &str) -> String {
        format!("{}{rest}", self.options.prefix)
    }
}

async fn in_time<T>(
    limit: Duration,
    ask: impl Future<Output = Result<T, RedisFault>>,
) -> Result<T, RedisFault> {
    timeout(limit, ask).await.unwrap_or(Err(RedisFault::TimedOut(limit)))
}

fn name(bucket: &Bucket) -> String {
    format!("{}:{}", bucket.limit.to_hex(), bucket.key.to_hex())
}

fn word(name: &str, spent: f64, others: u32) -> Option<Word> {
    let (limit, key) = name.split_once(':')?;
    let (limit, key) = (KeyedHash::from_hex(limit)?, KeyedHash::from_hex(key)?);
    Some(Word { limit, key, stand: Stand { spent, others } })
}

/// The requests that drain in so many microseconds, and for how many milliseconds one that does not drain is kept.
fn filling(filling: Filling) -> (u32, u64, u64) {
    let whole = |time: u128| u64::try_from(time).unwrap_or(u64::MAX);
    match filling {
        Filling::Steady { count, window } => (count, whole(window.as_micros()), 0),
        Filling::Whole { after } => (0, 1, whole(after.saturating_add(KEPT).as_millis())),
    }
}

const fn flag(is_set: bool) -> u8 {
    if is_set { 1 } else { 0 }
}
