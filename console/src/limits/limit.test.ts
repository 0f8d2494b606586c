// What the form of a limit of all agents reads, writes and misses.
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../api/schemas";
import { measuredBy } from "../deploy/limits";
import { fieldOf, missing, rowOf, specOf } from "./limit";

const GUESSES: JsonObject = {
  per: "address",
  scope: "everywhere",
  rate: "20/1m",
  count: "failed",
  counting: "shared",
  on_loss: "allow",
};

describe("the form of a limit", () => {
  it("keeps what nobody changed, and has no name in what is sent", () => {
    const row = rowOf({ name: "guesses", spec: GUESSES });
    expect(specOf(row)).toEqual(GUESSES);
    expect(specOf({ ...row, ...measuredBy("quota", row), value: " 5/day " })).toEqual({
      per: "address",
      scope: "everywhere",
      quota: "5/day",
      count: "failed",
      counting: "shared",
      on_loss: "allow",
    });
  });

  it.each([
    ["rate", { counting: "strict" }, { counting: "strict", on_loss: "allow" }],
    ["rate", { counting: "local_share" }, {}],
    ["rate", { onLoss: "deny" }, { counting: "shared", on_loss: "deny" }],
    ["rate", { onLoss: "share" }, { counting: "shared" }],
    ["quota", { counting: "strict" }, { counting: "strict", on_loss: "allow" }],
    ["concurrent", {}, {}],
  ] as const)("of a %s with %j says how it is counted: %j", (measure, change, wanted) => {
    const row = rowOf({ name: "guesses", spec: GUESSES });
    const { counting, on_loss } = specOf({ ...row, ...measuredBy(measure, row), ...change });
    expect({ counting, on_loss }).toEqual({ counting: undefined, on_loss: undefined, ...wanted });
  });

  it("begins a new one that only counts", () => {
    const row = { ...rowOf(null), name: "daily", value: "4", measure: "concurrent" as const };
    expect(specOf(row)).toEqual({
      per: "principal",
      scope: "agent",
      concurrent: 4,
      enforcement: "shadow",
    });
  });

  it.each([
    [{ name: "" }, ["name"]],
    [{ name: "A b" }, ["name"]],
    [{ value: " " }, ["value"]],
    [{ per: "claim" as const }, ["claim"]],
    [{}, []],
  ])("of %j misses %j", (change, wanted) => {
    const row = { ...rowOf({ name: "guesses", spec: GUESSES }), ...change };
    expect(Object.keys(missing(row))).toEqual(wanted);
  });

  it("has the findings of the gateway beside its fields", () => {
    const row = rowOf({ name: "guesses", spec: GUESSES });
    expect(["/rate", "/quota", "/per", "/burst", "/on_loss", "", null].map((at) => fieldOf(at, row))).toEqual(
      ["value", "value", "per", "burst", "onLoss", null, null],
    );
    expect(fieldOf("/per", { ...row, per: "claim" })).toBe("claim");
  });
});
