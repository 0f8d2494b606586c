//! What a request of the HTTP+JSON binding asks for (A2A 1.0 section 11.3, and the paths of 0.3): the method and the end of
//! the path say it, whatever stands before, such as a prefix, `/v1` or a tenant.

use http::Method;

use super::operation::A2aOperation as Operation;
use super::segment::Segment;

/// The longest end of a path that names an operation, in segments: `tasks/ID/pushNotificationConfigs/ID`.
const LONGEST: usize = 4;

/// What the path of a request is in the HTTP+JSON binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestPath {
    /// That of this operation.
    Operation(Operation),
    /// That of one operation or of another: `tasks/tasks` lists the tasks of a tenant, or is one task.
    Ambiguous,
    /// One that the binding does not have, though it looks like one of its own.
    Alike,
    /// Any other.
    Other,
}

/// How a request is to be read, and how it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// JSON-RPC: its message says what it asks for.
    JsonRpc,
    /// HTTP+JSON: its path says it.
    Rest,
}

impl RestPath {
    /// Reads a path as the agent sees it: what comes `behind` the path of its URL, and that path.
    #[must_use]
    pub fn of(method: &Method, base: &str, behind: &str) -> Self {
        let segments = |path| str::rsplit(path, '/').filter(|segment| !segment.is_empty());
        let mut ends = segments(behind).chain(segments(base)).take(LONGEST).map(Segment::new);
        let ends = [ends.next(), ends.next(), ends.next(), ends.next()];
        let is = |at: usize, word: &str| {
            ends.get(at).and_then(Option::as_ref).is_some_and(|segment: &Segment<'_>| segment.is(word))
        };
        let of_tasks = |at: usize| is(at, "tasks");
        let of_configs = |at: usize| is(at, "pushNotificationConfigs") && of_tasks(at + 2);
        let verb = ends.first().and_then(Option::as_ref).and_then(Segment::verb);
        let verb_of_task =
            |word: &str| of_tasks(1) && verb.is_some_and(|verb| verb.eq_ignore_ascii_case(word));
        let is_verb = ["cancel", "subscribe"].into_iter().any(verb_of_task);
        let is_card = is(0, "extendedAgentCard")
            || is(0, "card") && is(1, "v1")
            || is(0, "authenticatedExtendedCard") && is(1, "agent");
        let (get, post, delete) = match *method {
            Method::GET | Method::HEAD => (true, false, false),
            Method::POST => (false, true, false),
            Method::DELETE => (false, false, true),
            _ => (false, false, false),
        };
        let mut found = [
            (is_card, Operation::GetExtendedCard),
            (post && is(0, "message:send"), Operation::SendMessage),
            (post && is(0, "message:stream"), Operation::SendStreamingMessage),
            (post && verb_of_task("cancel"), Operation::CancelTask),
            ((get || post) && verb_of_task("subscribe"), Operation::SubscribeToTask),
            (get && of_tasks(0), Operation::ListTasks),
            (get && of_tasks(1) && !is_verb, Operation::GetTask),
            (post && of_configs(0), Operation::CreatePushConfig),
            (get && of_configs(0), Operation::ListPushConfigs),
            (get && of_configs(1), Operation::GetPushConfig),
            (delete && of_configs(1), Operation::DeletePushConfig),
        ]
        .into_iter()
        .filter(|(is_it, _)| *is_it)
        .map(|(_, operation)| operation);
        match (found.next(), found.next()) {
            (Some(operation), None) => Self::Operation(operation),
            (Some(_), Some(_)) => Self::Ambiguous,
            (None, _) if verb.is_some() || (0..LONGEST).any(of_tasks) => Self::Alike,
            (None, _) => Self::Other,
        }
    }

    /// The binding of a request with such a path.
    #[must_use]
    pub fn binding(self, method: &Method) -> Binding {
        match self {
            Self::Other if *method == Method::POST => Binding::JsonRpc,
            Self::Operation(_) | Self::Ambiguous | Self::Alike | Self::Other => Binding::Rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_known_by_the_method_and_the_end_of_the_path() {
        use RestPath::{Alike, Ambiguous, Other};
        let is = RestPath::Operation;
        for (method, path, wanted) in [
            ("POST", "/message:send", is(Operation::SendMessage)),
            ("POST", "/v1/message:send", is(Operation::SendMessage)),
            ("POST", "/acme/message:send/", is(Operation::SendMessage)),
            ("POST", "/Message%3aSend", is(Operation::SendMessage)),
            ("POST", "/a/b/message:stream", is(Operation::SendStreamingMessage)),
            ("GET", "/tasks/1", is(Operation::GetTask)),
            ("HEAD", "/tasks/1", is(Operation::GetTask)),
            ("GET", "/tasks/urn:task:1", is(Operation::GetTask)),
            ("GET", "/v1/TASKS/1/", is(Operation::GetTask)),
            ("GET", "/tasks", is(Operation::ListTasks)),
            ("GET", "/acme/tasks/", is(Operation::ListTasks)),
            ("POST", "/tasks/1:cancel", is(Operation::CancelTask)),
            ("POST", "/tasks/1%3Acancel", is(Operation::CancelTask)),
            ("POST", "/tasks/1:subscribe", is(Operation::SubscribeToTask)),
            ("GET", "/v1/tasks/1:Subscribe", is(Operation::SubscribeToTask)),
            ("POST", "/tasks/1/pushNotificationConfigs", is(Operation::CreatePushConfig)),
            ("POST", "/tasks/1/pushnotificationconfigs/", is(Operation::CreatePushConfig)),
            ("GET", "/tasks/1/pushNotificationConfigs", is(Operation::ListPushConfigs)),
            ("GET", "/tasks/1/pushNotificationConfigs/2", is(Operation::GetPushConfig)),
            ("DELETE", "/tasks/1/pushNotificationConfigs/2", is(Operation::DeletePushConfig)),
            ("GET", "/extendedAgentCard", is(Operation::GetExtendedCard)),
            ("HEAD", "/acme/extendedAgentCard/", is(Operation::GetExtendedCard)),
            ("POST", "/EXTENDEDAGENTCARD", is(Operation::GetExtendedCard)),
            ("GET", "/v1/card", is(Operation::GetExtendedCard)),
            ("GET", "/agent/authenticatedExtendedCard", is(Operation::GetExtendedCard)),
            // One task with a strange name, or the tasks of a tenant with one.
            ("GET", "/tasks/tasks", Ambiguous),
            ("GET", "/tasks/extendedAgentCard", Ambiguous),
            ("GET", "/tasks/tasks/pushNotificationConfigs", Ambiguous),
            ("GET", "/tasks/1/pushNotificationConfigs/extendedAgentCard", Ambiguous),
            ("GET", "/tasks/1:cancel", Alike),
            ("GET", "/message:send", Alike),
            ("POST", "/tasks/1:pause", Alike),
            ("POST", "/tasks/1", Alike),
            ("DELETE", "/tasks/1", Alike),
            ("PUT", "/tasks/1/pushNotificationConfigs/2", Alike),
            ("GET", "/card", Other),
            ("GET", "/v1/cards", Other),
            ("GET", "/notextendedAgentCard", Other),
            ("GET", "/.well-known/agent-card.json", Other),
            ("POST", "/", Other),
            ("POST", "/rpc", Other),
        ] {
            let method = method.parse().unwrap();
            assert_eq!(RestPath::of(&method, "", path), wanted, "{method} {path}");
        }
    }

    #[test]
    fn the_path_of_the_agents_url_counts_too() {
        let get = Method::GET;
        assert_eq!(RestPath::of(&get, "/v1", "/card"), RestPath::Operation(Operation::GetExtendedCard));
        assert_eq!(RestPath::of(&get, "/x/tasks", "/1"), RestPath::Operation(Operation::GetTask));
        assert_eq!(RestPath::of(&get, "/x/tasks", "/"), RestPath::Operation(Operation::ListTasks));
    }

    #[test]
    fn a_post_to_a_path_of_no_operation_is_json_rpc_and_everything_else_is_not() {
        for (method, path, wanted) in [
            ("POST", "/rpc", Binding::JsonRpc),
            ("POST", "/message:send", Binding::Rest),
            ("POST", "/tasks/1:pause", Binding::Rest),
            ("GET", "/rpc", Binding::Rest),
        ] {
            let method = method.parse().unwrap();
            assert_eq!(RestPath::of(&method, "", path).binding(&method), wanted, "{method} {path}");
        }
    }
}
