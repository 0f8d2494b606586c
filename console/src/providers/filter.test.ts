import { expect, it } from "vitest";
import type { Health, ProviderSummary } from "../api/schemas";
import { found, rank } from "./filter";

const provider = (name: string, health: Health, used_by_total: number): ProviderSummary => ({
  name,
  issuer: `https://${name}.example.com`,
  source: "discovery",
  managed_by: "store",
  used_by: [],
  used_by_total,
  health,
  keys: 1,
});
const all = [provider("a", "ok", 1), provider("b", "failing", 0), provider("c", "stale", 2)];

it.each([
  ["", null, ["a", "b", "c"]],
  ["B.EXAMPLE", null, ["b"]],
  ["", "unhealthy", ["b", "c"]],
  ["", "unused", ["b"]],
  ["a.example", "unused", []],
] as const)("%j, %s", (typed, filter, names) =>
  expect(found(all, typed, filter).map((one) => one.name)).toEqual(names),
);

it("those that fail come first", () => {
  expect([...all].sort((x, y) => rank(x) - rank(y)).map((one) => one.name)).toEqual(["b", "c", "a"]);
});
