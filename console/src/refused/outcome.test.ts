import { describe, expect, it } from "vitest";
import { shownOf, wordOf } from "./outcome";

describe("what the list shows", () => {
  it.each([
    [null, null, "refused"],
    [null, "token_expired", null],
    ["all", null, null],
    ["allowed", null, "allowed"],
    ["would_refuse", "token_missing", "would_refuse"],
    ["nonsense", null, "refused"],
  ] as const)("outcome %s, reason %s", (outcome, reason, shown) =>
    expect(shownOf(outcome, reason)).toBe(shown),
  );
});

describe("how a decision is called", () => {
  it.each([
    ["allow", 200, "ok", "allowed"],
    ["allow", null, "ok", "allowed"],
    ["allow", 502, "warn", "allowed, then 502"],
    ["allow", 504, "warn", "allowed, then 504"],
    ["deny", 401, "bad", "refused"],
    ["shadow_deny", 200, "shadow", "would be refused"],
  ] as const)("%s, status %s", (decision, status, tone, word) =>
    expect(wordOf({ decision, status })).toEqual({ tone, word }),
  );
});
