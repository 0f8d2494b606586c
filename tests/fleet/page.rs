//! docs/FLEET.md: its commands are run as they stand there, against a real etcd and real gateways.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use testkit::api::If;
use testkit::fleet::SOON;
use testkit::{Etcd, Fleet, FleetStart, binary, eventually};
use tokio::process::Command;

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/FLEET.md");
    std::fs::read_to_string(path).expect("the page")
}

/// The code block of the page that is marked with this name.
pub(crate) fn block(name: &str) -> String {
    let page = page();
    let mark = format!("<!-- run: {name} -->\n```sh\n");
    let (_, after) = page.split_once(&mark).unwrap_or_else(|| panic!("the page has no block {name}"));
    after.split_once("```").expect("its end").0.to_owned()
}

/// The configuration of the page, at this etcd, with its files in this folder.
fn configuration(etcd: &Etcd, folder: &Path) -> String {
    let page = page();
    let (_, after) = page.split_once("```yaml\n").expect("a configuration");
    let (text, _) = after.split_once("```").expect("its end");
    let named = "https://etcd-0:2379, https://etcd-1:2379, https://etcd-2:2379";
    let of_tls = "    ca_file: /etc/portcullis/etcd-ca.pem\n";
    assert!(text.contains(named) && text.contains(of_tls), "the page has another configuration: {text}");
    let folder = folder.display().to_string();
    text.replace(named, &format!("\"{}\"", etcd.endpoints()[0]))
        .replace(of_tls, "")
        .replace("/etc/portcullis", &folder)
        .replace("/var/lib/portcullis", &folder)
}

/// A shell in a folder, which has `portcullis` and a user of etcd.
pub(crate) struct Shell {
    folder: PathBuf,
    endpoints: String,
    user: String,
}

impl Shell {
    pub(crate) fn at(etcd: &Etcd, folder: &Path) -> Self {
        let programs = folder.join("programs");
        std::fs::create_dir_all(&programs).expect("a folder");
        std::os::unix::fs::symlink(binary(), programs.join("portcullis")).expect("a link");
        Self { folder: folder.to_owned(), endpoints: etcd.endpoints().join(","), user: String::new() }
    }

    /// Runs a script, which must succeed, and gives what it says.
    pub(crate) async fn run(&self, script: &str) -> String {
        let path = std::env::var("PATH").expect("a PATH");
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", script]).current_dir(&self.folder).stdin(Stdio::null());
        command.env("PATH", format!("{}:{path}", self.folder.join("programs").display()));
        command.env("ETCDCTL_API", "3").env("ETCDCTL_ENDPOINTS", &self.endpoints).kill_on_drop(true);
        if !self.user.is_empty() {
            command.env("ETCDCTL_USER", &self.user);
        }
        let ended = tokio::time::timeout(Duration::from_secs(60), command.output()).await;
        let output = ended.unwrap_or_else(|_| panic!("{script} does not end")).expect("bash starts");
        let [out, err] =
            [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        assert!(output.status.success(), "{script}\n{out}\n{err}");
        out
    }

    fn password(&self, user: &str) -> String {
        let path = self.folder.join(format!("{user}.password"));
        std::fs::read_to_string(path).expect("a password").trim_end().to_owned()
    }
}

#[tokio::test]
async fn the_set_up_and_the_rights_of_the_page_are_enough_for_members() {
    let etcd = Etcd::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut shell = Shell::at(&etcd, folder.path());
    shell.run(&block("roles")).await;
    shell.run(&block("users")).await;
    std::fs::write(folder.path().join("portcullis.yaml"), configuration(&etcd, folder.path()))
        .expect("a file");
    // As if it had been a folder, until now.
    let agents = folder.path().join("config/agents");
    std::fs::create_dir_all(&agents).expect("a folder");
    std::fs::write(
        agents.join("old.yaml"),
        "{ route: /old, upstream: 'http://127.0.0.1:9', auth: public }\n",
    )
    .expect("a file");
    shell.run("umask 077; head -c 32 /dev/urandom >seal.key").await;
    let copied = shell.run(&block("copy").replace("/var/lib/portcullis/", "")).await;
    assert!(copied.contains("agents/old") && copied.contains("would copy"), "{copied}");
    let said = shell.run(&block("init")).await;
    let id = said.split_whitespace().last().expect("an id").to_owned();
    shell.run("portcullis check -c portcullis.yaml").await;
    // One that only reads, with the other role of the page.
    shell.user = format!("root:{}", shell.password("root"));
    shell.run("etcdctl user add reader --interactive=false <etcd.password").await;
    shell.run("etcdctl user grant-role reader portcullis-reader").await;

    let password = shell.password("etcd");
    let files = [("etcd.password", password.as_str())];
    let settings = |user: &str| format!("username: {user}, password_file: etcd.password, store_id: {id:?}");
    let (writes, reads) = (settings("portcullis"), settings("reader"));
    let start = |etcd| FleetStart { gateways: 1, etcd, files: &files, ..FleetStart::default() };
    let mut fleet = Fleet::on(etcd, start(&writes)).await;
    fleet.join(start(&reads)).await;
    let revision = fleet.deploy(0, "first").await;
    fleet.all_run(revision).await;
    fleet.all_serve("first", 200).await;
    let member = Shell::at(&fleet.etcd, fleet.members[0].folder.path());
    let said = member.run(&block("fleet")).await;
    assert_eq!(said, format!("2 of 2 gateways run revision {revision}\n"));
    let second = fleet.open("second");
    fleet.members[1].api().put("/agents/second", If::Absent, &second).await.problem(409, "read_only");
}

#[tokio::test]
async fn a_fleet_comes_back_from_a_backup_by_the_commands_of_the_page() {
    let start = FleetStart {
        gateways: 2,
        server: "  member: { name: gateway-{n} }\n  state_dir: state\n",
        ..FleetStart::default()
    };
    let fleet = Fleet::on(Etcd::start().await, start).await;
    let folder = fleet.members[0].folder.path();
    let shell = Shell::at(&fleet.etcd, folder);
    let first = fleet.deploy(0, "first").await;
    fleet.all_run(first).await;
    shell.run(&block("backup")).await;
    shell.run(&block("restore")).await;
    let second = fleet.deploy(1, "second").await;
    fleet.all_run(second).await;
    let is_on_disk = async |revision: u64| {
        let head = format!("\"revision\":{revision},");
        eventually("what runs is on the disk of the first member", SOON, async || {
            let kept = std::fs::read_to_string(folder.join("state/store.snapshot")).ok()?;
            (kept.contains("agents/second") && kept.replace('\\', "").contains(&head)).then_some(())
        })
        .await;
    };
    is_on_disk(second).await;

    let regressed = async || {
        fleet.etcd.restore(&folder.join("portcullis.db")).await;
        for member in &fleet.members {
            member.is_in_state("regressed").await;
        }
        fleet.all_serve("second", 200).await;
    };
    regressed().await;
    shell.run(&block("from-member")).await;
    fleet.all_run(second + 1).await;
    fleet.all_serve("second", 200).await;
    // The number that is given up is known from there.
    is_on_disk(second + 1).await;
    regressed().await;
    shell.run(&block("accept").replace("41", &first.to_string())).await;
    fleet.all_run(second + 2).await;
    fleet.all_serve("second", 404).await;
    fleet.all_serve("first", 200).await;
}
