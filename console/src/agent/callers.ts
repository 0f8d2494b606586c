// Callers that were refused, in words.
import type { RefusedCaller } from "../api/schemas";

/** The addresses of an IPv6 caller count as one network. */
export const networkOf = (address: string): string => (address.includes(":") ? `${address}/64` : address);

/** How often a caller was refused: a number, or from one to another where the gateway could not tell. */
export function countOf({ at_least, at_most }: RefusedCaller): string {
  const [least, most] = [at_least, at_most].map((count) => count.toLocaleString("en"));
  return least === most ? `${least}` : `${least} to ${most}`;
}
