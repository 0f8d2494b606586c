//! Members whose clocks are five minutes apart: nothing that a fleet decides hangs on them.

use testkit::{Fleet, FleetStart};

use super::measure::write;

/// The variables of a process whose clock is so many seconds off.
fn clock<'a>(library: &'a str, offset: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("LD_PRELOAD", library),
        ("FAKETIME", offset),
        ("DONT_FAKE_MONOTONIC", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ]
}

#[tokio::test]
async fn members_five_minutes_apart_agree() {
    let places = std::fs::read_dir("/usr/lib").expect("a folder of libraries").filter_map(Result::ok);
    let mut libraries = places.map(|place| place.path().join("faketime/libfaketimeMT.so.1"));
    let library = libraries.find(|path| path.exists()).expect("libfaketime (scripts/setup.sh test)");
    let library = library.to_str().expect("a path in UTF-8");
    let mut fleet = Fleet::of(1).await;
    for offset in ["+300", "-300"] {
        fleet.join(FleetStart { env: &clock(library, offset), ..FleetStart::default() }).await;
    }
    for (at, name) in [(0, "a"), (1, "b"), (2, "c"), (0, "d")] {
        write(&fleet, at, name).await.is(201);
        fleet.all_serve(name, 200).await;
    }
    for member in &fleet.members {
        member.is_in_state("ok").await;
        assert_eq!((member.runs().await, member.readyz().await), (4, 200));
    }
    let history = fleet.members[2].api().get("/revisions").await.is(200).json();
    let numbers = history["items"].as_array().expect("revisions").iter().map(|item| item["number"].as_u64());
    assert_eq!(numbers.collect::<Vec<_>>(), [Some(4), Some(3), Some(2), Some(1)], "{history}");
}
