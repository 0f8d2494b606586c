import { expect, test } from "vitest";
import type { EventStatus } from "../api/schemas";
import { toneOf, ways } from "./Events";

const none: EventStatus = {
  push: false,
  poll: false,
  backchannel_logout: false,
  last_event: null,
  last_verification: null,
  last_poll: null,
  counts: [],
};

test("how events come is said in words", () => {
  expect(ways({ ...none, push: true, backchannel_logout: true })).toBe("pushed, back-channel logout");
  expect(ways({ ...none, poll: true })).toBe("polled");
  expect(ways(none)).toBe("none: it is switched off");
});

test("a kill that killed nothing stands out", () => {
  expect([toneOf("unmapped"), toneOf("failed"), toneOf("late"), toneOf("denied")]).toEqual([
    "bad",
    "bad",
    "warn",
    "ok",
  ]);
});
