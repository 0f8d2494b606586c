import { describe, expect, it } from "vitest";
import type { Traffic } from "../api/schemas";
import { ceiling } from "../parts/Chart";
import { byReason } from "./TrafficCharts";

const traffic = (by_reason: Record<string, number[]>): Traffic => ({
  interval_seconds: 5,
  times: [0, 5],
  by_reason,
  allowed: [1, 1],
  refused: [0, 0],
  would_refuse: [0, 0],
  upstream_failed: [0, 0],
  p50_ms: [null, null],
  p99_ms: [null, null],
});

describe("decisions are drawn by reason", () => {
  const labels = (by: Record<string, number[]>) => byReason(traffic(by)).map((series) => series.label);

  it("allowed first, then the most frequent refusal; none that did not occur", () => {
    const by = { token_expired: [1, 0], ok: [9, 9], audience_mismatch: [2, 2], scope_missing: [0, 0] };
    expect(labels(by)).toEqual(["Allowed", "Wrong audience", "Token expired"]);
  });
  it("uses the sum of allowed requests when none has the reason ok", () => {
    expect(byReason(traffic({}))[0]?.values).toEqual([1, 1]);
  });
  it("shows what would be refused apart from what was", () => {
    const shadow = { ...traffic({ ok: [1, 1] }), would_refuse: [0, 3] };
    expect(byReason(shadow).map((series) => series.label)).toEqual(["Allowed", "Would be refused (shadow)"]);
    expect(labels({ ok: [1, 1] })).toEqual(["Allowed"]);
  });
  it("puts what is rare together", () => {
    const by = Object.fromEntries("abcdefg".split("").map((reason, index) => [reason, [index + 1, 0]]));
    const series = byReason(traffic(by));
    expect(series).toHaveLength(7);
    expect(series.at(-1)).toMatchObject({ label: "Other refusals", values: [3, 0] });
  });
});

it("an axis ends at a round number that is not below the highest", () => {
  expect([0, 0.07, 1, 1.1, 37, 62, 99, 101].map(ceiling).map((top) => +top.toFixed(4))).toEqual([
    0, 0.08, 1, 1.2, 40, 80, 100, 120,
  ]);
});
