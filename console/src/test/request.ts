// Parses the input of a test request: headers, one per line, and a path below the agent's route.
import { TRIAL_METHODS } from "../api/schemas";

export type Method = (typeof TRIAL_METHODS)[number];

/** The method of that name; GET when a test request cannot have it. */
export const methodOf = (name: string): Method => TRIAL_METHODS.find((method) => method === name) ?? "GET";

export function parseHeaders(typed: string): { headers: [string, string][]; wrong: string | null } {
  const headers: [string, string][] = [];
  for (const line of typed.split("\n")) {
    if (!line.trim()) continue;
    const colon = line.indexOf(":");
    if (colon < 1) return { headers, wrong: `Expected Name: value, found “${line.trim()}”.` };
    headers.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()]);
  }
  return { headers, wrong: null };
}

/** The path as the API expects it: empty, or beginning with a slash or a question mark. */
export function pathBelow(typed: string): string {
  const path = typed.trim();
  return path === "" || /^[/?]/.test(path) ? path : `/${path}`;
}

/** The headers to send: a body is JSON unless one of them says otherwise. */
export function withType(headers: [string, string][], body: string | null): [string, string][] {
  const typed = headers.some(([name]) => name.toLowerCase() === "content-type");
  return body === null || typed ? headers : [...headers, ["Content-Type", "application/json"]];
}
