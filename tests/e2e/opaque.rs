//! Opaque tokens of a certified provider: the gateway finds its introspection endpoint, proves who it is in each way, and
//! learns of a revocation.

use testkit::{Gateway, Start, Upstream, client};

use super::provider::Provider;

const OPAQUE: &str = "urn:portcullis:opaque";

async fn gateway(provider: &Provider, auth: &str, upstream: &Upstream) -> Gateway {
    let body = format!(
        "identity_providers:\n  one:\n    issuer: \"{}\"\n    introspection: {{ auth: {{ {auth} }}, max_ttl: 0s, negative_ttl: 0s{} }}\n\
         agents:\n  a: {{ route: /a, upstream: \"{}\", auth: {{ oauth: {{ identity_providers: [one], audiences: [\"{OPAQUE}\"], \
         scopes: {{ all_of: [\"refunds:write\"] }} }} }} }}\n",
        provider.site().issuer(),
        if auth.contains("private_key_jwt") { ", signed: true" } else { "" },
        upstream.url(),
    );
    Start { body: &body, files: &[("secret", "a secret+\n")], ..Start::default() }.ready().await
}

async fn said(gateway: &Gateway, token: &str) -> (u16, String) {
    let answer = client().get(gateway.url("/a")).bearer_auth(token).send().await.expect("an answer");
    let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
    let line = gateway.logged(&id).await;
    (answer.status().as_u16(), line["auth"]["reason"].as_str().expect("a reason").to_owned())
}

#[tokio::test]
async fn an_opaque_token_passes_until_it_is_revoked_however_the_gateway_proves_who_it_is() {
    let (provider, upstream) = (Provider::start().await, Upstream::start().await);
    let key = format!(
        "client_id: key, private_key_jwt: {{ key_file: '{}', alg: ES256 }}",
        provider.client_key().display()
    );
    for auth in
        ["client_id: basic, secret_file: secret", "client_id: post, secret_file: secret, method: post", &key]
    {
        let gateway = gateway(&provider, auth, &upstream).await;
        let token = provider.token("rs256", OPAQUE).await;
        assert!(!token.contains('.'), "{token}");
        assert_eq!(said(&gateway, &token).await, (200, "ok".to_owned()), "{auth}");
        assert_eq!(provider.revoke("rs256", &token).await, 200);
        assert_eq!(said(&gateway, &token).await, (401, "token_inactive".to_owned()), "{auth}");
    }
    // The provider refuses the gateway itself: nobody's token is to blame.
    let stranger = gateway(&provider, "client_id: stranger, secret_file: secret", &upstream).await;
    let token = provider.token("es256", OPAQUE).await;
    assert_eq!(said(&stranger, &token).await, (503, "introspection_unavailable".to_owned()));
}
