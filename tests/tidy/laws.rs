//! The laws, as data.

use super::schemas;
use super::text::File;

/// A rule that holds for every file that it covers.
pub(crate) struct Law {
    pub(crate) name: &'static str,
    pub(crate) covers: fn(&File) -> bool,
    /// What is wrong, one line for each breach.
    pub(crate) check: fn(&File) -> Vec<String>,
    /// Path and text of files that break it, and of files that look as if they did.
    pub(crate) bad: &'static [(&'static str, &'static str)],
    pub(crate) good: &'static [(&'static str, &'static str)],
}

/// Who may import whom, bottom up. A room may always name itself.
pub(crate) const ROOMS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("private_file", &[]),
    ("net", &["model"]),
    ("telemetry", &["model"]),
    ("spans", &["model", "net", "telemetry"]),
    ("authz", &["model"]),
    ("protocol", &["model"]),
    ("signing", &["model", "private_file"]),
    ("limits", &["model"]),
    ("upstream", &["model"]),
    ("store", &["model", "private_file"]),
    ("idp", &["model", "private_file", "net", "telemetry"]),
    ("authn", &["model", "net", "telemetry", "authz", "idp"]),
    ("events", &["model", "telemetry", "idp", "authn"]),
    ("routing", &["model", "telemetry", "authz", "protocol", "limits", "upstream", "authn"]),
    ("gate", &["model", "authz", "protocol", "limits", "idp", "authn", "routing"]),
    (
        "config",
        &[
            "model",
            "net",
            "telemetry",
            "spans",
            "authz",
            "protocol",
            "signing",
            "limits",
            "upstream",
            "idp",
            "authn",
            "events",
            "routing",
        ],
    ),
    ("import", &["model", "config"]),
    (
        "control",
        &[
            "model",
            "private_file",
            "net",
            "telemetry",
            "protocol",
            "signing",
            "limits",
            "upstream",
            "store",
            "idp",
            "events",
            "routing",
            "config",
        ],
    ),
    ("door", &["model", "telemetry", "config"]),
    (
        "proxy",
        &[
            "model",
            "telemetry",
            "spans",
            "authz",
            "protocol",
            "limits",
            "upstream",
            "events",
            "routing",
            "gate",
            "config",
            "door",
        ],
    ),
    ("ops", &["model", "telemetry", "idp", "config", "control"]),
    (
        "admin",
        &[
            "model",
            "private_file",
            "telemetry",
            "protocol",
            "limits",
            "idp",
            "authn",
            "events",
            "store",
            "routing",
            "gate",
            "config",
            "control",
        ],
    ),
];

/// What sees every room: the composition root and the shell around it.
const SHELL: &[&str] = &["lib", "main", "gateway", "cli", "demo"];

/// Which crate may be named where; `pingora` stands for all its parts. What counts and times the phases calls them as
/// Pingora does.
const CRATES: &[(&str, &[&str])] = &[
    (
        "pingora",
        &[
            "src/door/",
            "src/proxy/",
            "src/gateway.rs",
            "src/gateway/",
            "benches/tools/",
            "benches/headers.rs",
            "benches/stage/phases.rs",
            "tests/allocations.rs",
            "tests/instructions/",
        ],
    ),
    ("axum", &["src/admin/", "src/ops.rs", "src/ops/", "src/demo/", "src/demo.rs", "tests/", "testkit/"]),
    ("prometheus", &["src/telemetry/"]),
    ("etcd_client", &["src/store/etcd/"]),
    ("redis", &["src/store/redis/"]),
    ("arc_swap", &["src/model/live.rs"]),
    ("hickory_resolver", &["src/net/names.rs"]),
    ("jsonwebtoken", CRYPTO),
    ("aws_lc_rs", CRYPTO),
    ("ring", CRYPTO),
];
const CRYPTO: &[&str] = &[
    "src/idp/",
    "src/authn/",
    "src/signing/",
    "src/model/secret.rs",
    "src/demo/",
    "src/demo.rs",
    "src/gateway.rs",
    "src/main.rs",
    "tests/",
    "benches/",
    "testkit/",
];

/// Rooms that decide: no I/O, no clock.
const PURE: &[&str] =
    &["model", "authz", "protocol", "limits", "upstream", "events", "routing", "gate", "config", "import"];
