//! The console in a real browser: `console.mjs` walks the story of an operator against the real gateway, an identity
//! provider and an agent.
//!
//! Needs Chromium (`make setup` installs Debian's) and a console that is built in. With `CONSOLE_SHOTS` set to a
//! folder, a picture of each page is left there.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use testkit::fleet::SOON;
use testkit::{Etcd, Fleet, FleetStart, Start, Upstream, client, eventually, free_port};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use super::provider::Provider;

/// A file to write on to, from several sides.
fn append(path: &Path) -> std::fs::File {
    std::fs::OpenOptions::new().append(true).open(path).expect("the log")
}

/// Plays a story in the browser to its end.
async fn ends_well(story: &str, variables: &[(&str, String)]) {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e");
    let log = tempfile::NamedTempFile::new().expect("a log");
    let out = || log.reopen().expect("the log");
    let mut played = Command::new("node")
        .arg(suite.join(story))
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(append(log.path()))
        .stderr(append(log.path()))
        .kill_on_drop(true)
        .spawn()
        .expect("node starts; `make setup` says what is missing");
    let ended = tokio::time::timeout(Duration::from_secs(480), played.wait()).await;
    let said = std::io::read_to_string(out()).expect("what it said");
    eprintln!("{said}");
    let ended = ended.unwrap_or_else(|_| panic!("it does not end: {said}")).expect("it can be waited for");
    assert!(ended.success(), "{said}");
    assert!(said.lines().last().is_some_and(|line| line.starts_with("the story ends well")), "{said}");
}

