import { describe, expect, it } from "vitest";
import { ago, bytes, millis, rate, span } from "./format";

describe("rates keep few digits and never round something to nothing", () => {
  const cases: [number, string][] = [
    [0, "0/s"],
    [Number.NaN, "0/s"],
    [0.001, "<0.01/s"],
    [0.2, "0.2/s"],
    [0.25, "0.25/s"],
    [3, "3/s"],
    [3.14, "3.1/s"],
    [10, "10/s"],
    [250.4, "250/s"],
    [12_300, "12.3k/s"],
    [250_000, "250k/s"],
  ];
  it.each(cases)("%d", (value, said) => expect(rate(value)).toBe(said));
});

it("latency has the unit that suits", () => {
  expect([0.25, 1.25, 40.4, 1500, null].map(millis)).toEqual(["250 µs", "1.3 ms", "40 ms", "1.5 s", "–"]);
});

it("spans have their largest unit, rounded down", () => {
  expect([0, 59, 60, 3_599, 3_600, 172_800].map(span)).toEqual([
    "0 s",
    "59 s",
    "1 min",
    "59 min",
    "1 h",
    "2 d",
  ]);
});

it("times are relative to now", () => {
  const now = 1_000_000_000;
  expect([now - 1_000, now - 60_000, now + 7_200_000].map((at) => ago(at, now))).toEqual([
    "now",
    "1 min ago",
    "in 2 h",
  ]);
});

it("sizes are binary", () => {
  expect([0, 1023, 1536, 1048576].map(bytes)).toEqual(["0 B", "1023 B", "1.5 KiB", "1 MiB"]);
});
