//! The files of `server.shared_state`, which the process reads when it connects: here they are looked at, so that `check` finds
//! what a start would not get along with.

use super::files::certificate_list;
use super::input::{Input, Mention};

/// Reports what is wrong with them.
pub(super) fn check(input: &Input<'_>) {
    let (Some(written), Some(at)) = (&input.document.server.shared_state, &input.document.server_at) else {
        return;
    };
    let (redis, mention) = (&written.redis, |path| Mention::new(&at.source, path));
    if let Some(file) = redis.password_file.as_ref().map(mention)
        && let Some(bytes) = input.file(file)
        && !std::str::from_utf8(bytes).is_ok_and(|text| !text.trim_end_matches(['\r', '\n']).is_empty())
    {
        input.bad_file(file, "holds no password", "write the password of Redis into it, in one line");
    }
    for file in [&redis.ca_file, &redis.cert_file].into_iter().flatten().map(mention) {
        let _reported = input.file(file).and_then(|pem| certificate_list(input, file, pem));
    }
    // That it can be read is all that is looked at: what it holds is known where it is used.
    let _key = redis.key_file.as_ref().map(mention).and_then(|file| input.file(file));
}
