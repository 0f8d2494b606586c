// What each reason of a decision means, and what to do about it, for readers who do not know the manual.

export interface Meaning {
  title: string;
  means: string;
  todo: string;
}

const MEANINGS: Record<string, Meaning> = {
  ok: {
    title: "Allowed",
    means: "The credential passed every check, and the request went on to the agent.",
    todo: "Nothing. If the caller still sees an error, it came from the agent itself.",
  },
  no_route: {
    title: "No agent at this address",
    means: "No agent has a route for this host and path.",
    todo: "Compare the host and the path with the routes of the agents. Paths match on whole segments: /a covers /a/x, not /ab.",
  },
  token_missing: {
    title: "No token",
    means: "The request had no token where the agent reads it, or the token had another prefix.",
    todo: "Send it in the header and with the prefix that the agent's page shows, by default “Authorization: Bearer TOKEN”.",
  },
  multiple_tokens: {
    title: "More than one token",
    means: "The credential header occurred more than once, or held several values separated by commas.",
    todo: "Send the header once. A proxy in between may be adding its own.",
  },
  token_malformed: {
    title: "Malformed token",
    means:
      "The credential is not a compact JWS (three parts of valid base64url and JSON), or a member has the wrong type.",
    todo: "Check that the whole token was sent, unchanged. An opaque token of the provider does not work; ask it for a JWT access token.",
  },
  token_too_large: {
    title: "Token too large",
    means: "The token is longer than server.limits.token_bytes.",
    todo: "Have the provider put fewer claims (often groups) into it, or raise the limit.",
  },
  alg_not_allowed: {
    title: "Algorithm not allowed",
    means:
      "The token is signed with an algorithm that the provider's settings or its key do not allow. none and HS* never are.",
    todo: "Have the provider sign with one that is allowed, or add the algorithm to the identity provider.",
  },
  typ_mismatch: {
    title: "Not an access token",
    means: "The header typ of the token is neither JWT nor at+jwt, so it was made for something else.",
    todo: "Send the access token, not an ID token, a logout token or a proof.",
  },
  issuer_unknown: {
    title: "Unknown issuer",
    means:
      "iss is absent, or no identity provider has exactly this issuer. It is compared byte for byte, the slash at the end included.",
    todo: "Compare iss of the token with the issuers on the page Identity providers, and add the provider if it is missing.",
  },
  issuer_not_allowed: {
    title: "Issuer not accepted here",
    means: "The identity provider is known, but this agent does not accept its tokens.",
    todo: "Get a token from a provider of this agent, or add the provider to the agent.",
  },
  exp_missing: {
    title: "Token without expiry",
    means: "The token has no exp, so it would be valid forever.",
    todo: "Have the provider put exp into its tokens.",
  },
  token_expired: {
    title: "Token expired",
    means: "exp has passed, the leeway included.",
    todo: "Get a fresh token. If it is fresh, compare the clocks of the gateway and the provider.",
  },
  not_yet_valid: {
    title: "Token not valid yet",
    means: "nbf or iat is in the future, beyond the leeway.",
    todo: "Compare the clocks of the gateway and the provider, or raise the provider's leeway.",
  },
  lifetime_too_long: {
    title: "Token lifetime too long",
    means: "exp − iat is more than the agent's maximum token lifetime, or iat is absent.",
    todo: "Have the provider issue shorter tokens, or raise the limit of the agent.",
  },
  audience_mismatch: {
    title: "Wrong audience",
    means: "aud of the token names none of the agent's audiences: the token was issued for another service.",
    todo: "Ask the provider for a token for this agent (audience or resource), or add the audience to the agent.",
  },
  proof_missing: {
    title: "No proof",
    means:
      "The token came as “Authorization: DPoP”, which wants a proof of possession with each request, and there was none.",
    todo: "The client must send the field DPoP. A proxy in front of the gateway must let it through.",
  },
  proof_malformed: {
    title: "Invalid proof",
    means:
      "The proof of possession cannot be read, its key or algorithm cannot be used, or its signature does not verify.",
    todo: "Explain the request on the page Try: it says what is wrong. RFC 9449 section 4.2 says what a proof has.",
  },
  proof_mismatch: {
    title: "Proof of something else",
    means: "The proof of possession is of another method, URL, token or key than those of the request.",
    todo: "Explain the request: both sides are shown. Mostly it is the URL: set the public URL, or list the proxy in front in trusted_proxies.",
  },
  proof_stale: {
    title: "Old proof",
    means: "The proof of possession was made too long ago, or in the future.",
    todo: "Compare the clocks of client and gateway, or require nonces, which need no clock.",
  },
  proof_replayed: {
    title: "Proof used twice",
    means: "The proof of possession was accepted before.",
    todo: "The client must make a new one for each request, also for one that it repeats. Otherwise somebody has recorded its requests.",
  },
  nonce_required: {
    title: "Nonce required",
    means:
      "The proof of possession has no nonce of the gateway that is still good, or there is no room to remember proofs.",
    todo: "Nothing if it comes once: clients repeat the request with the nonce of the answer. Without end, several gateways have different keys: give all the same nonce.key_file.",
  },
  proof_memory_full: {
    title: "Too many proofs",
    means:
      "No more proofs of possession can be remembered, of this client or of all, so that one could pass twice.",
    todo: "Raise replay_entries of the agent's sender_constraint, or lower its max_age.",
  },
  certificate_missing: {
    title: "No client certificate",
    means: "The token is bound to a certificate, and the client showed none when it connected.",
    todo: "The client must connect with its certificate. A proxy that ends TLS in front of the gateway must say which it was.",
  },
  certificate_mismatch: {
    title: "Another client certificate",
    means: "The token is bound to another certificate than the one with which the client connected.",
    todo: "Get a new token with the present certificate. Otherwise the token was stolen.",
  },
  binding_required: {
    title: "Bound in another way than the agent wants",
    means:
      "The token is bound to a key or a certificate (cnf) and the agent does not check that; or it is not bound, and the agent requires it; or it came behind the scheme of the other kind (Bearer, DPoP).",
    todo: "Turn the check on in sender_constraint of the agent, or have the provider bind the tokens of this client. sender_constraint: { cnf: ignore } accepts bound tokens from anyone who has them.",
  },
  key_unknown: {
    title: "Unknown key",
    means:
      "The provider's fresh key set has no key with the token's kid, or the token has no kid and not exactly one key fits.",
    todo: "Look at the keys of the provider. After a rotation, new tokens need the new key to be published first.",
  },
  signature_invalid: {
    title: "Signature does not verify",
    means:
      "The signature was not made with the provider's key: the token was changed in transit, or is forged.",
    todo: "Get a fresh token and send it unchanged. If that fails too, check that the issuer's keys are those of the right environment.",
  },
  revoked: {
    title: "Denied",
    means:
      "A denial names the token or the API key: the caller, its client, its session, an actor, the signing key, or this very token.",
    todo: "portcullis denied lists the denials with who made them and why. A denial up to a time lets in whoever logs in again; portcullis undeny lifts one.",
  },
  scope_missing: {
    title: "Scope missing",
    means: "The token is valid but lacks scopes that this agent requires.",
    todo: "Ask the provider for a token with the scope, and check that the client may have it.",
  },
  claim_mismatch: {
    title: "Claim rule not met",
    means: "A claim of the token does not meet the agent's claim rules, or cannot be written as a header.",
    todo: "Explain the token below to see the rule, then change the claim at the provider or the rule of the agent. Values are compared by JSON type.",
  },
  profile_mismatch: {
    title: "Not an access token by RFC 9068",
    means:
      "The agent requires the profile of RFC 9068: the token has another typ than at+jwt, or lacks one of its claims.",
    todo: "Explain the token below to see what is missing, and have the provider issue access tokens by RFC 9068.",
  },
  client_not_allowed: {
    title: "Client not allowed",
    means: "The token was issued to a client that this agent does not admit, or it names no client.",
    todo: "Add the client to those that the agent allows. If the provider names it in another claim, set client_claim at the provider.",
  },
  actor_not_allowed: {
    title: "Actor not allowed",
    means:
      "Somebody acts for the subject of the token (act) whom this agent does not admit, the chain of actors is too long, or nobody acts where somebody must.",
    todo: "Compare issuer and subject of the outermost act with the actors that the agent allows.",
  },
  acr_insufficient: {
    title: "Another kind of login needed",
    means: "The user did not log in by one of the ways that this agent requires (acr, amr).",
    todo: "The client learns from the answer what to ask for. If it happens after each login, have the provider put acr and amr into access tokens.",
  },
  auth_too_old: {
    title: "Login too long ago",
    means:
      "The user logged in longer ago than this agent permits, or the token does not say when (auth_time).",
    todo: "The client sends the user to log in again. If it happens after each login, have the provider put auth_time into access tokens.",
  },
  origin_denied: {
    title: "Origin not allowed",
    means: "A page sent this, and its origin may not call this agent.",
    todo: "If the page may call, add its origin to mcp.allowed_origins. Without a list, a listener on loopback serves pages of its own machine alone.",
  },
  session_foreign: {
    title: "Session of somebody else",
    means:
      "The session id was not given to this caller by this agent, or is from before the gateway had its present key.",
    todo: "Clients begin a new session by themselves. If many do so after each restart, set state_dir, or share a key with mcp.session_key_file.",
  },
  keys_unavailable: {
    title: "Keys unavailable",
    means:
      "The gateway has no usable keys of the provider: they were never fetched, are too old, or the last fetch failed.",
    todo: "Look at the provider's last error. The gateway retries automatically.",
  },
  token_inactive: {
    title: "Token not active",
    means:
      "The identity provider says that the token is not active: it is expired, revoked, or was never issued.",
    todo: "Get a new token from this provider. The gateway asks again after introspection.negative_ttl.",
  },
  introspection_unavailable: {
    title: "Provider cannot be asked",
    means:
      "Only the identity provider can say whether the token is active, and it gave no answer that can be used, or too many requests wait for it.",
    todo: "Look at the last introspection error on the provider's page. A 401 there means that introspection.auth is wrong.",
  },
  api_key_missing: {
    title: "No API key",
    means: "The request had no API key in the header that the agent reads.",
    todo: "Send it in that header, by default X-API-Key. This agent ignores bearer tokens.",
  },
  api_key_invalid: {
    title: "Wrong API key",
    means: "The key is unknown, mistyped, or belongs to another agent.",
    todo: "Copy the whole key again, or create a new one for this agent.",
  },
  api_key_expired: {
    title: "API key expired",
    means: "The key's expiry has passed.",
    todo: "Create a new key. Before the next one expires, rotate it with an overlap.",
  },
  api_key_revoked: {
    title: "API key revoked",
    means: "Somebody revoked this key.",
    todo: "Create a new key if the caller should still have access.",
  },
  operation_denied: {
    title: "Operation not permitted",
    means:
      "The agent admits this caller, but its rules by operation do not permit this method, tool, resource, prompt or operation to it.",
    todo: "If a scope would open it, the caller learns which from the answer. Otherwise change the agent's rules.",
  },
  mcp_header_mismatch: {
    title: "Head and message differ",
    means:
      "The protocol version is not one date, or Mcp-Method and Mcp-Name are missing, doubled, or not what the message says.",
    todo: "Look for a client or a proxy that changes one of the two.",
  },
  mcp_batch: {
    title: "A list of messages",
    means:
      "The body holds several messages. Rules could not be kept for them, and the protocol has no lists.",
    todo: "Send each message in a request of its own.",
  },
  mcp_body: {
    title: "Message cannot be judged",
    means:
      "The body is not one JSON-RPC message, or two readers could read it in two ways: a member occurs twice, or differs from a known one in case only.",
    todo: "Fix the client. No SDK in use sends such messages.",
  },
  push_denied: {
    title: "Push notifications not allowed there",
    means:
      "The caller names a URL that the agent would call, and its host is none of those that the agent may call.",
    todo: "If the agent may call that host, add it to a2a.push.allow_hosts.",
  },
  rate_limited: {
    title: "Too many requests",
    means: "A limit lets no more requests of this caller, address or agent in for now.",
    todo: "Wait as long as Retry-After says. If the caller may ask more often, raise the limit that the access log names.",
  },
  concurrency_limited: {
    title: "Too many requests under way",
    means:
      "As many requests of this caller, address or agent are under way as a limit permits. Streams count until they end.",
    todo: "Let the client end streams that it no longer reads, or raise concurrent of the limit.",
  },
  quota_spent: {
    title: "The quota is spent",
    means: "This caller, address or agent has made as many requests as a limit permits in a day or a month.",
    todo: "Wait until the next day or month begins, in UTC: Retry-After says when. If more are meant, raise quota of the limit.",
  },
  limits_unavailable: {
    title: "Nobody could count the request",
    means: "The Redis in which the members count together is away, and the limit has on_loss: deny.",
    todo: "Bring Redis back. To let requests in meanwhile, write on_loss: share.",
  },
};

/** The reasons that can be chosen in a filter. */
export const REASONS = Object.keys(MEANINGS);

export function meaning(reason: string): Meaning {
  return (
    MEANINGS[reason] ?? {
      title: reason,
      means: "The gateway gave a reason that this console does not know.",
      todo: "Look for it in the documentation of the gateway's version.",
    }
  );
}
