//! One function for each cause of attention, with its sentence.

use std::time::Duration;

use crate::control::Finding;
use crate::model::{CertificateUse, Instant};
use crate::routing::Agent;
use crate::telemetry::{Lately, UpstreamError};

use super::super::provider_users::Users;
use super::{Attention, Code, Level, Seen, Subject, SubjectKind};

/// API keys are listed this long before they expire: a week holds at least one working day to rotate them.
const KEY_ENDS: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Denials that keep new tokens out are listed this long before they end, for the same reason.
const DENIALS_END: Duration = KEY_ENDS;
/// Lost log lines stay listed for an hour after the last one, so that somebody who was called sees the cause.
const LOST: Duration = Duration::from_secs(60 * 60);
/// An agent that refused this many calls and admitted none is listed; fewer can be one client that retries.
const ALL_REFUSED: u64 = 5;
/// An upstream is listed when it fails at least one call in 20 (5 %); single failures are part of every day.
const FAILING_SHARE: u64 = 20;

pub(super) fn all(seen: &Seen<'_>) -> Vec<Attention> {
    let mut all = refused_change(seen);
    all.extend(broken_documents(seen));
    all.extend(providers(seen));
    for agent in seen.live.agents.values() {
        let lately = seen.traffic.lately(agent.name.as_str());
        all.extend(upstream(seen, agent, lately));
        all.extend(refuses_all(seen, agent, lately));
    }
    all.extend(certificates(seen));
    all.extend(keys(seen));
    all.extend(denials(seen));
    all.extend(lost_lines(seen));
    all
}

/// `1 agent`, `2 agents`.
pub(super) fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

fn refused_change(seen: &Seen<'_>) -> Vec<Attention> {
    let Some(refused) = &seen.status.refused else { return Vec::new() };
    let broken: Vec<_> = seen.status.broken.iter().filter_map(|broken| broken.resource.as_ref()).collect();
    let is_told = |finding: &Finding| finding.resource.as_ref().is_some_and(|id| broken.contains(&id));
    let mut errors_of_it = refused.findings.iter().filter(|finding| finding.is_error()).peekable();
    if errors_of_it.peek().is_some() && errors_of_it.all(is_told) {
        // All of them are errors of broken documents, which have entries of their own.
        return Vec::new();
    }
    let first = first_error(&refused.findings);
    let file = first.map_or_else(|| "portcullis".to_owned(), |finding| finding.file.display().to_string());
    let text = format!(
        "A change of the configuration was rejected, with {}. The one of {} goes on.",
        errors(&refused.findings),
        seen.status.applied_at
    );
    let subject = Subject::new(SubjectKind::File, file);
    vec![Attention::new(Level::Error, Code::ChangeRefused, subject, text).since(Some(refused.at))]
}

fn broken_documents(seen: &Seen<'_>) -> Vec<Attention> {
    // A broken file that is not a resource is listed as a rejected change.
    let resources = seen.status.broken.iter().filter_map(|broken| Some((broken, broken.resource.as_ref()?)));
    let what = if seen.fleet.is_some() { "cannot be used by this gateway" } else { "is broken on disk" };
    let told = resources.map(|(broken, id)| {
        let file = broken.file.display();
        let text = format!(
            "{id} {what}, with {}. Its last good text goes on; changes of others are not held up.",
            errors(&broken.findings)
        );
        Attention::new(Level::Error, Code::BrokenDocument, Subject::new(SubjectKind::File, file), text)
            .since(Some(broken.since))
    });
    told.collect()
}

fn denials(seen: &Seen<'_>) -> Option<Attention> {
    let ending = seen.live.denials.set().ending(seen.now.plus(DENIALS_END), seen.now);
    let text = format!(
        "{} of all tokens, those to come as well, will end within 7 days: whoever they name gets in again then. \
         `portcullis denied` lists them.",
        count(ending as u64, "denial")
    );
    let subject = Subject::new(SubjectKind::Gateway, "portcullis");
    (ending > 0).then(|| Attention::new(Level::Warning, Code::DenialsEnd, subject, text))
}

fn first_error(findings: &[Finding]) -> Option<&Finding> {
    findings.iter().find(|finding| finding.is_error())
}

/// The number of errors, and the first of them.
fn errors(findings: &[Finding]) -> String {
    let number = findings.iter().filter(|finding| finding.is_error()).count();
    let first = first_error(findings).map_or_else(String::new, |finding| {
        format!(": {}:{}: {}", finding.file.display(), finding.line.max(1), finding.message)
    });
    format!("{}{first}", count(number as u64, "error"))
}

