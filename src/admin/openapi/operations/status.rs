//! The operations that say how the gateway is.

use super::super::operation::{Faults, Operation};
use super::{BASE, NONE, answer};
use crate::admin::{reload, status};
use crate::telemetry::Overview;

pub(super) const ALL: &[Operation] = &[
    Operation {
        path: "/api/v1/status",
        id: "status",
        tag: "status",
        summary: "What runs, what was refused, and how keys are",
        answers: &[answer::<status::Status>("200", "The state.")],
        ..BASE
    },
    Operation {
        path: "/api/v1/traffic",
        id: "traffic",
        tag: "status",
        summary: "Decisions of the last minutes, and the time that they took",
        answers: &[answer::<Overview>("200", "Rates, oldest first.")],
        ..BASE
    },
    Operation {
        method: "post",
        path: "/api/v1/reload",
        id: "reload",
        tag: "status",
        summary: "Read the configuration anew",
        answers: &[answer::<reload::Reloaded>("200", "What came of it.")],
        faults: Faults { invalid: true, history: true, ..NONE },
        ..BASE
    },
];
