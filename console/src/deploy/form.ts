// An agent as the deploy form edits it. The specification is the source of truth: the form keeps members that it does
// not know, and writes the others as briefly as the operator did.
import type { JsonObject } from "../api/schemas";
import { type AssertionForm, readAssertion, writeAssertion } from "./assertion";
import { type AuthForm, readAuth, writeAuth } from "./auth";
import { type CorsForm, readCors, writeCors } from "./cors";
import { type LimitsForm, readLimits, writeLimits } from "./limits";
import { type PlainForm, readPlain, writePlain } from "./plain";
import { type RouteForm, readRoute, writeRoute } from "./route";
import { type ProtocolForm, readProtocol, writeProtocol } from "./protocol";
import { put, text } from "./spec";
import { type UpstreamForm, readUpstream, writeUpstream } from "./upstream";

export type { ClaimHeader } from "./auth";

export interface AgentForm
  extends RouteForm, UpstreamForm, AuthForm, AssertionForm, CorsForm, ProtocolForm, LimitsForm, PlainForm {
  displayName: string;
  enforcement: "enforce" | "shadow";
}

/** The form for a specification; `{}` is a new agent. */
export function formOf(spec: JsonObject): AgentForm {
  return {
    displayName: text(spec.display_name),
    ...readRoute(spec.route),
    ...readUpstream(spec.upstream),
    ...readAuth(spec.auth),
    ...readAssertion(spec),
    ...readCors(spec),
    ...readProtocol(spec),
    enforcement: spec.enforcement === "shadow" ? "shadow" : "enforce",
    ...readLimits(spec.limits),
    ...readPlain(spec),
  };
}

/** The specification that the form was read from, with the changes of the form. */
export function specOf(form: AgentForm, original: JsonObject): JsonObject {
  const spec = structuredClone(original);
  put(spec, "display_name", form.displayName.trim(), "");
  spec.route = writeRoute(form, original.route);
  spec.upstream = writeUpstream(form, original.upstream);
  const auth = writeAuth(form, original.auth);
  if (auth !== undefined) spec.auth = auth;
  const assertion = writeAssertion(form, original);
  if (assertion) spec.assertion = assertion;
  else delete spec.assertion;
  const cors = writeCors(form, original);
  if (cors) spec.cors = cors;
  else delete spec.cors;
  put(spec, "enforcement", form.enforcement, "enforce");
  const limits = writeLimits(form, original.limits);
  if (limits) spec.limits = limits;
  else delete spec.limits;
  writePlain(form, spec, original);
  writeProtocol(form, spec);
  return spec;
}

/** Applies the changes that `mine` made to `from` to `onto`; unchanged fields are those of `onto`. */
export function rebase(mine: AgentForm, from: AgentForm, onto: AgentForm): AgentForm {
  const changed = (Object.keys(mine) as (keyof AgentForm)[]).filter(
    (field) => JSON.stringify(mine[field]) !== JSON.stringify(from[field]),
  );
  const plain = Object.entries(mine.plain).filter(([pointer, value]) => value !== from.plain[pointer]);
  return {
    ...onto,
    ...Object.fromEntries(changed.map((field) => [field, mine[field]])),
    plain: { ...onto.plain, ...Object.fromEntries(plain) },
  };
}
