//! Targets of an agent that take no requests, since requests or health checks fail there: an error where none is left that
//! stands well. Those that somebody drains are no cause.

use crate::model::TargetState;
use crate::routing::Agent;

use super::{Attention, Code, Level, Seen, Subject, SubjectKind};

/// Targets that are named; an agent has up to 64.
const NAMED: usize = 3;

pub(super) fn out(seen: &Seen<'_>) -> Vec<Attention> {
    seen.live.agents.values().filter_map(|agent| of_agent(seen, agent)).collect()
}

fn of_agent(seen: &Seen<'_>, agent: &Agent) -> Option<Attention> {
    let targets = agent.upstream.targets.as_ref()?;
    let (mut out, mut well) = (Vec::new(), 0);
    for member in &targets.members {
        match targets.state(member, seen.now) {
            TargetState::Healthy | TargetState::Slow => well += 1,
            state @ (TargetState::Ejected | TargetState::Unhealthy) => out.push((member, state)),
            TargetState::Draining => {}
        }
    }
    if out.is_empty() {
        return None;
    }
    let told = out.iter().take(NAMED).map(|(member, state)| {
        let error = member.target.standing.last_error();
        let why = error.map_or_else(String::new, |error| format!(", {}", error.what));
        format!("{} ({}{why})", member.url, state.as_str())
    });
    let mut named = told.collect::<Vec<_>>().join(", ");
    if out.len() > NAMED {
        named += &format!(" and {} more", out.len() - NAMED);
    }
    let name = &agent.name;
    let (level, text) = match well {
        0 => (Level::Error, format!("No target of {name} stands well, and all are used: {named}.")),
        _ => {
            let all = well + out.len();
            (Level::Warning, format!("{} of {all} targets of {name} take no requests: {named}.", out.len()))
        }
    };
    Some(Attention::new(level, Code::TargetsOut, Subject::new(SubjectKind::Agent, name), text))
}

#[cfg(test)]
mod tests {
    use super::super::super::fixtures;
    use super::super::tests::told_at;
    use super::*;
    use crate::model::Instant;

    #[test]
    fn targets_that_are_out_are_named_with_their_last_error_and_all_of_them_are_an_error() {
        let targets = "upstream: { targets: [\"http://10.0.0.1:1\", \"http://10.0.0.2:2\", { url: \"http://10.0.0.3:3\", weight: 0 }] }";
        let many = format!("agents:\n  many:\n    route: /many\n    {targets}\n    auth: public\n");
        let live = fixtures::snapshot(&fixtures::document().replacen("agents:\n", &many, 1));
        let now = Instant::from_unix(fixtures::NOW);
        let agent = live.agents.values().find(|agent| agent.name.as_str() == "many").unwrap();
        let [one, two, drained] = &*agent.upstream.targets.as_ref().unwrap().members else { panic!("three") };
        drained.target.standing.checked(false, now);
        assert_eq!(told_at(&live, None), [], "nobody asks one that drains");
        two.target.standing.checked(false, now);
        two.target.standing.note("connect_refused", now);
        let told = told_at(&live, None);
        assert_eq!((told.len(), told[0].level, told[0].code), (1, Level::Warning, Code::TargetsOut));
        assert_eq!(
            told[0].text,
            "1 of 2 targets of many take no requests: http://10.0.0.2:2 (unhealthy, connect_refused)."
        );
        let eject = &agent.upstream.targets.as_ref().unwrap().spread.eject;
        let ejected = (0..5).filter_map(|_| one.target.standing.failed(now, eject)).count();
        assert_eq!(ejected, 1);
        let told = told_at(&live, None);
        assert_eq!(told[0].level, Level::Error);
        assert_eq!(
            told[0].text,
            "No target of many stands well, and all are used: http://10.0.0.1:1 (ejected), http://10.0.0.2:2 (unhealthy, connect_refused)."
        );
    }
}
