//! A gateway that starts with a single provider, and that one is bad from the first moment: it starts, it never opens,
//! and it serves as soon as the provider is well.

use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use testkit::{Start, Upstream, client};

use super::crowd::{self, Member, Told, ask, error, fails, ready, until};
use super::trials::{Certificates, TRIALS};
use super::turncoat::{Act, Document};

/// So many gateways run at the same time.
const SIDE_BY_SIDE: usize = 6;

async fn suffers(
    name: &str,
    member: Member,
    files: &[(&str, &str)],
    document: Document,
    act: Act,
    says: &str,
) {
    let upstream = Upstream::start().await;
    member.provider.play(document, act);
    let start = Start { files, ..Start::default() };
    let gateway = crowd::gateway(&[&member], &upstream, start).await;
    ready(&gateway).await;
    fails(&gateway, "corp", says).await;
    let told = ask(&gateway, "corp", &member.token()).await;
    let unavailable = Told { status: 503, reason: "keys_unavailable".to_owned(), retry_after: true };
    assert_eq!(told, unavailable, "{name}: {:?}", error(&gateway, "corp").await);
    assert!(upstream.seen().is_empty(), "{name}: nothing got through");
    let open = client().get(gateway.url("/open")).send().await.expect("an answer");
    assert_eq!(open.status().as_u16(), 200, "{name}: other agents are served");
    member.provider.play(Document::Any, Act::Well);
    until(&gateway, "corp", &member.token(), 200, Duration::from_secs(40)).await;
    let log = gateway.stderr().join("\n");
    assert!(log.contains("could not be fetched") && !log.contains("panicked"), "{name}: {log}");
}

#[tokio::test]
async fn a_bad_provider_alone_gives_503_and_then_service() {
    let certificates = Certificates::new();
    let files = [("ca.pem", &*certificates.authority)];
    let plain = TRIALS.iter().map(|trial| (trial.name, trial.document, None, trial.says));
    let tls =
        certificates.trials().into_iter().map(|(name, act, says)| (name, Document::Any, Some(act), says));
    let all: Vec<_> = plain.chain(tls).collect();
    let count = all.len();
    stream::iter(all)
        .for_each_concurrent(SIDE_BY_SIDE, |(name, document, act, says)| {
            let (certificates, files) = (&certificates, &files);
            async move {
                let (member, act) = match act {
                    Some(act) => (Member::over_tls("corp", certificates).await, act),
                    None => {
                        let member = Member::new("corp").await;
                        let trial = TRIALS.iter().find(|t| t.name == name && t.document == document);
                        let act = (trial.expect("it is of the table").act)(&member.provider.url);
                        (member, act)
                    }
                };
                suffers(name, member, files, document, act, says).await;
            }
        })
        .await;
    eprintln!(
        "{count} gateways with a provider that was bad from the start: 0 let anything through, {count} came back"
    );
}
