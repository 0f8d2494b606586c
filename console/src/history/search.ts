// What the search of the history looks for.
import type { RevisionSummary } from "../api/schemas";

/** A whole resource is looked for by the gateway; `undefined` when the text is something else. */
export function resourceIn(typed: string): string | undefined {
  return /^(agents|identity_providers|api_keys)\/[A-Za-z0-9-]+$/.test(typed) ? typed : undefined;
}

/** Whether every word is somewhere in a revision. */
export function matches(item: RevisionSummary, typed: string): boolean {
  const text = [
    `revision ${item.number}`,
    item.who,
    item.what,
    ...item.changes.map((one) => `${one.resource} ${one.action}`),
  ]
    .join("\n")
    .toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
