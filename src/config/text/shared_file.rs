//! The files of a member's own that resources of a shared store may name. All other members must have them too, so they
//! are written down one by one.

use std::path::PathBuf;

/// A file that resources of a shared store may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedFile {
    /// Its name as resources write it.
    pub written: String,
    /// Where this member has it.
    pub path: PathBuf,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::{Code, Document, Source, parse};
    use crate::model::ResourceId;

    const PROVIDER: &str = "identity_providers/corp";
    const AGENT: &str = "agents/a";
    const OPEN: &str = "route: /a\nupstream: http://127.0.0.1:9\nauth: public\n";

    /// A member with the shared file `ca.pem`, and one resource of the store.
    fn read(id: &str, text: &str) -> Result<Document, Vec<(Code, usize)>> {
        let files = Arc::from([SharedFile { written: "ca.pem".to_owned(), path: "/etc/pc/ca.pem".into() }]);
        let id = ResourceId::parse(id).unwrap();
        let stored = Source::shared(id, "etcd:/portcullis/x", text, &files);
        let sources = [Source::new("/etc/pc/p.yaml", "version: 1\n"), stored];
        let environment = |name: &str| (name == "SET").then(|| "value".to_owned());
        parse(&sources, &environment).map_err(|found| {
            found.iter().filter(|finding| finding.is_error()).map(|f| (f.code, f.line)).collect()
        })
    }

    #[test]
    fn what_is_of_one_member_alone_is_a_local_reference() {
        let upstream = "route: /a\nupstream: { url: 'http://127.0.0.1:9', ";
        for (id, text, line) in [
            (PROVIDER, "issuer: https://a.example\njwks_file: keys.json\n".to_owned(), 2),
            (PROVIDER, "issuer: https://a.example\npublic_key_file: /etc/pc/ca.pem\n".to_owned(), 2),
            (PROVIDER, "issuer: https://a.example\nca_file: ./ca.pem\n".to_owned(), 2),
            (PROVIDER, "issuer: https://${HOST}\n".to_owned(), 1),
            (PROVIDER, "issuer: https://${SET}.example\n".to_owned(), 1),
            (PROVIDER, "issuer: https://${HOST:-a.example}\n".to_owned(), 1),
            (AGENT, format!("{upstream}ca_file: other.pem }}\nauth: public\n"), 2),
            (AGENT, format!("{upstream}set_headers: {{ X-K: {{ file: k }} }} }}\nauth: public\n"), 2),
            (AGENT, format!("{OPEN}protocol: a2a\na2a: {{ card: {{ file: card.json }} }}\n"), 5),
            (AGENT, format!("{OPEN}protocol: mcp\nmcp: {{ session_key_file: s.key }}\n"), 5),
            (AGENT, format!("{OPEN}display_name: ${{SET}}\n"), 4),
        ] {
            let found = read(id, &text).map(|_| ()).unwrap_err();
            assert!(found.contains(&(Code::LocalReference, line)), "{text}: {found:?}");
        }
    }

    #[test]
    fn a_shared_file_is_named_as_it_was_written() {
        let document = read(PROVIDER, "issuer: https://a.example\nca_file: ca.pem\n").unwrap();
        assert_eq!(document.files(), [PathBuf::from("/etc/pc/ca.pem")]);
        let literal = read(AGENT, &format!("{OPEN}display_name: $${{SET}}\n")).unwrap();
        assert_eq!(literal.agents[0].display_name.as_deref(), Some("${SET}"));
    }
}
