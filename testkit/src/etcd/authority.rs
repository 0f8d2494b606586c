//! A certificate authority of one test: etcd's certificate, and those that its clients show.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};

use crate::certificate::Certificate;

/// The authority.
pub struct Authority {
    /// Its certificate, in PEM: `ca_file` of a configuration.
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new one, which nobody else trusts.
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "testkit");
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A certificate for loopback, with this common name, which etcd takes for a user's where it asks for certificates.
    pub fn issue(&self, name: &str) -> Certificate {
        let mut names = DistinguishedName::new();
        names.push(DnType::CommonName, name);
        self.issue_to(names)
    }

    fn issue_to(&self, name: DistinguishedName) -> Certificate {
        let names = ["127.0.0.1", "localhost"].map(str::to_owned);
        let mut params = CertificateParams::new(names).expect("parameters");
        params.distinguished_name = name;
        let key = KeyPair::generate().expect("a key");
        let made = params.signed_by(&key, &self.issuer).expect("a certificate");
        Certificate { pem: made.pem(), key: key.serialize_pem() }
    }

    /// What etcd is started with.
    pub(super) fn server_args(&self, folder: &Path) -> Vec<String> {
        // Its JSON gateway is a client of etcd with this certificate, and is refused if that names a user.
        let made = self.issue_to(DistinguishedName::new());
        let file = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).expect("a file of etcd");
            path.display().to_string()
        };
        let files = [
            ("--cert-file", file("server.pem", &made.pem)),
            ("--key-file", file("server.key", &made.key)),
            ("--trusted-ca-file", file("ca.pem", &self.pem)),
        ];
        let args = files.into_iter().flat_map(|(name, path)| [name.to_owned(), path]);
        args.chain(["--client-cert-auth".to_owned()]).collect()
    }

    /// A client that trusts it, and shows a certificate of it.
    pub(super) fn trusted_by(&self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        let root = reqwest::Certificate::from_pem(self.pem.as_bytes()).expect("a certificate");
        let made = self.issue_to(DistinguishedName::new());
        let identity = reqwest::Identity::from_pem(format!("{}{}", made.key, made.pem).as_bytes());
        builder.tls_certs_only([root]).identity(identity.expect("a key and its certificate"))
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}
