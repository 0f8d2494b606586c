//! Every operation of the API, in the order of the documentation.

use serde_json::{Value, json};

use super::operation::{Answer, Body, Faults, Operation};
use super::parameters::{
    AFTER, BEFORE, DRY_RUN, FORCE, ID, IF_MATCH, IF_NONE_MATCH, LIMIT, NAME, NUMBER, OF_AGENT, OF_DECISION,
    OF_OUTCOME, OF_REASON, Q, REQUEST_ID, RESOURCE,
};

const JSON: &str = "application/json";
const ETAG: (&str, &str) = ("ETag", "The version, for `If-Match`.");
const LOCATION: (&str, &str) = ("Location", "Where it is; absent with `dry_run`.");
const COOKIE: (&str, &str) = ("Set-Cookie", "The session, or its end.");

pub(super) const fn json(status: &'static str, schema: &'static str, doc: &'static str) -> Answer {
    Answer { status, body: Some((JSON, schema)), headers: &[], doc }
}
const fn tagged(status: &'static str, schema: &'static str, doc: &'static str) -> Answer {
    Answer { status, body: Some((JSON, schema)), headers: &[ETAG], doc }
}
pub(super) const WRITTEN: Answer = tagged("200", "Written", "It runs.");
const REMOVED: Answer = json("200", "Written", "It is gone.");
const CREATED: Answer = tagged("201", "Written", "It is new, and it runs.");

pub(super) const fn body(schema: &'static str, example: fn() -> Value) -> Option<Body> {
    Some(Body { schema, required: true, example })
}

const NONE: Faults =
    Faults { absent: false, stale: false, refused: false, history: false, invalid: false, busy: false };
pub(super) const ABSENT: Faults = Faults { absent: true, ..NONE };
const CHANGE: Faults = Faults { stale: true, refused: true, ..NONE };
pub(super) const CHANGE_OF_ONE: Faults = Faults { absent: true, ..CHANGE };

/// What most operations have in common.
pub(super) const BASE: Operation = Operation {
    method: "get",
    path: "",
    id: "",
    tag: "",
    summary: "",
    parameters: &[],
    body: None,
    answers: &[],
    faults: NONE,
    open: false,
};

