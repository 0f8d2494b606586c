//! Redis over TLS: its certificate is verified by the file of the settings, a certificate is shown to it, and files that have
//! changed are used by the next connection.

use std::fmt::Write as _;

use testkit::{Certificate, Redis, free_port};

use super::lone::Lone;

#[tokio::test]
async fn a_redis_behind_tls_is_verified_and_changed_certificates_are_used_without_a_reload() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let write = |name: &str, made: &Certificate| {
        std::fs::write(path(&format!("{name}.pem")), &made.pem).expect("a certificate");
        std::fs::write(path(&format!("{name}.key")), &made.key).expect("its key");
    };
    let (first, second) = (Certificate::for_name("localhost"), Certificate::for_name("localhost"));
    let (member, stranger) = (Certificate::for_name("member"), Certificate::for_name("stranger"));
    write("first", &first);
    write("second", &second);
    write("member", &member);
    let port = free_port();
    let mut args =
        format!("--tls-port {port} --tls-auth-clients yes --tls-ca-cert-file {}", path("member.pem"));
    let _ = write!(args, " --tls-cert-file {} --tls-key-file {}", path("first.pem"), path("first.key"));
    let redis = Redis::with(&args.split(' ').collect::<Vec<_>>()).await;

    let files = [("redis-ca.pem", &*first.pem), ("member.pem", &*member.pem), ("member.key", &*member.key)];
    let members = "timeout: 1s, ca_file: redis-ca.pem, cert_file: member.pem, key_file: member.key";
    let lone = Lone::at(&format!("rediss://localhost:{port}/0"), members, &files).await;
    let place = |name: &str, text: &str| {
        std::fs::write(lone.gateway.folder.path().join(name), text).expect("a file of the gateway");
    };
    lone.counts("over TLS").await;
    let clients = redis.call("CLIENT LIST").await;
    assert_eq!(clients.lines().filter(|line| line.contains(&format!("laddr=127.0.0.1:{port}"))).count(), 8);

    let certificate = format!("tls-cert-file {} tls-key-file {}", path("second.pem"), path("second.key"));
    redis.done(&format!("CONFIG SET {certificate}")).await;
    redis.done("CLIENT KILL TYPE normal").await;
    lone.is_alone("a certificate that nobody has named", "certificate").await;
    place("redis-ca.pem", &second.pem);
    lone.counts("the certificate is named").await;

    place("member.pem", &stranger.pem);
    place("member.key", &stranger.key);
    redis.done("CLIENT KILL TYPE normal").await;
    lone.is_alone("a certificate that Redis does not know", "").await;
    place("member.pem", &member.pem);
    place("member.key", &member.key);
    lone.counts("the certificate is known").await;
}
