// A row of the list as a decision, for when the gateway has not kept the whole one.
import type { Decision, WholeDecision } from "../api/schemas";

/** One decision, as far as it is known. */
export type Verdict = Omit<Decision, "at" | "method" | "http_method"> &
  Pick<WholeDecision, "method" | "auth_method"> &
  Partial<Pick<WholeDecision, "iss" | "aud" | "kid" | "unverified">> & {
    time: string | null;
  };

export function verdictOf({ at, method, http_method, ...row }: Decision): Verdict {
  return { ...row, time: at, auth_method: method, method: http_method };
}

/** What names the caller: its API key or its client. With OAuth, `key_id` is the key that signed the token. */
export function callerOf({ method, key_name, key_id, client_id }: Decision): string | null {
  return method === "api_key" ? (key_name ?? key_id) : client_id;
}

/** The request ID in pasted text: a log line, a header or an error body. */
export function requestIdOf(pasted: string): string {
  const text = pasted.trim();
  const named = /(?:x-)?request[-_]id"?\s*[:=]\s*"?([^\s",}]+)/i.exec(text);
  return (named?.[1] ?? text).replace(/^["']|["',]+$/g, "");
}
