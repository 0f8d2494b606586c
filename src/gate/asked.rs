//! What a request asked of an agent whose messages are read, as far as logs, metrics and the response to a refusal need it.

use std::sync::Arc;

use crate::authz::Viewer;
use crate::model::{Call, Operation, OperationClass};
use crate::protocol::json_rpc::Id;

use super::step_up::StepUp;

/// What a request asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The label in metrics.
    pub class: OperationClass,
    /// The texts of the message, for the access log; `None` of a request without a message, or with one that cannot be read.
    pub call: Option<Arc<Call>>,
    /// The id of the message, for the response to a refusal.
    pub id: Option<Id<'static>>,
    /// What the operation needs in all, where a token, or another one of the same caller, could pass.
    pub step_up: Option<Box<StepUp>>,
    /// The caller, as far as lists show different things to different callers.
    pub viewer: Viewer,
}

impl Asked {
    /// A request without a message, or with one that cannot be read.
    pub(super) const fn nothing(class: OperationClass) -> Self {
        Self { class, call: None, id: None, step_up: None, viewer: Viewer::Admitted }
    }

    /// A message with this operation and this id, of which the log shows this.
    pub(super) fn of(operation: &Operation<'_>, id: Option<&Id<'_>>, call: Call) -> Self {
        let (call, id) = (Some(Arc::new(call)), id.map(Id::to_owned));
        Self { class: operation.class, call, id, step_up: None, viewer: Viewer::Admitted }
    }
}
