//! Calls of etcd's JSON gateway: the first member that answers is asked, with a token while users are on.

use std::time::Duration;

use serde_json::{Value, json};

use super::Etcd;

/// How long one member may take to answer; one that is paused never does.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// What etcd says to what it does not do.
#[derive(Debug)]
pub struct Refusal {
    /// The status; 0 when no member answers.
    pub status: u16,
    /// What it says.
    pub text: String,
}

impl Etcd {
    /// Calls this path (`/v3/kv/range`) with these fields, of which bytes are in base64.
    pub async fn call(&self, path: &str, fields: &Value) -> Result<Value, Refusal> {
        let password = self.root_password.lock().await.clone();
        let token = match password {
            Some(password) => {
                let wanted = json!({"name": "root", "password": password});
                let told = self.call_with(None, "/v3/auth/authenticate", &wanted).await?;
                told["token"].as_str().map(str::to_owned)
            }
            None => None,
        };
        self.call_with(token.as_deref(), path, fields).await
    }

    /// The same as a user who has this token, or as nobody.
    pub async fn call_with(&self, token: Option<&str>, path: &str, fields: &Value) -> Result<Value, Refusal> {
        let mut last = Refusal { status: 0, text: "no member answers".to_owned() };
        for endpoint in self.endpoints() {
            let mut request = self.client.post(format!("{endpoint}{path}")).body(fields.to_string());
            if let Some(token) = token {
                request = request.header("authorization", token);
            }
            let Ok(answer) = request.send().await else { continue };
            let status = answer.status().as_u16();
            let Ok(text) = answer.text().await else { continue };
            if status == 200 {
                return Ok(serde_json::from_str(&text).expect("etcd writes JSON"));
            }
            last = Refusal { status, text };
            // 503: this member has no leader; another may have one.
            if status < 500 {
                break;
            }
        }
        Err(last)
    }

    /// A call that is done; panics with what etcd says when it is not.
    pub(super) async fn done(&self, path: &str, fields: &Value) -> Value {
        let called = self.call(path, fields).await;
        called.unwrap_or_else(|refusal| panic!("{path} {fields}: {refusal:?}"))
    }
}
