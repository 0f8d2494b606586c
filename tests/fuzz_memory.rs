//! The worst request heads cost little memory: from the bytes of a head to the decision, nothing near a mebibyte is held
//! at any one moment. Counted by an allocator of its own, so this test stands alone in its process.

#[cfg(test)]
#[path = "fuzz/targets/stage.rs"]
mod stage;

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use peak_alloc::PeakAlloc;
    use portcullis::proxy::inspect;

    use super::stage;

    #[global_allocator]
    static MEMORY: PeakAlloc = PeakAlloc;

    const MOST: usize = 1024 * 1024;
    /// `header_bytes` and `token_bytes` of the contract.
    const HEAD: usize = 32 * 1024;
    const TOKEN: usize = 16 * 1024;

    /// A head with these fields.
    fn head(fields: &str) -> Vec<u8> {
        format!("GET /bearer HTTP/1.1\r\nHost: a\r\n{fields}\r\n").into_bytes()
    }

    /// A token of at most `TOKEN` bytes that holds as much of `piece` as there is room for.
    fn token(header: bool, before: &str, piece: &str, after: &str) -> Vec<u8> {
        let room = TOKEN / 4 * 3 - 300;
        let filled =
            format!("{before}{}{after}", piece.repeat((room - before.len() - after.len()) / piece.len()));
        let (filled, rest) =
            (URL_SAFE_NO_PAD.encode(filled), URL_SAFE_NO_PAD.encode(if header { CLAIMS } else { HEADER }));
        let signed = if header { format!("{filled}.{rest}") } else { format!("{rest}.{filled}") };
        let text = format!("{signed}.{}", "A".repeat(86));
        assert!(text.len() <= TOKEN && text.len() > TOKEN - 400, "{}", text.len());
        head(&format!("Authorization: Bearer {text}\r\n"))
    }

    const HEADER: &str = r#"{"alg":"EdDSA","kid":"k1"}"#;
    const CLAIMS: &str = r#"{"iss":"https://idp.example","aud":"x","exp":2000000300,"iat":1999999999}"#;
    const OPEN: &str = r#"{"iss":"https://idp.example","exp":2000000300,"iat":1999999999,"#;

    fn worst() -> Vec<(&'static str, Vec<u8>)> {
        let many = |field: &str, count: usize| head(&field.repeat(count));
        vec![
            ("the most fields that may be, each as small as can be", many("a:\r\n", 98)),
            ("a head full of the smallest fields", many("a:\r\n", HEAD / 4 - 10)),
            ("one field of all the room", many(&format!("x: {}\r\n", "y".repeat(HEAD - 64)), 1)),
            (
                "a path of all the room",
                format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "%41".repeat(10_000)).into_bytes(),
            ),
            (
                "a query of all the room",
                format!("GET /?{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(HEAD - 64)).into_bytes(),
            ),
            ("commas", many(&format!("Authorization: Bearer {}\r\n", ",".repeat(HEAD - 128)), 1)),
            (
                "a token of nothing but dots",
                many(&format!("Authorization: Bearer {}\r\n", ".".repeat(TOKEN)), 1),
            ),
            (
                "a token that is too long",
                many(&format!("Authorization: Bearer {}\r\n", "a".repeat(HEAD - 128)), 1),
            ),
            (
                "claims nested to the bottom",
                token(
                    false,
                    OPEN,
                    "\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]],",
                    "\"z\":1}",
                ),
            ),
            ("claims nested without an end", token(false, "{\"a\":", "[", "")),
            ("objects nested without an end", token(false, "", "{\"a\":", "")),
            ("very many claims", token(false, "{", "\"a\":1,", "\"b\":2}")),
            (
                "very many members of many objects",
                token(false, &format!("{OPEN}\"a\":["), "{\"a\":{}},", "1]}"),
            ),
            (
                "as many objects as may be, and many more",
                token(false, &format!("{OPEN}\"a\":["), "{\"\":0},", "1]}"),
            ),
            ("as many objects as may be, and numbers", {
                let before = format!("{OPEN}\"a\":[{}", "{\"\":0},".repeat(1000));
                token(false, &before, "1,", "1]}")
            }),
            ("as many nested objects as may be, and numbers", {
                let nested = format!("{}0{},", "{\"\":".repeat(25), "}".repeat(25));
                token(false, &format!("{OPEN}\"a\":[{}", nested.repeat(40)), "1,", "1]}")
            }),
            ("a header full of objects", token(true, "{\"alg\":\"EdDSA\",\"a\":[", "{\"\":0},", "1]}")),
            ("very many elements", token(false, &format!("{OPEN}\"a\":["), "1,", "1]}")),
            ("very many empty objects", token(false, &format!("{OPEN}\"a\":["), "{},", "1]}")),
            ("very many audiences", token(false, &format!("{OPEN}\"aud\":["), "\"\",", "\"x\"]}")),
            ("very many scopes", token(false, &format!("{OPEN}\"aud\":\"x\",\"scope\":\""), "a ", "a\"}")),
            ("a huge key id", token(true, "{\"alg\":\"EdDSA\",\"kid\":\"", "k", "\"}")),
            ("a huge algorithm", token(true, "{\"alg\":\"", "E", "\"}")),
            ("a header full of members", token(true, "{\"alg\":\"EdDSA\",\"a\":[", "[],", "1]}")),
            ("escapes", token(false, &format!("{OPEN}\"a\":\""), "\\u0041", "\"}")),
        ]
    }

    #[test]
    fn no_request_head_holds_a_mebibyte() {
        let _ready = stage::agents();
        let ask = |bytes: &[u8]| {
            let seen = inspect(bytes).map_err(|refusal| refusal.status().to_string())?;
            Ok::<_, String>(stage::refused_by("bearer", &seen.fields))
        };
        // What is made once, on the first use, is no cost of a head.
        let _once = ask(&token(false, OPEN, "\"a\":1,", "\"b\":2}"));
        let mut most = (0, "");
        let worst = worst();
        for (name, bytes) in &worst {
            MEMORY.reset_peak_usage();
            let before = MEMORY.current_usage();
            let outcome = ask(bytes);
            let held = MEMORY.peak_usage().saturating_sub(before);
            eprintln!("{name}: {} bytes of head, {held} bytes held, {outcome:?}", bytes.len());
            most = most.max((held, name));
            assert!(held < MOST, "{name}: {held} bytes");
        }
        assert!(most.0 > HEAD, "the allocator counts nothing: {most:?}");
        eprintln!("{} heads, the most is held for {:?}: {} bytes", worst.len(), most.1, most.0);
    }
}
