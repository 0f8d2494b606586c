//! Certificates of clients, and the authorities that issue them.

use std::path::Path;

use portcullis::model::Digest;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

const DAY: i64 = 24 * 60 * 60;

/// A certificate with its key.
pub(super) struct Made {
    pub(super) pem: String,
    pub(super) key: String,
    pub(super) der: Vec<u8>,
}

/// An authority.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(super) pem: String,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate that ends in `days`.
    pub(super) fn issue(&self, days: i64) -> Made {
        let (params, key) = client(days);
        Made::of(&params.signed_by(&key, &self.issuer).expect("a certificate"), &key)
    }
}

impl Made {
    /// A certificate that signs itself, and ends in `days`.
    pub(super) fn alone(days: i64) -> Self {
        let (params, key) = client(days);
        Self::of(&params.self_signed(&key).expect("a certificate"), &key)
    }

    fn of(certificate: &rcgen::Certificate, key: &KeyPair) -> Self {
        Self { pem: certificate.pem(), key: key.serialize_pem(), der: certificate.der().to_vec() }
    }

    /// Writes `NAME.pem` and `NAME.key`.
    pub(super) fn write(&self, folder: &Path, name: &str) {
        std::fs::write(folder.join(format!("{name}.pem")), &self.pem).expect("the certificate is written");
        std::fs::write(folder.join(format!("{name}.key")), &self.key).expect("the key is written");
    }

    /// Its SHA-256 in hexadecimal.
    pub(super) fn hash(&self) -> String {
        Digest::of(&self.der).to_hex()
    }

    /// What the access log shows of it.
    pub(super) fn digits(&self) -> String {
        self.hash()[..16].to_owned()
    }
}

fn client(days: i64) -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::new(vec!["client.test".to_owned()]).expect("parameters");
    params.distinguished_name.push(DnType::OrganizationName, "Clients, \"and\" others");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let now = jiff::Timestamp::now().as_second();
    let at = |seconds: i64| {
        let date = jiff::Timestamp::from_second(seconds).expect("a date").to_zoned(jiff::tz::TimeZone::UTC);
        rcgen::date_time_ymd(date.year().into(), date.month().cast_unsigned(), date.day().cast_unsigned())
    };
    params.not_before = at(now - 100 * DAY);
    params.not_after = at(now + days * DAY);
    (params, KeyPair::generate().expect("a key"))
}
