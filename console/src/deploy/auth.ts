// Converts the authentication settings between specification and form.
import type { Authentication, Json, JsonObject } from "../api/schemas";
import { type ClaimRule, readRules, writeRules } from "./claims";
import { type RequireForm, readRequire, writeRequire } from "./require";
import { readSenderConstraint, type SenderConstraintForm, writeSenderConstraint } from "./senderConstraint";
import { isObject, list, member, put, text } from "./spec";

export interface ClaimHeader {
  claim: string;
  header: string;
}

export interface AuthForm extends RequireForm, SenderConstraintForm {
  authentication: Authentication | null;
  providers: string[];
  audiences: string[];
  /** `resource`: those that are written, and what the protocol gives; `custom`: those that are written alone. */
  audienceKind: string;
  audienceClaim: string;
  header: string;
  prefix: string;
  forwardToken: boolean;
  /** The header for the forwarded token; empty is the one in which it came. */
  forwardHeader: string;
  forwardScheme: string;
  alsoWebsocket: boolean;
  alsoQuery: string[];
  alsoCookie: string[];
  scopesAll: string[];
  scopesAny: string[];
  claimsAll: ClaimRule[];
  claimsAny: ClaimRule[];
  claimHeaders: ClaimHeader[];
  claimHeaderText: string;
  maxTokenLifetime: string;
  keyHeader: string;
  keyPrefix: string;
}

export function readAuth(auth: Json | undefined): AuthForm {
  const oauth = member(auth, "oauth");
  const key = member(auth, "api_key");
  const scopes = member(oauth, "scopes");
  const claims = member(oauth, "claims");
  const forward = oauth.forward_token;
  const also = Array.isArray(oauth.also) ? oauth.also : [];
  const named = (kind: string) =>
    also.flatMap((one) => (isObject(one) && kind in one ? [text(one[kind])] : []));
  return {
    authentication: kindOf(auth),
    providers: list(oauth.identity_providers),
    audiences: list(oauth.audiences),
    audienceKind: text(oauth.audience, "resource"),
    audienceClaim: text(oauth.audience_claim, "aud"),
    header: text(oauth.header, "Authorization"),
    prefix: text(oauth.prefix, "Bearer"),
    forwardToken: forward === true || isObject(forward),
    forwardHeader: isObject(forward) ? text(forward.header) : "",
    forwardScheme: isObject(forward) ? text(forward.scheme, "keep") : "keep",
    alsoWebsocket: also.includes("websocket_protocol"),
    alsoQuery: named("query"),
    alsoCookie: named("cookie"),
    scopesAll: list(scopes.all_of),
    scopesAny: list(scopes.any_of),
    claimsAll: readRules(claims.all_of),
    claimsAny: readRules(claims.any_of),
    claimHeaders: Object.entries(member(oauth, "claim_headers")).map(([claim, header]) => ({
      claim,
      header: text(header),
    })),
    claimHeaderText: text(oauth.claim_header_text, "refuse"),
    maxTokenLifetime: text(oauth.max_token_lifetime),
    ...readSenderConstraint(oauth),
    ...readRequire(oauth),
    keyHeader: text(key.header, "X-API-Key"),
    keyPrefix: text(key.prefix),
  };
}

function kindOf(auth: Json | undefined): Authentication | null {
  if (auth === "public") return "public";
  if (isObject(auth) && "oauth" in auth) return "oauth";
  return isObject(auth) && "api_key" in auth ? "api_key" : null;
}

export function writeAuth(form: AuthForm, original: Json | undefined): Json | undefined {
  switch (form.authentication) {
    case null:
      return original;
    case "public":
      return "public";
    case "api_key": {
      const key = { ...member(original, "api_key") };
      put(key, "header", form.keyHeader.trim(), "X-API-Key");
      put(key, "prefix", form.keyPrefix.trim(), "");
      return { api_key: key };
    }
    case "oauth":
      return { oauth: writeOauth(form, member(original, "oauth")) };
  }
}

function writeOauth(form: AuthForm, written: JsonObject): JsonObject {
  const oauth: JsonObject = { ...written };
  oauth.identity_providers = form.providers;
  put(oauth, "audiences", form.audiences, []);
  put(oauth, "audience", form.audienceKind, "resource");
  put(oauth, "audience_claim", form.audienceClaim, "aud");
  put(oauth, "header", form.header.trim(), "Authorization");
  put(oauth, "prefix", form.prefix.trim(), "Bearer");
  put(oauth, "forward_token", forwardOf(form, written.forward_token), false);
  put(oauth, "also", alsoOf(form, written.also), []);
  const scopes = { ...member(written, "scopes") };
  put(scopes, "all_of", form.scopesAll, []);
  put(scopes, "any_of", form.scopesAny, []);
  put(oauth, "scopes", scopes, {});
  const claims = { ...member(written, "claims") };
  put(claims, "all_of", writeRules(form.claimsAll, claims.all_of), []);
  put(claims, "any_of", writeRules(form.claimsAny, claims.any_of), []);
  put(oauth, "claims", claims, {});
  put(oauth, "claim_headers", claimHeadersOf(form.claimHeaders), {});
  put(oauth, "claim_header_text", form.claimHeaderText, "refuse");
  put(oauth, "max_token_lifetime", form.maxTokenLifetime.trim(), "");
  writeSenderConstraint(form, oauth);
  writeRequire(form, oauth);
  return oauth;
}

function forwardOf(form: AuthForm, original: Json | undefined): Json {
  if (!form.forwardToken) return false;
  const header = form.forwardHeader.trim();
  if (!header) return true;
  const forward: JsonObject = isObject(original) ? { ...original, header } : { header };
  put(forward, "scheme", form.forwardScheme, "keep");
  return forward;
}

function alsoOf(form: AuthForm, original: Json | undefined): Json {
  const also: Json[] = [];
  if (form.alsoWebsocket) also.push("websocket_protocol");
  for (const query of form.alsoQuery) also.push({ query });
  for (const cookie of form.alsoCookie) also.push({ cookie });
  // The operator's order is kept as long as the set is the same.
  const places = (list: Json[]) => JSON.stringify(list.map((one) => JSON.stringify(one)).sort());
  return Array.isArray(original) && places(original) === places(also) ? original : also;
}

function claimHeadersOf(rows: ClaimHeader[]): JsonObject {
  const filled = rows.filter((row) => row.claim.trim() || row.header.trim());
  return Object.fromEntries(filled.map((row) => [row.claim.trim(), row.header.trim()]));
}
