//! Claims: times, issuer, audience, and members of a wrong type (RFC 7519 section 4.1).

use portcullis::model::Reason::{
    self, AudienceMismatch, BindingRequired, ExpMissing, IssuerUnknown, LifetimeTooLong, NotYetValid,
    TokenExpired, TokenMalformed,
};
use serde_json::{Value, json};

use super::key::{KINDS, token, with};
use super::suite::{CORP, LEEWAY, Suite};

pub(crate) fn add(suite: &mut Suite) {
    for (alg, kid) in KINDS {
        times(suite, alg, kid);
        issuers(suite, alg, kid);
        audiences(suite, alg, kid);
        kinds(suite, alg, kid);
        bindings(suite, alg, kid);
    }
    borders(suite);
    lifetimes(suite);
}

/// A token whose claim of that name is this JSON, as text.
fn of(suite: &Suite, alg: &str, kid: &str, name: &str, json: &str) -> String {
    let rest = with(suite.claims(), json!({ name: null })).to_string();
    let text = rest.replacen('{', &format!("{{\"{name}\":{json},"), 1);
    let key = suite.key(kid);
    token(suite.header(alg, kid).to_string(), text, |m| key.sign(alg, m))
}

fn changed(suite: &Suite, alg: &str, kid: &str, members: Value) -> String {
    suite.signed(alg, kid, &suite.header(alg, kid), &with(suite.claims(), members))
}

fn times(suite: &mut Suite, alg: &str, kid: &str) {
    let now = suite.now;
    for name in ["exp", "nbf", "iat"] {
        for json in [
            &format!("\"{}\"", now + 60) as &str,
            "\"\"",
            "\"2099-01-01T00:00:00Z\"",
            "true",
            "false",
            "[]",
            "[null]",
            "{}",
            &format!("[{}]", now + 60),
            "0",
            "-0",
            "0.0",
            "-1",
            "-1e3",
            &format!("-{now}"),
            "9007199254740992",
            "9007199254740993",
            "18446744073709551615",
            "18446744073709551616",
            "9223372036854775808",
            "1e16",
            "1e300",
            "123456789012345678901234567890",
            "-9223372036854775809",
            "5e-324e1",
            "NaN",
            "Infinity",
            "1e999",
        ] {
            suite.refuse(format!("{alg}: {name} {json}"), of(suite, alg, kid, name, json), &[TokenMalformed]);
        }
    }
    for (name, members, wanted) in [
        ("no exp", json!({"exp": null}), &[ExpMissing][..]),
        ("Exp", json!({"exp": null, "Exp": now + 60}), &[ExpMissing]),
        ("expired long ago", json!({"exp": 1}), &[TokenExpired]),
        ("expired in a fraction of the first second", json!({"exp": 0.5}), &[TokenExpired]),
        ("expired an hour ago", json!({"exp": now - 3600}), &[TokenExpired]),
        ("expired beyond the leeway", json!({"exp": now - LEEWAY - 1}), &[TokenExpired]),
        ("expires in milliseconds of 1970", json!({"exp": now / 1000}), &[TokenExpired]),
        ("not before tomorrow", json!({"nbf": now + 86400}), &[NotYetValid]),
        ("not before the end of time", json!({"nbf": 9_007_199_254_740_991_u64}), &[NotYetValid]),
        ("issued tomorrow", json!({"iat": now + 86400}), &[NotYetValid]),
        ("issued at the end of time", json!({"iat": 9_007_199_254_740_991_u64}), &[NotYetValid]),
        ("issued in milliseconds", json!({"iat": now * 1000}), &[NotYetValid]),
        ("not before in milliseconds", json!({"nbf": now * 1000}), &[NotYetValid]),
    ] {
        suite.refuse(format!("{alg}: {name}"), changed(suite, alg, kid, members), wanted);
    }
}

