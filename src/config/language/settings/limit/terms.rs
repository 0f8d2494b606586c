//! What a limit permits, and to whom. Its name stands before it: in a list beside it, in a store as the name of its file.

use std::time::Duration;

use super::super::super::fields::Fields;
use super::super::super::section::section;
use super::super::super::value::Placed;
use super::super::super::values::{Count, words};
use super::values::{CountsBy, MOST, QuotaText, Window};
use crate::config::text::code::Code;
use crate::config::text::source::{Place, Spanned};
use crate::limits::{Counting, Fleetwide, Measure, OnLoss, Per, Quota, Rate};
use crate::model::Enforcement;
use crate::routing::{Counts, LimitScope};

section! {
    /// What stands under the name of a limit
    #[derive(Debug, Clone, PartialEq)]
    pub struct LimitTerms = "a limit" {
        /// what it counts by: principal (issuer and subject of a token, or the API key), client_id, api_key, address (one of
        /// IPv4, a /64 of IPv6), agent, or claim:NAME; callers without it are counted together
        per: Spanned<Per> as Placed<CountsBy>, required;
        /// whether each agent counts by itself, or all agents with a limit of this name count together: agent or everywhere
        scope: Spanned<LimitScope> as Placed<LimitScope>, required;
        /// so many requests in a window, such as 100/1m; this, `concurrent` or `quota`
        rate: Option<Spanned<(u32, Duration)>> as Placed<Window>;
        /// so many requests under way at once, streams included; this, `rate` or `quota`
        concurrent: Option<Spanned<usize>> as Placed<Count<1, MOST>>;
        /// so many requests in a day or a month of UTC, such as 1000/day or 20000/month, counted by all members in Redis; this,
        /// `rate` or `concurrent`
        quota: Option<Spanned<Quota>> as Placed<QuotaText>;
        /// how many requests of a rate are let in at once when none was made for long; default the count of the rate
        burst: Option<usize> as Count<1, MOST>;
        /// all: requests that pass the rules; failed: those refused with 401, after which every request of the address is
        /// refused
        count: Counts as Counts = Counts::All;
        /// enforce, or shadow: count only
        enforcement: Enforcement as Enforcement = Enforcement::Enforce;
        /// how the members of a fleet count: local_share: each its part; shared: together in Redis, in the background; strict:
        /// each request asks Redis; the last two need `server.shared_state`; default local_share, and shared of a quota
        counting: Option<Spanned<Counting>> as Placed<Counting>;
        /// while Redis is away: share: each member lets its part in; allow: all pass; deny: all get 503; default share
        on_loss: Option<Spanned<OnLoss>> as Placed<OnLoss>;
    }
    impl {
        fn check(fields: &Fields<'_>, read: Option<&Self>) {
            if let Some(limit) = read {
                check_measure(fields);
                check_failed(fields, limit);
                check_counting(fields, limit);
            }
        }
    }
}

words!(LimitScope { Agent = "agent", Everywhere = "everywhere" });
words!(Counting { LocalShare = "local_share", Shared = "shared", Strict = "strict" });
words!(OnLoss { Share = "share", Allow = "allow", Deny = "deny" });
words!(Counts { All = "all", Failed = "failed" });

impl LimitTerms {
    /// What it permits; `None` of one that was found to be wrong.
    #[must_use]
    pub fn measure(&self) -> Option<Measure> {
        let whole = |number: usize| u32::try_from(number).ok();
        match (&self.rate, &self.concurrent, &self.quota) {
            (Some(rate), None, None) => {
                let (count, window) = rate.value;
                let burst = self.burst.map_or(Some(count), whole)?;
                Some(Measure::Rate(Rate { count, window, burst }))
            }
            (None, Some(most), None) => whole(most.value).map(Measure::Concurrent),
            (None, None, Some(quota)) => Some(Measure::Quota(quota.value)),
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) | (None, None, None) => {
                None
            }
        }
    }

    /// How members count it: a quota together, where nothing is written.
    #[must_use]
    pub fn counting(&self) -> Counting {
        let default = if self.quota.is_some() { Counting::Shared } else { Counting::LocalShare };
        self.counting.map_or(default, |counting| counting.value)
    }

    /// How it counts over all members; `None` where each counts its part.
    #[must_use]
    pub fn fleetwide(&self) -> Option<Fleetwide> {
        let on_loss = self.on_loss.map_or(OnLoss::Share, |on_loss| on_loss.value);
        match self.counting() {
            Counting::LocalShare => None,
            Counting::Shared => Some(Fleetwide { is_strict: false, on_loss }),
            Counting::Strict => Some(Fleetwide { is_strict: true, on_loss }),
        }
    }
}

