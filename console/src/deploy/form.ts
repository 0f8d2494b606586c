// An agent as the deploy drawer edits it. The specification stays the truth: what the form does not know is
// kept as it is, and what it knows is written as briefly as the operator wrote it.
import type { Json, JsonObject } from "../api/schemas";
import { type AuthForm, readAuth, writeAuth } from "./auth";
import { type CorsForm, readCors, writeCors } from "./cors";
import { type RouteForm, readRoute, writeRoute } from "./route";
import { flag, put, text } from "./spec";
import { type UpstreamForm, readUpstream, writeUpstream } from "./upstream";

export type { ClaimHeader } from "./auth";

export interface AgentForm extends RouteForm, UpstreamForm, AuthForm, CorsForm {
  displayName: string;
  enforcement: "enforce" | "shadow";
  websocket: boolean;
  maxBody: string;
  maxInFlight: string;
}

/** The form for a specification; `{}` is a new agent. */
export function formOf(spec: JsonObject): AgentForm {
  return {
    displayName: text(spec.display_name),
    ...readRoute(spec.route),
    ...readUpstream(spec.upstream),
    ...readAuth(spec.auth),
    ...readCors(spec),
    enforcement: spec.enforcement === "shadow" ? "shadow" : "enforce",
    websocket: flag(spec.websocket, true),
    maxBody: text(spec.max_body),
    maxInFlight: text(spec.max_in_flight),
  };
}

/** The specification that the form asks for, on top of the one that it was read from. */
export function specOf(form: AgentForm, original: JsonObject): JsonObject {
  const spec = structuredClone(original);
  put(spec, "display_name", form.displayName.trim(), "");
  spec.route = writeRoute(form, original.route);
  spec.upstream = writeUpstream(form, original.upstream);
  const auth = writeAuth(form, original.auth);
  if (auth !== undefined) spec.auth = auth;
  const cors = writeCors(form, original);
  if (cors) spec.cors = cors;
  else delete spec.cors;
  put(spec, "enforcement", form.enforcement, "enforce");
  put(spec, "websocket", form.websocket, true);
  put(spec, "max_body", sizeOf(form.maxBody, original.max_body), "");
  put(spec, "max_in_flight", countOf(form.maxInFlight), "");
  return spec;
}

/** A size that was written as a number of bytes stays a number. */
function sizeOf(size: string, original: Json | undefined): Json {
  const trimmed = size.trim();
  return typeof original === "number" && /^\d+$/.test(trimmed) ? Number(trimmed) : trimmed;
}

/** A number; what is none goes to the gateway as it is, which says what is wrong with it. */
function countOf(typed: string): Json {
  const trimmed = typed.trim();
  return /^\d{1,9}$/.test(trimmed) ? Number(trimmed) : trimmed;
}

/** What `mine` changed of `from`, on top of `onto`: what I left alone is taken from there. */
export function rebase(mine: AgentForm, from: AgentForm, onto: AgentForm): AgentForm {
  const changed = (Object.keys(mine) as (keyof AgentForm)[]).filter(
    (field) => JSON.stringify(mine[field]) !== JSON.stringify(from[field]),
  );
  return { ...onto, ...Object.fromEntries(changed.map((field) => [field, mine[field]])) };
}
