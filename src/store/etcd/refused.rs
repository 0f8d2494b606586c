//! What a fault means for somebody who wants to write: whether waiting helps, and which right is missing where it does not.

use super::fault::Fault;
use super::look::Looks;
use crate::store::WriteError;

impl Looks {
    /// The error for a write that did not take place.
    pub(super) fn refused(&self, fault: &Fault) -> WriteError {
        let failed = |full| WriteError::Failed {
            path: format!("etcd:{}", self.keys.prefix()).into(),
            why: fault.to_string(),
            full,
        };
        match fault {
            Fault::NoSpace => failed(true),
            Fault::Denied(said) => WriteError::ReadOnly(self.missing_right(said)),
            Fault::Unauthenticated(said) if self.is_nobody(said) => {
                WriteError::ReadOnly(self.missing_right(said))
            }
            // A token that died is replaced by itself.
            Fault::Unauthenticated(_)
            | Fault::Unreachable { .. }
            | Fault::NoLeader(_)
            | Fault::TimedOut(_)
            | Fault::OwnFile(_) => WriteError::Unavailable(fault.to_string()),
            Fault::Compacted(_) | Fault::TooLarge(_) | Fault::Other(_) => failed(false),
        }
    }

    /// Whether etcd asks for a user, and knows none of this member's.
    fn is_nobody(&self, said: &str) -> bool {
        let unknown = ["user name is empty", "invalid user ID or password", "user name not found"];
        self.link.options().user.is_none() || unknown.iter().any(|why| said.contains(why))
    }

    fn missing_right(&self, said: &str) -> String {
        let prefix = self.keys.prefix();
        let who = match &self.link.options().user {
            Some((name, _)) => format!("the user `{name}`"),
            None => "a member without `store.etcd.username`".to_owned(),
        };
        format!(
            "etcd does not let {who} write ({said}); it needs a role with the right `readwrite` for all keys that begin \
             with `{prefix}`: `etcdctl role grant-permission ROLE readwrite {prefix} --prefix`"
        )
    }
}
