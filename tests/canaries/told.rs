//! Security events and logout tokens with secrets in them, good ones and those that are refused.

use serde_json::{Value, json};
use testkit::token::with;
use testkit::{Key, client, now};

use super::stage::Stage;
use super::traffic::Traffic;

const SET: &str = "application/secevent+jwt";
const FORM: &str = "application/x-www-form-urlencoded";
const REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";

impl Traffic {
    /// What an identity provider tells, and what strangers say in its name.
    pub(crate) async fn told(&mut self, stage: &Stage) {
        self.secrets.push(("what a transmitter shows".to_owned(), stage.agreed.clone()));
        let forger = Key::new("ES256", "k1");
        let hidden = self.secret("a member of an event");
        let (email, wrong) = (self.secret("an address of a user"), self.secret("a wrong Authorization"));
        let event = |jti: &str, claims: Value| {
            let subject = json!({"format": "email", "email": format!("{email}@example.com")});
            let both = json!({"iss": stage.issuer.url, "aud": "receiver", "iat": now(), "jti": jti});
            with(
                with(
                    both,
                    json!({"sub_id": subject, "events": {REVOKED: {"reason_admin": hidden}}, "note": hidden}),
                ),
                claims,
            )
        };
        let signed = |key: &Key, typ: &str, claims: &Value| {
            key.token(&json!({"alg": "ES256", "typ": typ, "kid": "k1"}), claims)
        };
        let agreed = format!("Bearer {}", stage.agreed);
        // Whom a verified event names stands in the list of denials.
        let named = json!({"sub_id": {"format": "iss_sub", "iss": stage.issuer.url, "sub": "told-of"}});
        let logout = json!({"aud": "web", "events": {LOGOUT: {}}, "sub": "logged-out", "sub_id": null});
        for (what, media_type, authorization, token, wanted) in [
            (
                "an event that denies",
                SET,
                &agreed,
                signed(&stage.key, "secevent+jwt", &event("1", named)),
                202,
            ),
            (
                "an unmapped event",
                SET,
                &agreed,
                signed(&stage.key, "secevent+jwt", &event("2", json!({}))),
                202,
            ),
            ("a forged event", SET, &agreed, signed(&forger, "secevent+jwt", &event("3", json!({}))), 400),
            (
                "an event of nobody",
                SET,
                &wrong,
                signed(&stage.key, "secevent+jwt", &event("4", json!({}))),
                400,
            ),
            (
                "an event of another type",
                SET,
                &agreed,
                signed(&stage.key, "JWT", &event("5", json!({}))),
                400,
            ),
            (
                "an event of another issuer",
                SET,
                &agreed,
                signed(&stage.key, "secevent+jwt", &event("6", json!({"iss": email}))),
                400,
            ),
            ("no event at all", SET, &agreed, hidden.clone(), 400),
            ("a logout", FORM, &agreed, signed(&stage.key, "logout+jwt", &event("7", logout.clone())), 200),
            ("a forged logout", FORM, &agreed, signed(&forger, "logout+jwt", &event("8", logout)), 400),
            ("a body of another type", "text/plain", &agreed, hidden.clone(), 400),
        ] {
            if let Some(signature) = token.rsplit('.').next().filter(|signature| signature.len() >= 24) {
                self.secrets
                    .push((format!("the signature of {what}"), signature[signature.len() - 24..].to_owned()));
            }
            let body =
                if media_type == FORM { format!("logout_token={token}&state={hidden}") } else { token };
            let request = client().post(stage.gateway.url(&format!("/.portcullis/events/corp?q={hidden}")));
            let request = request.header("authorization", authorization).header("content-type", media_type);
            assert_eq!(self.send(what, request.body(body)).await, wanted, "{what}");
        }
    }
}
