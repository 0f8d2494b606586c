//! The network between a gateway and etcd: cut, silent in one direction or both, slow, or dead for the connections of now.

use std::time::Duration;

use testkit::cut::Direction;
use testkit::eventually::scripted_pause;
use testkit::{Cut, Etcd, Fleet, FleetStart, eventually};
use tokio::time::Instant;

use super::measure::{is_unavailable, processor_time, write};
use super::traffic::Traffic;

/// Within this a gateway has noticed that a connection is dead and has made another: a look every 5.5 s at most, the 2 s
/// that a call may take, 1 s to connect, and the back-off; and a busy machine.
const NOTICED: Duration = Duration::from_secs(15);

#[tokio::test]
async fn a_gateway_that_is_cut_off_goes_on_stale_and_catches_up() {
    let fleet = Fleet::of(2).await;
    fleet.deploy(0, "a").await;
    fleet.all_serve("a", 200).await;
    let traffic = Traffic::start(&fleet, "a");
    let away = &fleet.members[1];
    away.cut_off();
    fleet.deploy(0, "b").await;
    is_unavailable(&write(&fleet, 1, "c").await);
    assert_eq!((away.status("b").await, away.readyz().await), (404, 200));
    away.is_in_state("stale").await;
    assert_eq!((away.status("a").await, away.readyz().await), (200, 200));
    away.reaches_again();
    fleet.all_serve("b", 200).await;
    away.is_in_state("ok").await;
    write(&fleet, 1, "c").await.is(201);
    fleet.all_serve("c", 200).await;
    traffic.ends_without_a_failure().await;
}

#[tokio::test]
async fn an_etcd_that_hangs_up_at_once_costs_few_connections_and_no_processor() {
    const WATCHED: Duration = Duration::from_secs(10);
    // With full jitter up to 5 s there are about ten tries in ten seconds; each asks twice, and three tasks ask (the
    // store, the members, the denials). Chance may come near twice that; without pauses there are thousands.
    const MOST: u64 = 200;
    let fleet = Fleet::of(1).await;
    fleet.deploy(0, "a").await;
    let member = &fleet.members[0];
    for cut in &member.cuts {
        // Nobody listens there: what connects is accepted, and ended.
        cut.redirect(testkit::free_port());
        cut.end_connections();
    }
    let (connections, used) = (member.connections(), processor_time(&member.gateway));
    scripted_pause(WATCHED).await;
    let (connections, used) =
        (member.connections() - connections, processor_time(&member.gateway).saturating_sub(used));
    eprintln!("{WATCHED:?} without etcd: {connections} connections, {used:?} of processor");
    assert!((1..MOST).contains(&connections), "{connections} connections in {WATCHED:?}");
    assert!(used < WATCHED / 10, "{used:?} of processor in {WATCHED:?}");
    assert_eq!((member.status("a").await, member.readyz().await), (200, 200));
}

#[tokio::test]
async fn a_silent_network_holds_a_gateway_up_no_longer_than_it_is_silent() {
    let fleet = Fleet::of(2).await;
    fleet.deploy(0, "a").await;
    fleet.all_serve("a", 200).await;
    let traffic = Traffic::start(&fleet, "a");
    let silences: [fn(&Cut); 3] =
        [Cut::swallow, |cut| cut.swallow_one(Direction::There), |cut| cut.swallow_one(Direction::Back)];
    for (nth, silence) in silences.into_iter().enumerate() {
        let name = format!("b{nth}");
        fleet.members[1].cuts.iter().for_each(silence);
        fleet.deploy(0, &name).await;
        // Whether the commit arrived is not known where its answer is held back.
        let reply = write(&fleet, 1, &format!("c{nth}")).await;
        let code = reply.json()["code"].as_str().unwrap_or_default().to_owned();
        assert_eq!(reply.status, 503, "{nth}: {}", reply.text);
        assert!(["store_unavailable", "outcome_unknown"].contains(&&*code), "{nth}: {}", reply.text);
        fleet.members[1].reaches_again();
        fleet.all_serve(&name, 200).await;
    }
    traffic.ends_without_a_failure().await;
}

#[tokio::test]
async fn connections_that_died_without_a_word_are_noticed() {
    let fleet = Fleet::of(2).await;
    fleet.deploy(0, "a").await;
    fleet.all_serve("a", 200).await;
    let away = &fleet.members[1];
    away.cuts.iter().for_each(Cut::let_die);
    fleet.deploy(0, "b").await;
    let began = Instant::now();
    eventually("the change arrives over another connection", NOTICED, async || {
        (away.status("b").await == 200).then_some(())
    })
    .await;
    eprintln!("a dead connection: the change was live after {:?}", began.elapsed());
    // And once more for the writer: its own call finds out, and nobody waits for longer than 5 s.
    away.cuts.iter().for_each(Cut::let_die);
    let reply = write(&fleet, 1, "c").await;
    assert!([201, 503].contains(&reply.status), "{}", reply.text);
    eventually("writes are taken again", NOTICED, async || {
        (write(&fleet, 1, "d").await.status == 201).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_slow_network_delays_changes_and_nothing_else() {
    let fleet = Fleet::of(2).await;
    fleet.deploy(0, "a").await;
    fleet.all_serve("a", 200).await;
    let traffic = Traffic::start(&fleet, "a");
    fleet.members[1].cuts.iter().for_each(|cut| cut.delay(Duration::from_millis(100)));
    for name in ["b", "c", "d"] {
        fleet.deploy(0, name).await;
    }
    fleet.all_serve("d", 200).await;
    write(&fleet, 1, "e").await.is(201);
    fleet.all_serve("e", 200).await;
    assert_eq!(fleet.members[1].store_state().await, "ok");
    traffic.ends_without_a_failure().await;
}

#[tokio::test]
async fn a_stopped_member_of_etcd_costs_a_gateway_seconds_and_no_call() {
    let fleet = Fleet::on(Etcd::of_three().await, FleetStart { gateways: 2, ..FleetStart::default() }).await;
    fleet.deploy(0, "a").await;
    fleet.all_serve("a", 200).await;
    let traffic = Traffic::start(&fleet, "a");
    let pinned = fleet.members[0].cuts.iter().position(|cut| cut.open_connections() > 0);
    let pinned = &fleet.etcd.members[pinned.expect("a member of etcd")];
    pinned.pause().await;
    let reply = write(&fleet, 0, "b").await;
    assert!([201, 503].contains(&reply.status), "{}", reply.text);
    eventually("writes are taken by the others", NOTICED, async || {
        (write(&fleet, 0, "c").await.status == 201).then_some(())
    })
    .await;
    fleet.all_serve("c", 200).await;
    pinned.resume().await;
    write(&fleet, 1, "d").await.is(201);
    fleet.all_serve("d", 200).await;
    traffic.ends_without_a_failure().await;
}
