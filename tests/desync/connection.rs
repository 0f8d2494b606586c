//! `Connection` names fields that are for this connection alone. It cannot drop what the gateway says, nor hide what
//! it reads.

use super::body::Body;
use super::case::{Wanted, World, post};

#[tokio::test]
async fn naming_a_field_that_the_gateway_needs_is_refused_or_has_no_effect() {
    let world = World::new().await;
    let mut cases = 0;
    for name in [
        "Host",
        "HOST",
        "X-Forwarded-For",
        "x-forwarded-host",
        "X-Forwarded-Proto",
        ":authority",
        "\"close\"",
        "a b",
        "@",
    ] {
        for lines in [
            format!("Connection: {name}"),
            format!("Connection: keep-alive, {name}"),
            format!("Connection: keep-alive\r\nConnection: {name}"),
        ] {
            cases += world.refuses(&lines, &[post(&lines, "")], &[400]).await;
        }
    }
    for name in [
        "Content-Length",
        "content-length",
        "Transfer-Encoding",
        "X-Request-Id",
        "Connection",
        "Expect",
        "Upgrade",
        "Trailer",
    ] {
        for (framing, body) in
            [("Content-Length: 4", "body"), ("Transfer-Encoding: chunked", "4\r\nbody\r\n0\r\n\r\n")]
        {
            let lines = format!("Connection: {name}\r\n{framing}");
            // The body is the same whichever way it is framed.
            let length = framing.starts_with('C') && !name.eq_ignore_ascii_case("content-length");
            let wanted =
                if length { Body::Length(b"body".to_vec()) } else { Body::Chunked(b"body".to_vec()) };
            let wanted = Wanted::of("POST /open HTTP/1.1", wanted);
            cases += world.forwards(&lines, &[post(&lines, body)], &wanted).await;
        }
    }
    // The credential is read whether or not it is named, and never goes on.
    for name in ["X-API-Key", "x-api-key", "Authorization"] {
        let head = format!(
            "GET /keyed HTTP/1.1\r\nHost: gateway.test\r\nConnection: close, {name}\r\nX-API-Key: wrong\r\n\r\n"
        );
        cases += world.refuses(&head, &[&head], &[401]).await;
    }
    eprintln!("{cases} fields named in Connection, 0 of the gateway's dropped");
}
