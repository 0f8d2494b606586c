//! The files of `server.tracing`, which the process reads when it starts: here they are looked at, so that `check` finds what
//! a start would.

use crate::spans::{SubjectKey, fields};

use super::files::certificate_list;
use super::input::{Input, Mention};

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
        let _reported = input.file(file).and_then(|pem| certificate_list(input, file, pem));
    }
    // That it can be read is all that is looked at: what it holds is known where it is used.
    let _key = written.otlp.key_file.as_ref().map(mention).and_then(|file| input.file(file));
}
