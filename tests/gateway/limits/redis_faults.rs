//! What can be wrong with a Redis that is there: whatever it is, no request waits, each limit does what it says for that, one
//! warning says why, and all is well again when Redis is.

use std::time::{Duration, Instant};

use futures::future::join_all;
use testkit::{Cut, Redis, Sentinel, eventually};

use super::lone::{Lone, SOON};

/// The rights of the user, as docs/LIMITS.md names them.
const RIGHTS: &str = "~portcullis:* +evalsha +script|load +select +time +get +set +exists +pexpire +zadd +zrem +zrange \
                      +zrangebyscore +zremrangebyscore +zcard";
const USER: &str = "username: portcullis, password_file: redis.password";
const PASSWORD: (&str, &str) = ("redis.password", "hunter2\n");

/// What makes a Redis useless, what the warning says of it, and what makes it good again.
struct Row {
    name: &'static str,
    breaks: &'static [&'static str],
    says: &'static str,
    mends: &'static [&'static str],
}

const ROWS: [Row; 7] = [
    Row {
        name: "no memory is left, and nothing may be thrown away",
        breaks: &["CONFIG SET maxmemory-policy noeviction", "CONFIG SET maxmemory 1"],
        says: "OOM",
        mends: &["CONFIG SET maxmemory 0"],
    },
    Row {
        name: "a replica",
        breaks: &["REPLICAOF 127.0.0.1 9"],
        says: "READONLY",
        mends: &["REPLICAOF NO ONE"],
    },
    Row {
        name: "writes are paused",
        breaks: &["CLIENT PAUSE 600000 WRITE"],
        says: "did not answer within",
        mends: &["CLIENT UNPAUSE"],
    },
    Row {
        name: "another password",
        breaks: &["ACL SETUSER portcullis resetpass >other", "CLIENT KILL USER portcullis"],
        says: "WRONGPASS",
        mends: &["ACL SETUSER portcullis >hunter2"],
    },
    Row {
        name: "no such user any more",
        breaks: &["ACL DELUSER portcullis"],
        says: "WRONGPASS",
        mends: &["ACL SETUSER portcullis on >hunter2 ~portcullis:* +@all"],
    },
    Row {
        name: "a command that the user may not call",
        breaks: &["ACL SETUSER portcullis -evalsha"],
        says: "NOPERM",
        mends: &["ACL SETUSER portcullis +evalsha"],
    },
    Row {
        name: "a command of the scripts that the user may not call",
        breaks: &["ACL SETUSER portcullis -zadd"],
        says: "can't run this command",
        mends: &["ACL SETUSER portcullis +zadd"],
    },
];

#[tokio::test]
async fn a_redis_that_is_of_no_use_costs_no_request_anything_and_is_used_when_it_is_good_again() {
    join_all(ROWS.iter().map(|row| async move {
        let redis = Redis::start().await;
        redis.done(&format!("ACL SETUSER portcullis on >hunter2 {RIGHTS}")).await;
        let lone = Lone::at(&redis.url(), &format!("timeout: 1s, {USER}"), &[PASSWORD]).await;
        lone.counts(row.name).await;
        for command in row.breaks {
            redis.done(command).await;
        }
        lone.is_alone(row.name, row.says).await;
        for command in row.mends {
            redis.done(command).await;
        }
        lone.counts(row.name).await;
    }))
    .await;
}

#[tokio::test]
async fn a_password_that_was_wrong_is_read_again_and_nobody_is_warned_twice() {
    let redis = Redis::with(&["--requirepass", "hunter2"]).await;
    let lone =
        Lone::at(&redis.url(), "timeout: 1s, password_file: redis.password", &[("redis.password", "x")])
            .await;
    lone.is_alone("a wrong password", "WRONGPASS").await;
    let tries = async || {
        let stats = redis.call("AUTH hunter2\r\nINFO stats").await;
        let count = stats.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
        count.expect("a count").trim().parse::<u64>().expect("a number")
    };
    // One connection for each try, beside those of this question.
    let before = tries().await;
    let mut asked = 0;
    eventually("it has tried again", SOON, async || {
        asked += 1;
        (tries().await > before + asked + 2).then_some(())
    })
    .await;
    assert_eq!(lone.warnings().len(), 1);
    std::fs::write(lone.gateway.folder.path().join("redis.password"), "hunter2\n").expect("the password");
    lone.counts("the password is right").await;
}

