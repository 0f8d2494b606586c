//! `Expect`: a body that would be refused is not asked for, and one that is asked for is asked for once.

use super::body::Body;
use super::case::{Wanted, World};

#[tokio::test]
async fn a_body_is_asked_for_after_the_decision_and_never_by_the_agent() {
    let world = World::new().await;
    let mut cases = 0;
    for (expect, version, invited) in [
        ("100-continue", "1.1", 1),
        ("100-Continue", "1.1", 1),
        ("100-continue", "1.0", 0),
        ("200-ok", "1.1", 0),
        ("", "1.1", 0),
        ("100-continue, 100-continue", "1.1", 0),
        ("x", "1.1", 0),
    ] {
        for (framing, body, wanted) in [
            ("Content-Length: 4", "body", Body::Length(b"body".to_vec())),
            ("Transfer-Encoding: chunked", "4\r\nbody\r\n0\r\n\r\n", Body::Chunked(b"body".to_vec())),
        ] {
            if version == "1.0" && framing.starts_with('T') {
                continue;
            }
            let what = format!("{expect:?} of {version} with {framing}");
            let head = |target: &str| {
                format!(
                    "POST {target} HTTP/{version}\r\nHost: gateway.test\r\nExpect: {expect}\r\n{framing}\r\n\r\n"
                )
            };
            let mut caller = world.caller().await;
            caller.send(&[head("/open").as_str(), body]).await;
            let answer = caller.response(false).await.unwrap_or_else(|| panic!("{what}: an answer"));
            assert_eq!((answer.status, caller.invited), (200, invited), "{what}: {answer:?}");
            world.arrived(&what, &Wanted::of("POST /open HTTP/1.1", wanted));
            // Refused, with a body that comes at once and one that never does.
            for target in ["/keyed", "/nowhere"] {
                for body in ["", body] {
                    let mut caller = world.caller().await;
                    caller.send(&[head(target) + body]).await;
                    let answer = caller.response(false).await.unwrap_or_else(|| panic!("{what}: an answer"));
                    assert!(matches!(answer.status, 401 | 404), "{what}: {answer:?}");
                    assert_eq!(caller.invited, 0, "{what}: nobody asked for it");
                    assert_eq!(world.went_on(), Vec::<String>::new(), "{what}");
                    cases += 1;
                }
            }
            cases += 1;
        }
    }
    eprintln!("{cases} expectations, 0 bodies asked for in vain");
}
