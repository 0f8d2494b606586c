// A limit of the callers of every agent: in words, and between its specification and the form.
import type { Json, JsonObject, LimitDetail, LimitSummary } from "../api/schemas";
import type { LimitField } from "../deploy/OneLimit";
import { type LimitRow, NEW_LIMIT, readLimit, writeLimit } from "../deploy/limits";

/** How the gateways of a fleet count. */
export function togetherOf({ counting }: Pick<LimitSummary, "counting">): string {
  switch (counting) {
    case "local_share":
      return "each gateway counts its part";
    case "shared":
      return "all gateways count together, in the background";
    case "strict":
      return "all gateways count together, and ask for each request";
  }
}

/** The form of a limit; a new one only counts, until somebody has looked at what it would refuse. */
export function rowOf(limit: Pick<LimitDetail, "name" | "spec"> | null): LimitRow {
  if (limit === null) return { ...NEW_LIMIT, enforcement: "shadow" };
  return readLimit({ ...limit.spec, name: limit.name });
}

/** What stands under the name of the limit; members that the form does not know are kept. */
export function specOf(row: LimitRow): JsonObject {
  const { name: _, ...spec } = writeLimit(row);
  return spec;
}

/** What is missing before the gateway is asked. */
export function missing(row: LimitRow): Partial<Record<LimitField, string>> {
  const said: Partial<Record<LimitField, string>> = {};
  const name = row.name.trim();
  if (!name) said.name = "A limit needs a name.";
  else if (!/^[a-z0-9-]{1,63}$/.test(name))
    said.name = "Lowercase letters, digits and dashes only, at most 63.";
  if (row.per === "claim" && !row.claim.trim()) said.claim = "The name of the claim is needed.";
  if (!row.value.trim()) said.value = "What it permits is needed.";
  return said;
}

const FIELDS: Record<string, LimitField> = {
  "/per": "per",
  "/rate": "value",
  "/concurrent": "value",
  "/quota": "value",
  "/burst": "burst",
  "/counting": "counting",
  "/on_loss": "onLoss",
};

/** The field that a finding's pointer names; `null` when the form has none for it. */
export function fieldOf(pointer: string | null, row: LimitRow): LimitField | null {
  const field = FIELDS[pointer ?? ""] ?? null;
  return field === "per" && row.per === "claim" ? "claim" : field;
}

/** Whether the form says something else than it said first. */
export const differs = (row: LimitRow, first: LimitRow): boolean =>
  JSON.stringify(row as unknown as Json) !== JSON.stringify(first as unknown as Json);
