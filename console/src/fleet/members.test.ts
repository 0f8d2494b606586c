import { describe, expect, it } from "vitest";
import { member } from "./fixtures";
import { labelsOf, laggards, namesakes, ordered, summary, toneOf, versions, whyNot } from "./members";

const names = (members: { name: string }[]) => members.map((one) => one.name);
const trio = [member("gateway-0"), member("gateway-1"), member("gateway-2")];

it("says in one sentence that all run the newest revision", () => {
  const twelve = Array.from({ length: 12 }, (_, index) => member(`gateway-${index}`));
  expect(summary({ revision: 41, members: twelve })).toBe("12 of 12 gateways run revision 41");
  expect(summary({ revision: 41, members: trio.slice(1, 2) })).toBe("1 of 1 gateway runs revision 41");
  expect(toneOf(twelve)).toBe("ok");
});

it.each([
  [{ state: "behind", revision: 40 }, "gateway-1 is behind: it runs revision 40", "warn"],
  [{ state: "stale" }, "gateway-1 is stale: it ran revision 41 when it last heard from etcd", "warn"],
  [
    { state: "refused", revision: 40, refused: { revision: 41, findings: [] } },
    "gateway-1 refused revision 41; the last that it runs whole is 40",
    "bad",
  ],
] as const)("names a laggard with what keeps it: %j", (over, sentence, tone) => {
  const members = [trio[0]!, member("gateway-1", over as object), trio[2]!];
  expect(summary({ revision: 41, members })).toBe("2 of 3 gateways run revision 41");
  expect(laggards(members).map(whyNot)).toEqual([sentence]);
  expect(toneOf(members)).toBe(tone);
});

it("does not count a vanished one, and names it", () => {
  const members = [trio[0]!, trio[1]!, member("gateway-2", { state: "vanished" })];
  expect(summary({ revision: 41, members })).toBe("2 of 2 gateways run revision 41");
  expect(laggards(members).map(whyNot)).toEqual(["gateway-2 vanished: it ran revision 41"]);
  expect(toneOf(members)).toBe("warn");
});

it("lists those that need somebody first, then by name as people count", () => {
  const states = ["running", "behind", "stale", "vanished", "refused"] as const;
  const members = states.map((state) => member(state, { state }));
  expect(names(ordered(members))).toEqual(["refused", "vanished", "stale", "behind", "running"]);
  expect(names(ordered([member("g-10"), member("g-9")]))).toEqual(["g-9", "g-10"]);
});

describe("two members of one name", () => {
  it("are found by their boots", () => {
    expect(namesakes([member("a", { boot_id: "1" }), member("a", { boot_id: "2" }), member("b")])).toEqual([
      "a",
    ]);
  });
  it("are not a member and what was left of it before", () => {
    const before = member("a", { boot_id: "1", state: "vanished" });
    expect(namesakes([before, member("a", { boot_id: "2" })])).toEqual([]);
  });
});

it("tells of versions only where there are several among the living", () => {
  const old = member("b", { version: "0.9.0" });
  expect(versions([member("a", { version: "0.10.0" }), old])).toEqual(["0.9.0", "0.10.0"]);
  expect(versions([member("a", { version: "0.10.0" }), { ...old, state: "vanished" }])).toEqual([]);
});

it("shows a canary as a label, and first", () => {
  expect(labelsOf(member("a", { labels: { zone: "a", canary: "true", spot: "" } }))).toEqual([
    "canary",
    "spot",
    "zone=a",
  ]);
  expect(labelsOf(member("a", { labels: { canary: "false" } }))).toEqual([]);
});
