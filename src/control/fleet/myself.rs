//! What this gateway says of itself to the other members.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rand::TryRngCore as _;
use rand::rngs::OsRng;

use crate::config;
use crate::control::finding::Finding;
use crate::control::status::Status;
use crate::model::Live;
use crate::store::{HealthSource, Member, RefusedRevision, ReportedFinding, Reporter};

/// Where Linux says the name of the host; in a pod, that is the pod's.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";
/// The longest name of a member.
const LONGEST_NAME: usize = 63;
/// The most findings that are worth sending; a report has room for few.
const MOST_FINDINGS: usize = 8;

/// This gateway as a member.
pub(super) struct Myself {
    name: String,
    boot_id: String,
    labels: BTreeMap<String, String>,
    canary: bool,
    status: Arc<Live<Status>>,
    health: Option<Arc<dyn HealthSource>>,
    ready: AtomicBool,
    draining: AtomicBool,
}

impl std::fmt::Debug for Myself {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Myself")
            .field("name", &self.name)
            .field("boot_id", &self.boot_id)
            .finish_non_exhaustive()
    }
}

impl Myself {
    pub(super) fn new(
        settings: &config::Member,
        status: Arc<Live<Status>>,
        health: Option<Arc<dyn HealthSource>>,
    ) -> Self {
        Self {
            name: member_name(settings),
            boot_id: boot_id(),
            labels: settings.labels.clone(),
            canary: settings.canary,
            status,
            health,
            ready: AtomicBool::new(false),
            draining: AtomicBool::new(false),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn boot_id(&self) -> &str {
        &self.boot_id
    }

    pub(super) fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    pub(super) fn set_draining(&self) {
        self.draining.store(true, Ordering::Release);
    }
}

impl Reporter for Myself {
    fn report(&self) -> Member {
        let status = self.status.get();
        let runs = &status.runs;
        let errors = || {
            let findings = status.refused.iter().flat_map(|refused| &refused.findings);
            findings.filter(|finding| finding.is_error()).take(MOST_FINDINGS)
        };
        let confirmed_age_ms = match &self.health {
            None => Some(0),
            Some(health) => {
                health.health().confirmed.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
            }
        };
        let draining = self.draining.load(Ordering::Acquire);
        Member {
            name: self.name.clone(),
            boot_id: self.boot_id.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            features: config::Feature::ALL.iter().map(ToString::to_string).collect(),
            labels: self.labels.clone(),
            revision: runs.revision,
            hash: runs.hash.clone(),
            refused: runs
                .refused
                .map(|revision| RefusedRevision { revision, findings: errors().map(reported).collect() }),
            confirmed_age_ms,
            ready: self.ready.load(Ordering::Acquire) && !draining,
            draining,
            canary: self.canary,
        }
    }
}

fn reported(finding: &Finding) -> ReportedFinding {
    let code = serde_json::to_value(finding.code).unwrap_or_default();
    ReportedFinding {
        code: code.as_str().unwrap_or_default().to_owned(),
        message: finding.message.clone(),
        resource: finding.resource.as_ref().map(ToString::to_string),
        path: finding.pointer.clone(),
        line: finding.line,
        column: finding.column,
    }
}

/// A name of this process alone: 64 bits, in hexadecimal.
fn boot_id() -> String {
    let mut bytes = [0_u8; 8];
    // Without random numbers, what tells processes on this machine apart must do.
    if OsRng.try_fill_bytes(&mut bytes).is_err() {
        bytes = u64::from(std::process::id()).to_be_bytes();
    }
    format!("{:016x}", u64::from_be_bytes(bytes))
}

/// The name of this gateway in a fleet: the one in the settings, or that of the host.
#[must_use]
pub fn member_name(settings: &config::Member) -> String {
    let host = || std::fs::read_to_string(HOST_NAME).unwrap_or_default();
    settings.name.clone().unwrap_or_else(|| plain(&host()))
}

/// The name of a host as the name of a member.
fn plain(host: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '-' };
    let name: String = host.trim().chars().map(letter).take(LONGEST_NAME).collect();
    let name = name.trim_matches(['-', '.']);
    if name.is_empty() { "gateway".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_becomes_one_of_a_member() {
        let long = "a".repeat(70);
        for (host, expected) in [
            ("gateway-0\n", "gateway-0"),
            ("Gateway_0.Example.com", "gateway-0.example.com"),
            ("-host-", "host"),
            ("", "gateway"),
            ("_", "gateway"),
            (&long, &long[..63]),
        ] {
            assert_eq!(plain(host), expected, "{host}");
        }
    }

    #[test]
    fn two_processes_have_two_boot_ids() {
        let (one, other) = (boot_id(), boot_id());
        assert_ne!(one, other);
        assert_eq!(one.len(), 16);
    }
}
