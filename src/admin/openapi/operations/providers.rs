//! The operations on identity providers.

use serde_json::json;

use super::super::operation::{Faults, Operation, query};
use super::super::parameters::{IF_MATCH, IF_NONE_MATCH, NAME};
use super::super::specs::ProviderSpec;
use super::{ABSENT, BASE, CHANGE, CHANGE_OF_ONE, CREATED, REMOVED, WRITTEN, answer, body, tagged};
use crate::admin::page::Page;
use crate::admin::write_query::Asked;
use crate::admin::{client_token, probe, providers};
use crate::idp::{self, ProviderStatus};

pub(super) const ALL: &[Operation] = &[
    Operation {
        path: "/api/v1/identity-providers",
        id: "listProviders",
        tag: "identity-providers",
        summary: "List identity providers",
        query: query::<providers::List>,
        answers: &[answer::<Page<providers::Summary>>("200", "One page, in the order of names.")],
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/identity-providers:probe",
        id: "probeProvider",
        tag: "identity-providers",
        summary: "Probe an issuer before it is saved",
        body: body::<probe::Question>(|| json!({"issuer": "http://127.0.0.1:1"})),
        answers: &[answer::<idp::Probe>("200", "The result, with the problems found.")],
        ..BASE
    },
    Operation {
        path: "/api/v1/identity-providers/{name}",
        id: "showProvider",
        tag: "identity-providers",
        summary: "Show an identity provider",
        parameters: &[NAME],
        answers: &[tagged::<providers::Detail>("200", "The provider.")],
        faults: ABSENT,
        ..BASE
    },
    Operation {
        method: "put",
        path: "/api/v1/identity-providers/{name}",
        id: "saveProvider",
        tag: "identity-providers",
        summary: "Save an identity provider",
        parameters: &[NAME, IF_MATCH, IF_NONE_MATCH],
        query: query::<Asked>,
        body: body::<ProviderSpec>(|| json!({"issuer": "https://idp.example.com"})),
        answers: &[WRITTEN, CREATED],
        faults: CHANGE,
        ..BASE
    },
    Operation {
        method: "delete",
        path: "/api/v1/identity-providers/{name}",
        id: "deleteProvider",
        tag: "identity-providers",
        summary: "Delete an identity provider that no agent accepts",
        parameters: &[NAME, IF_MATCH],
        query: query::<Asked>,
        answers: &[REMOVED],
        faults: CHANGE_OF_ONE,
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/identity-providers/{name}/token",
        id: "fetchToken",
        tag: "identity-providers",
        summary: "Fetch a token with the client credentials grant; nothing is kept",
        parameters: &[NAME],
        body: body::<client_token::Question>(|| json!({"client_id": "tester", "client_secret": "secret"})),
        answers: &[answer::<idp::Token>("200", "The token.")],
        faults: ABSENT,
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/identity-providers/{name}/fetch",
        id: "fetchKeys",
        tag: "identity-providers",
        summary: "Fetch the keys of an identity provider now",
        parameters: &[NAME],
        answers: &[
            answer::<ProviderStatus>(
                "200",
                "The fetch has ended, or the last request for one was less than 30 seconds ago.",
            ),
            answer::<ProviderStatus>("202", "The fetch goes on."),
        ],
        faults: Faults { invalid: true, ..ABSENT },
        ..BASE
    },
];
