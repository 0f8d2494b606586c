// Converts the limits of an agent between specification and form: a row for each. What a row cannot show is kept as it is
// written.
import type { Json, JsonObject } from "../api/schemas";
import { isObject, put, same, text } from "./spec";

/** What a limit counts by; `claim` with the name of one. */
export const PER = ["principal", "client_id", "api_key", "address", "agent", "claim"] as const;
export type Per = (typeof PER)[number];

/** What a limit permits; exactly one of them is written. */
export const MEASURES = ["rate", "concurrent", "quota"] as const;
export type Measure = (typeof MEASURES)[number];

/** How the gateways of a fleet count together. */
export const COUNTING = ["local_share", "shared", "strict"] as const;
export type Counting = (typeof COUNTING)[number];

/** What happens while the Redis is away in which they count together. */
export const ON_LOSS = ["share", "allow", "deny"] as const;
export type OnLoss = (typeof ON_LOSS)[number];

/** How limits of each kind can be counted; what is written nowhere is the first. */
export const COUNTED: Record<Measure, readonly [Counting, ...Counting[]]> = {
  rate: COUNTING,
  concurrent: ["local_share"],
  quota: ["shared", "strict"],
};

export interface LimitRow {
  name: string;
  per: Per;
  claim: string;
  scope: "agent" | "everywhere";
  measure: Measure;
  /** `100/1m` of a rate; a number of requests under way; `1000/day` of a quota. */
  value: string;
  /** Empty is the count of the rate. */
  burst: string;
  count: "all" | "failed";
  enforcement: "enforce" | "shadow";
  counting: Counting;
  onLoss: OnLoss;
  /** As it was read; `null` for a new one. */
  written: Json;
}

export const NEW_LIMIT: LimitRow = {
  name: "",
  per: "principal",
  claim: "",
  scope: "agent",
  measure: "rate",
  value: "",
  burst: "",
  count: "all",
  enforcement: "enforce",
  counting: "local_share",
  onLoss: "share",
  written: null,
};

const CLAIM = "claim:";

export interface LimitsForm {
  limits: LimitRow[];
}

export function readLimits(written: Json | undefined): LimitsForm {
  return { limits: Array.isArray(written) ? written.filter(isObject).map(readLimit) : [] };
}

/** One limit as it is written. */
export function readLimit(written: JsonObject): LimitRow {
  const per = text(written.per);
  const word = PER.find((one) => one === per);
  const measure = MEASURES.find((one) => one in written) ?? "rate";
  return {
    name: text(written.name),
    per: word ?? "claim",
    claim: per.startsWith(CLAIM) ? per.slice(CLAIM.length) : "",
    scope: written.scope === "everywhere" ? "everywhere" : "agent",
    measure,
    value: text(written[measure]),
    burst: text(written.burst),
    count: written.count === "failed" ? "failed" : "all",
    enforcement: written.enforcement === "shadow" ? "shadow" : "enforce",
    counting: COUNTING.find((one) => one === written.counting) ?? COUNTED[measure][0],
    onLoss: ON_LOSS.find((one) => one === written.on_loss) ?? "share",
    written,
  };
}

/** The limits that the form says, without empty rows; `undefined` is none, and nothing was written. */
export function writeLimits({ limits }: LimitsForm, original: Json | undefined): Json | undefined {
  if (same(readLimits(original).limits as unknown as Json, limits as unknown as Json)) return original;
  const written = limits.filter((row) => row.name.trim() || row.value.trim()).map(writeLimit);
  return written.length > 0 ? written : undefined;
}

/** One limit as the form says it. */
export function writeLimit(row: LimitRow): JsonObject {
  const before = isObject(row.written) ? row.written : {};
  if (isObject(row.written) && same(readLimit(before) as unknown as Json, row as unknown as Json))
    return before;
  const limit: JsonObject = { ...before };
  limit.name = row.name.trim();
  limit.per = row.per === "claim" ? `${CLAIM}${row.claim.trim()}` : row.per;
  limit.scope = row.scope;
  for (const other of MEASURES) delete limit[other];
  limit[row.measure] = row.measure === "concurrent" ? number(row.value) : row.value.trim();
  put(limit, "burst", row.measure === "rate" ? number(row.burst) : "", "");
  put(limit, "count", row.count, "all");
  put(limit, "enforcement", row.enforcement, "enforce");
  put(limit, "counting", row.counting, COUNTED[row.measure][0]);
  put(limit, "on_loss", isTogether(row) ? row.onLoss : "share", "share");
  return limit;
}

/** Whether Redis has part in the counting. */
export const isTogether = ({ counting }: Pick<LimitRow, "counting">): boolean => counting !== "local_share";

/** What the form says once the limit is one of another kind. */
export function measuredBy(measure: Measure, { counting }: Pick<LimitRow, "counting">): Partial<LimitRow> {
  const [first] = COUNTED[measure];
  return {
    measure,
    value: "",
    burst: "",
    counting: COUNTED[measure].find((one) => one === counting) ?? first,
  };
}

/** Digits as a number. Everything else goes to the gateway as it is, which says what is wrong with it. */
export function number(typed: string): Json {
  const trimmed = typed.trim();
  return /^\d{1,15}$/.test(trimmed) ? Number(trimmed) : trimmed;
}
