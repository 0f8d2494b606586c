// What the rows of limits and of targets write.
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../api/schemas";
import { missing } from "./fields";
import { type AgentForm, formOf, specOf } from "./form";
import { NEW_LIMIT, measuredBy } from "./limits";
import { NEW_TARGET } from "./targets";

const BASE: JsonObject = { route: "/a", upstream: "http://a", auth: "public" };

const edited = (spec: JsonObject, change: Partial<AgentForm>) => specOf({ ...formOf(spec), ...change }, spec);

describe("limits", () => {
  it("are written as briefly as they can be", () => {
    const row = { ...NEW_LIMIT, name: " per-caller ", value: " 100/1m " };
    expect(edited(BASE, { limits: [row] }).limits).toEqual([
      { name: "per-caller", per: "principal", scope: "agent", rate: "100/1m" },
    ]);
  });

  it("of requests at once have a number, and no burst", () => {
    const asQuota = { ...NEW_LIMIT, ...measuredBy("quota", NEW_LIMIT) };
    const daily = { ...asQuota, name: "daily", value: " 1000/day ", burst: "7" };
    expect(edited(BASE, { limits: [daily] }).limits).toEqual([
      { name: "daily", per: "principal", scope: "agent", quota: "1000/day" },
    ]);
    const row = { ...NEW_LIMIT, name: "at-once", measure: "concurrent" as const, value: "4", burst: "7" };
    expect(edited(BASE, { limits: [row] }).limits).toEqual([
      { name: "at-once", per: "principal", scope: "agent", concurrent: 4 },
    ]);
  });

  it("count by a claim of this name", () => {
    const row = { ...NEW_LIMIT, name: "a", per: "claim" as const, claim: "tenant", value: "x" };
    expect(edited(BASE, { limits: [row] }).limits).toEqual([
      { name: "a", per: "claim:tenant", scope: "agent", rate: "x" },
    ]);
  });

  it("keep what the form does not show when they change", () => {
    const kept: JsonObject = { name: "b", per: "agent", scope: "agent", rate: "1/1s" };
    const more: JsonObject = { name: "a", per: "agent", scope: "agent", rate: "1/1s", burst: 3 };
    const spec = { ...BASE, limits: [{ ...more, later: "x" }, kept] };
    const [first, second] = formOf(spec).limits;
    const changed = { ...first!, measure: "concurrent" as const, value: "2" };
    expect(edited(spec, { limits: [changed, second!] }).limits).toEqual([
      { name: "a", per: "agent", scope: "agent", concurrent: 2, later: "x" },
      kept,
    ]);
    expect("limits" in edited(spec, { limits: [] })).toBe(false);
    expect("limits" in edited(BASE, { limits: [NEW_LIMIT] })).toBe(false);
  });
});

describe("targets", () => {
  const two = [
    { ...NEW_TARGET, url: "http://a" },
    { ...NEW_TARGET, url: " http://b ", weight: "2", zone: "z" },
    NEW_TARGET,
  ];

  it("take the place of the one URL", () => {
    expect(edited(BASE, { targets: two }).upstream).toEqual({
      targets: ["http://a", { url: "http://b", weight: 2, zone: "z" }],
    });
    const spec = { ...BASE, upstream: { url: "http://a", connect_timeout: "1s" } };
    expect(edited(spec, { targets: two.slice(0, 1) }).upstream).toEqual({
      connect_timeout: "1s",
      targets: ["http://a"],
    });
  });

  it("give way to one URL again", () => {
    const spec = { ...BASE, upstream: { targets: ["http://a"], balance: "round_robin" } };
    expect(edited(spec, { targets: [], upstream: "http://a" }).upstream).toEqual({
      url: "http://a",
      balance: "round_robin",
    });
  });

  it.each([
    [["http://a", ""], undefined],
    [["", ""], "An agent needs the URL of at least one target."],
    [["http://a", "b:9000"], "Write http://, https:// or unix: first, not b:9000"],
  ])("%j need URLs", (urls, said) => {
    const form = { ...formOf(BASE), targets: urls.map((url) => ({ ...NEW_TARGET, url })), upstream: "" };
    const absent = missing(form, "a");
    expect([absent.targets, absent.upstream]).toEqual([said, undefined]);
  });
});
