// The search of the history: the gateway finds a whole resource, the page finds words.
import type { RevisionSummary } from "../api/schemas";

/** The resource that the text names; `undefined` when it is something else. */
export function resourceIn(typed: string): string | undefined {
  return /^(agents|identity_providers|api_keys|limits)\/[A-Za-z0-9-]+$/.test(typed) ? typed : undefined;
}

/** Whether each word occurs in a revision. */
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
