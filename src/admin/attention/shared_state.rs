//! The Redis in which the members of a fleet count limits is of no use: an error where callers are refused for that.

use crate::routing::{Agent, AgentLimit};

use super::causes::count;
use super::{Attention, Code, Level, Seen, Subject, SubjectKind};

pub(super) fn down(seen: &Seen<'_>) -> Option<Attention> {
    let outage = seen.redis.as_ref()?;
    let with = |is: fn(&AgentLimit) -> bool| {
        let has =
            |agent: &&std::sync::Arc<Agent>| agent.limits.iter().any(|limits| limits.list.iter().any(is));
        seen.live.agents.values().filter(has).count() as u64
    };
    let (all, refuse) = (with(AgentLimit::is_common), with(AgentLimit::refuses_on_loss));
    let (level, callers) = match refuse {
        0 => (Level::Warning, String::new()),
        refuse => (Level::Error, format!("; callers of {} get 503", count(refuse, "agent"))),
    };
    let text = format!(
        "The Redis of `server.shared_state` cannot be used ({}): limits of {} that count over all members do what their `on_loss` says{callers}.",
        outage.why,
        count(all, "agent"),
    );
    let subject = Subject::new(SubjectKind::SharedState, "redis");
    Some(Attention::new(level, Code::SharedStateDown, subject, text).since(Some(outage.since)))
}

#[cfg(test)]
mod tests {
    use super::super::super::fixtures;
    use super::super::tests::told_at;
    use super::*;
    use crate::control::RedisOutage;
    use crate::model::Instant;

    #[test]
    fn a_redis_of_no_use_is_an_error_only_where_callers_are_refused_for_it() {
        for (on_loss, level, ending) in [
            ("share", Level::Warning, "do what their `on_loss` says."),
            ("deny", Level::Error, "do what their `on_loss` says; callers of 1 agent get 503."),
        ] {
            let limit = format!(
                "{{ name: all, per: agent, scope: agent, rate: 9/1m, counting: shared, on_loss: {on_loss} }}"
            );
            let redis = "server:\n  shared_state: { redis: { url: \"redis://127.0.0.1:9\" } }\n";
            let text = fixtures::document().replacen("server:\n", redis, 1);
            let text = text.replacen("route: /open\n", &format!("route: /open\n    limits: [{limit}]\n"), 1);
            let live = fixtures::snapshot(&text);
            assert_eq!(told_at(&live, None), []);
            let since = Instant::from_unix(1_650_000_000);
            let told = told_at(&live, Some(RedisOutage { since, why: "it is full".to_owned() }));
            assert_eq!((told.len(), told[0].level, told[0].code), (1, level, Code::SharedStateDown));
            let text = &told[0].text;
            assert!(text.contains("cannot be used (it is full): limits of 1 agent that"), "{text}");
            assert!(text.ends_with(ending), "{text}");
            assert_eq!(told[0].since, Some(since.timestamp()));
        }
    }
}
