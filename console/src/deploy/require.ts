// Converts what an agent requires of a token beside scopes and claims between specification and form.
import type { Json, JsonObject } from "../api/schemas";
import { flag, isObject, list, member, put, text } from "./spec";

/** Somebody who may act for the subject of a token. */
export interface Actor {
  issuer: string;
  sub: string;
}

export interface RequireForm {
  acrValues: string[];
  maxAuthAge: string;
  amrAny: string[];
  tokenProfile: string;
  clientsAllow: string[];
  clientsDeny: string[];
  actors: Actor[];
  /** The longest chain of actors; empty is the default. */
  actorDepth: string;
  actorRequired: boolean;
}

export function readRequire(oauth: JsonObject): RequireForm {
  const require = member(oauth, "require");
  const clients = member(require, "clients");
  const actor = member(require, "actor");
  const allow = Array.isArray(actor.allow) ? actor.allow : [];
  return {
    acrValues: list(require.acr_values),
    maxAuthAge: text(require.max_auth_age),
    amrAny: list(require.amr_any),
    tokenProfile: text(require.token_profile, "any"),
    clientsAllow: list(clients.allow),
    clientsDeny: list(clients.deny),
    actors: allow.map((one) =>
      isObject(one) ? { issuer: text(one.issuer), sub: text(one.sub) } : { issuer: "", sub: text(one) },
    ),
    actorDepth: text(actor.max_depth),
    actorRequired: flag(actor.required, false),
  };
}

/** Writes the input into `oauth`. Members that the form does not know are kept. */
export function writeRequire(form: RequireForm, oauth: JsonObject): void {
  const require = { ...member(oauth, "require") };
  put(require, "acr_values", form.acrValues, []);
  put(require, "max_auth_age", form.maxAuthAge.trim(), "");
  put(require, "amr_any", form.amrAny, []);
  put(require, "token_profile", form.tokenProfile, "any");
  const clients = { ...member(require, "clients") };
  put(clients, "allow", form.clientsAllow, []);
  put(clients, "deny", form.clientsDeny, []);
  put(require, "clients", clients, {});
  const actor = { ...member(require, "actor") };
  put(actor, "allow", actorsOf(form.actors), []);
  put(actor, "max_depth", numberOf(form.actorDepth.trim()), "");
  put(actor, "required", form.actorRequired, false);
  put(require, "actor", actor, {});
  put(oauth, "require", require, {});
}

function actorsOf(rows: Actor[]): Json {
  return rows
    .map(({ issuer, sub }) => ({ issuer: issuer.trim(), sub: sub.trim() }))
    .filter(({ issuer, sub }) => issuer || sub);
}

/** Text that is not a number goes to the gateway as it is, which says what is wrong with it. */
function numberOf(typed: string): Json {
  return /^\d{1,15}$/.test(typed) ? Number(typed) : typed;
}
