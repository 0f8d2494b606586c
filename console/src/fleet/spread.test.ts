import { describe, expect, it } from "vitest";
import { fleet, member } from "./fixtures";
import { type FleetReached, isEverywhere, isSettled, reachInWords, reachOf, said, toneOf } from "./spread";

const reach = (over: Partial<FleetReached> = {}): FleetReached => ({
  revision: 41,
  members: 3,
  running: 3,
  behind: [],
  refused: [],
  ...over,
});

describe("how far a change has come", () => {
  it("counts who runs it or a later one, and leaves the vanished out", () => {
    const members = [
      member("a"),
      member("b", { revision: 42 }),
      member("c", { revision: 40, state: "behind" }),
      member("d", { revision: 40, state: "refused", refused: { revision: 41, findings: [] } }),
      member("e", { revision: 40, state: "vanished" }),
    ];
    expect(reachOf(fleet(members), 41)).toEqual(
      reach({ members: 4, running: 2, behind: ["c"], refused: ["d"] }),
    );
  });
  it("does not count the refusal of an earlier revision", () => {
    const late = member("a", { revision: 40, state: "behind", refused: { revision: 39, findings: [] } });
    expect(reachOf(fleet([late]), 41)).toMatchObject({ behind: ["a"], refused: [] });
  });
  it("is settled when all others refused", () => {
    expect(isSettled(reach())).toBe(true);
    expect(isSettled(reach({ running: 2, refused: ["c"] }))).toBe(true);
    expect(isSettled(reach({ running: 1, behind: ["b"], refused: ["c"] }))).toBe(false);
  });
});

it.each([
  [reach(), "3 of 3 gateways run revision 41", "ok"],
  [reach({ running: 2, behind: ["c"] }), "2 of 3 gateways run revision 41; c is behind", "warn"],
  [
    reach({ members: 4, running: 1, behind: ["b", "c"], refused: ["d"] }),
    "1 of 4 gateways runs revision 41; d refused it; b and c are behind",
    "bad",
  ],
  [
    reach({ members: 9, running: 4, behind: ["a", "b", "c", "d", "e"] }),
    "4 of 9 gateways run revision 41; a, b, c and 2 more are behind",
    "warn",
  ],
] as const)("is told in one sentence: %j", (shown, words, tone) => {
  expect(reachInWords(shown)).toBe(words);
  expect(toneOf(shown)).toBe(tone);
});

it("is everywhere when all run it, and where there is no fleet", () => {
  const answers = [{}, { fleet: null }, { fleet: reach() }, { fleet: reach({ running: 2, behind: ["c"] }) }];
  expect(answers.map(isEverywhere)).toEqual([true, true, true, false]);
});

it("stands behind what was done, only where there is a fleet", () => {
  expect(said("Saved.", {})).toEqual({ text: "Saved.", tone: "ok" });
  expect(said("Saved.", { fleet: reach() })).toEqual({
    text: "Saved. 3 of 3 gateways run revision 41.",
    tone: "ok",
  });
  expect(said("Saved.", { fleet: reach({ running: 2, refused: ["c"] }) }).tone).toBe("warn");
});
