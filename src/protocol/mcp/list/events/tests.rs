//! Events cut in any place, and lists among them.

use super::*;

const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"},{"name":"b"}]}}"#;
const SHOWN: &str =
    r#"{"jsonrpc":"2.0","id":1,"result":{"cacheScope":"private","ttlMs":0,"tools":[{"name":"a"}]}}"#;

/// What a client gets of a stream that comes in pieces of this size, and whether the stream can be read to its end.
fn passed(stream: &str, size: usize, most: usize) -> (String, Result<(), UnreadableList>) {
    let (mut events, mut out) = (Events::new(most), Vec::new());
    let mut shows = |_: ListKind, name: &str| name == "a";
    let mut read = || {
        for piece in stream.as_bytes().chunks(size) {
            events.pass(piece, &mut out, &mut shows)?;
        }
        events.end(&mut out)
    };
    let read = read();
    (String::from_utf8(out).unwrap(), read)
}

#[test]
fn a_list_in_a_stream_is_rewritten_and_everything_else_passes_as_it_came_wherever_pieces_end() {
    let with = |form: &str, data: &str| form.replace("LIST", data);
    for form in [
        "data: LIST\n\n",
        "data:LIST\n\n",
        "data: LIST\r\n\r\n",
        "data: LIST\r\r",
        "\u{feff}data: LIST\n\n",
        ": ping\n\nid: 7\nevent: message\ndata: LIST\n\n: ping\n\n",
        "data: x\n\ndata: LIST\n\ndata: {\"result\":{}}\n\n",
        "data: LIST\r\nid: 8\r\nretry: 5\r\n\r\ndata: LIST\n\n",
        "datax: {\"result\":{\"tools\":1}}\ndat: 1\ndata\n\ndata\n\n\n\ndata: LIST\n\n",
        "\n\r\n\rdata: LIST\n\r\n",
        "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[{\"tools\":[{\"name\":\"b\"}]}]}}\n\n",
        "data: incomplete",
        "dat",
        "",
    ] {
        let wanted = with(form, SHOWN).replace("data:{\"json", "data: {\"json");
        let stream = with(form, LIST);
        for size in 1..=stream.len().max(1) {
            let found = passed(&stream, size, 1 << 20);
            assert_eq!(found, (wanted.clone(), Ok(())), "{form:?} in pieces of {size}");
        }
    }
}

#[test]
fn a_list_over_several_lines_becomes_whole_lines_again() {
    let stream = "data: {\"jsonrpc\":\"2.0\",\nid: 3\ndata: \"id\":1,\"result\":{\ndata\ndata: \"tools\":[{\"name\":\"b\"}]}}\n\n";
    let wanted = "data: {\"jsonrpc\":\"2.0\",\ndata: \"id\":1,\"result\":{\"cacheScope\":\"private\",\"ttlMs\":0,\ndata: \ndata: \"tools\":[]}}\nid: 3\n\n";
    for size in 1..=stream.len() {
        assert_eq!(passed(stream, size, 1 << 20), (wanted.to_owned(), Ok(())), "{size}");
    }
}

#[test]
fn nothing_passes_of_a_list_that_cannot_be_read_nor_anything_after_it() {
    let before = ": ping\n\ndata: {\"method\":\"m\"}\n\nid: 9\n";
    for data in [
        "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"a\",\"Name\":\"b\"}]}}",
        "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[],\"tools\":[{\"name\":\"b\"}]}}",
        "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[]}",
        "data: [{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[]}}]",
        "data: {\"result\":{\"to\ndata: ols\":[{\"name\":\"b\"}]}}\ndata: {\"result\":{\"tools\":1}}",
    ] {
        let stream = format!("{before}{data}\n\ndata: after\n\n");
        for size in 1..=stream.len() {
            let (out, read) = passed(&stream, size, 1 << 20);
            assert_eq!((&*out, read), (before, Err(UnreadableList)), "{data} in pieces of {size}");
        }
    }
    // Not whole at the end of the stream.
    assert_eq!(passed(&format!("data: {LIST}\n"), 5, 1 << 20), (String::new(), Err(UnreadableList)));
}

#[test]
fn a_list_that_is_too_long_does_not_pass_and_anything_else_does() {
    let long = "x".repeat(100);
    let other = format!("data: {{\"result\":{{\"content\":\"{long}\"}}}}\n\ndata: {LIST}\n\n");
    let wanted = other.replace(LIST, SHOWN);
    let late = format!("data: {{\"result\":{{\"content\":\"{long}\",\"tools\":[{{\"name\":\"b\"}}]}}}}\n\n");
    let early = format!("data: {{\"result\":{{\"tools\":[{{\"name\":\"b{long}\"}}]}}}}\n\n");
    for size in 1..=other.len() {
        assert_eq!(passed(&other, size, 90), (wanted.clone(), Ok(())), "in pieces of {size}");
        let (out, read) = passed(&late, size, 90);
        assert_eq!((out.contains("tools\""), read), (false, Err(UnreadableList)), "in pieces of {size}");
        assert_eq!(passed(&early, size, 90), (String::new(), Err(UnreadableList)), "in pieces of {size}");
    }
}
