// Converts the rules by operation of an agent, those of MCP or of A2A, between specification and form: a row for each name.
// What a row cannot show is kept as it is written.
import type { Json, JsonObject } from "../api/schemas";
import { isObject, list, member, put, same, text } from "./spec";

/** What rules are about, in the order in which people think of them. */
export const MCP_KINDS = ["tools", "resources", "prompts", "methods"] as const;
export const A2A_KINDS = ["operations"] as const;
export type RuleKind = (typeof MCP_KINDS)[number] | (typeof A2A_KINDS)[number];

/** `block`: callers must fulfil scopes, and perhaps more that has no field here. */
export type Access = "allow" | "deny" | "public" | "block";

export interface OperationRule {
  kind: RuleKind;
  name: string;
  access: Access;
  /** All of these scopes, in a block. */
  scopes: string[];
  /** The block as it was read; `null` for a new one. */
  written: Json;
}

export interface OperationRules {
  /** `null`: there are no rules, and who may call the agent may use all of it. */
  unlisted: string | null;
  rows: OperationRule[];
}

export function readOperationRules(rules: Json | undefined, kinds: readonly RuleKind[]): OperationRules {
  if (!isObject(rules)) return { unlisted: null, rows: [] };
  const rows = kinds.flatMap((kind) =>
    Object.entries(member(rules, kind)).map(([name, written]) => readRule(kind, name, written)),
  );
  return { unlisted: text(rules.unlisted), rows };
}

function readRule(kind: RuleKind, name: string, written: Json): OperationRule {
  const row = { kind, name, written, scopes: [] };
  if (written === "allow" || written === "deny" || written === "public") return { ...row, access: written };
  if (isObject(written) && Object.keys(written).length === 0) return { ...row, access: "allow" };
  return { ...row, access: "block", scopes: list(member(written, "scopes").all_of) };
}

/** Whether a block says more than the form shows. */
export function saysMore({ access, written }: OperationRule): boolean {
  if (access !== "block" || !isObject(written)) return false;
  const others = Object.keys(written).some((name) => name !== "scopes");
  return others || Object.keys(member(written, "scopes")).some((name) => name !== "all_of");
}

/** A name that two rows of one kind have, of which only one could be written. */
export function twice({ rows }: OperationRules): OperationRule | undefined {
  const is = (a: OperationRule) => (b: OperationRule) => a.kind === b.kind && a.name.trim() === b.name.trim();
  return rows.find((row, index) => row.name.trim() && rows.findIndex(is(row)) < index);
}

/** The rules that the form says; `undefined` is none. */
export function writeOperationRules(
  form: OperationRules,
  original: Json | undefined,
  kinds: readonly RuleKind[],
): Json | undefined {
  if (form.unlisted === null) return undefined;
  if (same(form as unknown as Json, readOperationRules(original, kinds) as unknown as Json)) return original;
  const rules: JsonObject = isObject(original) ? { ...original } : {};
  rules.unlisted = form.unlisted;
  for (const kind of kinds) {
    const rows = form.rows.filter((row) => row.kind === kind && row.name.trim());
    put(rules, kind, Object.fromEntries(rows.map((row) => [row.name.trim(), writeRule(row)])), {});
  }
  return rules;
}

function writeRule({ access, scopes, written }: OperationRule): Json {
  if (access === "allow") return isObject(written) && same(written, {}) ? written : "allow";
  if (access !== "block") return access;
  const block: JsonObject = isObject(written) ? { ...written } : {};
  const inner = { ...member(written, "scopes") };
  put(inner, "all_of", scopes, []);
  put(block, "scopes", inner, {});
  return block;
}
