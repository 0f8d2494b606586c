import { describe, expect, it } from "vitest";
import { clock, exact } from "./zone";

const at = new Date("2026-11-28T23:30:07.9Z");

describe("a timestamp names its zone", () => {
  it.each([
    ["utc", 60, "2026-11-28 23:30:07 UTC"],
    ["local", 60, "2026-11-29 00:30:07 +01:00"],
    ["local", 0, "2026-11-28 23:30:07 +00:00"],
    ["local", -570, "2026-11-28 14:00:07 −09:30"],
  ] as const)("%s, offset %i", (zone, offset, text) => expect(exact(at, zone, offset)).toBe(text));
  it("in short, too", () => expect(clock(at, "utc")).toBe("23:30:07 UTC"));
});
