//! Two providers with the same key ids, and keys that are no longer there: a key counts for its issuer alone.

use portcullis::model::Reason::{self, IssuerNotAllowed, IssuerUnknown, KeyUnknown, SignatureInvalid};
use serde_json::json;

use super::key::{ALGORITHMS, KINDS, Key, token, with};
use super::suite::{CORP, Suite, TWIN};

pub(crate) fn add(suite: &mut Suite) {
    for (alg, kid) in ALGORITHMS {
        let mut made: Vec<(&'static str, String, String, &'static [Reason])> = Vec::new();
        for (signer, key) in [("corp", suite.key(kid)), ("twin", suite.twin(kid))] {
            for (said, iss) in [("corp", CORP), ("twin", TWIN)] {
                let claims = with(suite.claims(), json!({"iss": iss})).to_string();
                let text = token(suite.header(alg, kid).to_string(), &claims, |m| key.sign(alg, m));
                for agent in ["desk", "twin", "twins"] {
                    let wanted: &'static [Reason] = match (agent, said) {
                        ("desk", "twin") | ("twin", "corp") => &[IssuerNotAllowed],
                        _ if signer == said => &[Reason::Ok],
                        _ => &[SignatureInvalid],
                    };
                    made.push((
                        agent,
                        format!("{alg}: {signer} signs as {said} at {agent}"),
                        text.clone(),
                        wanted,
                    ));
                }
                // The other provider's name in every other place.
                let other = if said == "corp" { TWIN } else { CORP };
                let claims =
                    with(suite.claims(), json!({"iss": iss, "azp": other, "sub": other, "idp": other}));
                let header =
                    with(suite.header(alg, kid), json!({"iss": other, "jku": format!("{other}/jwks")}));
                if signer != said {
                    let text = token(header.to_string(), claims.to_string(), |m| key.sign(alg, m));
                    made.push((
                        "twins",
                        format!("{alg}: {signer} signs as {said} and names itself"),
                        text,
                        &[SignatureInvalid],
                    ));
                }
            }
        }
        for (agent, name, text, wanted) in made {
            suite.at(agent);
            if wanted == [Reason::Ok] { suite.pass(name, text) } else { suite.refuse(name, text, wanted) }
        }
        suite.at("desk");
    }
    retired(suite);
    strangers(suite);
}

/// Keys that the provider had once: their own id, and the ids of today's.
fn retired(suite: &mut Suite) {
    for (alg, kid) in KINDS {
        let old = match kid {
            "rsa" => Key::rsa("old", "retired"),
            "ed" => Key::ed("old"),
            _ => Key::ec("old", alg),
        };
        for (id, wanted) in [("old", &[KeyUnknown][..]), (kid, &[SignatureInvalid])] {
            let text =
                token(suite.header(alg, id).to_string(), suite.claims().to_string(), |m| old.sign(alg, m));
            suite.refuse(format!("{alg}: a withdrawn key as {id}"), text, wanted);
        }
        // With no id the current key that fits is meant, not this one.
        let header = json!({"alg": alg});
        let text = token(header.to_string(), suite.claims().to_string(), |m| old.sign(alg, m));
        suite.refuse(format!("{alg}: a withdrawn key without id"), text, &[SignatureInvalid, KeyUnknown]);
    }
}

fn strangers(suite: &mut Suite) {
    for (alg, kid) in KINDS {
        for iss in ["https://stranger.test", "https://desk.test", "api://desk", "desk", "default"] {
            let text =
                suite.signed(alg, kid, &suite.header(alg, kid), &with(suite.claims(), json!({"iss": iss})));
            suite.refuse(format!("{alg}: a good key and the issuer {iss}"), text, &[IssuerUnknown]);
        }
    }
}
