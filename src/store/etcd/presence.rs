//! Who shares a store in etcd: each member's report under a lease of ten seconds, and under one of a day a note that it
//! was there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use etcd_client::{PutOptions, Txn, TxnOp};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::fault::Fault;
use super::hearing::Hearing;
use super::keys::Keys;
use super::lease::Lease;
use super::link::Link;
use super::members::Members;
use super::pace::{BackOff, jittered};
use crate::store::{Member, Presence, Reporter, Seen};

/// How long a member that says nothing counts as present, and how often it says so: two of three may be lost, and with the
/// report and the two looks an idle member asks etcd less than once a second.
const PRESENT: (Duration, Duration) = (Duration::from_secs(10), Duration::from_millis(3200));
/// How long a member that vanished is shown, and how often the note is renewed; the difference is how exact that is.
const SEEN: (Duration, Duration) = (Duration::from_secs(24 * 60 * 60), Duration::from_secs(10 * 60));
/// How often a report is written although nothing in it has changed but the age of what is known: every five seconds at
/// least, jitter and the way to etcd included.
const REPORT_EVERY: Duration = Duration::from_millis(4400);
/// The part of that after which a report is due: jitter takes off a tenth at most.
const EARLIEST: f64 = 0.9;
/// The least time between two reports, so that a burst of changes is one.
const REST: Duration = Duration::from_millis(100);

/// The members of a fleet that shares a store in etcd.
pub(in crate::store) struct EtcdPresence {
    link: Arc<Link>,
    keys: Keys,
    members: Arc<Mutex<Members>>,
    changes: watch::Sender<()>,
    touched: Arc<Notify>,
    /// Whether the report of this member is gone although it did not leave.
    lost: Arc<AtomicBool>,
    /// Held while something is told; `None` once this member has left.
    telling: tokio::sync::Mutex<Option<Telling>>,
}

/// What was told so far.
#[derive(Debug, Default)]
struct Telling {
    present: Option<Lease>,
    seen: Option<Lease>,
    /// The last report, without the age of what is known.
    noted: Option<Member>,
    reported: Option<Instant>,
}

impl std::fmt::Debug for EtcdPresence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EtcdPresence").finish_non_exhaustive()
    }
}

impl EtcdPresence {
    pub(super) fn new(link: Arc<Link>, keys: Keys) -> Self {
        Self {
            link,
            keys,
            members: Arc::default(),
            changes: watch::Sender::new(()),
            touched: Arc::default(),
            lost: Arc::default(),
            telling: tokio::sync::Mutex::new(Some(Telling::default())),
        }
    }

    /// Reports for ever, or until this member has left.
    async fn tell(&self, me: &dyn Reporter) {
        let (mut waits, mut told) = (BackOff::new(), None);
        loop {
            match self.tell_once(me).await {
                Ok(None) => return,
                Ok(Some(next)) => {
                    waits.reset();
                    told = None;
                    sleep(REST).await;
                    tokio::select! {
                        () = sleep_until(next) => {}
                        () = self.touched.notified() => {}
                    }
                }
                Err(fault) => {
                    let fault = fault.to_string();
                    if told.as_ref() != Some(&fault) {
                        tracing::warn!("the other members cannot be told of this one: {fault}; it serves on");
                        told = Some(fault);
                    }
                    sleep(waits.next()).await;
                }
            }
        }
    }