const IMPURE: &[&str] = &[
    "std::fs",
    "std::process",
    "std::env::",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "tokio::",
    "reqwest::",
    "Instant::now",
    "SystemTime::now",
];

macro_rules! ten {
    () => {
        "\n\n\n\n\n\n\n\n\n\n"
    };
}

/// The longest file, its unit tests not counted: longer ones had more than one noun whenever one was looked at.
const LONGEST: usize = 350;
/// The longest function, from its name to its last brace: what a screen shows at once.
const LONGEST_FUNCTION: usize = 60;
/// One line more than that.
const LONG_FUNCTION: &str = concat!("fn a() {", ten!(), ten!(), ten!(), ten!(), ten!(), ten!(), "}");
const LONG: &str = match str::from_utf8(&[b'\n'; LONGEST + 1]) {
    Ok(lines) => lines,
    Err(_) => "",
};

fn rust(file: &File) -> bool {
    file.path.ends_with(".rs")
}
fn source(file: &File) -> bool {
    rust(file) && file.path.starts_with("src/")
}
fn tests(file: &File) -> bool {
    rust(file) && ["tests/", "testkit/", "src/"].iter().any(|folder| file.path.starts_with(folder))
}
fn library(file: &File) -> bool {
    source(file) || (rust(file) && file.path.starts_with("testkit/"))
}
fn anything(file: &File) -> bool {
    !file.path.ends_with("Cargo.lock") && !file.path.ends_with("package-lock.json")
}

fn imports(file: &File) -> Vec<String> {
    let Some(room) = file.room().filter(|room| !SHELL.contains(room)) else { return Vec::new() };
    let Some((_, may)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        return vec![format!("the room {room} is not in the import table")];
    };
    let upwards = |named: &str| named != room && !may.contains(&named) && is_room(named);
    let named = file.rooms_named().into_iter().filter(|(_, named)| upwards(named));
    named.map(|(line, named)| format!("line {line}: {room} may not import {named}")).collect()
}

/// The statements of a file that hand names on: the line on which each begins, and the one on which it ends.
fn re_exports(file: &File) -> Vec<(usize, usize)> {
    let begins = file.product.match_indices("pub").filter_map(|(at, word)| {
        let rest = &file.product[at + word.len()..];
        // `pub use`, `pub(crate) use`, `pub(in crate::x) use`
        let rest = match rest.strip_prefix('(') {
            Some(inside) => &inside[inside.find(')')? + 1..],
            None => rest,
        };
        let length = rest.strip_prefix(" use ")?.find(';')?;
        Some((file.line(at), file.line(file.product.len() - rest.len() + length)))
    });
    begins.collect()
}

fn handed_on(file: &File) -> Vec<String> {
    let own = file.room();
    let statements = re_exports(file);
    let is_handed_on = |line: usize| statements.iter().any(|(first, last)| (*first..=*last).contains(&line));
    let foreign = file
        .rooms_named()
        .into_iter()
        .filter(|(line, named)| own != Some(named.as_str()) && is_room(named) && is_handed_on(*line));
    foreign.map(|(line, named)| format!("line {line}: hands on what {named} declares")).collect()
}

fn is_room(name: &str) -> bool {
    ROOMS.iter().any(|(room, _)| *room == name) || SHELL.contains(&name)
}

fn crates(file: &File) -> Vec<String> {
    let foreign =
        CRATES.iter().filter(|(_, places)| !places.iter().any(|place| file.path.starts_with(place)));
    foreign
        .flat_map(|(name, _)| {
            file.crate_named(name).into_iter().map(move |line| format!("line {line}: names {name}"))
        })
        .collect()
}

fn purity(file: &File) -> Vec<String> {
    let hits = IMPURE.iter().flat_map(|needle| {
        file.product.match_indices(needle).map(move |(at, _)| (at, *needle)).collect::<Vec<_>>()
    });
    hits.map(|(at, needle)| {
        format!("line {}: {needle} in a room that does no I/O and reads no clock", file.line(at))
    })
    .collect()
}

