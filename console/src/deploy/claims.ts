// Converts claim rules between specification and form. Claims are compared by JSON type: typed without quotes, `true`
// and `42` are a boolean and a number; with quotes they are strings.
import type { Json, JsonObject } from "../api/schemas";
import { isObject, put, same, text } from "./spec";

export interface ClaimRule {
  claim: string;
  values: string[];
  /** The claim is an object, and the rule compares the names of its members. */
  keysOf: boolean;
}

/** A value of a claim as text to edit. */
export function valueText(value: Json): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return typeof valueOf(value) === "string" && !value.startsWith('"') ? value : JSON.stringify(value);
}

/** The value that typed text stands for. */
export function valueOf(typed: string): string | number | boolean {
  const trimmed = typed.trim();
  if (trimmed === "true" || trimmed === "false") return trimmed === "true";
  if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(trimmed)) {
    const number = Number(trimmed);
    if (Number.isFinite(number)) return number;
  }
  if (/^".*"$/s.test(trimmed)) {
    try {
      return JSON.parse(trimmed) as string;
    } catch {
      return trimmed;
    }
  }
  return trimmed;
}

export function readRules(rules: Json | undefined): ClaimRule[] {
  if (!Array.isArray(rules)) return [];
  return rules.map((rule) => ({
    claim: isObject(rule) ? text(rule.claim) : "",
    values: isObject(rule) && Array.isArray(rule.values) ? rule.values.map(valueText) : [],
    keysOf: isObject(rule) && rule.keys_of === true,
  }));
}

/** The rules as JSON, without empty rows. */
export function writeRules(rules: ClaimRule[], original: Json | undefined): Json {
  if (Array.isArray(original) && same(readRules(original) as unknown as Json, rules as unknown as Json)) {
    return original;
  }
  const before = Array.isArray(original) ? original : [];
  return rules
    .filter((rule) => rule.claim.trim() || rule.values.length > 0)
    .map((rule) => {
      const old = before.find((one) => isObject(one) && one.claim === rule.claim);
      const written: JsonObject = {
        ...(isObject(old) ? old : {}),
        claim: rule.claim.trim(),
        values: rule.values.map(valueOf),
      };
      put(written, "keys_of", rule.keysOf, false);
      return written;
    });
}
