//! Identity headers in every spelling, as a field, as a trailer, and named in `Connection`: what the agent reads comes
//! from the verified claims alone, also when the claim is not there.

use serde_json::json;
use testkit::raw::Wire;
use testkit::{Issuer, Key, Start};

use super::recorder::{Arrived, Recorder};

/// Spellings of `X-Caller-Sub`, and of `X-Dept` whose claim is absent.
const SPELLINGS: &[&str] = &[
    "X-Caller-Sub",
    "x-caller-sub",
    "X-CALLER-SUB",
    "x-CaLLeR-sUb",
    "X_Caller_Sub",
    "X_Caller-Sub",
    "x_caller_sub",
    "X.Caller.Sub",
    "X--Caller--Sub",
    "X-Caller_-Sub",
    "XCallerSub",
    "xcallersub",
    "X-Caller-Sub-",
    "-X-Caller-Sub",
    "_X_Caller_Sub",
    "X-Caller-Sub_",
    "X~Caller~Sub",
    "X+Caller+Sub",
    "X!Caller#Sub",
    "X'Caller'Sub",
    "X|Caller|Sub",
    "X^Caller^Sub",
    "X`Caller`Sub",
    "X*Caller*Sub",
    "X$Caller%Sub",
    "X&Caller&Sub",
    "x-callersub",
    "xcaller-sub",
    "X-Dept",
    "x-dept",
    "X_Dept",
    "X.Dept",
    "XDEPT",
    "X--Dept",
    "x_DEPT_",
    "-x-dept",
];

#[tokio::test]
async fn an_identity_comes_from_verified_claims_alone() {
    let key = Key::new("ES256", "k1");
    let (issuer, recorder) = (Issuer::start(&[&key]).await, Recorder::start().await);
    let body = format!(
        "identity_providers:\n  corp: {{ issuer: \"{}\" }}\nagents:\n  named:\n    route: /named\n    \
         upstream: http://127.0.0.1:{}\n    auth:\n      oauth:\n        identity_providers: [corp]\n        \
         claim_headers: {{ sub: X-Caller-Sub, dept: X-Dept }}\n",
        issuer.url, recorder.port
    );
    let gateway = Start { body: &body, ..Start::default() }.ready().await;
    let mut claims = issuer.claims("x");
    claims["sub"] = json!("alice");
    let token = key.token(&key.header("ES256"), &claims);
    let mut cases = 0;
    for spelling in SPELLINGS {
        let trailer = format!("1\r\nx\r\n0\r\n{spelling}: root\r\n\r\n");
        for (lines, body) in [
            (format!("{spelling}: root"), ""),
            (format!("{spelling}:\troot\r\n{spelling}: root"), ""),
            (format!("Connection: {spelling}\r\n{spelling}: root"), ""),
            (format!("Connection: X-Caller-Sub, X-Dept\r\n{spelling}: root"), ""),
            (format!("Connection: {spelling}"), ""),
            (format!("Trailer: {spelling}\r\nTransfer-Encoding: chunked"), trailer.as_str()),
            (format!("{spelling}: root\r\nTransfer-Encoding: chunked"), trailer.as_str()),
        ] {
            let head = format!(
                "POST /named HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer {token}\r\n{lines}\r\n\r\n{body}"
            );
            let mut caller = Wire::connect(gateway.port).await;
            caller.send(&[head]).await;
            let answer = caller.response(false).await.unwrap_or_else(|| panic!("{lines:?}: an answer"));
            assert_eq!(answer.status, 200, "{lines:?}: {answer:?}");
            let came = recorder.take().concat();
            let arrived = Arrived::read(&came).unwrap_or_else(|e| panic!("{lines:?}: {e}"));
            let plain = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
            let named: Vec<(&str, &str)> = arrived
                .fields
                .iter()
                .filter(|(name, _)| matches!(plain(name).as_str(), "xcallersub" | "xdept"))
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            assert_eq!(named, [("x-caller-sub", "alice")], "{lines:?}");
            assert!(!came.escape_ascii().to_string().contains("root"), "{lines:?}: {arrived:?}");
            cases += 1;
        }
    }
    eprintln!("{cases} claims of a caller's own, 0 at the agent");
}