    /// Renews what is due and writes the report; says when to do so again, `None` for never.
    async fn tell_once(&self, me: &dyn Reporter) -> Result<Option<Instant>, Fault> {
        let mut telling = self.telling.lock().await;
        let Some(telling) = telling.as_mut() else { return Ok(None) };
        if self.lost.swap(false, Ordering::AcqRel) {
            telling.present = None;
        }
        let is_new =
            self.hold(&mut telling.present, PRESENT).await? | self.hold(&mut telling.seen, SEEN).await?;
        if is_new {
            (telling.noted, telling.reported) = (None, None);
        }
        let (Some(present), Some(seen)) = (&telling.present, &telling.seen) else { return Ok(None) };
        let report = me.report();
        let note = Member { confirmed_age_ms: None, ..report.clone() };
        let is_news = telling.noted.as_ref() != Some(&note);
        let is_due = telling.reported.is_none_or(|at| at.elapsed() >= REPORT_EVERY.mul_f64(EARLIEST));
        if is_news || is_due {
            let mut puts = vec![put(self.keys.member(&report.name), &report, present)];
            if is_news {
                puts.push(put(self.keys.seen(&report.name), &report, seen));
            }
            let answer =
                self.link.call(|mut kv| async move { kv.txn(Txn::new().and_then(puts)).await }).await;
            if let Err(fault) = answer {
                if fault.is_lost_lease() {
                    (telling.present, telling.seen) = (None, None);
                }
                return Err(fault);
            }
            (telling.noted, telling.reported) = (Some(note), Some(Instant::now()));
        }
        let report_at = telling.reported.unwrap_or_else(Instant::now) + jittered(REPORT_EVERY);
        Ok(Some(report_at.min(present.due()).min(seen.due())))
    }

    /// Renews a lease when that is due; makes one when there is none any more, and says so.
    async fn hold(
        &self,
        lease: &mut Option<Lease>,
        (length, every): (Duration, Duration),
    ) -> Result<bool, Fault> {
        if let Some(held) = lease
            && held.renew(&self.link).await?
        {
            return Ok(false);
        }
        *lease = None;
        *lease = Some(Lease::grant(&self.link, length, every).await?);
        Ok(true)
    }

    /// Hears of the others for ever.
    async fn listen(&self, own: String) {
        let (mut waits, mut is_told, hearing) = (BackOff::new(), false, self.hearing(own));
        loop {
            let began = Instant::now();
            let fault = hearing.session().await;
            match &fault {
                Fault::Denied(why) if !is_told => {
                    tracing::warn!(
                        "the other members are not seen: reading `members/` and `seen/` is not allowed: {why}"
                    );
                    is_told = true;
                }
                fault => tracing::debug!(%fault, "the members of the fleet are read anew"),
            }
            if began.elapsed() > REPORT_EVERY {
                waits.reset();
            }
            sleep(waits.next()).await;
        }
    }

    fn hearing(&self, own: String) -> Hearing {
        let (touched, lost) = (Arc::clone(&self.touched), Arc::clone(&self.lost));
        let own_is_gone = move || {
            lost.store(true, Ordering::Release);
            touched.notify_one();
        };
        Hearing {
            own,
            own_is_gone: Box::new(own_is_gone),
            link: Arc::clone(&self.link),
            keys: self.keys.clone(),
            members: Arc::clone(&self.members),
            changes: self.changes.clone(),
        }
    }
}

fn put(key: String, report: &Member, lease: &Lease) -> TxnOp {
    TxnOp::put(key, report.to_json(), Some(PutOptions::new().with_lease(lease.id())))
}

#[async_trait]
impl Presence for EtcdPresence {
    async fn attend(&self, me: &dyn Reporter) {
        tokio::join!(self.tell(me), self.listen(me.report().name));
    }

    fn touch(&self) {
        self.touched.notify_one();
        self.changes.send_replace(());
    }

    fn seen(&self) -> Vec<Seen> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner).seen(Instant::now())
    }

    fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    async fn leave(&self) {
        let Some(Telling { present, seen, .. }) = self.telling.lock().await.take() else { return };
        // The note first: a member without one is not taken for vanished. Keys that another process of this name has
        // written since have its leases, and stay.
        for lease in [seen, present].into_iter().flatten() {
            if let Err(fault) = lease.revoke(&self.link).await {
                tracing::warn!("the other members were not told that this one ends: {fault}");
                return;
            }
        }
    }
}
