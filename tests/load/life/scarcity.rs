//! What the gateway lacks while it is under load: a reader of its logs, room on the disk, descriptors. It serves on what
//! it can, and is whole again when the lack is over.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use testkit::Upstream;
use testkit::eventually::scripted_pause;
use testkit::free_port;
use testkit::gateway::{Output, Place, Process};
use testkit::{Issuer, Key, client, eventually};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::ask::Ask;
use crate::length::short_or_long;
use crate::process;
use crate::report::Report;
use crate::steady::{Carrier, Steady};
use crate::vitals::Vitals;

async fn metric(place: &Place, sample: &str) -> f64 {
    let page = client().get(format!("http://127.0.0.1:{}/metrics", place.ops)).send().await;
    let page = page.expect("the metrics").text().await.expect("the page");
    let line = page.lines().find_map(|line| line.strip_prefix(sample));
    line.and_then(|value| value.trim().parse().ok()).unwrap_or_else(|| panic!("no {sample}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_of_the_logs_that_stands_still_holds_nobody_up() {
    let mut report = Report::new("nobody reads the logs");
    let agent = Upstream::terse().await;
    let body = format!(
        "agents:\n  open: {{ route: /open, upstream: \"{}\", auth: public }}\n  \
         gone: {{ route: /gone, upstream: \"http://127.0.0.1:{}\", auth: public }}\n",
        agent.url(),
        free_port(),
    );
    let place = process::place("", &body);
    let mut process = place.launch(&[], Output::Unheard);
    place.ready(&mut process).await;
    // Each of the second kind is a line in the log of the process as well.
    let load = Steady::start(place.port, 800, 48, Carrier::Kept, |n| match n % 2 {
        0 => Ask::get(format!("/open/{n}")),
        _ => Ask::get(format!("/gone/{n}")).wants(&[502]),
    });
    load.sends(short_or_long(5_000, 200_000)).await;
    let vitals = Vitals::of_gateway(process.pid(), place.ops).await;
    let tally = load.stop().await;
    let log = metric(&place, "portcullis_log_lines_dropped_total{log=\"process\"}").await;
    let access = metric(&place, "portcullis_log_lines_dropped_total{log=\"access\"}").await;
    report.line("load", &tally);
    report.line("lines that were dropped", format!("{log} of the log, {access} of the access log"));
    report.line("the gateway", vitals);
    tally.must_be_clean(5_000);
    assert!(log > 0.0, "what is lost is counted");
    assert!(access > short_or_long(-1.0, 0.0), "what is lost is counted");
    process.signal("TERM").await;
    let ended = tokio::time::timeout(Duration::from_secs(10), process.child.wait()).await;
    assert_eq!(ended.expect("it ends").expect("its end").code(), Some(0));
}

/// A state folder that can be made full: a file system of its own, or, for those who may not mount one, permissions.
struct State {
    folder: tempfile::TempDir,
    is_disk: bool,
}

impl State {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs"]).arg(folder.path());
        let is_disk = mount.output().await.is_ok_and(|ran| ran.status.success());
        Self { folder, is_disk }
    }

    fn keys(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    fn fill(&self) {
        if !self.is_disk {
            return self.permit(0o500);
        }
        let mut filler = std::fs::File::create(self.folder.path().join("filler")).expect("a file");
        while std::io::Write::write_all(&mut filler, &[0; 512]).is_ok() {}
    }

    fn clear(&self) {
        if !self.is_disk {
            return self.permit(0o700);
        }
        std::fs::remove_file(self.folder.path().join("filler")).expect("there is room again");
    }

    fn permit(&self, mode: u32) {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(self.keys(), permissions).expect("it is set");
    }

    fn holds(&self, text: &str) -> bool {
        let files = std::fs::read_dir(self.keys()).expect("a folder").flatten();
        files.filter_map(|file| std::fs::read_to_string(file.path()).ok()).any(|kept| kept.contains(text))
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if self.is_disk {
            // Lazily: the gateway in it may still be ending.
            let _gone = std::process::Command::new("umount").arg("-l").arg(self.folder.path()).status();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_under_the_state_folder_costs_nothing_but_the_copy() {
    let mut report = Report::new("no room for the state folder");
    let (agent, first, second) = (Upstream::terse().await, Key::new("ES256", "k1"), Key::new("ES256", "k2"));
    let issuer = Issuer::start(&[&first]).await;
    let body = format!(
        "identity_providers:\n  corp: {{ issuer: \"{}\", refresh: 1s }}\nagents:\n  a:\n    route: /a\n    \
         upstream: \"{}\"\n    auth: {{ oauth: {{ identity_providers: [corp], audiences: [x] }} }}\n",
        issuer.url,
        agent.url(),
    );
    let state = State::new().await;
    let server = format!("  access_log: off\n  state_dir: {}\n", state.folder.path().display());
    let place = process::place(&server, &body);
    let mut process = place.start().await;
    eventually("the keys are kept", Duration::from_secs(10), async || state.holds("\"k1\"").then_some(()))
        .await;
    state.fill();
    let token = |key: &Key| key.token(&key.header("ES256"), &issuer.claims("x"));
    let (old, new) = (token(&first), token(&second));
    let load =
        Steady::start(place.port, 400, 32, Carrier::Kept, move |n| Ask::get(format!("/a/{n}")).bearer(&old));
    issuer.publish(&[&first, &second]);
    eventually("the new key serves", Duration::from_secs(10), async || {
        let asked = client().get(format!("http://127.0.0.1:{}/a", place.port)).bearer_auth(&new);
        (asked.send().await.expect("an answer").status() == 200).then_some(())
    })
    .await;
    eventually("it says that the keys are not kept", Duration::from_secs(10), async || {
        process.log().contains("could not be kept").then_some(())
    })
    .await;
    load.sends(short_or_long(1_000, 20_000)).await;
    let tally = load.stop().await;
    report.line("load", &tally);
    report.line("the gateway", Vitals::of(process.pid()));
    tally.must_be_clean(800);

    // With room again the next new set is kept, and a start without the provider lives on it.
    state.clear();
    let third = Key::new("ES256", "k3");
    issuer.publish(&[&second, &third]);
    eventually("the keys are kept", Duration::from_secs(10), async || state.holds("\"k3\"").then_some(()))
        .await;
    process.child.kill().await.expect("it can be killed");
    issuer.fail_with(Some(500));
    process = place.start().await;
    let asked = client().get(format!("http://127.0.0.1:{}/a", place.port)).bearer_auth(&new);
    assert_eq!(asked.send().await.expect("an answer").status(), 200, "{}", process.log());
}

/// Callers of the load that has no descriptor to spare.
const CALLERS: usize = 16;

/// Makes the gateway keep a connection to its agent for each caller: it keeps as many as were ever wanted at once.
async fn open_a_connection_for_each_caller(place: &Place) {
    let url = format!("http://127.0.0.1:{}/p/together?n={CALLERS}", place.port);
    let asked = (0..CALLERS).map(|_| client().get(&url).send());
    let answers = futures::future::join_all(asked).await;
    let served = answers.iter().filter(|answer| answer.as_ref().is_ok_and(|a| a.status() == 200)).count();
    assert_eq!(served, CALLERS, "all are held until all have come");
}

/// Sets the limit of open files of a running process.
async fn limit(process: &Process, files: u64) {
    let pid = process.pid().to_string();
    let set = Command::new("prlimit").args(["--pid", &pid, &format!("--nofile={files}:")]).status().await;
    assert!(set.is_ok_and(|status| status.success()), "the limit is set");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_descriptors_kept_connections_are_served_on_and_then_everything_is_as_before() {
    let mut report = Report::new("no descriptors left");
    let agent = Upstream::terse().await;
    let body = format!("agents:\n  p: {{ route: /p, upstream: \"{}\", auth: public }}\n", agent.url());
    let place = process::place("  access_log: off\n", &body);
    let mut process = place.start().await;
    open_a_connection_for_each_caller(&place).await;
    let load = Steady::start(place.port, 400, CALLERS, Carrier::Kept, |n| Ask::get(format!("/p/{n}")));
    load.sends(800).await;
    let before = Vitals::of(process.pid());
    // Less than it has open: not one more, whatever it closes.
    limit(&process, 16).await;
    // All that is due while it stands still comes at once.
    process.signal("STOP").await;
    scripted_pause(Duration::from_millis(300)).await;
    process.signal("CONT").await;
    load.sends(200).await;
    let mut waiting = Vec::new();
    for _ in 0..200 {
        waiting.push(TcpStream::connect(("127.0.0.1", place.port)).await.expect("the kernel takes it"));
    }
    let processor = metric_of_processor(process.pid());
    load.sends(short_or_long(1_200, 20_000)).await;
    let spent = metric_of_processor(process.pid()) - processor;
    let during = load.take();
    std::fs::write(place.config(), "version: 1\n").expect("a change that nobody can read");
    place.replace_body(&body.replace("/p,", "/q,"));
    load.sends(400).await;
    limit(&process, 1_024).await;
    eventually("the change is in force", Duration::from_secs(40), async || {
        let asked = client().get(format!("http://127.0.0.1:{}/q", place.port)).send().await;
        asked.is_ok_and(|answer| answer.status() == 200).then_some(())
    })
    .await;
    drop(waiting);
    let tally = load.stop().await;
    report.line("on kept connections meanwhile", &during);
    report.line("processor time meanwhile", format!("{spent:.2} s"));
    report.line("before", before);
    report.line("after", Vitals::of(process.pid()));
    during.must_be_clean(1_000);
    assert_eq!(tally.failed, tally.of_kind("status 404"), "only the change of the route shows: {tally}");
    assert_eq!(place.readyz().await, 200);
    eventually("the descriptors are given back", Duration::from_secs(20), async || {
        (Vitals::of(process.pid()).descriptors <= before.descriptors + 16).then_some(())
    })
    .await;
    process.signal("TERM").await;
    assert_eq!(process.ended(Duration::from_secs(40)).await.code(), Some(0));
}

/// Seconds of processor time that a process has used.
fn metric_of_processor(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process runs");
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<f64>().expect("a number");
    (ticks(11) + ticks(12)) / 100.0
}