/// Where what is said of the whole limit is said: at its name, where that stands beside it.
fn whole(fields: &Fields<'_>) -> Place {
    fields.stranger("name").map_or(fields.owner(), |(_, name)| name.place)
}

/// Members count rates and quotas together, and what is under way each for itself.
fn check_counting(fields: &Fields<'_>, limit: &LimitTerms) {
    let (report, at) = (fields.report(), limit.counting.map_or(whole(fields), |counting| counting.place));
    let (concurrent, quota) = (fields.entry("concurrent"), fields.entry("quota"));
    match limit.counting() {
        // Of one that cannot be read enough is said.
        Counting::LocalShare if quota.is_some() && limit.counting.is_none() => {}
        Counting::LocalShare => {
            if let Some((place, _)) = quota {
                let message = "a quota is counted by all members together";
                report.clash(
                    Code::LimitCounting,
                    at,
                    place,
                    message,
                    "remove `counting`, or write `counting: strict`",
                );
            } else if let Some((place, _)) = fields.entry("on_loss") {
                let help = "remove `on_loss`: `counting: local_share` asks nobody, so that nothing can be lost; or write `counting: shared`";
                report.say(
                    Code::LimitCounting,
                    place,
                    "`on_loss` needs `counting: shared` or `strict`",
                    help,
                );
            }
        }
        Counting::Shared | Counting::Strict => {
            if let Some((place, _)) = concurrent.filter(|_| quota.is_none()) {
                let message = "members do not count requests under way together";
                let help =
                    "write `counting: local_share`: each member permits its part; or write `rate: 100/1m`";
                report.clash(Code::LimitCounting, at, place, message, help);
            }
            if limit.counting() == Counting::Strict && limit.count == Counts::Failed {
                let message =
                    "failed credentials are counted when they are refused, and cannot be asked about before";
                report.say(Code::LimitCounting, at, message, "write `counting: shared`");
            }
        }
    }
}

/// Exactly one of rate, concurrent and quota, and a burst only of a rate.
fn check_measure(fields: &Fields<'_>) {
    let report = fields.report();
    let mut written = ["rate", "concurrent", "quota"].into_iter().filter_map(|name| fields.entry(name));
    match (written.next(), written.next()) {
        (None, _) => {
            let message = "the limit does not say what it permits";
            let help = "add `rate: 100/1m`, `concurrent: 4` or `quota: 1000/day`";
            report.say(Code::LimitMeasure, whole(fields), message, help);
        }
        (Some((first, _)), Some((second, _))) => {
            let message = "a limit has one of `rate`, `concurrent` and `quota`";
            report.clash(Code::LimitMeasure, second, first, message, "write two limits");
        }
        (Some(_), None) => {}
    }
    if let Some((place, _)) = fields.entry("burst").filter(|_| !fields.has("rate")) {
        let help = match fields.has("quota") {
            true => {
                "remove `burst`: a quota lets all that is left in at once; add a limit with a rate beside it"
            }
            false => "remove `burst`: `concurrent` itself says how many at once",
        };
        report.say(Code::LimitMeasure, place, "`burst` needs `rate`", help);
    }
}

/// Failed credentials have no caller but an address, and are over when they are counted.
fn check_failed(fields: &Fields<'_>, limit: &LimitTerms) {
    if limit.count != Counts::Failed {
        return;
    }
    if limit.per.value != Per::Address {
        let message = "failed credentials are counted by address: nothing else of them is known";
        fields.report().say(Code::LimitMeasure, limit.per.place, message, "write `per: address`");
    }
    if let Some((place, _)) = fields.entry("concurrent").or_else(|| fields.entry("quota")) {
        let help = "write `rate: 20/1m`, or `count: all`";
        fields.report().say(Code::LimitMeasure, place, "failed credentials have a rate alone", help);
    }
}