fn borders(suite: &mut Suite) {
    let at = |by: f64| suite.now as f64 + by;
    let leeway = LEEWAY as f64;
    let mut made: Vec<(String, String, Option<&'static [Reason]>)> = Vec::new();
    for (alg, kid) in KINDS {
        for (name, value, wanted) in [
            ("exp", at(-leeway - 0.25), Some(&[TokenExpired][..])),
            ("exp", at(-leeway), Some(&[TokenExpired])),
            ("exp", at(-leeway + 0.25), None),
            ("exp", at(0.0), None),
            ("nbf", at(leeway), None),
            ("nbf", at(leeway + 0.25), Some(&[NotYetValid])),
            ("iat", at(leeway), None),
            ("iat", at(leeway + 0.25), Some(&[NotYetValid])),
            ("nbf", at(leeway + 1.0), Some(&[NotYetValid])),
            ("iat", at(leeway + 1.0), Some(&[NotYetValid])),
        ] {
            let text = of(suite, alg, kid, name, &value.to_string());
            made.push((format!("{alg}: {name} {value} at the border"), text, wanted));
        }
    }
    suite.exactly(true);
    for (name, text, wanted) in made {
        match wanted {
            Some(wanted) => suite.refuse(name, text, wanted),
            None => suite.pass(name, text),
        }
    }
    suite.exactly(false);
}

fn lifetimes(suite: &mut Suite) {
    let now = suite.now;
    suite.at("brief");
    for (alg, kid) in KINDS {
        for (name, members) in [
            ("a second too long", json!({"iat": now, "exp": now + 3601})),
            ("a fraction too long", json!({"iat": now, "exp": now as f64 + 3600.5})),
            ("a year", json!({"iat": now, "exp": now + 365 * 86400})),
            ("for ever", json!({"iat": now, "exp": 9_007_199_254_740_991_u64})),
            ("no iat", json!({"iat": null})),
            ("issued long ago", json!({"iat": 1})),
        ] {
            let text = changed(suite, alg, kid, members);
            suite.refuse(format!("{alg}: {name}, at an agent with a limit"), text, &[LifetimeTooLong]);
        }
        let text = changed(suite, alg, kid, json!({"iat": now, "exp": now + 3600}));
        suite.pass(format!("{alg}: as long as may be"), text);
    }
    suite.at("desk");
}

fn issuers(suite: &mut Suite, alg: &str, kid: &str) {
    for iss in [
        "",
        " ",
        "corp",
        "https://evil.test",
        &format!("{CORP}/"),
        &format!(" {CORP}"),
        &format!("{CORP} "),
        &CORP.to_uppercase(),
        "https://CORP.test/realms/a",
        "https://corp.test/realms/A",
        "https://corp.test:443/realms/a",
        "http://corp.test/realms/a",
        "https://corp.test/realms/%61",
        "https://corp.test/realms/./a",
        "https://corp.test/realms/a?",
        "https://corp.test/realms/a#",
        "https://corp.test/realms",
        "https://corp.test//realms/a",
        "https://corp.test./realms/a",
        "https://u@corp.test/realms/a",
        "https://corp.test/realms/a\u{0}",
        "https://corp.test/realms/a\u{200b}",
        "https://c\u{43e}rp.test/realms/a",
        "//corp.test/realms/a",
        "corp.test/realms/a",
        "https://corp.test/realms/a,https://twin.test/realms/a",
    ] {
        suite.refuse(
            format!("{alg}: iss {iss:?}"),
            changed(suite, alg, kid, json!({"iss": iss})),
            &[IssuerUnknown],
        );
    }
    suite.refuse(format!("{alg}: no iss"), changed(suite, alg, kid, json!({"iss": null})), &[IssuerUnknown]);
    suite.refuse(
        format!("{alg}: Iss"),
        changed(suite, alg, kid, json!({"iss": null, "Iss": CORP})),
        &[IssuerUnknown],
    );
    let header = with(suite.header(alg, kid), json!({"iss": CORP}));
    let text = suite.signed(alg, kid, &header, &with(suite.claims(), json!({"iss": null})));
    suite.refuse(format!("{alg}: iss in the header alone"), text, &[IssuerUnknown]);
    for json in ["1", "null", "true", &format!("[\"{CORP}\"]") as &str, &format!("{{\"{CORP}\":1}}"), "[]"] {
        suite.refuse(format!("{alg}: iss {json}"), of(suite, alg, kid, "iss", json), &[TokenMalformed]);
    }
}

fn audiences(suite: &mut Suite, alg: &str, kid: &str) {
    for aud in [
        json!("api://other"),
        json!(""),
        json!([]),
        json!([""]),
        json!("api://desk "),
        json!(" api://desk"),
        json!("API://desk"),
        json!("api://desk/"),
        json!("api://des"),
        json!("api://desk2"),
        json!("*"),
        json!("api://*"),
        json!(["api://other", "api://desk2"]),
        json!("api://desk,api://other"),
        json!("api://other api://desk"),
        json!("[\"api://desk\"]"),
        json!("api://desk\u{0}"),
        json!("api:\\/desk"),
        json!(["api://other", "api://desk/"]),
        json!("apı://desk"),
    ] {
        suite.refuse(
            format!("{alg}: aud {aud}"),
            changed(suite, alg, kid, json!({"aud": aud})),
            &[AudienceMismatch],
        );
    }
    for (name, members) in [
        ("no aud", json!({"aud": null})),
        ("azp alone", json!({"aud": null, "azp": "api://desk"})),
        ("Aud", json!({"aud": null, "Aud": "api://desk"})),
        ("resource", json!({"aud": null, "resource": "api://desk"})),
    ] {
        suite.refuse(format!("{alg}: {name}"), changed(suite, alg, kid, members), &[AudienceMismatch]);
    }
    for json in [
        "1",
        "true",
        "{}",
        r#"{"0":"api://desk"}"#,
        r#"["api://desk",1]"#,
        r#"["api://desk",null]"#,
        r#"[["api://desk"]]"#,
        r#"[{"a":"api://desk"}]"#,
        r#"{"api://desk":true}"#,
    ] {
        suite.refuse(format!("{alg}: aud {json}"), of(suite, alg, kid, "aud", json), &[TokenMalformed]);
    }
}

/// What binds a token to a key of its holder (RFC 7800, RFC 8705, RFC 9449).
fn bindings(suite: &mut Suite, alg: &str, kid: &str) {
    for cnf in [
        json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}),
        json!({"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}),
        json!({"kid": kid}),
        json!({}),
    ] {
        let text = changed(suite, alg, kid, json!({"cnf": cnf}));
        suite.refuse(format!("{alg}: cnf {cnf}"), &text, &[BindingRequired]);
        suite.at("unbound").pass(format!("{alg}: cnf {cnf}, ignored"), &text);
        suite.at("desk");
    }
    for json in ["1", "true", "[]", "\"jkt\"", "[{\"jkt\":\"a\"}]", "{\"jwk\":{}}"] {
        suite.refuse(format!("{alg}: cnf {json}"), of(suite, alg, kid, "cnf", json), &[TokenMalformed]);
    }
}

fn kinds(suite: &mut Suite, alg: &str, kid: &str) {
    for name in ["sub", "jti", "client_id", "azp"] {
        for json in ["1", "true", "{}", "[\"a\"]", "[null]"] {
            suite.refuse(format!("{alg}: {name} {json}"), of(suite, alg, kid, name, json), &[TokenMalformed]);
        }
    }
    for name in ["sub", "jti", "client_id", "azp", "scope", "scp", "nbf", "iat", "cnf"] {
        suite.pass(format!("{alg}: {name} null"), of(suite, alg, kid, name, "null"));
    }
    for (name, wanted) in [("exp", &[TokenMalformed]), ("aud", &[AudienceMismatch])] {
        suite.refuse(format!("{alg}: {name} null"), of(suite, alg, kid, name, "null"), wanted);
    }
    for name in ["scope", "scp"] {
        for json in ["1", "{}", "[1]", "[null]", "[[\"a\"]]", "[\"a\",1]"] {
            suite.refuse(format!("{alg}: {name} {json}"), of(suite, alg, kid, name, json), &[TokenMalformed]);
        }
        for json in ["\"a b\"", "[\"a\",\"b\"]", "[]"] {
            suite.pass(format!("{alg}: {name} {json}"), of(suite, alg, kid, name, json));
        }
    }
}
