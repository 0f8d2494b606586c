//! The operations on the state of the gateway.

use super::super::operation::{Faults, Operation};
use super::{BASE, NONE, answer};
use crate::admin::{fleet, reload, status};
use crate::telemetry::Overview;

pub(super) const ALL: &[Operation] = &[
    Operation {
        path: "/api/v1/status",
        id: "status",
        tag: "status",
        summary: "Show the state of the gateway",
        answers: &[answer::<status::Status>("200", "The state.")],
        ..BASE
    },
    Operation {
        path: "/api/v1/fleet",
        id: "fleet",
        tag: "status",
        summary: "Show the gateways that share the store",
        answers: &[answer::<fleet::Fleet>("200", "The members, as this one sees them.")],
        ..BASE
    },
    Operation {
        path: "/api/v1/traffic",
        id: "traffic",
        tag: "status",
        summary: "Rates and latencies of the decisions of the last minutes",
        answers: &[answer::<Overview>("200", "Rates, oldest first.")],
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/reload",
        id: "reload",
        tag: "status",
        summary: "Reload the configuration",
        answers: &[answer::<reload::Reloaded>("200", "The result.")],
        faults: Faults { invalid: true, history: true, ..NONE },
        ..BASE
    },
];
