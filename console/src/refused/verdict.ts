// A row of the list as the decision that it is about, for when the gateway has not kept more.
import type { Decision, Verdict } from "../api/types";

export function verdictOf(row: Decision): Verdict {
  return {
    time: row.at,
    agent: row.agent,
    method: row.http_method ?? null,
    path: row.path ?? null,
    remote: row.remote ?? null,
    decision: row.decision,
    reason: row.reason,
    status: row.status ?? null,
    provider: row.provider,
    key_id: row.key_id ?? null,
    key_name: row.key_name ?? null,
    client_id: row.client_id ?? null,
    check: row.check ?? null,
    seen: row.seen ?? null,
    wanted: row.wanted ?? null,
    fix: row.fix ?? null,
    upstream_error: row.upstream_error ?? null,
  };
}

/** A request id as people paste it: from a log line, a header or an error body. */
export function requestIdOf(pasted: string): string {
  const text = pasted.trim();
  const named = /(?:x-)?request[-_]id"?\s*[:=]\s*"?([^\s",}]+)/i.exec(text);
  return (named?.[1] ?? text).replace(/^["']|["',]+$/g, "");
}
