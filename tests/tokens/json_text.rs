//! JSON that parsers disagree on, in header and claims, rightly signed (RFC 7515 section 4, RFC 7519 section 4, RFC 8259).

use portcullis::model::Reason::TokenMalformed;

use super::key::{ALGORITHMS, token};
use super::suite::Suite;

/// What is done to the text of an object; `{` and `}` are its first and last character.
type Change = Box<dyn Fn(&str) -> Vec<u8>>;

pub(crate) fn add(suite: &mut Suite) {
    for (alg, kid) in ALGORITHMS {
        let header = suite.header(alg, kid).to_string();
        let claims = suite.claims().to_string();
        let mut made = Vec::new();
        let key = suite.key(kid);
        for (name, change) in changes() {
            made.push((
                format!("{alg}: header {name}"),
                token(change(&header), &claims, |m| key.sign(alg, m)),
            ));
            made.push((
                format!("{alg}: claims {name}"),
                token(&header, change(&claims), |m| key.sign(alg, m)),
            ));
        }
        let twice = |text: &str, member: String| text.replacen('{', &format!("{{{member},"), 1);
        for member in [
            format!(r#""alg":"{alg}""#),
            r#""alg":"none""#.to_owned(),
            format!(r#""\u0061lg":"{alg}""#),
            format!(r#""a\u006c\u0067":"{alg}""#),
            format!(r#""kid":"{kid}""#),
            r#""k\u0069d":"other""#.to_owned(),
            r#""typ":"JWT""#.to_owned(),
            r#""\u0074\u0079\u0070":"JWT""#.to_owned(),
        ] {
            let text = twice(&header, member.clone());
            made.push((
                format!("{alg}: header with {member} twice"),
                token(text, &claims, |m| key.sign(alg, m)),
            ));
        }
        for member in [
            r#""iss":"https://corp.test/realms/a""#.to_owned(),
            r#""iss":"https://evil.test""#.to_owned(),
            r#""\u0069ss":"https://corp.test/realms/a""#.to_owned(),
            r#""sub":"root""#.to_owned(),
            r#""s\u0075b":"root""#.to_owned(),
            r#""aud":"api://desk""#.to_owned(),
            r#""aud":["api://desk"]"#.to_owned(),
            format!(r#""exp":{}"#, suite.now + 3000),
            r#""exp":1"#.to_owned(),
            r#""ex\u0070":9000000000"#.to_owned(),
            r#""scope":"admin""#.to_owned(),
            r#""jti":null"#.to_owned(),
        ] {
            let text = twice(&claims, member.clone());
            made.push((
                format!("{alg}: claims with {member} twice"),
                token(&header, text, |m| key.sign(alg, m)),
            ));
        }
        for (name, text) in made {
            suite.refuse(name, text, &[TokenMalformed]);
        }
    }
}

fn changes() -> Vec<(String, Change)> {
    let mut all: Vec<(String, Change)> = Vec::new();
    let mut add = |name: &str, change: Change| all.push((name.to_owned(), change));
    for after in [
        "x", ",", "{}", "}", "]", "\0", "null", "//", "/**/", "#", "\u{a0}", "\u{feff}", "\u{b}", "\u{c}",
        "1",
    ] {
        add(&format!("with {after:?} after it"), Box::new(move |text| format!("{text}{after}").into()));
    }
    for before in ["\u{feff}", "\u{a0}", "\0", "x", ")]}'\n", "//\n", "/**/", "\u{c}", "{}", ","] {
        add(&format!("with {before:?} before it"), Box::new(move |text| format!("{before}{text}").into()));
    }
    for member in [
        r#""x":NaN"#,
        r#""x":Infinity"#,
        r#""x":-Infinity"#,
        r#""x":01"#,
        r#""x":-01"#,
        r#""x":+1"#,
        r#""x":.5"#,
        r#""x":1."#,
        r#""x":1e"#,
        r#""x":0x10"#,
        r#""x":1_000"#,
        r#""x":1e999"#,
        r#""x":-1e999"#,
        r#""x":'a'"#,
        "'x':1",
        "x:1",
        r#""x":True"#,
        r#""x":None"#,
        r#""x":undefined"#,
        r#""x":nil"#,
        r#""x""#,
        r#""x":"#,
        r#""x"=1"#,
        r#""x":1;"y":2"#,
        r#""x":1 "y":2"#,
        r#""x":[1,]"#,
        r#""x":[,1]"#,
        r#""x":[1 2]"#,
        r#""x":{"a":1,}"#,
        r#""x":{,}"#,
        r#""x":(1)"#,
        r#""x":"\x41""#,
        r#""x":"\u12""#,
        r#""x":"\u{41}""#,
        r#""x":"\a""#,
        r#""x":"\ud800""#,
        r#""x":"\udc00\ud800""#,
        r#""x":"\ud83d\u0041""#,
        r#""\ud800":1"#,
        "\"x\":\"a\nb\"",
        "\"x\":\"a\tb\"",
        "\"x\":\"a\0b\"",
        "\"x\":\"a\u{1f}b\"",
        r#""x":{"a":1,"a":1}"#,
        r#""x":{"a":1,"\u0061":2}"#,
        r#""x":[[{"b":0},{"a":1,"a":2}]]"#,
        r#""x":{"a":{"b":{"c":1,"c":{}}}}"#,
        r#""x":{"":1,"":2}"#,
        r#""x":1,"x":1"#,
        r#""x":1,"x":2"#,
        r#""x":1,"\u0078":1"#,
        r#""x\/y":1,"x/y":1"#,
        r#""é":1,"\u00e9":1"#,
        r#""x":1,/* */"y":1"#,
        r#"null:1"#,
        r#"1:1"#,
        r#"["x"]:1"#,
    ] {
        add(
            &format!("with {member:?}"),
            Box::new(move |text| text.replacen('{', &format!("{{{member},"), 1).into()),
        );
    }
    for (name, bytes) in [
        ("a byte ff", &b"\xff"[..]),
        ("a lone continuation", b"\x80"),
        ("a cut sequence", b"\xc3"),
        ("an overlong slash", b"\xc0\xaf"),
        ("an overlong null", b"\xc0\x80"),
        ("a surrogate in bytes", b"\xed\xa0\x80"),
        ("a pair of surrogates in bytes", b"\xed\xa0\xbd\xed\xb8\x80"),
        ("beyond the last character", b"\xf4\x90\x80\x80"),
        ("Latin-1", b"sch\xfcssel"),
    ] {
        add(
            &format!("with {name} in a string"),
            Box::new(move |text| [br#"{"x":""#, bytes, br#"","#, &text.as_bytes()[1..]].concat()),
        );
        add(
            &format!("with {name} in a name"),
            Box::new(move |text| [br#"{""#, bytes, br#"":1,"#, &text.as_bytes()[1..]].concat()),
        );
    }
    add(
        "in UTF-16 with its mark",
        Box::new(|text| {
            [vec![0xff, 0xfe], text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat()
        }),
    );
    add("in UTF-16", Box::new(|text| text.encode_utf16().flat_map(u16::to_be_bytes).collect()));
    add("in UTF-32", Box::new(|text| text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect()));
    for depth in [32, 33, 100, 500, 900] {
        for (kind, open, close) in [("arrays", "[", "]"), ("objects", "{\"a\":", "}")] {
            let inner = if kind == "arrays" { "" } else { "{}" };
            // With the object itself, one level more than may be.
            let depth = if kind == "arrays" { depth } else { depth - 1 };
            let deep = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
            add(
                &format!("with {depth} {kind} in one another"),
                Box::new(move |text| text.replacen('{', &format!("{{\"x\":{deep},"), 1).into()),
            );
        }
    }
    add("in an array", Box::new(|text| format!("[{text}]").into()));
    add("as a string", Box::new(|text| serde_json::Value::from(text).to_string().into()));
    add("without its first character", Box::new(|text| text[1..].into()));
    add("without its last character", Box::new(|text| text[..text.len() - 1].into()));
    add("cut in half", Box::new(|text| text[..text.len() / 2].into()));
    add("with a comma at its end", Box::new(|text| format!("{},}}", &text[..text.len() - 1]).into()));
    add("with a comma at its beginning", Box::new(|text| format!("{{,{}", &text[1..]).into()));
    for other in ["", " ", "null", "true", "1", "1.5", "\"x\"", "[]", "[{}]", "NaN", "\0", "{", "}", "alg"] {
        add(&format!("replaced by {other:?}"), Box::new(move |_| other.into()));
    }
    all
}