fn sleeps(file: &File) -> Vec<String> {
    let test_code = if file.path.starts_with("src/") { file.product.len() } else { 0 };
    // Under paused time a sleep is a step of the clock, not a wait.
    if file.code.contains("start_paused") {
        return Vec::new();
    }
    let hits = file.code.match_indices("sleep(").filter(|(at, _)| *at >= test_code);
    hits.filter(|(at, _)| {
        let inside = file.code[..*at].rsplit("fn ").next().unwrap_or_default();
        // A peer that a test made may be slow on purpose: that is its script, and nobody waits for luck.
        !inside.starts_with("eventually") && !inside.starts_with("scripted_pause")
    })
    .map(|(at, _)| format!("line {}: a test sleeps; wait for what it waits for", file.line(at)))
    .collect()
}

/// `cargo test --doc` is no part of the tests: it would compile once more for nothing.
fn examples(file: &File) -> Vec<String> {
    let mut inside = false;
    let fences = file.raw.lines().zip(1..).filter_map(|(line, number)| {
        let line = line.trim_start();
        let comment = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))?;
        let language = comment.trim_start().strip_prefix("```")?;
        inside = !inside;
        (inside && language != "text").then(|| format!("line {number}: write ```text, or a test"))
    });
    fences.collect()
}

fn lines(file: &File, needles: &[&str], why: &str) -> Vec<String> {
    let hits = needles
        .iter()
        .flat_map(|needle| file.lines_with(needle).into_iter().map(move |line| (line, *needle)));
    hits.map(|(line, needle)| format!("line {line}: {needle} {why}")).collect()
}

