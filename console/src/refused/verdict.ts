// A row of the list as the decision that it is about, for when the gateway has not kept more.
import type { Decision, WholeDecision } from "../api/schemas";

/** One decision, as far as it is known. */
export type Verdict = Omit<Decision, "at" | "method" | "http_method"> &
  Pick<WholeDecision, "method"> &
  Partial<Pick<WholeDecision, "auth_method" | "iss" | "aud" | "kid" | "unverified">> & {
    time: string | null;
  };

export function verdictOf({ at, method: _authentication, http_method, ...row }: Decision): Verdict {
  return { ...row, time: at, method: http_method };
}

/** A request id as people paste it: from a log line, a header or an error body. */
export function requestIdOf(pasted: string): string {
  const text = pasted.trim();
  const named = /(?:x-)?request[-_]id"?\s*[:=]\s*"?([^\s",}]+)/i.exec(text);
  return (named?.[1] ?? text).replace(/^["']|["',]+$/g, "");
}
