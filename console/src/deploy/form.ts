// An agent as the deploy drawer edits it. The specification stays the truth: what the form does not know is
// kept as it is, and what it knows is written as briefly as the operator wrote it.
import type { Authentication, Json, JsonObject } from "../api/types";
import { type ClaimRule, readRules, writeRules } from "./claims";
import { flag, isObject, list, member, put, text } from "./spec";

export interface ClaimHeader {
  claim: string;
  header: string;
}

export interface AgentForm {
  displayName: string;
  path: string;
  host: string;
  stripPath: boolean;
  upstream: string;
  authentication: Authentication | null;
  providers: string[];
  audiences: string[];
  header: string;
  prefix: string;
  forwardToken: boolean;
  scopesAll: string[];
  scopesAny: string[];
  claimsAll: ClaimRule[];
  claimsAny: ClaimRule[];
  claimHeaders: ClaimHeader[];
  maxTokenLifetime: string;
  keyHeader: string;
  corsOrigins: string[];
  corsMethods: string[];
  corsHeaders: string[];
  corsExposed: string[];
  corsCredentials: boolean;
  corsMaxAge: string;
  enforcement: "enforce" | "shadow";
  websocket: boolean;
  maxBody: string;
}

export const EMPTY: JsonObject = {};

/** The form for a specification; `{}` is a new agent. */
export function formOf(spec: JsonObject): AgentForm {
  const route = isObject(spec.route) ? spec.route : { path: text(spec.route) };
  const upstream = isObject(spec.upstream) ? text(spec.upstream.url) : text(spec.upstream);
  const auth = spec.auth;
  const oauth = member(auth, "oauth");
  const key = member(auth, "api_key");
  const cors = member(spec, "cors");
  const scopes = member(oauth, "scopes");
  const claims = member(oauth, "claims");
  return {
    displayName: text(spec.display_name),
    path: text(route.path),
    host: text(route.host),
    stripPath: flag(route.strip_path, false),
    upstream,
    authentication: authenticationOf(auth),
    providers: list(oauth.identity_providers),
    audiences: list(oauth.audiences),
    header: text(oauth.header, "Authorization"),
    prefix: text(oauth.prefix, "Bearer"),
    forwardToken: flag(oauth.forward_token, false),
    scopesAll: list(scopes.all_of),
    scopesAny: list(scopes.any_of),
    claimsAll: readRules(claims.all_of),
    claimsAny: readRules(claims.any_of),
    claimHeaders: Object.entries(member(oauth, "claim_headers")).map(([claim, header]) => ({
      claim,
      header: text(header),
    })),
    maxTokenLifetime: text(oauth.max_token_lifetime),
    keyHeader: text(key.header, "X-API-Key"),
    corsOrigins: list(cors.allowed_origins),
    corsMethods: list(cors.allowed_methods),
    corsHeaders: list(cors.allowed_headers),
    corsExposed: list(cors.exposed_headers),
    corsCredentials: flag(cors.allow_credentials, false),
    corsMaxAge: text(cors.max_age),
    enforcement: spec.enforcement === "shadow" ? "shadow" : "enforce",
    websocket: flag(spec.websocket, true),
    maxBody: text(spec.max_body),
  };
}

/** The specification that the form asks for, on top of the one that it was read from. */
export function specOf(form: AgentForm, original: JsonObject): JsonObject {
  const spec = structuredClone(original);
  put(spec, "display_name", form.displayName.trim(), "");
  spec.route = routeOf(form, original.route);
  spec.upstream = upstreamOf(form, original.upstream);
  if (form.authentication) spec.auth = authOf(form, original.auth);

  const cors = { ...member(original, "cors") };
  put(cors, "allowed_origins", form.corsOrigins, []);
  put(cors, "allowed_methods", form.corsMethods, []);
  put(cors, "allowed_headers", form.corsHeaders, []);
  put(cors, "exposed_headers", form.corsExposed, []);
  put(cors, "allow_credentials", form.corsCredentials, false);
  put(cors, "max_age", form.corsMaxAge.trim(), "");
  if (form.corsOrigins.length === 0 && !isObject(original.cors)) delete spec.cors;
  else if (form.corsOrigins.length === 0 && list(member(original, "cors").allowed_origins).length > 0)
    delete spec.cors;
  else spec.cors = cors;

  put(spec, "enforcement", form.enforcement, "enforce");
  put(spec, "websocket", form.websocket, true);
  put(spec, "max_body", sizeOf(form.maxBody, original.max_body), "");
  return spec;
}

function authenticationOf(auth: Json | undefined): Authentication | null {
  if (auth === "public") return "public";
  if (isObject(auth) && "oauth" in auth) return "oauth";
  return isObject(auth) && "api_key" in auth ? "api_key" : null;
}

function routeOf(form: AgentForm, original: Json | undefined): Json {
  const path = form.path.trim();
  const host = form.host.trim();
  if (!isObject(original) && !host && !form.stripPath) return path;
  const route: JsonObject = isObject(original) ? { ...original } : {};
  route.path = path;
  put(route, "host", host, "");
  put(route, "strip_path", form.stripPath, false);
  return route;
}

function upstreamOf(form: AgentForm, original: Json | undefined): Json {
  const url = form.upstream.trim();
  return isObject(original) ? { ...original, url } : url;
}

function authOf(form: AgentForm, original: Json | undefined): Json {
  if (form.authentication === "public") return "public";
  if (form.authentication === "api_key") {
    const key = { ...member(original, "api_key") };
    put(key, "header", form.keyHeader.trim(), "X-API-Key");
    return { api_key: key };
  }
  const written = member(original, "oauth");
  const oauth: JsonObject = { ...written };
  oauth.identity_providers = form.providers;
  put(oauth, "audiences", form.audiences, []);
  put(oauth, "header", form.header.trim(), "Authorization");
  put(oauth, "prefix", form.prefix.trim(), "Bearer");
  put(oauth, "forward_token", form.forwardToken, false);
  const scopes = { ...member(written, "scopes") };
  put(scopes, "all_of", form.scopesAll, []);
  put(scopes, "any_of", form.scopesAny, []);
  put(oauth, "scopes", scopes, {});
  const claims = { ...member(written, "claims") };
  put(claims, "all_of", writeRules(form.claimsAll, claims.all_of), []);
  put(claims, "any_of", writeRules(form.claimsAny, claims.any_of), []);
  put(oauth, "claims", claims, {});
  put(oauth, "claim_headers", headersOf(form.claimHeaders), {});
  put(oauth, "max_token_lifetime", form.maxTokenLifetime.trim(), "");
  return { oauth };
}

function headersOf(rows: ClaimHeader[]): JsonObject {
  const filled = rows.filter((row) => row.claim.trim() || row.header.trim());
  return Object.fromEntries(filled.map((row) => [row.claim.trim(), row.header.trim()]));
}

/** A size that was written as a number of bytes stays a number. */
function sizeOf(size: string, original: Json | undefined): Json {
  const trimmed = size.trim();
  return typeof original === "number" && /^\d+$/.test(trimmed) ? Number(trimmed) : trimmed;
}

/** What `mine` changed of `from`, on top of `onto`: what I left alone is taken from there. */
export function rebase(mine: AgentForm, from: AgentForm, onto: AgentForm): AgentForm {
  const changed = (Object.keys(mine) as (keyof AgentForm)[]).filter(
    (field) => JSON.stringify(mine[field]) !== JSON.stringify(from[field]),
  );
  return { ...onto, ...Object.fromEntries(changed.map((field) => [field, mine[field]])) };
}
