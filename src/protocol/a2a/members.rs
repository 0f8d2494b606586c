//! The members of A2A's messages that somebody decides by: URLs for push notifications, wherever a generation of A2A has
//! them.

use crate::protocol::json_rpc::{Known, Spelling, Text, Texts, Unreadable, read_object};

const URL: Known = Known { name: "url", keeps: Some(Text::PushUrl), inside: &[] };
/// 0.3, and drafts of 1.0.
const CONFIG: Known = Known { name: "pushNotificationConfig", keeps: None, inside: &[URL] };
const CONFIGURATION: Known = Known {
    name: "configuration",
    keeps: None,
    inside: &[
        Known { name: "taskPushNotificationConfig", keeps: None, inside: &[URL, CONFIG] },
        CONFIG,
        Known { name: "pushNotification", keeps: None, inside: &[URL] },
    ],
};

/// Those of `params`, over all methods and generations.
pub const PARAMS: &[Known] = &[URL, CONFIG, CONFIGURATION];

/// Those of a body of the HTTP+JSON binding, and those that would make it a message of JSON-RPC.
const BODY: &[Known] = &[
    URL,
    CONFIG,
    CONFIGURATION,
    Known { name: "jsonrpc", keeps: Some(Text::Envelope), inside: &[] },
    Known { name: "method", keeps: Some(Text::Envelope), inside: &[] },
];

/// Reads a body of the HTTP+JSON binding; an empty one has no members.
///
/// # Errors
/// When it is not exactly one object that can be read in one way only, or is a message of JSON-RPC: an agent that looks at no
/// path would act on that.
pub fn rest_body(body: &[u8]) -> Result<Texts<'_>, Unreadable> {
    if body.is_empty() {
        return Ok(Texts::default());
    }
    let texts = read_object(body, BODY, Spelling::CaseAndUnderscores)?;
    if texts.of(Text::Envelope).next().is_some() {
        return Err(Unreadable::Malformed);
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::json_rpc::read;

    fn urls(members: &str) -> Result<Vec<String>, Unreadable> {
        let message = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{members}}}"#);
        let of = |texts: &Texts<'_>| texts.of(Text::PushUrl).map(ToString::to_string).collect();
        let in_params: Result<Vec<_>, _> =
            read(message.as_bytes(), PARAMS, Spelling::CaseAndUnderscores).map(|message| of(&message.texts));
        let in_body = rest_body(members.as_bytes()).map(|texts| of(&texts));
        assert_eq!(in_params, in_body, "{members}");
        in_params
    }

    #[test]
    fn a_url_is_found_wherever_a_generation_has_one() {
        for (members, wanted) in [
            (r#"{"url":"a"}"#, &["a"] as &[_]),
            (r#"{"u\u0072l":"\u0061"}"#, &["a"]),
            (r#"{"pushNotificationConfig":{"url":"a","token":"t"}}"#, &["a"]),
            (r#"{"configuration":{"taskPushNotificationConfig":{"url":"a"}}}"#, &["a"]),
            (r#"{"configuration":{"pushNotificationConfig":{"url":"a"}}}"#, &["a"]),
            (r#"{"configuration":{"pushNotification":{"url":"a"}}}"#, &["a"]),
            (
                r#"{"configuration":{"taskPushNotificationConfig":{"pushNotificationConfig":{"url":"a"}}}}"#,
                &["a"],
            ),
            (
                r#"{"url":"a","configuration":{"pushNotification":[{"url":"b"},{"url":"c"}]}}"#,
                &["a", "b", "c"],
            ),
            (r#"{"message":{"parts":[{"url":1,"URL":"x"}]},"metadata":{"url":{}}}"#, &[]),
            (r#"{"configuration":null}"#, &[]),
            ("{}", &[]),
        ] {
            assert_eq!(urls(members).unwrap(), wanted, "{members}");
        }
    }

    #[test]
    fn what_another_reader_could_take_for_a_url_is_refused() {
        for members in [
            r#"{"url":1}"#,
            r#"{"url":null}"#,
            r#"{"url":["a"]}"#,
            r#"{"url":{"url":"a"}}"#,
            r#"{"url":"a","url":"b"}"#,
            r#"{"URL":"a"}"#,
            r#"{"push_notification_config":{"url":"a"}}"#,
            r#"{"Configuration":{}}"#,
            r#"{"configuration":{"pushnotification":{"url":"a"}}}"#,
            r#"{"configuration":{"task_push_notification_config":{}}}"#,
            r#"{"configuration":{"pushNotificationConfig":{"u_rl":"a"}}}"#,
            r#"{"a":1,"a":2}"#,
            "{} {}",
            "1",
            "{",
        ] {
            assert_eq!(urls(members), Err(Unreadable::Malformed), "{members}");
        }
    }

    #[test]
    fn a_body_of_http_and_json_is_no_message_of_json_rpc() {
        for (body, wanted) in [
            (r#"{"message":{}}"#, Ok(())),
            ("", Ok(())),
            (r#"{"jsonrpc":"2.0"}"#, Err(Unreadable::Malformed)),
            (r#"{"JsonRpc":"2.0"}"#, Err(Unreadable::Malformed)),
            (r#"{"method":"GetExtendedAgentCard"}"#, Err(Unreadable::Malformed)),
            (r#"{"method":1}"#, Err(Unreadable::Malformed)),
            ("[]", Err(Unreadable::Batch)),
            (" [{}]", Err(Unreadable::Batch)),
        ] {
            assert_eq!(rest_body(body.as_bytes()).map(drop), wanted, "{body}");
        }
    }
}