/// Every law of the house.
pub(crate) const LAWS: &[Law] = &[
    Law {
        name: "rooms import downwards only",
        covers: source,
        check: imports,
        bad: &[
            ("src/model/name.rs", "use crate::idp::Provider;"),
            ("src/idp/cache.rs", "use crate::{\n    model::Instant,\n    config::{Snapshot, Document},\n};"),
            ("src/gate/mod.rs", "fn f() { super::proxy::respond() }"),
            ("src/authz/rules.rs", "use super::super::gate::Permit;"),
            ("src/kitchen/mod.rs", ""),
            ("src/control/mod.rs", "use crate::gateway::Gateway;"),
        ],
        good: &[
            (
                "src/idp/cache.rs",
                "use crate::{model::{self, Instant}, net};\n#[cfg(test)]\nmod tests {\n use crate::config;\n}",
            ),
            ("src/gateway.rs", "use crate::{proxy, admin};"),
            ("src/model/name.rs", "// as crate::idp does\nlet a = \"crate::idp::x\";"),
            ("src/model/name.rs", "macro_rules! m { () => { $crate::gate::x() } }"),
        ],
    },
    Law {
        name: "a room hands on nothing that another declares",
        covers: source,
        check: handed_on,
        bad: &[
            ("src/control/mod.rs", "pub use crate::idp::{Probe, probe};"),
            ("src/gate/mod.rs", "mod permit;\npub(crate) use super::authz::Silent;"),
            ("src/gate/mod.rs", "pub use crate::{\n    gate::permit::Permit,\n    authn::Presented,\n};"),
            ("src/lib.rs", "pub use crate::gate::Permit;"),
        ],
        good: &[
            ("src/control/mod.rs", "use crate::idp::Probe;\npub use diff::diff;\npub use self::edit::Edit;"),
            ("src/idp/mod.rs", "pub use crate::idp::probe::Probe;\npub use std::sync::Arc;"),
            ("src/gate/mod.rs", "#[cfg(test)]\nmod tests { pub use crate::authn::Presented; }"),
        ],
    },
    Law {
        name: "a crate is named where it belongs",
        covers: rust,
        check: crates,
        bad: &[
            ("src/gate/mod.rs", "use pingora_proxy::Session;"),
            ("src/routing/mod.rs", "fn f(h: &pingora::http::RequestHeader) {}"),
            ("src/proxy/mod.rs", "use axum::Router;"),
            ("src/idp/cache.rs", "use arc_swap::ArcSwap;"),
            ("src/gate/mod.rs", "use prometheus::IntCounter;"),
            ("src/control/resolver.rs", "use hickory_resolver::Resolver;"),
            ("src/config/compile.rs", "let d = ring::digest::digest(a, b);"),
            ("src/net/mod.rs", "use aws_lc_rs;"),
        ],
        good: &[
            ("src/proxy/mod.rs", "use pingora::proxy::ProxyHttp;"),
            ("src/net/mod.rs", "let p = rustls::crypto::ring::default_provider();"),
            ("src/gate/mod.rs", "// pingora::x\nlet ring = 1; let spring = ring;"),
            ("src/model/live.rs", "use arc_swap::ArcSwap;"),
        ],
    },
    Law {
        name: "the deciding rooms do no I/O and read no clock",
        covers: |file| {
            source(file)
                && file.room().is_some_and(|room| PURE.contains(&room))
                && file.path != "src/model/clock.rs"
        },
        check: purity,
        bad: &[
            ("src/config/parse.rs", "let text = std::fs::read_to_string(path);"),
            ("src/gate/mod.rs", "let now = std::time::Instant::now();"),
            ("src/routing/router.rs", "use tokio::sync::Mutex;"),
        ],
        good: &[
            ("src/config/parse.rs", "use std::net::IpAddr; // std::fs is for store"),
            ("src/gate/mod.rs", "use crate::model::Instant;\n#[cfg(test)]\nmod tests { use std::fs; }"),
        ],
    },
    Law {
        name: "modules are named after what they hold",
        covers: source,
        check: |file| {
            let vague =
                ["util", "utils", "common", "helper", "helpers", "misc", "manager", "types", "shared"];
            let parts = file.path.trim_end_matches(".rs").split('/');
            parts.filter(|part| vague.contains(part)).map(|part| format!("{part} says nothing")).collect()
        },
        bad: &[("src/idp/utils.rs", ""), ("src/common/mod.rs", "")],
        good: &[("src/idp/cache.rs", "")],
    },
    Law {
        name: "no glob over the crate",
        covers: rust,
        check: |file| lines(file, &["use crate::*"], "hides who imports what"),
        bad: &[("src/idp/cache.rs", "use crate::*;")],
        good: &[("src/idp/cache.rs", "use super::*; // use crate::*")],
    },
    Law {
        name: "a lint is expected with a reason, never allowed",
        covers: rust,
        check: |file| lines(file, &["#[allow(", "#![allow("], "should be #[expect(.., reason = \"..\")]"),
        bad: &[("src/idp/cache.rs", "#[allow(dead_code)]"), ("tests/e2e.rs", "#![allow(clippy::panic)]")],
        good: &[
            ("src/idp/cache.rs", "#[expect(dead_code, reason = \"read by a test\")]"),
            ("src/admin/console.rs", "#[allow_missing = true]"),
        ],
    },
    Law {
        name: "every file says what it is for",
        covers: library,
        check: |file| {
            let opens = file.raw.starts_with("//!");
            if opens { Vec::new() } else { vec!["does not open with //!".to_owned()] }
        },
        bad: &[("src/idp/cache.rs", "use std::fmt;\n//! late"), ("testkit/src/signer.rs", "use std::fmt;")],
        good: &[("src/idp/cache.rs", "//! The cache.")],
    },
    Law {
        name: "files stay short",
        covers: library,
        check: |file| {
            let count = file.product.lines().count();
            if count > LONGEST {
                vec![format!("{count} lines before its tests, over {LONGEST}")]
            } else {
                Vec::new()
            }
        },
        bad: &[("src/idp/cache.rs", LONG)],
        good: &[("src/idp/cache.rs", "//! x\nfn a() {}\n")],
    },
    Law {
        name: "shapes are derived",
        covers: source,
        check: schemas::by_hand,
        bad: &[
            ("src/admin/agents.rs", "#[derive(Debug, Serialize)]\nstruct Summary { name: String }"),
            (
                "src/idp/status.rs",
                "#[derive(Serialize)]\npub struct Status {}\nimpl JsonSchema for Status {}",
            ),
        ],
        good: &[
            (
                "src/admin/agents.rs",
                "#[derive(Debug, Serialize, JsonSchema)]\nstruct Summary { name: String }",
            ),
            ("src/admin/x.rs", "struct Key;\n#[cfg(test)]\nmod tests {\n#[derive(Deserialize)]\nstruct X; }"),
            ("src/idp/state_dir.rs", "#[derive(Serialize)]\nstruct Saved {}"),
            (
                "src/model/secret.rs",
                "#[derive(Clone)]\npub struct Secret(u8);\nimpl JsonSchema for Secret {}",
            ),
        ],
    },
    Law {
        name: "a closed set of the API is an enum",
        covers: source,
        check: schemas::stringly,
        bad: &[
            (
                "src/admin/agents.rs",
                "#[derive(Serialize, JsonSchema)]\nstruct Health { cause: &'static str }",
            ),
            (
                "src/control/finding.rs",
                "#[derive(JsonSchema)]\npub struct Finding {\n    a: A,\n    codes: Vec<&'static str>,\n}",
            ),
        ],
        good: &[
            (
                "src/admin/agents.rs",
                "#[derive(JsonSchema)]\nstruct A { a: u8 }\nimpl A {\n    fn word(self) -> &'static str { x }\n}",
            ),
            ("src/idp/probe.rs", "#[derive(Debug)]\nstruct Known { word: &'static str }"),
        ],
    },
    Law {
        name: "functions stay short",
        covers: source,
        check: |file| {
            let long = file.functions().into_iter().filter(|function| function.lines > LONGEST_FUNCTION);
            long.map(|long| {
                format!("line {}: {} has {} lines, over {LONGEST_FUNCTION}", long.line, long.name, long.lines)
            })
            .collect()
        },
        bad: &[("src/idp/cache.rs", LONG_FUNCTION)],
        good: &[
            ("src/idp/cache.rs", "fn a();\nfn b(f: impl Fn(u8) -> u8) -> [u8; 2] { x }\n"),
            ("src/idp/cache.rs", concat!("//! x\n#[cfg(test)]\nmod tests {}\n", "// fn a() {\n")),
        ],
    },
    Law {
        name: "no test is skipped",
        covers: tests,
        check: |file| lines(file, &["#[ignore"], "hides a test"),
        bad: &[("tests/e2e.rs", "#[test]\n#[ignore]\nfn x() {}")],
        good: &[("tests/e2e.rs", "// #[ignore] is not for us")],
    },
    Law {
        name: "examples in documentation are text, which nobody expects to be run",
        covers: rust,
        check: examples,
        bad: &[
            ("src/idp/cache.rs", "//! x\n/// ```\n/// f();\n/// ```\nfn f() {}\n"),
            ("src/idp/cache.rs", "//! ```rust\n//! f();\n//! ```\n"),
        ],
        good: &[("src/idp/cache.rs", "//! ```text\n//! a: 1\n//! ```\nfn f() { let a = \"```\"; }\n")],
    },
    Law {
        name: "no test sleeps",
        covers: tests,
        check: sleeps,
        bad: &[
            ("tests/e2e/run.rs", "async fn waits() { tokio::time::sleep(d).await; }"),
            ("testkit/src/agent.rs", "async fn answers() { tokio::time::sleep(d).await; }"),
            ("src/idp/cache.rs", "fn a() {}\n#[cfg(test)]\nmod tests { fn x() { thread::sleep(d) } }"),
        ],
        good: &[
            ("tests/e2e/run.rs", "async fn eventually_true() { loop { tokio::time::sleep(d).await; } }"),
            ("src/idp/refresher.rs", "async fn a() { tokio::time::sleep(d).await }"),
            (
                "src/idp/refresher.rs",
                "#[cfg(test)]\nmod tests {\n#[tokio::test(start_paused = true)]\nasync fn x() { sleep(d).await } }",
            ),
        ],
    },
    Law {
        name: "no machine's paths and no registry's hosts",
        covers: anything,
        check: |file| {
            // Each is written in two pieces, so that this file does not break its own law.
            let needles = [
                concat!("/wo", "rk/"),
                concat!("/tmp", "/wt"),
                concat!("/tmp", "/team"),
                concat!("/ro", "ot/"),
                concat!("/home", "/"),
                concat!("crates", ".io"),
                concat!("npmjs", ".org"),
                concat!("npmjs", ".com"),
                concat!("py", "pi.org"),
                concat!("pythonhosted", ".org"),
                concat!("deb.debian", ".org"),
            ];
            let named = |line: &str| needles.iter().find(|needle| line.contains(*needle)).copied();
            let hits = file.raw.lines().enumerate().filter_map(|(i, line)| Some((i + 1, named(line)?)));
            hits.map(|(line, needle)| format!("line {line}: {needle}")).collect()
        },
        bad: &[
            ("docs/x.md", concat!("see /wo", "rk/notes")),
            ("deny.toml", concat!("allow = [\"https://index.crates", ".io\"]")),
        ],
        good: &[("docs/x.md", "see docs/ARCHITECTURE.md, for your network")],
    },
];
