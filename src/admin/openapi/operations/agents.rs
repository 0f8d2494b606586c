//! The operations on agents.

use serde_json::json;

use super::super::lines;
use super::super::operation::{Answer, Faults, Operation, query};
use super::super::parameters::{IF_MATCH, IF_NONE_MATCH, NAME};
use super::super::specs::AgentSpec;
use super::{ABSENT, BASE, CHANGE, CHANGE_OF_ONE, CREATED, REMOVED, WRITTEN, answer, body, stream, tagged};
use crate::admin::page::Page;
use crate::admin::write_query::Asked;
use crate::admin::{
    agent_card, agents, client_check, discovery, limits, refused_callers, streams, targets, trial,
};

pub(super) const ALL: &[Operation] = &[
    Operation {
        path: "/api/v1/agents",
        id: "listAgents",
        tag: "agents",
        summary: "List agents",
        query: query::<agents::List>,
        answers: &[answer::<Page<agents::Summary>>("200", "One page, in the order of names.")],
        ..BASE
    },
    Operation {
        path: "/api/v1/agents/{name}",
        id: "showAgent",
        tag: "agents",
        summary: "Show an agent",
        parameters: &[NAME],
        answers: &[tagged::<agents::Detail>("200", "The agent.")],
        faults: ABSENT,
        ..BASE
    },
    Operation {
        method: "put",
        path: "/api/v1/agents/{name}",
        id: "deployAgent",
        tag: "agents",
        summary: "Deploy an agent",
        parameters: &[NAME, IF_MATCH, IF_NONE_MATCH],
        query: query::<Asked>,
        body: body::<AgentSpec>(|| {
            json!({
                "route": {"path": "/agents/refunds", "strip_path": true},
                "upstream": "http://127.0.0.1:9000",
                "auth": {"api_key": {}},
            })
        }),
        answers: &[WRITTEN, CREATED],
        faults: CHANGE,
        ..BASE
    },
    Operation {
        method: "delete",
        path: "/api/v1/agents/{name}",
        id: "deleteAgent",
        tag: "agents",
        summary: "Delete an agent, and its API keys with it",
        parameters: &[NAME, IF_MATCH],
        query: query::<Asked>,
        answers: &[REMOVED],
        faults: CHANGE_OF_ONE,
        ..BASE
    },
    Operation {
        path: "/api/v1/agents/{name}/card",
        id: "showCard",
        tag: "agents",
        summary: "Show the card of an agent that speaks A2A, beside the agent's own",
        parameters: &[NAME],
        answers: &[answer::<agent_card::Card>("200", "The card, and how its last fetch ended.")],
        faults: ABSENT,
        ..BASE
    },
    Operation {
        path: "/api/v1/agents/{name}/discovery",
        id: "showDiscovery",
        tag: "agents",
        summary: "Show what a client finds that knows nothing but the URL of an agent",
        parameters: &[NAME],
        query: query::<discovery::Asked>,
        answers: &[answer::<discovery::Discovery>(
            "200",
            "The metadata, the challenge, and what a page may do.",
        )],
        faults: ABSENT,
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/agents/{name}/client-check",
        id: "checkClients",
        tag: "agents",
        summary: "Check the way of clients from the URL of an agent to a token",
        parameters: &[NAME],
        body: body::<client_check::Question>(|| json!({"url": "https://agents.example.com/refunds"})),
        answers: &[answer::<client_check::Checked>("200", "The result, with the problems found.")],
        faults: Faults { invalid: true, ..ABSENT },
        ..BASE
    },
    Operation {
        path: "/api/v1/agents/{name}/limits",
        id: "listLimits",
        tag: "agents",
        summary: "List the limits of an agent, and how full they are",
        parameters: &[NAME],
        answers: &[answer::<limits::Items>("200", "The limits, in the order in which they are looked at.")],
        faults: Faults { busy: true, ..ABSENT },
        ..BASE
    },
    Operation {
        path: "/api/v1/agents/{name}/refused-callers",
        id: "listRefusedCallers",
        tag: "agents",
        summary: "List the callers of an agent that are refused most often",
        parameters: &[NAME],
        answers: &[answer::<refused_callers::Items>("200", "The callers, the one with most refusals first.")],
        faults: ABSENT,
        ..BASE
    },
    Operation {
        path: "/api/v1/agents/{name}/streams",
        id: "listStreams",
        tag: "agents",
        summary: "List the streams under way at an agent",
        parameters: &[NAME],
        answers: &[answer::<streams::Items>("200", "The streams, oldest first.")],
        faults: ABSENT,
        ..BASE
    },
    Operation {
        method: "delete",
        path: "/api/v1/agents/{name}/streams",
        id: "endStreams",
        tag: "agents",
        summary: "End one stream of an agent, or all",
        parameters: &[NAME],
        query: query::<streams::One>,
        answers: &[answer::<streams::Ended>("200", "They end within a second.")],
        faults: ABSENT,
        ..BASE
    },
    Operation {
        path: "/api/v1/agents/{name}/targets",
        id: "listTargets",
        tag: "agents",
        summary: "List the targets of an agent, and how each stands",
        parameters: &[NAME],
        answers: &[answer::<targets::Items>("200", "The targets, in the order in which they are written.")],
        faults: ABSENT,
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/agents/{name}/targets/drain",
        id: "drainTarget",
        tag: "agents",
        summary: "Let a target take no new requests, or let it take them again",
        parameters: &[NAME],
        body: body::<targets::Told>(|| json!({"url": "http://10.0.0.1:9000", "drain": true})),
        answers: &[answer::<targets::Shown>("200", "The target, as it stands now.")],
        faults: Faults { invalid: true, ..ABSENT },
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/agents/{name}/test",
        id: "testAgent",
        tag: "agents",
        summary: "Send a real request through the gateway, and stream its response",
        parameters: &[NAME],
        body: body::<trial::Trial>(|| json!({"method": "GET", "path": "/"})),
        answers: &[Answer {
            status: "200",
            body: stream::<lines::Trial>(),
            headers: &[],
            doc: "The events, one on each line.",
        }],
        faults: Faults { busy: true, ..ABSENT },
        ..BASE
    },
];
