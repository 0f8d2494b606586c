// Converts the settings of assertions between specification and form.
import type { JsonObject } from "../api/schemas";
import { flag, isObject, list, member, put, text } from "./spec";

export interface AssertionForm {
  /** Whether the agent is told of its callers. */
  asserts: boolean;
  assertionHeader: string;
  assertionAudience: string;
  /** Empty is the usual ones. */
  assertionClaims: string[];
  assertionTtl: string;
  assertionOnPublic: boolean;
  assertionAlg: string;
}

/** The header of an assertion where none is written. */
export const USUAL_HEADER = "X-Portcullis-Assertion";
/** The algorithm of its signature, likewise. */
const USUAL_ALG = "ES256";

export function readAssertion(spec: JsonObject): AssertionForm {
  const written = member(spec, "assertion");
  return {
    asserts: isObject(spec.assertion),
    assertionHeader: text(written.header),
    assertionAudience: text(written.audience),
    assertionClaims: list(written.claims),
    assertionTtl: text(written.ttl),
    assertionOnPublic: flag(written.on_public, false),
    assertionAlg: text(written.alg, USUAL_ALG),
  };
}

/** The section; `null` when the agent is told nothing. */
export function writeAssertion(form: AssertionForm, original: JsonObject): JsonObject | null {
  if (!form.asserts) return null;
  const written = { ...member(original, "assertion") };
  put(written, "header", form.assertionHeader.trim(), "");
  put(written, "audience", form.assertionAudience.trim(), "");
  put(written, "claims", form.assertionClaims, []);
  put(written, "ttl", form.assertionTtl.trim(), "");
  put(written, "on_public", form.assertionOnPublic, false);
  put(written, "alg", form.assertionAlg, USUAL_ALG);
  return written;
}
