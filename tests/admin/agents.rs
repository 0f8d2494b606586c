//! `/api/v1/agents`: deploying, changing and removing agents.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::api::{If, names};
use testkit::{Key, Start};

use super::world::{World, provider, token_of};

#[tokio::test]
async fn a_stranger_gets_401_and_changes_nothing() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let before = world.api.tag("/agents/a").await;
    world
        .refuses_strangers(&[
            ("GET", "/agents"),
            ("GET", "/agents/a"),
            ("GET", "/agents/nobody"),
            ("PUT", "/agents/a"),
            ("PUT", "/agents/b"),
            ("DELETE", "/agents/a"),
            ("POST", "/agents/a/test"),
        ])
        .await;
    assert_eq!(world.api.tag("/agents/a").await, before);
    assert_eq!((world.status("/a").await, world.upstream.seen().len()), (200, 1));
}

#[tokio::test]
async fn a_stale_if_match_is_refused_and_changes_nothing() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let stale = world.api.tag("/agents/a").await;
    world.api.put("/agents/a", If::Tag(&stale), &world.open("/b")).await.is(200);
    let revision = world.api.get("/revisions").await.is(200).tag();
    for tag in [&*stale, "\"never\"", "W/\"weak\""] {
        world.api.put("/agents/a", If::Tag(tag), &world.open("/c")).await.problem(412, "precondition_failed");
        world.api.delete("/agents/a", If::Tag(tag)).await.problem(412, "precondition_failed");
    }
    assert_eq!((world.status("/b").await, world.status("/c").await), (200, 404));
    assert_eq!(world.api.get("/revisions").await.tag(), revision, "a refused write is no revision");
}

#[tokio::test]
async fn a_write_without_a_precondition_is_asked_for_one() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    for path in ["/agents/a", "/agents/new"] {
        world.api.put(path, If::Unsaid, &world.open("/b")).await.problem(428, "precondition_required");
    }
    world.api.delete("/agents/a", If::Unsaid).await.problem(428, "precondition_required");
    assert_eq!(world.api.get("/agents").await.json()["total"], 1);
}

#[tokio::test]
async fn an_agent_is_created_once_read_changed_and_removed() {
    let world = World::empty().await;
    let made = world.api.put("/agents/a", If::Absent, &world.open("/a")).await.is(201);
    let written = made.json();
    assert_eq!((&written["resource"], &written["dry_run"]), (&json!("agents/a"), &json!(false)), "{written}");
    assert_eq!(written["revision"], 1, "{written}");
    assert!(written["live"].as_str().is_some_and(|live| !live.is_empty()), "{written}");
    assert!(written["diff"].as_str().is_some_and(|diff| diff.contains("+")), "{written}");
    assert_eq!(world.status("/a").await, 200);

    let read = world.api.get("/agents/a").await.is(200);
    assert_eq!(read.tag(), made.tag(), "the tag of what stands there now");
    assert_eq!(
        written["etag"].as_str(),
        Some(made.tag().trim_matches('"')),
        "and in the body, without quotes"
    );
    let read = read.json();
    assert_eq!(read["spec"], world.open("/a"));
    for (member, wanted) in [
        ("name", json!("a")),
        ("display_name", Value::Null),
        ("route", json!({"path": "/a", "host": null, "hosts": [], "methods": [], "strip_path": false})),
        ("authentication", json!("public")),
        ("identity_providers", json!([])),
        ("enforcement", json!("enforce")),
        ("managed_by", json!("store")),
        ("api_keys", json!(0)),
    ] {
        assert_eq!(read[member], wanted, "{member} of {read}");
    }
    assert!(read["upstream"].as_str().is_some_and(|url| url.starts_with(&world.upstream.url())), "{read}");
    assert!(read["url"].as_str().is_some_and(|url| url.ends_with("/a")), "{read}");
    assert!(read["file"].as_str().is_some_and(|file| file.ends_with("agents/a.yaml")), "{read}");

    world.api.put("/agents/a", If::Absent, &world.open("/x")).await.problem(412, "precondition_failed");
    let changed = world.api.put("/agents/a", If::Tag(&made.tag()), &world.open("/b")).await.is(200);
    assert_ne!(changed.tag(), made.tag());
    assert_eq!((world.status("/a").await, world.status("/b").await), (404, 200));

    let gone = world.api.delete("/agents/a", If::Tag(&changed.tag())).await.is(200).json();
    assert_eq!((&gone["resource"], &gone["etag"]), (&json!("agents/a"), &Value::Null), "{gone}");
    assert_eq!(world.status("/b").await, 404);
    world.api.get("/agents/a").await.problem(404, "not_found");
    world.api.delete("/agents/a", If::Any).await.problem(404, "not_found");
    world.api.put("/agents/a", If::Any, &world.open("/a")).await.problem(412, "precondition_failed");
}

