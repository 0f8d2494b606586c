//! Keys and values, as a test reads and writes them beside the gateway.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Etcd, Refusal};

/// A value with what etcd says of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The value, which is text.
    pub value: String,
    /// The revision that wrote it.
    pub revision: i64,
    /// Its lease; 0 when it has none.
    pub lease: i64,
}

impl Etcd {
    /// The value of a key.
    pub async fn get(&self, key: &str) -> Option<String> {
        self.range(key, None).await.remove(key).map(|stored| stored.value)
    }

    /// All keys that begin so.
    pub async fn all(&self, prefix: &str) -> BTreeMap<String, Stored> {
        self.range(prefix, Some(end_of(prefix))).await
    }

    /// Writes a value; gives the revision that it has.
    pub async fn put(&self, key: &str, value: &str) -> i64 {
        let put = self.try_put(key, value).await;
        put.unwrap_or_else(|refusal| panic!("put {key}: {refusal:?}"))
    }

    /// The same, where etcd may refuse.
    pub async fn try_put(&self, key: &str, value: &str) -> Result<i64, Refusal> {
        let told = self.call("/v3/kv/put", &json!({"key": coded(key), "value": coded(value)})).await?;
        Ok(number(&told["header"]["revision"]))
    }

    /// Deletes a key; says whether it was there.
    pub async fn delete(&self, key: &str) -> bool {
        let told = self.done("/v3/kv/deleterange", &json!({"key": coded(key)})).await;
        number(&told["deleted"]) == 1
    }

    /// Deletes all keys that begin so; says how many there were.
    pub async fn delete_all(&self, prefix: &str) -> i64 {
        let fields = json!({"key": coded(prefix), "range_end": STANDARD.encode(end_of(prefix))});
        number(&self.done("/v3/kv/deleterange", &fields).await["deleted"])
    }

    /// The revision of etcd, which grows with every write of anybody.
    pub async fn revision(&self) -> i64 {
        number(&self.done("/v3/kv/range", &json!({"key": coded("testkit/none")})).await["header"]["revision"])
    }

    /// Forgets what was before this revision, unless that is forgotten already.
    pub async fn compact(&self, revision: i64) {
        let fields = json!({"revision": revision.to_string(), "physical": true});
        if let Err(refusal) = self.call("/v3/kv/compaction", &fields).await {
            assert!(refusal.text.contains("has been compacted"), "compact to {revision}: {refusal:?}");
        }
    }

    /// A transaction: fields as `/v3/kv/txn` takes them, with bytes as [`coded`] gives them. Says whether the comparisons
    /// held.
    pub async fn txn(&self, fields: &Value) -> bool {
        self.done("/v3/kv/txn", fields).await["succeeded"] == true
    }

    /// What etcd keeps on its disk, in bytes.
    pub async fn size(&self) -> i64 {
        number(&self.done("/v3/maintenance/status", &json!({})).await["dbSize"])
    }

    async fn range(&self, key: &str, end: Option<Vec<u8>>) -> BTreeMap<String, Stored> {
        let mut fields = json!({"key": coded(key)});
        if let Some(end) = end {
            fields["range_end"] = STANDARD.encode(end).into();
        }
        let told = self.done("/v3/kv/range", &fields).await;
        let rows = told["kvs"].as_array().into_iter().flatten();
        rows.map(|row| {
            let revision = number(&row["mod_revision"]);
            (text(&row["key"]), Stored { value: text(&row["value"]), revision, lease: number(&row["lease"]) })
        })
        .collect()
    }
}

/// Bytes as the JSON gateway takes them.
pub fn coded(text: &str) -> String {
    STANDARD.encode(text)
}

/// The first key behind all that begin so.
pub(super) fn end_of(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    let last = end.last_mut().expect("a prefix");
    *last += 1;
    end
}

/// The JSON gateway writes 64 bits as text, and leaves a zero out.
fn number(value: &Value) -> i64 {
    value.as_str().map_or(0, |text| text.parse().expect("a number"))
}

fn text(value: &Value) -> String {
    let bytes = STANDARD.decode(value.as_str().unwrap_or_default()).expect("base64");
    String::from_utf8(bytes).expect("the test wrote text")
}
