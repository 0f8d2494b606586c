//! The agent's own ids reach no client, whatever the response is, and nobody's log.

use serde_json::json;
use testkit::Start;
use testkit::raw::Wire;

use super::stage::{Call, ID, PING, World};

#[tokio::test]
async fn every_response_names_the_session_as_its_owner_knows_it() {
    let world = World::new().await;
    let gateway = Start { body: &world.body(&json!({})), ..Start::default() }.ready().await;
    for path in ["/public/mcp", "/ruled/mcp"] {
        let call = Call::new(path, None);
        let session = world.begin(&gateway, call).await;
        for (what, status) in
            [("begin", 200), ("stream", 200), ("gone", 404), ("accepted", 202), ("longest", 200)]
        {
            let more = [("x-do", what)];
            let got = world.ask(&gateway, Call { more: &more, ..call }, &[&session]).await;
            let named = got.session().expect("a session");
            assert_eq!(
                (got.status, named != ID, named == session),
                (status, true, what != "longest"),
                "{what}"
            );
            let own = if what == "longest" { "x".repeat(512) } else { ID.to_owned() };
            let again = world.ask(&gateway, call, &[&named]).await;
            assert_eq!(again.sessions.as_deref(), Some(&[own] as &[_]), "{what}");
        }
        let got = world.ask(&gateway, call, &[&session]).await;
        assert_eq!((got.status, got.session()), (200, None), "none is made up");
    }
}

#[tokio::test]
async fn an_id_that_no_client_could_send_back_is_a_fault_of_the_agent() {
    let world = World::new().await;
    let gateway = Start { body: &world.body(&json!({})), ..Start::default() }.ready().await;
    for what in ["too long", "blank", "empty", "twice"] {
        let more = [("x-do", what)];
        let call = Call { more: &more, ..Call::new("/public/mcp", None) };
        let got = world.ask(&gateway, call, &[]).await;
        assert_eq!((got.status, got.calls, got.session()), (502, 1, None), "{what}");
        let said = got.json();
        assert_eq!(said["error"]["data"]["reason_class"], "upstream", "{said}");
        let line = gateway.logged(got.head["x-request-id"].to_str().expect("ASCII")).await;
        assert_eq!(line["upstream_error"], "session_id_invalid", "{line}");
        let plain = Call { more: &more, ..Call::new("/plain", None) };
        let control = world.ask(&gateway, plain, &[]).await;
        assert_eq!(control.status, 200, "{what} at an agent that does not speak MCP");
    }
}

#[tokio::test]
async fn no_head_and_no_line_of_a_log_has_an_id_of_the_agents() {
    let world = World::new().await;
    let args = ["--log-level", "trace"];
    let gateway = Start { body: &world.body(&json!({})), args: &args, ..Start::default() }.ready().await;
    let mut wire = Wire::connect(gateway.port).await;
    let request = format!(
        "POST /public/mcp HTTP/1.1\r\nHost: x\r\nX-Do: early\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{PING}",
        PING.len()
    );
    assert!(wire.say(request.as_bytes()).await);
    let heads = String::from_utf8_lossy(&wire.remainder().await).into_owned();
    assert!(heads.contains("HTTP/1.1 103") && heads.contains("HTTP/1.1 200"), "{heads}");
    let names = |what: &str| heads.to_ascii_lowercase().matches(what).count();
    assert_eq!(names("mcp-session-id: "), 1, "{heads}");
    assert!(!heads.to_ascii_lowercase().contains(&format!("mcp-session-id: {ID}\r\n")), "{heads}");

    let alice = world.token(&json!({"sub": "alice"}));
    let bob = world.token(&json!({"sub": "bob"}));
    let owner = Call::new("/a/mcp", Some(("authorization", &alice)));
    let session = world.begin(&gateway, owner).await;
    let got = world.ask(&gateway, owner, &[&session]).await;
    let foreign = Call::new("/a/mcp", Some(("authorization", &bob)));
    let refused = world.ask(&gateway, foreign, &[&session]).await;
    assert_eq!((got.status, refused.status), (200, 404));
    gateway.logged(refused.head["x-request-id"].to_str().expect("ASCII")).await;
    let lines = [gateway.stdout(), gateway.stderr()].concat();
    assert!(lines.len() > 4, "{lines:?}");
    let code = session.rsplit_once('.').expect("two parts").1;
    for line in lines {
        assert!(!line.contains(ID) && !line.contains(code), "{line}");
    }
}