#[tokio::test]
async fn a_write_is_in_force_for_the_very_next_request_fifty_times_in_a_row() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let policies = [(world.keyed("/a"), 401), (world.open("/a"), 200)];
    let mut slowest = Duration::ZERO;
    for round in 0..50 {
        let (policy, wanted) = &policies[round % 2];
        let sent = Instant::now();
        world.api.put("/agents/a", If::Any, policy).await.is(200);
        assert_eq!(world.status("/a").await, *wanted, "round {round}");
        slowest = slowest.max(sent.elapsed());
    }
    assert!(slowest < Duration::from_secs(1), "the slowest of 50 writes took {slowest:?} to be live");
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_and_keeps_nothing() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let tag = world.api.tag("/agents/a").await;
    let answers = [
        world.api.put("/agents/a?dry_run=true", If::Tag(&tag), &world.keyed("/b")).await.is(200).json(),
        world.api.put("/agents/new?dry_run=true", If::Absent, &world.open("/new")).await.json(),
        world.api.delete("/agents/a?dry_run=true", If::Tag(&tag)).await.is(200).json(),
    ];
    for answer in &answers {
        assert_eq!((&answer["dry_run"], &answer["revision"]), (&json!(true), &Value::Null), "{answer}");
        assert!(answer["diff"].as_str().is_some_and(|diff| !diff.is_empty()), "{answer}");
    }
    assert!(answers[0]["diff"].as_str().is_some_and(|diff| diff.contains("/b")), "{}", answers[0]);
    assert!(
        answers[0]["warnings"].as_array().is_some_and(|w| !w.is_empty()),
        "an API-key agent without a key"
    );
    // What is wrong is found in the same way.
    let stale = world.api.put("/agents/a?dry_run=true", If::Tag("\"never\""), &world.open("/c")).await;
    stale.problem(412, "precondition_failed");
    let bad = world.api.put("/agents/a?dry_run=true", If::Tag(&tag), &json!({"route": "/a"})).await;
    bad.problem(422, "invalid");
    assert_eq!(world.api.tag("/agents/a").await, tag);
    assert_eq!(world.api.get("/revisions").await.json()["head"], 1);
    for (path, status) in [("/a", 200), ("/b", 404), ("/new", 404)] {
        assert_eq!(world.status(path).await, status, "{path}");
    }
}

#[tokio::test]
async fn every_error_of_a_deploy_comes_at_once_with_its_place() {
    let world = World::empty().await;
    let key = Key::new("ES256", "k1");
    world.create("/identity-providers/corp", &provider("https://corp.example", &[&key])).await;
    let up = world.upstream.url();
    let oauth = |oauth: Value| json!({"route": "/a", "upstream": up, "auth": {"oauth": oauth}});
    let cases: Vec<(&str, Value, Vec<&str>)> = vec![
        (
            "four at once",
            json!({
                "route": "no-slash",
                "upstream": "ftp://x",
                "auth": {"oauth": {"identity_providers": [], "header": "a b"}},
            }),
            vec!["/auth/oauth/header", "/auth/oauth/identity_providers", "/route", "/upstream"],
        ),
        (
            "an unknown provider beside a known one",
            oauth(json!({"identity_providers": ["corp", "crop"]})),
            vec!["/auth/oauth/identity_providers/1"],
        ),
        (
            "wrong types deep inside",
            oauth(json!({"identity_providers": ["corp"], "audiences": ["x", {}], "scopes": {"any_of": "a"}})),
            vec!["/auth/oauth/audiences/1", "/auth/oauth/scopes/any_of"],
        ),
        (
            "an unknown member",
            json!({"route": "/a", "upstream": up, "auth": "public", "colour": 1}),
            vec!["/colour"],
        ),
        ("no policy at all", json!({"route": "/a", "upstream": up}), vec![""]),
        ("a list for an agent", json!([]), vec![""]),
        ("nothing for an agent", Value::Null, vec![""]),
    ];
    for (what, body, wanted) in cases {
        let refused = world.api.put("/agents/a", If::Absent, &body).await;
        assert_eq!(refused.pointers(), wanted, "{what}: {}", refused.text);
        let said = refused.json();
        let found = said["diagnostics"].as_array().expect("diagnostics");
        // What is no mapping has no place in a file.
        for finding in found.iter().filter(|finding| finding["severity"] == "error" && body.is_object()) {
            assert_eq!(finding["resource"], "agents/a", "{what}: {finding}");
            assert!(finding["message"].as_str().is_some_and(|text| text.len() > 5), "{what}: {finding}");
            assert!(finding["line"].is_u64() && finding["column"].is_u64(), "{what}: {finding}");
        }
    }
    assert_eq!(world.api.get("/agents").await.json()["total"], 0);
}

