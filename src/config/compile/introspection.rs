//! The introspection of a provider, with what the gateway proves itself with there, which is in files; and which provider of an
//! agent takes an opaque token.

use std::sync::Arc;

use super::input::{Input, Mention};
use super::{files, terms};
use crate::authn::Introspecting;
use crate::config::language::settings::agent::{AgentEntry, OAuth};
use crate::config::language::settings::provider::{IdentityProvider, IntrospectionSettings, SecretMethod};
use crate::config::named::Named;
use crate::config::text::code::Code;
use crate::idp::{ClientKey, ClientProof, ClientSecret, ClientSpec, IntrospectionSpec, Provider};
use crate::model::{Algorithm, CertificateUse};
use crate::net::ClientIdentity;

/// How a provider is asked; nothing when its secret could not be read, which was reported.
pub(super) fn of<'a>(
    input: &Input<'a>,
    provider: &'a IdentityProvider,
    written: &'a IntrospectionSettings,
    terms: &mut Vec<Named>,
) -> Option<IntrospectionSpec> {
    let mention = |path| Mention::new(&provider.source, path);
    let auth = &written.auth;
    let proof = match (&auth.private_key_jwt, &auth.tls, &auth.secret_file) {
        (Some(signed), _, _) => ClientProof::PrivateKey(key(input, mention(&signed.key_file), signed.alg)?),
        (None, Some(shown), _) => {
            let list = mention(&shown.cert_file);
            let certificate = files::client_certificate(input, list, mention(&shown.key_file))?;
            let used_by = CertificateUse::Provider(provider.id.value.clone());
            terms.extend(terms::of_client(used_by, list, certificate.chain()));
            ClientProof::Tls(ClientIdentity::new(certificate.pem()))
        }
        (None, None, Some(path)) => match auth.method {
            SecretMethod::Basic => ClientProof::Basic(secret(input, mention(path))?),
            SecretMethod::Post => ClientProof::Post(secret(input, mention(path))?),
        },
        // That one of them is there was checked.
        (None, None, None) => return None,
    };
    Some(IntrospectionSpec {
        endpoint: written.endpoint.as_ref().map(|endpoint| endpoint.value.clone()),
        client: ClientSpec { id: written.auth.client_id.as_str().into(), proof },
        tokens: written.tokens,
        signed: written.signed,
        timeout: written.timeout,
        max_ttl: written.max_ttl,
        negative_ttl: written.negative_ttl,
        max_in_flight: written.max_in_flight,
        token_prefixes: written.token_prefix.iter().map(|prefix| prefix.as_str().into()).collect(),
    })
}

/// How the providers of an agent are asked; nothing when two of them could take one token, which is reported.
pub(super) fn of_agent(
    input: &Input<'_>,
    providers: &[Arc<Provider>],
    entry: &AgentEntry,
    oauth: &OAuth,
) -> Option<Option<Box<Introspecting>>> {
    match Introspecting::new(providers) {
        Ok(introspecting) => Some(introspecting),
        Err(ambiguous) => {
            let name = |index: usize| oauth.identity_providers.get(index);
            let (Some(one), Some(other)) = (name(ambiguous.providers.0), name(ambiguous.providers.1)) else {
                return None;
            };
            let which = match &*ambiguous.prefix {
                "" => "any opaque token".to_owned(),
                prefix => format!("opaque tokens that begin with `{prefix}`"),
            };
            let message = format!(
                "{} and {} both take {which}, and a token must not be handed to a provider that did not issue it",
                one.shown(),
                other.shown()
            );
            let help = "write how the tokens of each begin in its `introspection.token_prefix`, or keep one of them at this agent";
            input.report(&entry.source).say(Code::AmbiguousTokens, other.place, message, help);
            None
        }
    }
}

/// A private key in a file of its own.
fn key<'a>(input: &Input<'a>, file: Mention<'a>, algorithm: Algorithm) -> Option<ClientKey> {
    let key = ClientKey::from_pem(input.file(file)?, algorithm);
    let help = "name a PEM file with an unencrypted private key for `alg`: RSA of 2048 bits or more, P-256, P-384 or Ed25519";
    key.map_err(|why| input.bad_file(file, why, help)).ok()
}

/// A secret in a file of its own; a line end at its end is not part of it.
fn secret<'a>(input: &Input<'a>, file: Mention<'a>) -> Option<ClientSecret> {
    let text = std::str::from_utf8(input.file(file)?).ok().map(|text| text.trim_end_matches(['\r', '\n']));
    match text.filter(|text| !text.is_empty() && !text.contains(char::is_control)) {
        Some(text) => Some(ClientSecret::new(text.to_owned())),
        None => {
            input.bad_file(file, "holds no client secret", "write the secret alone into it, on one line");
            None
        }
    }
}
