//! A change of the configuration takes effect whatever else happens in its folder.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use testkit::eventually::scripted_pause;
use testkit::{Gateway, Start, Upstream, client, eventually};

async fn status(gateway: &Gateway, path: &str) -> u16 {
    client().get(gateway.url(path)).send().await.expect("an answer").status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_file_beside_the_configuration_does_not_hold_a_change_up() {
    let upstream = Upstream::start().await;
    let url = upstream.url();
    let body =
        |route: &str| format!("agents:\n  a: {{ route: {route}, upstream: \"{url}\", auth: public }}\n");
    let gateway = Start { body: &body("/old"), ..Start::default() }.ready().await;
    // Logs that grow in the same folder, as an access log or another program's may.
    let written = Arc::new(AtomicUsize::new(0));
    let writers: Vec<_> = (0..4)
        .map(|n| {
            let (beside, written) = (gateway.folder.path().join(format!("{n}.log")), Arc::clone(&written));
            tokio::spawn(async move {
                loop {
                    let lines = written.fetch_add(1, Ordering::Relaxed);
                    std::fs::write(&beside, format!("line {lines}\n")).expect("a line");
                    scripted_pause(Duration::from_millis(5)).await;
                }
            })
        })
        .collect();
    eventually("the logs grow", Duration::from_secs(5), async || {
        (written.load(Ordering::Relaxed) > 20).then_some(())
    })
    .await;
    gateway.write_body(&body("/new"));
    eventually("the change is in force", Duration::from_secs(1), async || {
        (status(&gateway, "/new").await == 200).then_some(())
    })
    .await;
    for writer in writers {
        writer.abort();
    }
    assert_eq!(status(&gateway, "/old").await, 404);
}

#[tokio::test]
async fn asking_again_for_a_spoilt_configuration_says_again_what_is_wrong() {
    let upstream = Upstream::start().await;
    let body = format!("agents:\n  a: {{ route: /a, upstream: \"{}\", auth: public }}\n", upstream.url());
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let refusals = async || gateway.metric("portcullis_config_reloads_total", &["result=\"refused\""]).await;
    gateway.write_body("agents: [");
    eventually("it is refused", Duration::from_secs(2), async || (refusals().await >= 1.0).then_some(()))
        .await;
    let (counted, said) = (refusals().await, errors(&gateway));
    gateway.signal("HUP").await;
    eventually("it is refused again", Duration::from_secs(2), async || {
        (refusals().await > counted && errors(&gateway) > said).then_some(())
    })
    .await;
}

fn errors(gateway: &Gateway) -> usize {
    gateway.stderr().iter().filter(|line| line.contains("\"ERROR\"") && line.contains("refused")).count()
}