#[tokio::test]
async fn an_operator_finds_the_way_from_the_log_in_to_the_roll_back() {
    let (provider, upstream) = (Provider::start().await, Upstream::start().await);
    let start = Start { admin: Some(""), store: Some("store"), ..Start::default() };
    let gateway = start.alive().await;
    let token = std::fs::read_to_string(gateway.folder.path().join("admin.token")).expect("the token file");
    let page = format!("http://127.0.0.1:{}", gateway.admin);
    let shown = client().get(&page).send().await.expect("an answer").text().await.expect("a page");
    assert!(
        shown.contains("<div id=\"root\">"),
        "the console is not built in: run `make console`, then build"
    );

    let story = [
        ("CONSOLE_URL", page),
        ("ADMIN_TOKEN", token.trim_end().to_owned()),
        ("GATEWAY_URL", gateway.url("")),
        ("ISSUER_URL", provider.site().issuer()),
        ("UPSTREAM_URL", upstream.url()),
    ];
    ends_well("console.mjs", &story).await;

    // What the browser was given to hold is nowhere in what the gateway wrote.
    let log = gateway.stderr().join("\n") + &gateway.stdout().join("\n");
    for secret in [token.trim_end(), "not-a-secret"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn an_operator_gets_through_the_second_day() {
    let (provider, upstream) = (Provider::start().await, Upstream::start().await);
    let start = Start { admin: Some(""), store: Some("store"), ..Start::default() };
    let mut gateway = start.alive().await;
    let token = std::fs::read_to_string(gateway.folder.path().join("admin.token")).expect("the token file");
    let aside = tempfile::tempdir().expect("a folder aside");
    let (restart, pid) = (aside.path().join("restart"), aside.path().join("pid"));
    std::fs::write(&pid, gateway.pid().to_string()).expect("the number of the process");
    let path = |path: &Path| path.to_str().expect("a path").to_owned();
    let story = [
        ("CONSOLE_URL", format!("http://127.0.0.1:{}", gateway.admin)),
        ("ADMIN_TOKEN", token.trim_end().to_owned()),
        ("GATEWAY_URL", gateway.url("")),
        ("GATEWAY_PID", path(&pid)),
        ("ISSUER_URL", provider.site().issuer()),
        ("UPSTREAM_URL", upstream.url()),
        ("STORE", path(&gateway.folder.path().join("store"))),
        ("RESTART_FILE", path(&restart)),
    ];
    // The story asks for a restart with a file, and sees that the file is gone when the gateway is back.
    let restarts = async {
        eventually("the story asks for a restart", Duration::from_secs(480), async || {
            restart.exists().then_some(())
        })
        .await;
        gateway.kill().await;
        gateway.start_again().await;
        std::fs::write(&pid, gateway.pid().to_string()).expect("the number of the process");
        std::fs::remove_file(&restart).expect("the file of the story");
    };
    tokio::join!(ends_well("second_day.mjs", &story), restarts);
}

#[tokio::test]
async fn an_operator_sees_who_runs_what_in_a_fleet_of_three() {
    let start = FleetStart {
        server: "  member: { name: gateway-{n}, labels: { zone: \"{n}\" } }\n",
        ..FleetStart::default()
    };
    let mut fleet = Fleet::on(Etcd::start().await, start).await;
    // The route of a deploy that this member alone has to refuse.
    let upstream = fleet.upstream.url();
    fleet.members[1].write_body(&format!(
        "agents:\n  own: {{ route: /taken, upstream: \"{upstream}\", auth: public }}\n"
    ));
    fleet.members[1].gateway.signal("HUP").await;
    eventually("gateway-1 serves what its own file says", SOON, async || {
        (client().get(fleet.members[1].url("/taken")).send().await.ok()?.status() == 200).then_some(())
    })
    .await;

    let aside = tempfile::tempdir().expect("a folder aside");
    let (kill, back) = (aside.path().join("kill"), aside.path().join("kill.back"));
    let urls: Vec<_> = fleet.members.iter().map(|member| member.url("")).collect();
    let story = [
        ("CONSOLE_URL", format!("http://127.0.0.1:{}", fleet.members[0].admin)),
        ("ADMIN_TOKEN", fleet.members[0].admin_token()),
        ("GATEWAY_URLS", urls.join(" ")),
        ("UPSTREAM_URL", upstream),
        ("KILL_FILE", kill.to_str().expect("a path").to_owned()),
    ];
    // The story asks for both with files, and sees that the first is gone when the gateway is back.
    let gateway = &mut fleet.members[2].gateway;
    let killed = async {
        let asked = async |what: &str, file: &Path| {
            eventually(what, Duration::from_secs(480), async || file.exists().then_some(())).await;
        };
        asked("the story asks for the end of a gateway", &kill).await;
        gateway.kill().await;
        asked("the story asks for its return", &back).await;
        std::fs::remove_file(&kill).expect("the file of the story");
        gateway.start_again().await;
    };
    tokio::join!(ends_well("fleet.mjs", &story), killed);
}

#[tokio::test]
async fn a_newcomer_to_the_demo_secures_an_agent_without_a_manual() {
    let port = free_port();
    let mut demo = Command::new(testkit::binary())
        .args(["demo", "--port", &port.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the demo starts");
    let mut lines = BufReader::new(demo.stdout.take().expect("its output")).lines();
    let mut guide = String::new();
    while let Some(line) = lines.next_line().await.expect("its output") {
        let is_last = line.contains("Ctrl-C");
        guide += &(line + "\n");
        if is_last {
            break;
        }
    }
    // The rest is the log of the demo; who does not read it would hold it up.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    let between = |before: &str, after: &str| {
        let rest = guide.split(before).nth(1).unwrap_or_else(|| panic!("{before} in {guide}"));
        rest.split(after).next().unwrap_or_default().trim().to_owned()
    };
    // Only what the guide says is known.
    let origin = between("open\n", "/ in a browser");
    let file = between("cat '", "'");
    let gateway = between("curl -i ", "/agents/echo");
    let token = eventually("the demo serves", Duration::from_secs(30), async || {
        client().get(&origin).send().await.ok()?;
        std::fs::read_to_string(&file).ok()
    })
    .await;
    let story =
        [("CONSOLE_URL", origin), ("ADMIN_TOKEN", token.trim_end().to_owned()), ("GATEWAY_URL", gateway)];
    ends_well("newcomer.mjs", &story).await;
}