fn providers(seen: &Seen<'_>) -> Vec<Attention> {
    let failing = seen.live.providers.values().filter_map(|provider| {
        let status = provider.status(seen.now);
        status.last_error.clone().map(|error| (provider, status, error))
    });
    let failing: Vec<_> = failing.collect();
    if failing.is_empty() {
        return Vec::new();
    }
    let users = Users::of(seen.live);
    let told = failing.into_iter().map(|(provider, status, error)| {
        let name = &provider.spec().name;
        let agents = users.of_provider(name);
        let calls: u64 = agents.iter().map(|agent| calls(seen.traffic.lately(agent))).sum();
        let stake =
            format!("{}, {} in five minutes", count(agents.len() as u64, "agent"), count(calls, "call"));
        let last = status.last_success.map(Instant::from_unix);
        let until = last.and_then(|at| provider.spec().usable_until(at));
        let since = last.map_or_else(String::new, |at| format!(" since {at}"));
        let subject = Subject::new(SubjectKind::IdentityProvider, name);
        if status.usable {
            let end = until.map_or_else(String::new, |until| format!(" until {until}"));
            let text = format!(
                "{name} has not given keys{since} ({error}). The keys from then are good{end}; {stake}."
            );
            Attention::new(Level::Warning, Code::ProviderFailing, subject, text).since(last).until(until)
        } else {
            let text = format!(
                "{name} has not given keys{since} ({error}), and none is left to use: its callers get 503; {stake}."
            );
            Attention::new(Level::Error, Code::ProviderFailing, subject, text).since(last)
        }
    });
    told.collect()
}

const fn calls(lately: Lately) -> u64 {
    lately.went_on() + lately.refused
}

fn upstream(seen: &Seen<'_>, agent: &Agent, lately: Lately) -> Option<Attention> {
    let all = lately.went_on().max(lately.failed);
    if lately.failed == 0 || lately.failed * FAILING_SHARE < all {
        return None;
    }
    let level = if lately.failed * 2 >= all { Level::Error } else { Level::Warning };
    let last = seen.decisions.last_failure(agent.name.as_str());
    let cause = last.as_ref().map_or_else(String::new, |last| {
        format!("; the last at {} ({})", last.at, last.upstream_error.map_or("", UpstreamError::as_str))
    });
    let text = format!(
        "{} of {} to {} got no answer from {} in five minutes{cause}.",
        lately.failed,
        count(all, "call"),
        agent.name,
        agent.upstream.url(),
    );
    Some(Attention::new(level, Code::UpstreamFailing, Subject::new(SubjectKind::Agent, &agent.name), text))
}

fn refuses_all(seen: &Seen<'_>, agent: &Agent, lately: Lately) -> Option<Attention> {
    if lately.refused < ALL_REFUSED || lately.went_on() > 0 {
        return None;
    }
    let most = seen.traffic.agent(agent.name.as_str()).top_refusal;
    let reason = most.map_or_else(String::new, |top| format!(", most of all for {}", top.reason));
    let name = &agent.name;
    let text = format!("{name} has refused each of {} calls in five minutes{reason}.", lately.refused);
    Some(Attention::new(Level::Warning, Code::AgentRefusesAll, Subject::new(SubjectKind::Agent, name), text))
}

fn certificates(seen: &Seen<'_>) -> Vec<Attention> {
    let told = seen.live.certificate_terms().filter_map(|term| {
        let warning = term.warning(seen.now)?;
        let level = if term.has_expired(seen.now) { Level::Error } else { Level::Warning };
        let kind = match &term.used_by {
            CertificateUse::Listener(_) | CertificateUse::Clients(_) => SubjectKind::Listener,
            CertificateUse::Upstream(_) => SubjectKind::Upstream,
            CertificateUse::Provider(_) => SubjectKind::IdentityProvider,
        };
        let text = format!("For {}, {warning}.", term.used_by);
        let subject = Subject::new(kind, term.used_by.name());
        Some(Attention::new(level, Code::Certificate, subject, text).until(Some(term.not_after)))
    });
    told.collect()
}

fn keys(seen: &Seen<'_>) -> Vec<Attention> {
    let mut told = Vec::new();
    for key in seen.live.api_keys.iter() {
        let Some(end) = key.expires_at().and_then(instant) else { continue };
        let is_revoked = key.revoked_at().and_then(instant).is_some_and(|at| at <= seen.now);
        if is_revoked || end <= seen.now || end.since(seen.now) > KEY_ENDS {
            continue;
        }
        let name = key.name().map_or_else(String::new, |name| format!(" ({name})"));
        let text = format!("The API key {}{name} of {} ends at {end}.", key.id(), key.agent());
        let subject = Subject::new(SubjectKind::ApiKey, key.id());
        told.push(Attention::new(Level::Warning, Code::KeyEnds, subject, text).until(Some(end)));
    }
    told
}

fn instant(at: jiff::Timestamp) -> Option<Instant> {
    u64::try_from(at.as_second()).ok().map(Instant::from_unix)
}

fn lost_lines(seen: &Seen<'_>) -> Vec<Attention> {
    let lately = seen.traffic.lost().into_iter().filter(|lost| seen.now.since(lost.last) < LOST);
    let told = lately.map(|lost| {
        let what = match lost.log {
            "refusals" => "refusals were not kept on disk",
            _ => "lines were dropped, because nobody read them fast enough or the disk is full",
        };
        let text = format!("The {} log: {} {what}; the last at {}.", lost.log, lost.lines, lost.last);
        Attention::new(Level::Warning, Code::LogLinesLost, Subject::new(SubjectKind::Gateway, lost.log), text)
            .since(Some(lost.last))
    });
    told.collect()
}
