//! What an MCP message asks for.

use std::borrow::Cow;

use crate::model::{Operation, OperationClass, Target, TargetKind};
use crate::protocol::json_rpc::{Known, Message, Text, Unreadable};

use super::named::Named;

/// The members of `params` that decide, over all methods and revisions.
pub const PARAMS: &[Known] = &[
    Known { name: "name", keeps: Some(Text::Name), inside: &[] },
    Known { name: "uri", keeps: Some(Text::Uri), inside: &[] },
    Known {
        name: "ref",
        keeps: None,
        inside: &[
            Known { name: "type", keeps: Some(Text::ReferenceType), inside: &[] },
            Known { name: "name", keeps: Some(Text::ReferenceName), inside: &[] },
            Known { name: "uri", keeps: Some(Text::ReferenceUri), inside: &[] },
        ],
    },
    Known {
        name: "notifications",
        keeps: None,
        inside: &[Known { name: "resourceSubscriptions", keeps: Some(Text::Subscription), inside: &[] }],
    },
];

/// What the message asks for.
///
/// # Errors
/// When it leaves out what its method is about.
pub fn operation<'m>(message: &Message<'m>) -> Result<Operation<'m>, Unreadable> {
    let Some(method) = message.method().cloned() else {
        let (class, method) = (OperationClass::Response, Cow::Borrowed(""));
        return Ok(Operation { class, method, targets: Vec::new(), governed: false });
    };
    let one = |kind, text| {
        let name = message.text(text).cloned().ok_or(Unreadable::Malformed)?;
        Ok(vec![Target { kind, name }])
    };
    let (class, targets) = match &*method {
        "completion/complete" => match message.text(Text::ReferenceType).map(|kind| &**kind) {
            Some("ref/prompt") => (OperationClass::Completion, one(TargetKind::Prompt, Text::ReferenceName)?),
            Some("ref/resource") => {
                (OperationClass::Completion, one(TargetKind::Resource, Text::ReferenceUri)?)
            }
            _ => return Err(Unreadable::Malformed),
        },
        "subscriptions/listen" => {
            let of = |name: &Cow<'m, str>| Target { kind: TargetKind::Resource, name: name.clone() };
            (OperationClass::Subscription, message.texts(Text::Subscription).map(of).collect())
        }
        other => match Named::of(other) {
            Some(named) => (named.class, one(named.kind, named.name)?),
            None => (class(other), Vec::new()),
        },
    };
    Ok(Operation { class, governed: is_governed(class), method, targets })
}

/// Whether an operation of this class needs a rule of its own where `unlisted` says `deny`: all but those without which
/// no client gets to anything, and those that give nothing away by themselves.
pub(super) const fn is_governed(class: OperationClass) -> bool {
    !matches!(
        class,
        OperationClass::Handshake
            | OperationClass::List
            | OperationClass::Subscription
            | OperationClass::Notification
            | OperationClass::Response
    )
}

/// What a method without a name of its own counts as.
pub(super) fn class(method: &str) -> OperationClass {
    match method {
        "initialize" | "ping" | "server/discover" | "logging/setLevel" => OperationClass::Handshake,
        "tools/list" | "resources/list" | "resources/templates/list" | "prompts/list" => OperationClass::List,
        _ if method.starts_with("notifications/") => OperationClass::Notification,
        _ if method.starts_with("tasks/") => OperationClass::Task,
        _ => OperationClass::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::json_rpc::{Spelling, read};

    fn of(method: &str, params: &str) -> Result<(OperationClass, Vec<String>, bool), Unreadable> {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        let operation = operation(&read(body.as_bytes(), PARAMS, Spelling::Case).unwrap())?;
        assert_eq!(operation.method, method);
        let target = |target: &Target<'_>| format!("{:?} {}", target.kind, target.name);
        Ok((operation.class, operation.targets.iter().map(target).collect(), operation.governed))
    }

    #[test]
    fn an_operation_is_its_method_and_what_it_is_about() {
        use OperationClass::{
            Completion, Handshake, List, Notification, Prompt, Resource, Subscription, Task, Tool, Unknown,
        };
        for (method, params, class, targets, governed) in [
            ("tools/call", r#"{"name":"echo","arguments":{"uri":1}}"#, Tool, &["Tool echo"] as &[_], true),
            ("prompts/get", r#"{"name":"p"}"#, Prompt, &["Prompt p"], true),
            ("resources/read", r#"{"uri":"file:///a"}"#, Resource, &["Resource file:///a"], true),
            ("resources/subscribe", r#"{"uri":"file:///a"}"#, Resource, &["Resource file:///a"], true),
            ("resources/unsubscribe", r#"{"uri":"file:///a"}"#, Resource, &["Resource file:///a"], true),
            (
                "completion/complete",
                r#"{"ref":{"type":"ref/prompt","name":"p"}}"#,
                Completion,
                &["Prompt p"],
                true,
            ),
            (
                "completion/complete",
                r#"{"ref":{"type":"ref/resource","uri":"u"}}"#,
                Completion,
                &["Resource u"],
                true,
            ),
            (
                "subscriptions/listen",
                r#"{"notifications":{"toolsListChanged":true,"resourceSubscriptions":["a","b"]}}"#,
                Subscription,
                &["Resource a", "Resource b"],
                false,
            ),
            ("subscriptions/listen", r#"{"notifications":{}}"#, Subscription, &[], false),
            ("initialize", "{}", Handshake, &[], false),
            ("server/discover", "{}", Handshake, &[], false),
            ("tools/list", r#"{"cursor":"x"}"#, List, &[], false),
            ("resources/templates/list", "{}", List, &[], false),
            ("notifications/initialized", "{}", Notification, &[], false),
            ("tasks/get", r#"{"taskId":"t"}"#, Task, &[], true),
            ("tools/Call", "{}", Unknown, &[], true),
            ("x", "{}", Unknown, &[], true),
        ] {
            let targets = targets.iter().map(|target| (*target).to_owned()).collect();
            assert_eq!(of(method, params), Ok((class, targets, governed)), "{method} {params}");
        }
    }

    #[test]
    fn an_operation_without_what_it_is_about_is_malformed() {
        for (method, params) in [
            ("tools/call", "{}"),
            ("tools/call", r#"{"arguments":{"name":"echo"}}"#),
            ("prompts/get", r#"{"uri":"p"}"#),
            ("resources/read", r#"{"name":"p"}"#),
            ("completion/complete", "{}"),
            ("completion/complete", r#"{"ref":{"type":"ref/prompt"}}"#),
            ("completion/complete", r#"{"ref":{"type":"ref/tool","name":"echo"}}"#),
        ] {
            assert_eq!(of(method, params), Err(Unreadable::Malformed), "{method} {params}");
        }
    }

    #[test]
    fn a_response_needs_no_rule() {
        let message = read(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#, PARAMS, Spelling::Case).unwrap();
        let operation = operation(&message).unwrap();
        assert_eq!((operation.class, operation.governed), (OperationClass::Response, false));
    }
}
