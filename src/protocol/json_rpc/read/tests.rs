//! Messages that are one message, and what two readers could take in two ways.

use super::*;
use crate::protocol::json_rpc::{Id, Text};

const PARAMS: &[Known] = &[
    Known { name: "name", keeps: Some(Text::Name), inside: &[] },
    Known {
        name: "ref",
        keeps: None,
        inside: &[Known { name: "type", keeps: Some(Text::ReferenceType), inside: &[] }],
    },
    Known {
        name: "notifications",
        keeps: None,
        inside: &[Known { name: "resourceSubscriptions", keeps: Some(Text::Subscription), inside: &[] }],
    },
];

fn read(body: &[u8]) -> Result<Message<'_>, Unreadable> {
    super::read(body, PARAMS, Spelling::Case)
}

fn nested(levels: usize) -> String {
    let (open, close) = ("[".repeat(levels), "]".repeat(levels));
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"x":{open}{close}}}}}"#)
}

#[test]
fn a_message_is_a_request_a_notification_or_a_response() {
    for (body, method, id) in [
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, Some("ping"), Some(Id::Natural(1))),
        (r#" {"params":{},"method":"ping","id":-1,"jsonrpc":"2.0"} "#, Some("ping"), Some(Id::Negative(-1))),
        (
            r#"{"jsonrpc":"2.0","id":"a\u0062","method":"p\u0069ng"}"#,
            Some("ping"),
            Some(Id::Text("ab".into())),
        ),
        (r#"{"jsonrpc":"2.0","method":"notifications/x","params":null}"#, Some("notifications/x"), None),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, Some("ping"), None),
        (r#"{"jsonrpc":"2.0","id":1,"result":{"name":1,"Name":2}}"#, None, None),
        (r#"{"jsonrpc":"2.0","id":null,"error":{"code":1}}"#, None, None),
        (r#"{"jsonrpc":"2.0","error":{"code":1}}"#, None, None),
    ] {
        let message = read(body.as_bytes()).unwrap();
        assert_eq!((message.method().map(|method| &**method), message.id()), (method, id.as_ref()), "{body}");
    }
}

#[test]
fn texts_that_decide_are_kept_wherever_they_stand_and_however_they_are_escaped() {
    let body = r#"{"params":{"ref":{"type":"r\u0065f/prompt"},"name":"a","notifications":
        {"resourceSubscriptions":["x","\u0079"]},"arguments":{"name":"no","Name":1,"nAME":2}},
        "jsonrpc":"2.0","method":"m","id":1}"#;
    let message = read(body.as_bytes()).unwrap();
    assert_eq!(message.text(Text::Name).unwrap(), "a");
    assert_eq!(message.text(Text::ReferenceType).unwrap(), "ref/prompt");
    assert_eq!(message.texts(Text::Subscription).collect::<Vec<_>>(), ["x", "y"]);
    assert_eq!(message.text(Text::Uri), None);
}

#[test]
fn every_list_is_a_batch() {
    for body in ["[]", " \n[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", "[[]]", "[1", "["] {
        assert_eq!(read(body.as_bytes()), Err(Unreadable::Batch), "{body}");
    }
}

#[test]
fn what_two_readers_could_take_in_two_ways_is_refused() {
    let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let whole = |inside: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m",{inside}}}"#).into_bytes();
    let cases = [
        b"".to_vec(),
        b"1".to_vec(),
        b"{}".to_vec(),
        utf16,
        br#"{"jsonrpc":"2.0","id":1}"#.to_vec(),
        br#"{"jsonrpc":"1.0","id":1,"method":"m"}"#.to_vec(),
        br#"{"id":1,"method":"m"}"#.to_vec(),
        br#"{"jsonrpc":"2.0","id":1,"method":1}"#.to_vec(),
        br#"{"jsonrpc":"2.0","id":1,"method":"m"} x"#.to_vec(),
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}\0".to_vec(),
        b"\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}".to_vec(),
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}".to_vec(),
        br#"{"jsonrpc":"2.0","id":{},"method":"m"}"#.to_vec(),
        br#"{"jsonrpc":"2.0","id":[1],"method":"m"}"#.to_vec(),
        br#"{"jsonrpc":"2.0","id":true,"method":"m"}"#.to_vec(),
        br#"{"jsonrpc":"2.0","id":1.0,"method":"m"}"#.to_vec(),
        br#"{"jsonrpc":"2.0","id":18446744073709551616,"method":"m"}"#.to_vec(),
        br#"{"jsonrpc":"2.0","id":1,"method":"m\u0000"}"#.to_vec(),
        br#"{"jsonrpc":"2.0","id":1,"result":{},"params":{}}"#.to_vec(),
        whole(r#""method":"n""#),
        whole(r#""Method":"n""#),
        whole(r#""m\u0065thod":"n""#),
        whole(r#""result":{}"#),
        whole(r#""params":[]"#),
        whole(r#""params":"x""#),
        whole(r#""params":{"name":"a","name":"b"}"#),
        whole(r#""params":{"name":"a","n\u0061me":"b"}"#),
        whole(r#""params":{"name":"a","Name":"b"}"#),
        whole(r#""params":{"NAME":"b"}"#),
        whole(r#""params":{"ref":{"Type":"b"}}"#),
        whole(r#""params":{"notifications":{"resourcesubscriptions":[]}}"#),
        whole(r#""params":{"name":1}"#),
        whole(r#""params":{"name":null}"#),
        whole(r#""params":{"name":["a"]}"#),
        whole(r#""params":{"name":{"name":"a"}}"#),
        whole(r#""params":{"name":"a\n"}"#),
        whole(r#""params":{"notifications":{"resourceSubscriptions":[["x"]]}}"#),
        whole(r#""params":{"notifications":{"resourceSubscriptions":[{}]}}"#),
        whole(r#""params":{"arguments":{"a":1,"a":2}}"#),
        whole(r#""params":{"arguments":[{"x":{"a":1,"b":2,"\u0061":3}}]}"#),
        whole(r#""_meta":{"a":1,"a":2}"#),
    ];
    for case in &cases {
        assert_eq!(read(case), Err(Unreadable::Malformed), "{}", String::from_utf8_lossy(case));
    }
}

#[test]
fn sixty_four_levels_are_read_and_no_more() {
    // The message, its params, and these.
    assert!(read(nested(62).as_bytes()).is_ok());
    assert_eq!(read(nested(63).as_bytes()), Err(Unreadable::Malformed));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000));
    assert_eq!(read(objects.as_bytes()), Err(Unreadable::Malformed));
}

#[test]
fn one_object_may_have_many_members() {
    let members: Vec<String> = (0..20_000).map(|n| format!(r#""m{n}":0"#)).collect();
    let body = |more: &str| {
        let members = members.join(",");
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"a":{{{members}{more}}}}}}}"#)
    };
    assert!(read(body("").as_bytes()).is_ok());
    assert_eq!(read(body(r#","m17":1"#).as_bytes()), Err(Unreadable::Malformed));
}
