//! Users, roles and rights.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::Etcd;
use super::keys::{coded, end_of};

/// The password of `root`, which the tests themselves use.
const ROOT: &str = "root's own";

impl Etcd {
    /// Switches users on: from here on, a call without one is refused. The calls of the tests go on as `root`.
    pub async fn auth_on(&self) {
        self.done("/v3/auth/user/add", &json!({"name": "root", "password": ROOT})).await;
        self.done("/v3/auth/role/add", &json!({"name": "root"})).await;
        self.done("/v3/auth/user/grant", &json!({"user": "root", "role": "root"})).await;
        self.done("/v3/auth/enable", &json!({})).await;
        *self.root_password.lock().await = Some(ROOT.to_owned());
    }

    /// Switches users off.
    pub async fn auth_off(&self) {
        self.done("/v3/auth/disable", &json!({})).await;
        *self.root_password.lock().await = None;
    }

    /// A user with one role of the same name, which has these rights: `(READ | WRITE | READWRITE, prefix or key)`; a
    /// prefix ends with a slash.
    pub async fn add_user(&self, name: &str, password: &str, rights: &[(&str, &str)]) {
        self.done("/v3/auth/role/add", &json!({"name": name})).await;
        for (right, key) in rights {
            self.grant(name, right, key).await;
        }
        self.done("/v3/auth/user/add", &json!({"name": name, "password": password})).await;
        self.done("/v3/auth/user/grant", &json!({"user": name, "role": name})).await;
    }

    /// A further right of a role.
    pub async fn grant(&self, role: &str, right: &str, key: &str) {
        let mut perm = json!({"permType": right, "key": coded(key)});
        if key.ends_with('/') {
            perm["range_end"] = STANDARD.encode(end_of(key)).into();
        }
        self.done("/v3/auth/role/grant", &json!({"name": role, "perm": perm})).await;
    }

    /// Takes the user and the role away.
    pub async fn delete_user(&self, name: &str) {
        self.done("/v3/auth/user/delete", &json!({"name": name})).await;
        self.done("/v3/auth/role/delete", &json!({"role": name})).await;
    }

    /// Another password; tokens that were given out die.
    pub async fn change_password(&self, name: &str, password: &str) {
        self.done("/v3/auth/user/changepw", &json!({"name": name, "password": password})).await;
    }
}