#[tokio::test]
async fn a_deploy_that_names_an_unknown_provider_fails_and_says_which_one_is_near() {
    let world = World::empty().await;
    let key = Key::new("ES256", "k1");
    world.create("/identity-providers/corp", &provider("https://corp.example", &[&key])).await;
    let refused = world.api.put("/agents/a", If::Absent, &world.guarded("/a", "crop")).await;
    assert_eq!(refused.pointers(), ["/auth/oauth/identity_providers/0"]);
    assert!(refused.text.contains("crop") && refused.text.contains("corp"), "{}", refused.text);
    world.create("/agents/a", &world.guarded("/a", "corp")).await;
    let bearer = format!("Bearer {}", token_of("https://corp.example", &key));
    assert_eq!(world.call("/a", &[("authorization", &bearer)]).await.status, 200);
    assert_eq!(world.status("/a").await, 401);
}

#[tokio::test]
async fn a_deploy_is_told_its_own_warnings_and_not_those_of_all_others() {
    let documents: Vec<(String, String)> = (0..300)
        .map(|i| {
            let text = format!("route: /r/{i:03}\nupstream: \"http://127.0.0.1:9\"\nauth: public\n");
            (format!("store/agents/agent-{i:03}.yaml"), text)
        })
        .collect();
    let files: Vec<(&str, &str)> = documents.iter().map(|(name, text)| (&**name, &**text)).collect();
    let start = Start { store: Some("store"), files: &files, ..Start::default() };
    let world = World::of(start, |_| String::new()).await;
    let written = world.api.put("/agents/new", If::Absent, &world.open("/new")).await.is(201);
    let refused = world.api.put("/agents/bad", If::Absent, &json!({"route": "/bad"})).await.is(422);
    for (reply, list, name) in [(&written, "warnings", "agents/new"), (&refused, "diagnostics", "agents/bad")]
    {
        let said = reply.json();
        let found = said[list].as_array().expect("findings");
        assert!(!found.is_empty() && found.iter().all(|f| f["resource"] == name), "{} findings", found.len());
    }
}

#[tokio::test]
async fn two_agents_cannot_take_the_same_route() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/same")).await;
    let refused = world.api.put("/agents/b", If::Absent, &world.open("/same")).await;
    let said = refused.problem(422, "invalid");
    assert!(refused.text.contains('a') && said["diagnostics"][0]["resource"].is_string(), "{said}");
    assert_eq!(world.status("/same").await, 200);
}

#[tokio::test]
async fn of_two_editors_the_second_is_refused_and_loses_nothing() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/a")).await;
    let (one, two) = (world.api.tag("/agents/a").await, world.api.tag("/agents/a").await);
    world.api.put("/agents/a", If::Tag(&one), &world.open("/first")).await.is(200);
    world
        .api
        .put("/agents/a", If::Tag(&two), &world.open("/second"))
        .await
        .problem(412, "precondition_failed");
    assert_eq!((world.status("/first").await, world.status("/second").await), (200, 404));
    // The second reads again, and goes on from there.
    let fresh = world.api.get("/agents/a").await.is(200);
    assert_eq!(fresh.json()["spec"], world.open("/first"));
    world.api.put("/agents/a", If::Tag(&fresh.tag()), &world.open("/second")).await.is(200);
    assert_eq!((world.status("/first").await, world.status("/second").await), (404, 200));
}

