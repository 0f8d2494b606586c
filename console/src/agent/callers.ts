// Callers that were refused, in words.
import type { RefusedCaller } from "../api/schemas";
import { visible } from "../parts/visible";

/** The addresses of an IPv6 caller count as one network. */
export const networkOf = (address: string): string => (address.includes(":") ? `${address}/64` : address);

/** How often a caller was refused: a number, or from one to another where the gateway could not tell. */
export function countOf({ at_least, at_most }: RefusedCaller): string {
  const [least, most] = [at_least, at_most].map((count) => count.toLocaleString("en"));
  return least === most ? `${least}` : `${least} to ${most}`;
}

/** What was proven of a caller, as pairs of a word and a value; empty where nothing was. */
export function provenOf({ client_id, sub }: RefusedCaller): [what: string, name: string][] {
  const lines: [string, string | null][] = [
    ["client", client_id],
    ["subject", sub === client_id ? null : sub],
  ];
  return lines.flatMap(([what, name]): [string, string][] => (name === null ? [] : [[what, visible(name)]]));
}
