//! A request of A2A. Whatever the gateway accepts of either binding, a reader that minds neither case nor underscores finds
//! no method and no URL for push notifications but those that the gateway judged.

use portcullis::protocol::a2a::{A2aOperation, PARAMS, rest_body};
use portcullis::protocol::json_rpc::{Spelling, Text, Texts, Unreadable, read};

use super::message::Json;

pub(crate) const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"jsonrpc\":\"2.0\"",
    "\"id\":1",
    "\"method\":\"SendMessage\"",
    "\"method\":\"tasks/pushNotificationConfig/set\"",
    "\"params\":{",
    "\"url\":\"https://a.example/\"",
    "\"u\\u0072l\":\"b\"",
    "\"URL\":\"c\"",
    "\"u_rl\":\"d\"",
    "\"url\":null",
    "\"configuration\":{",
    "\"pushNotificationConfig\":{",
    "\"push_notification_config\":{",
    "\"pushNotificationConfig\":[{",
    "\"pushNotification\":{",
    "\"taskPushNotificationConfig\":{",
    "\"message\":{\"url\":1}",
    "\u{17f}",
    " ",
];

/// Where a URL is, in a body of HTTP and JSON or in `params`.
const PLACES: [&[&str]; 6] = [
    &["url"],
    &["pushNotificationConfig", "url"],
    &["configuration", "taskPushNotificationConfig", "url"],
    &["configuration", "taskPushNotificationConfig", "pushNotificationConfig", "url"],
    &["configuration", "pushNotificationConfig", "url"],
    &["configuration", "pushNotification", "url"],
];

pub(crate) fn run(input: &[u8]) -> String {
    format!("{} {}", by_message(input), by_rest(input))
}

fn by_message(input: &[u8]) -> String {
    let message = match read(input, PARAMS, Spelling::CaseAndUnderscores) {
        Ok(message) => message,
        Err(unreadable) => return format!("{unreadable:?}"),
    };
    let json = serde_json::from_slice::<Json>(input).expect("a message is JSON").without_underscores();
    assert_eq!(
        json.texts(&["method"]),
        message.method().map(|method| &**method).into_iter().collect::<Vec<_>>()
    );
    let params = json.members("params");
    assert!(params.len() < 2);
    if let [params] = *params {
        same_urls(params, &message.texts);
    }
    let operation = message.method().and_then(|method| A2aOperation::of_method(method));
    format!("{operation:?} {}", message.texts(Text::PushUrl).count().min(3))
}

fn by_rest(input: &[u8]) -> String {
    let texts = match rest_body(input) {
        Ok(texts) => texts,
        Err(unreadable) => {
            assert_eq!(unreadable == Unreadable::Batch, input.trim_ascii_start().starts_with(b"["));
            return format!("{unreadable:?}");
        }
    };
    if let Ok(json) = serde_json::from_slice::<Json>(input).map(Json::without_underscores) {
        assert_eq!(json.members("method").len() + json.members("jsonrpc").len(), 0);
        same_urls(&json, &texts);
    }
    format!("{}", texts.of(Text::PushUrl).count().min(3))
}

fn same_urls(json: &Json, texts: &Texts<'_>) {
    let mut all: Vec<&str> = PLACES.iter().flat_map(|place| json.texts(place)).collect();
    let mut read: Vec<&str> = texts.of(Text::PushUrl).map(|url| &**url).collect();
    all.sort_unstable();
    read.sort_unstable();
    assert_eq!(all, read);
}