#[tokio::test]
async fn of_twenty_writers_with_the_same_tag_exactly_one_wins_each_round() {
    let world = World::empty().await;
    world.create("/agents/a", &world.open("/start")).await;
    for round in 0..5 {
        let tag = world.api.tag("/agents/a").await;
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..20 {
            let (api, tag) = (world.api.clone(), tag.clone());
            let spec = world.open(&format!("/r{round}-w{writer}"));
            writers.spawn(async move {
                (api.put("/agents/a", If::Tag(&tag), &spec).await.status, spec["route"].clone())
            });
        }
        let ends = writers.join_all().await;
        let won: Vec<_> = ends.iter().filter(|(status, _)| *status == 200).collect();
        let lost = ends.iter().filter(|(status, _)| *status == 412).count();
        assert_eq!((won.len(), lost), (1, 19), "{ends:?}");
        assert_eq!(world.api.get("/agents/a").await.json()["spec"]["route"], won[0].1);
        assert_eq!(world.status(won[0].1.as_str().expect("a route")).await, 200);
    }
}

#[tokio::test]
async fn the_keys_of_a_removed_agent_go_with_it() {
    let world = World::empty().await;
    let (id, key) = world.with_key("a").await;
    let (other, kept) = world.with_key("b").await;
    assert_eq!((world.with("/a", &key).await, world.with("/b", &kept).await), (200, 200));
    let gone = world.api.delete("/agents/a", If::Any).await.is(200).json();
    assert!(gone["removed"].to_string().contains(&id), "{gone}");
    world.api.get(&format!("/api-keys/{id}")).await.problem(404, "not_found");
    assert_eq!(names(&world.api.get("/api-keys").await.json(), "id"), [other]);
    assert_eq!(world.stored(&format!("api_keys/{id}.yaml")), "", "its file is gone");
    // One that comes under the same name does not take the old keys.
    world.create("/agents/a", &world.keyed("/a")).await;
    assert_eq!((world.with("/a", &key).await, world.with("/b", &kept).await), (401, 200));
}

#[tokio::test]
async fn a_list_of_five_hundred_is_read_page_by_page_and_searched() {
    let documents: Vec<(String, String)> = (0..500)
        .map(|i| {
            let display = if i % 100 == 7 { "display_name: Refund desk\n" } else { "" };
            let text = format!("{display}route: /r/{i:03}\nupstream: \"http://127.0.0.1:9\"\nauth: public\n");
            (format!("store/agents/agent-{i:03}.yaml"), text)
        })
        .collect();
    let files: Vec<(&str, &str)> = documents.iter().map(|(name, text)| (&**name, &**text)).collect();
    let start = Start { store: Some("store"), files: &files, ..Start::default() };
    let world = World::of(start, |_| String::new()).await;

    for limit in [1, 7, 50, 499, 500] {
        let (mut seen, mut after, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = world.api.get(&format!("/agents?limit={limit}{after}")).await.is(200).json();
            assert_eq!(page["total"], 500, "limit {limit}");
            let items = names(&page, "name");
            assert!(items.len() <= limit, "limit {limit}: {} items", items.len());
            seen.extend(items);
            pages += 1;
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
            if limit == 1 && pages == 20 {
                break;
            }
        }
        let wanted: Vec<String> = (0..seen.len()).map(|i| format!("agent-{i:03}")).collect();
        assert_eq!(seen, wanted, "limit {limit}: each once, in order");
        assert_eq!(seen.len(), if limit == 1 { 20 } else { 500 });
    }
    assert_eq!(names(&world.api.get("/agents").await.json(), "name").len(), 50, "the limit is 50");
    for (query, total) in
        [("q=agent-12", 10), ("q=REFUND", 5), ("q=/r/49", 10), ("q=nobody", 0), ("q=%3Cscript%3E", 0)]
    {
        let page = world.api.get(&format!("/agents?{query}&limit=500")).await.is(200).json();
        assert_eq!(
            (page["total"].as_u64(), names(&page, "name").len()),
            (Some(total), total as usize),
            "{query}"
        );
    }
    let past = world.api.get("/agents?after=zzzz").await.is(200).json();
    assert_eq!((names(&past, "name").len(), &past["next"]), (0, &Value::Null));
    for query in ["limit=0", "limit=501", "limit=-1", "limit=ten"] {
        let refused = world.api.get(&format!("/agents?{query}")).await;
        assert!([400, 422].contains(&refused.status), "{query}: {} {}", refused.status, refused.text);
        assert_eq!(refused.header("content-type"), "application/problem+json", "{query}");
    }
}

