//! The operations of A2A (1.0 section 5.3), and the methods of JSON-RPC that ask for them in either generation.

use crate::model::OperationClass;

/// An operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum A2aOperation {
    /// `SendMessage`
    SendMessage,
    /// `SendStreamingMessage`
    SendStreamingMessage,
    /// `GetTask`
    GetTask,
    /// `ListTasks`
    ListTasks,
    /// `CancelTask`
    CancelTask,
    /// `SubscribeToTask`
    SubscribeToTask,
    /// `CreateTaskPushNotificationConfig`
    CreatePushConfig,
    /// `GetTaskPushNotificationConfig`
    GetPushConfig,
    /// `ListTaskPushNotificationConfigs`
    ListPushConfigs,
    /// `DeleteTaskPushNotificationConfig`
    DeletePushConfig,
    /// `GetExtendedAgentCard`
    GetExtendedCard,
}

/// Methods of JSON-RPC besides the names of 1.0: those of 0.3, and those that drafts of 1.0 had.
const OTHER_METHODS: [(&str, A2aOperation); 13] = [
    ("message/send", A2aOperation::SendMessage),
    ("message/stream", A2aOperation::SendStreamingMessage),
    ("tasks/get", A2aOperation::GetTask),
    ("tasks/list", A2aOperation::ListTasks),
    ("tasks/cancel", A2aOperation::CancelTask),
    ("tasks/resubscribe", A2aOperation::SubscribeToTask),
    ("tasks/pushNotificationConfig/set", A2aOperation::CreatePushConfig),
    ("tasks/pushNotificationConfig/get", A2aOperation::GetPushConfig),
    ("tasks/pushNotificationConfig/list", A2aOperation::ListPushConfigs),
    ("tasks/pushNotificationConfig/delete", A2aOperation::DeletePushConfig),
    ("agent/getAuthenticatedExtendedCard", A2aOperation::GetExtendedCard),
    ("SetTaskPushNotificationConfig", A2aOperation::CreatePushConfig),
    ("ListTaskPushNotificationConfig", A2aOperation::ListPushConfigs),
];

impl A2aOperation {
    /// Every operation.
    pub const ALL: [Self; 11] = [
        Self::SendMessage,
        Self::SendStreamingMessage,
        Self::GetTask,
        Self::ListTasks,
        Self::CancelTask,
        Self::SubscribeToTask,
        Self::CreatePushConfig,
        Self::GetPushConfig,
        Self::ListPushConfigs,
        Self::DeletePushConfig,
        Self::GetExtendedCard,
    ];

    /// The names of all.
    pub const NAMES: [&str; 11] = [
        Self::SendMessage.name(),
        Self::SendStreamingMessage.name(),
        Self::GetTask.name(),
        Self::ListTasks.name(),
        Self::CancelTask.name(),
        Self::SubscribeToTask.name(),
        Self::CreatePushConfig.name(),
        Self::GetPushConfig.name(),
        Self::ListPushConfigs.name(),
        Self::DeletePushConfig.name(),
        Self::GetExtendedCard.name(),
    ];

    /// Its name in 1.0, which rules and the access log use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SendMessage => "SendMessage",
            Self::SendStreamingMessage => "SendStreamingMessage",
            Self::GetTask => "GetTask",
            Self::ListTasks => "ListTasks",
            Self::CancelTask => "CancelTask",
            Self::SubscribeToTask => "SubscribeToTask",
            Self::CreatePushConfig => "CreateTaskPushNotificationConfig",
            Self::GetPushConfig => "GetTaskPushNotificationConfig",
            Self::ListPushConfigs => "ListTaskPushNotificationConfigs",
            Self::DeletePushConfig => "DeleteTaskPushNotificationConfig",
            Self::GetExtendedCard => "GetExtendedAgentCard",
        }
    }

    /// What metrics count it as.
    #[must_use]
    pub const fn class(self) -> OperationClass {
        match self {
            Self::SendMessage | Self::SendStreamingMessage => OperationClass::Message,
            Self::GetTask | Self::ListTasks | Self::CancelTask => OperationClass::Task,
            Self::SubscribeToTask => OperationClass::Subscription,
            Self::CreatePushConfig | Self::GetPushConfig | Self::ListPushConfigs | Self::DeletePushConfig => {
                OperationClass::Push
            }
            Self::GetExtendedCard => OperationClass::Card,
        }
    }

    /// The operation that a method of JSON-RPC asks for. Some servers look methods up without regard to case, so it makes no
    /// difference.
    #[must_use]
    pub fn of_method(method: &str) -> Option<Self> {
        let by_name = Self::ALL.into_iter().map(|operation| (operation.name(), operation));
        let mut all = by_name.chain(OTHER_METHODS);
        all.find(|(name, _)| name.eq_ignore_ascii_case(method)).map(|(_, operation)| operation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_of_both_generations_ask_for_one_operation() {
        use A2aOperation as O;
        for (method, wanted) in [
            ("SendMessage", Some(O::SendMessage)),
            ("message/send", Some(O::SendMessage)),
            ("SendStreamingMessage", Some(O::SendStreamingMessage)),
            ("message/stream", Some(O::SendStreamingMessage)),
            ("tasks/resubscribe", Some(O::SubscribeToTask)),
            ("tasks/pushNotificationConfig/set", Some(O::CreatePushConfig)),
            ("ListTaskPushNotificationConfig", Some(O::ListPushConfigs)),
            ("agent/getAuthenticatedExtendedCard", Some(O::GetExtendedCard)),
            ("getextendedagentcard", Some(O::GetExtendedCard)),
            ("MESSAGE/SEND", Some(O::SendMessage)),
            ("message/send ", None),
            ("SendMessages", None),
            ("tools/call", None),
            ("", None),
        ] {
            assert_eq!(O::of_method(method), wanted, "{method}");
        }
        for operation in O::ALL {
            assert_eq!(O::of_method(operation.name()), Some(operation));
        }
    }
}