#[tokio::test]
async fn connections_that_redis_ends_as_idle_are_opened_again_before_anybody_asks() {
    let redis = Redis::start().await;
    redis.done(&format!("ACL SETUSER portcullis on >hunter2 {RIGHTS}")).await;
    let lone = Lone::at(&redis.url(), &format!("timeout: 1s, pool: 4, {USER}"), &[PASSWORD]).await;
    lone.counts("at first").await;
    let connections = async || {
        let list = redis.call("CLIENT LIST").await;
        let own = list.lines().filter(|line| line.contains("user=portcullis"));
        let ids: Vec<_> =
            own.filter_map(|line| line.strip_prefix("id=")?.split(' ').next()).map(str::to_owned).collect();
        assert!(ids.len() <= 4, "more than the pool: {list}");
        ids
    };
    let before = connections().await;
    redis.done("CONFIG SET timeout 1").await;
    eventually("the idle ones are others", SOON, async || {
        let now = connections().await;
        let old = now.iter().filter(|id| before.contains(id)).count();
        (now.len() == 4 && old == 1).then_some(())
    })
    .await;
    redis.done("CONFIG SET timeout 0").await;
    assert_eq!(lone.statuses("strict", 12).await, [200; 12]);
    assert!(lone.is_up().await && lone.warnings().is_empty(), "{:?}", lone.warnings());
}

#[tokio::test]
async fn a_redis_that_is_too_slow_for_requests_is_asked_by_none_until_it_is_quick_again() {
    let redis = Redis::start().await;
    let cut = Cut::to(redis.port).await;
    let url = format!("redis://127.0.0.1:{}", cut.port);
    let lone = Lone::at(&url, "timeout: 100ms", &[]).await;
    lone.counts("quick").await;
    cut.delay(Duration::from_millis(60));
    // Each of the three that find out waits for as long as it may.
    assert_eq!(lone.statuses("strict", 3).await, [503; 3]);
    eventually("it is said", SOON, async || (!lone.is_up().await).then_some(())).await;
    let began = Instant::now();
    assert_eq!(lone.statuses("strict", 30).await, [503; 30]);
    assert!(began.elapsed() < Duration::from_millis(2_000), "{:?} for thirty", began.elapsed());
    // What is told in the background has more time.
    assert_eq!(lone.statuses("deny", 2).await, [200; 2]);
    assert_eq!(lone.warnings().len(), 1, "{:?}", lone.warnings());
    assert!(lone.warnings()[0].contains("did not answer within 100ms"), "{:?}", lone.warnings());
    cut.pass();
    lone.counts("quick again").await;
}

#[tokio::test]
async fn a_name_that_leads_to_the_one_that_has_taken_over_is_followed_and_what_was_spent_stays_spent() {
    let quick = ["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"];
    let master = Redis::with(&quick).await;
    let port = master.port.to_string();
    let replica = Redis::with(&[&quick[..], &["--replicaof", "127.0.0.1", &port]].concat()).await;
    let sentinel = Sentinel::over(&master).await;
    let name = Cut::to(master.port).await;
    let lone = Lone::at(&format!("redis://127.0.0.1:{}", name.port), "timeout: 1s", &[]).await;
    lone.counts("the master").await;
    assert_eq!(lone.statuses("share", 90).await, [200; 90]);
    master.kill().await;
    lone.is_alone("nobody", "").await;
    sentinel.follows(replica.port).await;
    // The name still leads to the old one, then to a replica that is the master now.
    name.redirect(replica.port);
    lone.counts("the one that has taken over").await;
    // Each look at whether it counts again lets one more in: three, or a few more on a slow machine.
    let admitted = lone.statuses("share", 14).await.iter().filter(|status| **status == 200).count();
    assert!((4..=9).contains(&admitted), "{admitted} of a hundred, of which 93 were spent");
    assert_eq!(replica.call("ROLE").await.lines().nth(2), Some("master"));
}