#[tokio::test]
async fn what_was_deployed_is_there_after_a_restart() {
    let mut world = World::empty().await;
    let (id, key) = world.with_key("a").await;
    let tag = world.api.tag("/agents/a").await;
    let revisions = world.api.get("/revisions").await.is(200);
    world.gateway.signal("TERM").await;
    world.gateway.ended(Duration::from_secs(30)).await;
    world.gateway.start_again().await;
    assert_eq!((world.with("/a", &key).await, world.status("/a").await), (200, 401));
    assert_eq!(world.api.tag("/agents/a").await, tag, "the tag is of what is written, not of a process");
    assert_eq!(world.api.get("/revisions").await.json(), revisions.json());
    world.api.get(&format!("/api-keys/{id}")).await.is(200);
}

#[tokio::test]
async fn a_list_shows_each_agent_as_it_is() {
    let world = World::empty().await;
    let key = Key::new("ES256", "k1");
    world.create("/identity-providers/corp", &provider("https://corp.example", &[&key])).await;
    let mut guarded = world.guarded("/g", "corp");
    guarded["display_name"] = "Guarded one".into();
    guarded["enforcement"] = "shadow".into();
    guarded["route"] = json!({"path": "/g", "host": "g.example", "strip_path": true});
    world.create("/agents/g", &guarded).await;
    world.with_key("k").await;
    let list = world.api.get("/agents").await.is(200).json();
    assert_eq!(names(&list, "name"), ["g", "k"]);
    for (item, member, wanted) in [
        (0, "display_name", json!("Guarded one")),
        (
            0,
            "route",
            json!({"path": "/g", "host": "g.example", "hosts": ["g.example"], "methods": [], "strip_path": true}),
        ),
        (0, "authentication", json!("oauth")),
        (0, "identity_providers", json!(["corp"])),
        (0, "enforcement", json!("shadow")),
        (0, "api_keys", json!(0)),
        (1, "authentication", json!("api_key")),
        (1, "api_keys", json!(1)),
    ] {
        assert_eq!(list["items"][item][member], wanted, "{member} of {}", list["items"][item]);
    }
    for item in list["items"].as_array().expect("items") {
        let traffic = &item["traffic"];
        assert!(traffic["interval_seconds"].is_u64() && traffic["allowed"].is_array(), "{traffic}");
        assert!(traffic["refused"].as_array().is_some_and(|points| points.len() <= 60), "{traffic}");
    }
}

#[tokio::test]
async fn the_gateways_own_listeners_are_no_upstream() {
    let world = World::empty().await;
    for port in [world.gateway.admin, world.gateway.ops] {
        for host in ["127.0.0.1", "localhost", "LOCALHOST", "[::ffff:127.0.0.1]", "127.1"] {
            let mut spec = world.open("/x");
            spec["upstream"] = format!("http://{host}:{port}").into();
            let reply = world.api.put("/agents/x", If::Absent, &spec).await;
            // Whichever way it is written: it is refused, or at least nothing gets through.
            if reply.status == 201 {
                let passed = world.call("/x/livez", &[]).await.status;
                assert!(passed >= 400, "{host}:{port}: {passed}");
                world.api.delete("/agents/x", If::Any).await.is(200);
            } else {
                assert_eq!(reply.pointers(), ["/upstream"], "{host}:{port}");
            }
        }
        let own = json!({"route": "/x", "upstream": format!("http://127.0.0.1:{port}"), "auth": "public"});
        world.api.put("/agents/x", If::Absent, &own).await.problem(422, "invalid");
    }
}
