//! The files of `server.tracing`, which the process reads when it starts: here they are looked at, so that `check` finds what
//! a start would.

use super::input::{Input, Mention};
use crate::model::pem_without_marks;
use crate::spans::{SubjectKey, fields};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Reports what is wrong with them.
pub(super) fn check(input: &Input<'_>) {
    let (Some(written), Some(at)) = (&input.document.server.tracing, &input.document.server_at) else {
        return;
    };
    let mention = |path| Mention::new(&at.source, path);
    if let Some(file) = written.subject_key_file.as_ref().map(mention)
        && let Some(Err(bad)) = input.file(file).map(SubjectKey::parse)
    {
        input.bad_file(file, &bad.to_string(), "make one with `openssl rand -hex 32`");
    }
    if let Some(file) = written.otlp.headers_file.as_ref().map(mention)
        && let Some(Err(line)) = input.file(file).map(fields)
    {
        input.bad_file(file, &format!("line {line} is no field"), "write one `name: value` a line");
    }
    for file in [&written.otlp.ca_file, &written.otlp.cert_file].into_iter().flatten().map(mention) {
        if let Some(pem) = input.file(file)
            && CertificateDer::pem_slice_iter(&pem_without_marks(pem))
                .next()
                .is_none_or(|first| first.is_err())
        {
            input.bad_file(file, "holds no certificate", "name a PEM file with certificates");
        }
    }
    // That it can be read is all that is looked at: what it holds is known where it is used.
    let _key = written.otlp.key_file.as_ref().map(mention).and_then(|file| input.file(file));
}