/// The table.
pub(super) const ALL: &[Operation] = &[
    Operation {
        path: "/openapi.json",
        id: "openapi",
        tag: "meta",
        summary: "This document",
        answers: &[json("200", "OpenApi", "The document.")],
        open: true,
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/session",
        id: "logIn",
        tag: "session",
        summary: "Trade the token for a cookie",
        body: body("Login", || json!({"token": "the content of the token file"})),
        answers: &[Answer { status: "204", body: None, headers: &[COOKIE], doc: "Logged in, for 12 hours." }],
        open: true,
        ..BASE
    },
    Operation {
        path: "/api/v1/session",
        id: "whoAmI",
        tag: "session",
        summary: "Who asks, and for how long",
        answers: &[json("200", "Whoami", "Who asks.")],
        ..BASE
    },
    Operation {
        method: "delete",
        path: "/api/v1/session",
        id: "logOut",
        tag: "session",
        summary: "Log out",
        answers: &[Answer { status: "204", body: None, headers: &[COOKIE], doc: "Logged out." }],
        ..BASE
    },
    Operation {
        path: "/api/v1/agents",
        id: "listAgents",
        tag: "agents",
        summary: "List agents",
        parameters: &[LIMIT, AFTER, Q],
        answers: &[json("200", "AgentPage", "One page, in the order of names.")],
        ..BASE
    },
    Operation {
        path: "/api/v1/agents/{name}",
        id: "showAgent",
        tag: "agents",
        summary: "Show an agent",
        parameters: &[NAME],
        answers: &[tagged("200", "AgentDetail", "The agent.")],
        faults: ABSENT,
        ..BASE
    },
    Operation {
        method: "put",
        path: "/api/v1/agents/{name}",
        id: "deployAgent",
        tag: "agents",
        summary: "Deploy an agent",
        parameters: &[NAME, DRY_RUN, IF_MATCH, IF_NONE_MATCH],
        body: body("AgentSpec", || {
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
        summary: "Take an agent away, and its API keys with it",
        parameters: &[NAME, DRY_RUN, IF_MATCH],
        answers: &[REMOVED],
        faults: CHANGE_OF_ONE,
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/agents/{name}/test",
        id: "testAgent",
        tag: "agents",
        summary: "Send a real request through the gateway, and follow its answer",
        parameters: &[NAME],
        body: body("Trial", || json!({"method": "GET", "path": "/"})),
        answers: &[Answer {
            status: "200",
            body: Some(("application/x-ndjson", "Lines")),
            headers: &[],
            doc: "What happens, a line for each event.",
        }],
        faults: Faults { busy: true, ..ABSENT },
        ..BASE
    },
    Operation {
        path: "/api/v1/identity-providers",
        id: "listProviders",
        tag: "identity-providers",
        summary: "List identity providers",
        parameters: &[LIMIT, AFTER, Q],
        answers: &[json("200", "ProviderPage", "One page, in the order of names.")],
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/identity-providers:probe",
        id: "probeProvider",
        tag: "identity-providers",
        summary: "Look at an issuer before it is saved",
        body: body("ProbeQuestion", || json!({"issuer": "http://127.0.0.1:1"})),
        answers: &[json("200", "Probe", "What was found, problems among it.")],
        ..BASE
    },
    Operation {
        path: "/api/v1/identity-providers/{name}",
        id: "showProvider",
        tag: "identity-providers",
        summary: "Show an identity provider",
        parameters: &[NAME],
        answers: &[tagged("200", "ProviderDetail", "The provider.")],
        faults: ABSENT,
        ..BASE
    },
    Operation {
        method: "put",
        path: "/api/v1/identity-providers/{name}",
        id: "saveProvider",
        tag: "identity-providers",
        summary: "Save an identity provider",
        parameters: &[NAME, DRY_RUN, FORCE, IF_MATCH, IF_NONE_MATCH],
        body: body("ProviderSpec", || json!({"issuer": "https://idp.example.com"})),
        answers: &[WRITTEN, CREATED],
        faults: CHANGE,
        ..BASE
    },
    Operation {
        method: "delete",
        path: "/api/v1/identity-providers/{name}",
        id: "deleteProvider",
        tag: "identity-providers",
        summary: "Take an identity provider away that no agent accepts",
        parameters: &[NAME, DRY_RUN, IF_MATCH],
        answers: &[REMOVED],
        faults: CHANGE_OF_ONE,
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/identity-providers/{name}/token",
        id: "fetchToken",
        tag: "identity-providers",
        summary: "Fetch a token by client credentials; nothing is kept",
        parameters: &[NAME],
        body: body("ClientTokenQuestion", || json!({"client_id": "tester", "client_secret": "secret"})),
        answers: &[json("200", "ClientToken", "The token.")],
        faults: ABSENT,
        ..BASE
    },
    Operation {
        path: "/api/v1/api-keys",
        id: "listApiKeys",
        tag: "api-keys",
        summary: "List API keys",
        parameters: &[OF_AGENT, LIMIT, AFTER],
        answers: &[json("200", "ApiKeyPage", "One page, in the order of ids.")],
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/api-keys",
        id: "createApiKey",
        tag: "api-keys",
        summary: "Make an API key; it is shown once",
        parameters: &[DRY_RUN],
        body: body("NewApiKey", || json!({"agent": "refunds", "name": "ci", "expires_in": "30d"})),
        answers: &[Answer {
            status: "201",
            body: Some((JSON, "CreatedApiKey")),
            headers: &[ETAG, LOCATION],
            doc: "The key.",
        }],
        faults: Faults { refused: true, stale: true, ..NONE },
        ..BASE
    },
    Operation {
        path: "/api/v1/api-keys/{id}",
        id: "showApiKey",
        tag: "api-keys",
        summary: "Show an API key, without what opens the agent",
        parameters: &[ID],
        answers: &[tagged("200", "ApiKey", "The key.")],
        faults: ABSENT,
        ..BASE
    },
    Operation {
        method: "delete",
        path: "/api/v1/api-keys/{id}",
        id: "deleteApiKey",
        tag: "api-keys",
        summary: "Take an API key away",
        parameters: &[ID, DRY_RUN, IF_MATCH],
        answers: &[REMOVED],
        faults: CHANGE_OF_ONE,
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/api-keys/{id}/revoke",
        id: "revokeApiKey",
        tag: "api-keys",
        summary: "End an API key now",
        parameters: &[ID, DRY_RUN, IF_MATCH],
        answers: &[WRITTEN],
        faults: CHANGE_OF_ONE,
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/api-keys/{id}/rotate",
        id: "rotateApiKey",
        tag: "api-keys",
        summary: "Replace an API key; the old one lives on for the overlap",
        parameters: &[ID, DRY_RUN, IF_MATCH],
        body: body("RotateApiKey", || json!({"overlap": "1h"})),
        answers: &[Answer {
            status: "201",
            body: Some((JSON, "RotatedApiKey")),
            headers: &[ETAG, LOCATION],
            doc: "The new key.",
        }],
        faults: CHANGE_OF_ONE,
        ..BASE
    },
    Operation {
        path: "/api/v1/revisions",
        id: "listRevisions",
        tag: "revisions",
        summary: "What was changed, the newest first",
        parameters: &[LIMIT, BEFORE, RESOURCE],
        answers: &[tagged("200", "RevisionPage", "One page; its ETag is what a rollback is based on.")],
        faults: Faults { history: true, ..NONE },
        ..BASE
    },
    Operation {
        path: "/api/v1/revisions/{number}",
        id: "showRevision",
        tag: "revisions",
        summary: "One change, with its texts",
        parameters: &[NUMBER],
        answers: &[json("200", "Revision", "The change.")],
        faults: Faults { absent: true, history: true, ..NONE },
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/revisions/{number}/rollback",
        id: "rollBack",
        tag: "revisions",
        summary: "Make agents and providers what they were right after a revision",
        parameters: &[NUMBER, DRY_RUN, IF_MATCH],
        body: Some(Body {
            schema: "RollBack",
            required: false,
            example: || json!({"resource": "agents/refunds"}),
        }),
        answers: &[WRITTEN],
        faults: CHANGE_OF_ONE,
        ..BASE
    },
    Operation {
        path: "/api/v1/status",
        id: "status",
        tag: "status",
        summary: "What runs, what was refused, and how keys are",
        answers: &[json("200", "Status", "The state.")],
        ..BASE
    },
    Operation {
        path: "/api/v1/traffic",
        id: "traffic",
        tag: "status",
        summary: "Decisions of the last minutes, and the time that they took",
        answers: &[json("200", "Traffic", "Rates, oldest first.")],
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/explain",
        id: "explain",
        tag: "decisions",
        summary: "Decide on a credential, and show every check",
        body: body("ExplainQuestion", || json!({"agent": "refunds", "credential": "eyJ..."})),
        answers: &[json("200", "Explanation", "The decision.")],
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/reload",
        id: "reload",
        tag: "status",
        summary: "Read the configuration anew",
        answers: &[json("200", "Reloaded", "What came of it.")],
        faults: Faults { invalid: true, history: true, ..NONE },
        ..BASE
    },
    Operation {
        path: "/api/v1/decisions",
        id: "listDecisions",
        tag: "decisions",
        summary: "The last decisions, the newest first",
        parameters: &[OF_AGENT, OF_REASON, OF_DECISION, OF_OUTCOME, LIMIT],
        answers: &[json("200", "Decisions", "Decisions.")],
        ..BASE
    },
    Operation {
        path: "/api/v1/decisions/stream",
        id: "followDecisions",
        tag: "decisions",
        summary: "Decisions as they are made",
        parameters: &[OF_AGENT, OF_REASON, OF_DECISION, OF_OUTCOME],
        answers: &[Answer {
            status: "200",
            body: Some(("text/event-stream", "Events")),
            headers: &[],
            doc: "Events, until somebody hangs up.",
        }],
        faults: Faults { busy: true, ..NONE },
        ..BASE
    },
    Operation {
        path: "/api/v1/decisions/{request_id}",
        id: "showDecision",
        tag: "decisions",
        summary: "The decision about one request, and what it rests on",
        parameters: &[REQUEST_ID],
        answers: &[json("200", "WholeDecision", "The decision.")],
        faults: ABSENT,
        ..BASE
    },
];
