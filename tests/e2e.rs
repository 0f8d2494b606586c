//! The real binary against real peers: identity providers run by `oidc-provider` (certified by the OpenID Foundation)
//! that rotate their keys, go away and come back, an agent that says what reached it, and a browser.
//!
//! Needs Node and `make setup`. Everything is on loopback, on free ports, and ends with its test.

#[cfg(test)]
#[path = "e2e/certified.rs"]
mod certified;
#[cfg(test)]
#[path = "e2e/console.rs"]
mod console;
#[cfg(test)]
#[path = "e2e/gateway.rs"]
mod gateway;
#[cfg(test)]
#[path = "e2e/load.rs"]
mod load;
#[cfg(test)]
#[path = "e2e/login.rs"]
mod login;
#[cfg(test)]
#[path = "e2e/opaque.rs"]
mod opaque;
#[cfg(test)]
#[path = "e2e/provider.rs"]
mod provider;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use testkit::eventually;

    use super::gateway::{Gateway, Setup};
    use super::load::Load;
    use super::login::asked_for;
    use super::provider::{CLIENTS, Provider, Site};

    const ALPHA: &str = "urn:portcullis:alpha";
    const OTHER: &str = "urn:portcullis:other";

    /// 200 requests a second for six seconds.
    const LOAD: usize = 1_200;

    #[tokio::test]
    async fn tokens_of_each_algorithm_and_of_both_issuers_pass() {
        let (one, two) = (Provider::start().await, Provider::start().await);
        let gateway = Gateway::start(&Setup::of(&[("one", &one), ("two", &two)])).await;
        for (provider, name) in [(&one, "one"), (&two, "two")] {
            for client in CLIENTS {
                let token = provider.token(client, ALPHA).await;
                let answer = gateway.get("/both/refunds?page=2", Some(&token)).await;
                assert_eq!(answer.status, 200, "{client} of {name}: {}", answer.body);
                let line = gateway.logged(&answer).await;
                assert_eq!((&*line.reason, &*line.provider), ("ok", name), "{client}");

                // What the agent got: who calls, and nothing to call others with.
                assert_eq!(answer.upstream_saw("x-caller-client").as_deref(), Some(client));
                assert_eq!(answer.upstream_saw("authorization"), None);
                assert_eq!(answer.body_field("target"), "/both/refunds?page=2");
            }
        }
    }

    #[tokio::test]
    async fn whoever_logs_out_at_the_provider_is_out_until_the_next_login() {
        let provider = Provider::start().await;
        let gateway = Gateway::start(&Setup::of(&[("one", &provider)]).logging_out()).await;
        let token = provider.log_in(ALPHA, &[]).await;
        assert_eq!(gateway.get("/one/a", Some(&token)).await.status, 200);
        let told = provider.log_out(&gateway.url("/.portcullis/events/one")).await;
        assert_eq!(told["error"], serde_json::Value::Null, "{told}");
        let answer = gateway.get("/one/a", Some(&token)).await;
        assert_eq!((answer.status, &*gateway.logged(&answer).await.reason), (401, "revoked"));
        // The client's own token is not alice's.
        let other = provider.token("es256", ALPHA).await;
        assert_eq!(gateway.get("/one/a", Some(&other)).await.status, 200);
        // A second later she logs in again.
        let again = eventually("a token of a later second", Duration::from_secs(5), async || {
            let token = provider.log_in(ALPHA, &[]).await;
            (gateway.get("/one/a", Some(&token)).await.status == 200).then_some(())
        });
        again.await;
    }

    #[tokio::test]
    async fn each_bad_token_is_refused_for_its_own_reason() {
        let (one, two) = (Provider::start().await, Provider::start().await);
        let both = Gateway::start(&Setup::of(&[("one", &one), ("two", &two)])).await;
        let only_two = Gateway::start(&Setup::of(&[("two", &two)])).await;

        let good = one.token("rs256", ALPHA).await;
        assert_eq!(both.get("/one", Some(&good)).await.status, 200);

        let cases = [
            ("another audience", &both, one.token("es256", OTHER).await, "audience_mismatch"),
            (
                "an issuer that the agent does not accept",
                &both,
                two.token("rs256", ALPHA).await,
                "issuer_not_allowed",
            ),
            ("claims changed under the signature", &both, with_subject(&good, "admin"), "signature_invalid"),
            (
                "another token's signature",
                &both,
                spliced(&good, &one.token("rs256", ALPHA).await),
                "signature_invalid",
            ),
            ("a signature cut short", &both, good[..good.len() - 2].to_owned(), "signature_invalid"),
            ("not a token", &both, "opaque-9f31".to_owned(), "token_malformed"),
        ];
        for (what, gateway, token, reason) in cases {
            let answer = gateway.get("/one", Some(&token)).await;
            assert_eq!(answer.status, 401, "{what}: {}", answer.body);
            assert!(answer.challenge().contains("error=\"invalid_token\""), "{what}: {}", answer.challenge());
            assert_eq!(gateway.logged(&answer).await.reason, reason, "{what}");
        }

        let answer = only_two.get("/both", Some(&good)).await;
        assert_eq!(only_two.logged(&answer).await.reason, "issuer_unknown");

        let answer = both.get("/one", None).await;
        assert_eq!(answer.status, 401);
        assert!(
            !answer.challenge().contains("error="),
            "no error code without a token: {}",
            answer.challenge()
        );
        assert_eq!(both.logged(&answer).await.reason, "token_missing");
    }

    #[tokio::test]
    async fn clients_that_others_wrote_use_tokens_that_are_bound_to_their_key() {
        let one = Provider::start().await;
        let gateway = Gateway::start(&Setup::of(&[("one", &one)])).await;
        let found = one.bound_clients(&gateway.url("")).await;
        let mut wanted = Vec::new();
        for algorithm in ["ES256", "Ed25519", "PS256", "RS256"] {
            for path in ["/bound", "/fresh", "/fresh?again"] {
                wanted.push(format!("oauth4webapi {algorithm} {path} 200"));
            }
        }
        let by_hand = [
            "/bound 200",
            "/fresh 401 use_dpop_nonce",
            "/fresh 200",
            "/bound 401 invalid_dpop_proof",
            "/bound 401 invalid_token",
        ];
        wanted.extend(by_hand.map(|line| format!("dpop ES256 {line}")));
        assert_eq!(found, wanted);
    }

    #[tokio::test]
    async fn a_client_steps_up_by_what_the_challenge_names() {
        let one = Provider::start().await;
        let gateway = Gateway::start(&Setup::of(&[("one", &one)])).await;
        for (first, reason) in [
            (&[] as &[_], "acr_insufficient"),
            (&[("acr_values", "urn:strong"), ("login_hint", "earlier")], "auth_too_old"),
        ] {
            let weak = one.log_in(ALPHA, first).await;
            assert_eq!(gateway.get("/one", Some(&weak)).await.status, 200, "{reason}");
            let refused = gateway.get("/stepped", Some(&weak)).await;
            assert_eq!((refused.status, &*gateway.logged(&refused).await.reason), (401, reason));
            let challenge = refused.challenge();
            assert!(challenge.contains("error=\"insufficient_user_authentication\""), "{challenge}");
            let asked = asked_for(challenge);
            assert_eq!(asked, [("acr_values", "urn:strong".to_owned()), ("max_age", "3600".to_owned())]);
            let asked: Vec<_> = asked.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let stepped = one.log_in(ALPHA, &asked).await;
            assert_eq!(gateway.get("/stepped", Some(&stepped)).await.status, 200, "{reason}");
        }
        let program = one.token("es256", ALPHA).await;
        let refused = gateway.get("/stepped", Some(&program)).await;
        assert_eq!((refused.status, refused.challenge()), (403, ""));
        assert_eq!(gateway.logged(&refused).await.reason, "client_not_allowed");
    }

    #[tokio::test]
    async fn a_token_stops_passing_when_it_expires() {
        let one = Provider::start().await;
        let gateway = Gateway::start(&Setup::of(&[("one", &one)])).await;
        let token = one.token("brief", ALPHA).await;
        assert_eq!(gateway.get("/one", Some(&token)).await.status, 200);
        let refused = eventually("the token expires", Duration::from_secs(15), async || {
            Some(gateway.get("/one", Some(&token)).await).filter(|answer| answer.status != 200)
        })
        .await;
        assert_eq!(refused.status, 401);
        assert_eq!(gateway.logged(&refused).await.reason, "token_expired");
    }

    #[tokio::test]
    async fn no_good_token_is_refused_while_the_provider_rotates_its_keys_under_load() {
        let one = Provider::start().await;
        let gateway = Gateway::start(&Setup::of(&[("one", &one)])).await;
        let old = tokens(&one).await;
        let load = Load::start(&gateway, "/one", old.clone(), LOAD);
        load.reaches(LOAD / 4).await;

        // The new keys sign at once: the gateway meets key ids that it has never seen, at full rate.
        one.rotate().await;
        let new = tokens(&one).await;
        assert_ne!(key_id(&old[0]), key_id(&new[0]), "the provider did not rotate");
        load.mix_in(&new);
        load.reaches(LOAD / 2).await;

        let outcome = load.ends().await;
        assert_eq!(outcome.refused, [], "of {} requests", outcome.sent);
        assert_eq!(outcome.sent, LOAD);
        assert_eq!(gateway.decisions("one", "deny").await + gateway.decisions("one", "error").await, 0.0);

        // One shared fetch did it, however many requests met the new keys.
        let fetches =
            gateway.metric("portcullis_jwks_refresh_total", &["provider=\"one\"", "unknown_kid"]).await;
        assert_eq!(fetches, 1.0);
    }

    #[tokio::test]
    async fn a_timer_that_runs_ahead_of_the_rotation_needs_no_extra_fetch() {
        let one = Provider::start().await;
        let gateway = Gateway::start(&Setup::of(&[("one", &one)]).refreshed_each_second()).await;
        let load = Load::start(&gateway, "/one", tokens(&one).await, LOAD);
        for rotation in 1..=3 {
            load.reaches(rotation * LOAD / 4).await;
            let published = one.rotate().await;
            eventually("the timer brings the new keys", Duration::from_secs(10), async || {
                let keys = gateway.metric("portcullis_jwks_keys", &["provider=\"one\""]).await;
                (keys >= published as f64).then_some(())
            })
            .await;
            load.mix_in(&tokens(&one).await);
        }
        let outcome = load.ends().await;
        assert_eq!(outcome.refused, [], "of {} requests", outcome.sent);
        let fetches =
            gateway.metric("portcullis_jwks_refresh_total", &["provider=\"one\"", "unknown_kid"]).await;
        assert_eq!(fetches, 0.0);
    }

    #[tokio::test]
    async fn traffic_goes_on_when_the_provider_goes_away_for_good() {
        for hang in [false, true] {
            let one = Provider::start().await;
            let gateway = Gateway::start(&Setup::of(&[("one", &one)]).refreshed_each_second()).await;
            let good = tokens(&one).await;
            assert_eq!(gateway.get("/one", Some(&good[0])).await.status, 200);
            let kept = if hang {
                one.hang().await;
                Some(one)
            } else {
                one.stop().await;
                None
            };

            let load = Load::start(&gateway, "/one", good, LOAD);
            eventually("the keys are marked stale", Duration::from_secs(20), async || {
                let stale = gateway.metric("portcullis_jwks_stale", &["provider=\"one\""]).await;
                (stale == 1.0).then_some(())
            })
            .await;
            let outcome = load.ends().await;
            assert_eq!(outcome.refused, [], "hang {hang}, of {} requests", outcome.sent);
            assert_eq!(gateway.readyz().await, 200, "other agents could still be served");
            drop(kept);
        }
    }

    #[tokio::test]
    async fn a_start_without_the_provider_answers_503_and_recovers_by_itself() {
        let site = Site::reserve();
        let one = Provider::start_at(&site).await;
        let token = one.token("es256", ALPHA).await;
        one.stop().await;

        let gateway = Gateway::start(&Setup::at(&[("one", &site)])).await;
        let answer = gateway.get("/one", Some(&token)).await;
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert!(answer.header("retry-after").is_some(), "says when to come back");
        assert_eq!(answer.challenge(), "", "the caller is not asked for another token");
        assert_eq!(gateway.logged(&answer).await.reason, "keys_unavailable");
        assert!(gateway.decisions("one", "error").await >= 1.0);
        assert_eq!(gateway.get("/open", None).await.status, 200, "a public agent needs no provider");

        // The provider comes up with the keys it had; nothing is restarted or reloaded. The back-off is at most 60 s.
        let _back = Provider::start_at(&site).await;
        eventually("the gateway recovers", Duration::from_secs(75), async || {
            (gateway.get("/one", Some(&token)).await.status == 200).then_some(())
        })
        .await;
    }

    #[tokio::test]
    async fn one_provider_that_is_away_does_not_touch_the_other() {
        let site = Site::reserve();
        let two = Provider::start().await;
        let gateway = Gateway::start(&Setup::at(&[("one", &site), ("two", two.site())])).await;
        let outcome = Load::start(&gateway, "/both", tokens(&two).await, LOAD / 4).ends().await;
        assert_eq!(outcome.refused, [], "of {} requests", outcome.sent);
    }

    /// A token of each algorithm.
    async fn tokens(provider: &Provider) -> Vec<String> {
        let mut tokens = Vec::new();
        for client in CLIENTS {
            tokens.push(provider.token(client, ALPHA).await);
        }
        tokens
    }

    fn decoded(part: &str) -> serde_json::Value {
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).expect("base64url");
        serde_json::from_slice(&bytes).expect("JSON")
    }

    fn key_id(token: &str) -> String {
        let header = decoded(token.split('.').next().expect("a header"));
        header["kid"].as_str().expect("a kid").to_owned()
    }

    /// The token with another subject and the signature that it had.
    fn with_subject(token: &str, subject: &str) -> String {
        use base64::Engine as _;
        let parts: Vec<&str> = token.split('.').collect();
        let mut claims = decoded(parts[1]);
        claims["sub"] = subject.into();
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims.to_string());
        format!("{}.{claims}.{}", parts[0], parts[2])
    }

    /// The first token with the second one's signature.
    fn spliced(token: &str, other: &str) -> String {
        let (content, _) = token.rsplit_once('.').expect("three parts");
        let (_, signature) = other.rsplit_once('.').expect("three parts");
        format!("{content}.{signature}")
    }
}
