//! How a gateway is started.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::Gateway;
use super::place::Place;
use super::process::{Output, Said};
use crate::certificate::Certificate;
use crate::ports::free_port;

/// Names how many shards every gateway has whose test says nothing about it: `PORTCULLIS_SHARDS=4` runs any suite so.
const SHARDS: &str = "PORTCULLIS_SHARDS";

/// How a gateway is started; what is not said is not configured.
#[derive(Default)]
pub struct Start<'a> {
    /// The YAML below `server`: `identity_providers`, `agents`, `api_keys`.
    pub body: &'a str,
    /// Further lines of `server`, indented by two.
    pub server: &'a str,
    /// The admin listener, with these further members of `server.admin` (`""`, or `, hosts: [a.example]`).
    pub admin: Option<&'a str>,
    /// The folder of the store, as the configuration names it.
    pub store: Option<&'a str>,
    /// The members of `store: { etcd: { … } }`, instead of a folder.
    pub etcd: Option<&'a str>,
    /// Files beside the configuration, or in folders there.
    pub files: &'a [(&'a str, &'a str)],
    /// Further arguments of `run`.
    pub args: &'a [&'a str],
    /// The command that starts it, with its arguments (`prlimit --nofile=512`); usually none.
    pub through: &'a [&'a str],
    /// A second listener with TLS and this certificate.
    pub certificate: Option<&'a Certificate>,
    /// A second listener with TLS from these files: `(cert, key)` pairs, named in `files`.
    pub tls: &'a [(&'a str, &'a str)],
    /// Writes the configuration into the folder in a way of its own and says what `-c` names.
    pub layout: Option<fn(&Path, &str) -> PathBuf>,
    /// Variables of its environment, besides our own.
    pub env: &'a [(&'a str, &'a str)],
}

/// How many shards a gateway has whose test says nothing about it.
///
/// # Panics
/// When the environment names no number.
#[must_use]
pub fn shards() -> u64 {
    std::env::var(SHARDS).map_or(1, |shards| shards.parse().expect("PORTCULLIS_SHARDS: a number"))
}

impl Start<'_> {
    /// Starts it and waits until it listens and is ready.
    pub async fn ready(&self) -> Gateway {
        let mut gateway = self.alive().await;
        gateway.place.ready(&mut gateway.process).await;
        gateway
    }

    /// Starts it and waits until it listens, ready or not.
    pub async fn alive(&self) -> Gateway {
        let place = self.place();
        let mut process = place.launch(&[], Output::Kept(Said::default()));
        place.listens(&mut process).await;
        Gateway { place, process }
    }

    /// Starts it and waits until its ops listener answers; nothing may be live yet, and no other listener there.
    pub async fn at_all(&self) -> Gateway {
        let place = self.place();
        let mut process = place.launch(&[], Output::Kept(Said::default()));
        place.lives(&mut process).await;
        Gateway { place, process }
    }

    /// Writes everything that it needs, and starts nothing.
    pub fn place(&self) -> Place {
        let (port, tls_port, ops, admin) = (free_port(), free_port(), free_port(), free_port());
        let folder = tempfile::tempdir().expect("a temporary folder");
        let made = self.certificate.map(|made| [("gateway.pem", &*made.pem), ("gateway.key", &*made.key)]);
        for (name, content) in self.files.iter().chain(made.iter().flatten()) {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder of a file");
            std::fs::write(path, content).expect("a file beside the configuration");
        }
        let server = self.server_text([port, tls_port, ops, admin]);
        let text = format!("{server}{}", self.body);
        let config = self.layout.unwrap_or(|folder, text| {
            let config = folder.join("portcullis.yaml");
            std::fs::write(&config, text).expect("the configuration is written");
            config
        })(folder.path(), &text);
        let mut args: Vec<OsString> = ["run", "--log-format", "json", "-c"].map(Into::into).into();
        args.push(config.into());
        args.extend(self.args.iter().map(Into::into));
        let env = self.env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let through = self.through.iter().map(|&word| word.to_owned());
        Place {
            port,
            tls_port,
            ops,
            admin,
            folder,
            server,
            certificate: self.certificate.cloned(),
            through: through.collect(),
            args,
            env: env.collect(),
        }
    }

    /// The configuration above the body.
    fn server_text(&self, [port, tls_port, ops, admin]: [u16; 4]) -> String {
        let mut server = format!("version: 1\nserver:\n  ops: {{ address: \"127.0.0.1:{ops}\" }}\n");
        server += &format!("  listeners:\n    - address: 127.0.0.1:{port}\n");
        let made = self.certificate.map(|_| ("gateway.pem", "gateway.key"));
        let pairs: Vec<_> = self.tls.iter().copied().chain(made).collect();
        if !pairs.is_empty() {
            server += &format!("    - address: 127.0.0.1:{tls_port}\n      tls:\n        certificates:\n");
            for (cert, key) in pairs {
                server += &format!("          - {{ cert_file: {cert}, key_file: {key} }}\n");
            }
        }
        if let Some(more) = self.admin {
            server += "  admin: { ";
            server += &format!("address: \"127.0.0.1:{admin}\", token_file: admin.token{more} }}\n");
        }
        server += self.server;
        if let (Ok(shards), false) = (std::env::var(SHARDS), self.server.contains("  shards: ")) {
            server += &format!("  shards: {shards}\n");
        }
        if let Some(directory) = self.store {
            server += &format!("store: {{ directory: \"{directory}\" }}\n");
        }
        if let Some(members) = self.etcd {
            server += &format!("store: {{ etcd: {{ {members} }} }}\n");
        }
        server
    }
}
