//! What a client sees of a list, and the lists that nobody can read.

use super::*;

/// What a client sees that may see the names with an `a`.
fn filtered(text: &str) -> Result<(String, usize, usize), UnreadableList> {
    let Filtered { text: rewritten, shown, hidden } =
        filter(text.as_bytes(), &mut |_, name| name.contains('a'))?;
    let rewritten = rewritten.unwrap_or_else(|| text.as_bytes().to_vec());
    Ok((String::from_utf8(rewritten).unwrap(), shown, hidden))
}

/// A response with this result.
fn response(result: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#)
}

#[test]
fn entries_that_are_not_shown_are_cut_out_and_all_other_bytes_stay() {
    const MARK: &str = r#""cacheScope":"private","ttlMs":0,"#;
    for (result, wanted, shown, hidden) in [
        (r#"{"tools":[{"name":"a"}]}"#, r#"{MARK"tools":[{"name":"a"}]}"#, 1, 0),
        (r#"{"tools":[{"name":"b"}]}"#, r#"{MARK"tools":[]}"#, 0, 1),
        (r#"{"tools":[]}"#, r#"{MARK"tools":[]}"#, 0, 0),
        (
            r#"{ "tools" : [ {"name":"b"} , {"name":"a1","x":[1,{"name":"b"}]} ,{"name":"b"}, {"title":"b","name":"a2"}	, {"name":"b"} ] , "nextCursor":"c" }"#,
            r#"{MARK "tools" : [ {"name":"a1","x":[1,{"name":"b"}]} ,{"title":"b","name":"a2"} ] , "nextCursor":"c" }"#,
            2,
            3,
        ),
        (r#"{"prompts":[{"name":"\u0061"},{"name":"b"}]}"#, r#"{MARK"prompts":[{"name":"\u0061"}]}"#, 1, 1),
        (
            r#"{"resources":[{"uri":"a","name":"b"},{"uri":"b","name":"a"}]}"#,
            r#"{MARK"resources":[{"uri":"a","name":"b"}]}"#,
            1,
            1,
        ),
        (
            r#"{"resourceTemplates":[{"uriTemplate":"b{x}","name":"a"},{"uriTemplate":"a{x}"}]}"#,
            r#"{MARK"resourceTemplates":[{"uriTemplate":"a{x}"}]}"#,
            1,
            1,
        ),
        (
            r#"{"tools":[{"name":"b"}],"prompts":[{"name":"b"},{"name":"a"}]}"#,
            r#"{MARK"tools":[],"prompts":[{"name":"a"}]}"#,
            1,
            2,
        ),
        // The numbers and escapes of others stay as they were written.
        (
            r#"{"tools":[{"name":"a","n":1.50e2,"s":"\/é"}]}"#,
            r#"{MARK"tools":[{"name":"a","n":1.50e2,"s":"\/é"}]}"#,
            1,
            0,
        ),
        // Not a list, in the response to a request for one.
        (r#"{"_meta":{"tools":[{"name":"b"}]}}"#, r#"{MARK"_meta":{"tools":[{"name":"b"}]}}"#, 0, 0),
        ("{ }", r#"{"cacheScope":"private","ttlMs":0 }"#, 0, 0),
    ] {
        let wanted = response(&wanted.replace("MARK", MARK));
        assert_eq!(filtered(&response(result)), Ok((wanted, shown, hidden)), "{result}");
    }
}

#[test]
fn a_list_is_marked_as_one_clients_own_whatever_the_server_says() {
    for (result, wanted) in [
        (
            r#"{"cacheScope":"public","tools":[],"ttlMs":60000}"#,
            r#"{"cacheScope":"private","tools":[],"ttlMs":0}"#,
        ),
        (r#"{"tools":[],"cacheScope":{"a":1}}"#, r#"{"ttlMs":0,"tools":[],"cacheScope":"private"}"#),
        (r#"{"ttlMs":1e3,"tools":[]}"#, r#"{"cacheScope":"private","ttlMs":0,"tools":[]}"#),
    ] {
        assert_eq!(filtered(&response(result)), Ok((response(wanted), 0, 0)), "{result}");
    }
}

#[test]
fn what_is_no_result_stays_as_it_is() {
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"no"}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#,
        r#"{"jsonrpc":"2.0","id":"s1","method":"sampling/createMessage","params":{"tools":[{"name":"b"}]}}"#,
    ] {
        assert_eq!(filtered(text), Ok((text.to_owned(), 0, 0)), "{text}");
    }
}

#[test]
fn a_list_that_two_clients_could_read_in_two_ways_is_unreadable() {
    let tools = |entries: &str| response(&format!(r#"{{"tools":{entries}}}"#));
    let deep = format!(r#"[{{"name":"a","x":{}1{}}}]"#, "[".repeat(70), "]".repeat(70));
    for text in [
        String::new(),
        "x".to_owned(),
        "[]".to_owned(),
        format!("[{}]", tools("[]")),
        format!("{} x", tools("[]")),
        format!("{}{}", tools("[]"), tools("[]")),
        format!("\u{feff}{}", tools("[]")),
        tools("[]").trim_end_matches('}').to_owned(),
        // Members that stand twice.
        response(r#"{"tools":[],"tools":[]}"#),
        response(r#"{"tools":[],"cacheScope":"private","cacheScope":"public"}"#),
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]},"result":{"tools":[{"name":"b"}]}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"id":2,"result":{"tools":[]}}"#.to_owned(),
        tools(r#"[{"name":"a","name":"b"}]"#),
        tools(r#"[{"name":"a","n\u0061me":"b"}]"#),
        tools(r#"[{"name":"a","x":{"y":1,"y":2}}]"#),
        // Other spellings.
        tools(r#"[{"name":"a","Name":"b"}]"#),
        tools(r#"[{"NAME":"a"}]"#),
        response(r#"{"Tools":[{"name":"b"}]}"#),
        response(r#"{"tool\u017f":[{"name":"b"}]}"#),
        response(r#"{"resources":[{"Uri":"b","uri":"a"}]}"#),
        response(r#"{"resourceTemplates":[{"uritemplate":"b","uriTemplate":"a"}]}"#),
        response(r#"{"tools":[],"CacheScope":"public"}"#),
        r#"{"jsonrpc":"2.0","id":1,"Result":{"tools":[]}}"#.to_owned(),
        // Lists that are none.
        tools("{}"),
        tools("null"),
        tools(r#"["a"]"#),
        tools("[{}]"),
        tools("[[]]"),
        tools(r#"[{"name":null}]"#),
        tools(r#"[{"name":["a"]}]"#),
        tools(r#"[{"uri":"a"}]"#),
        tools(r#"[{"name":"a"},]"#),
        tools(r#"[{"name":"a"} {"name":"a"}]"#),
        tools(&deep),
        response(r#"{"resources":[{"name":"a"}]}"#),
        response("[]"),
        response("null"),
        // Messages that are none.
        r#"{"id":1,"result":{"tools":[]}}"#.to_owned(),
        r#"{"jsonrpc":"1.0","id":1,"result":{"tools":[]}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","result":{"tools":[]}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":null,"result":{"tools":[]}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"method":"m","result":{"tools":[]}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]},"error":{}}"#.to_owned(),
    ] {
        assert_eq!(filtered(&text), Err(UnreadableList), "{text}");
    }
    assert_eq!(
        filter(
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"a\xff\"}]}}",
            &mut |_, _| true
        ),
        Err(UnreadableList)
    );
}

#[test]
fn what_is_left_is_what_a_reader_would_keep() {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    let entry = || ("[ab]{1,3}", any::<Option<i32>>(), "[ -~]{0,5}");
    let entries = proptest::collection::vec(entry(), 0..8);
    proptest!(|(entries in entries, spaced in any::<bool>(), cursor in any::<Option<u8>>())| {
        let entry = |(name, number, text): &(String, Option<i32>, String)| json!({"x": number, "name": name, "t": [text]});
        let tools: Vec<Value> = entries.iter().map(entry).collect();
        let mut message = json!({"jsonrpc": "2.0", "id": 1, "result": {"nextCursor": cursor, "tools": tools}});
        let text = if spaced { serde_json::to_string_pretty(&message) } else { serde_json::to_string(&message) };
        let (found, shown, hidden) = filtered(&text.unwrap()).unwrap();
        let tools: Vec<Value> = tools.into_iter().filter(|tool| tool["name"].as_str().unwrap().contains('a')).collect();
        prop_assert_eq!((shown, hidden), (tools.len(), entries.len() - tools.len()));
        message["result"] = json!({"cacheScope": "private", "ttlMs": 0, "nextCursor": cursor, "tools": tools});
        prop_assert_eq!(serde_json::from_str::<Value>(&found).unwrap(), message);
    });
}
