import { expect, it } from "vitest";
import type { RevisionSummary } from "../api/schemas";
import { matches, resourceIn } from "./search";

const item: RevisionSummary = {
  number: 12,
  at: "2026-01-01T00:00:00Z",
  who: "files",
  what: "edited by hand",
  changes: [{ resource: "agents/refunds", action: "updated", live: true }],
};

it.each([
  ["", true],
  ["refunds", true],
  ["FILES hand", true],
  ["revision 12", true],
  ["files deleted", false],
])("%j matches: %s", (typed, found) => expect(matches(item, typed)).toBe(found));

it.each([
  ["agents/refunds", "agents/refunds"],
  ["api_keys/Yq3Zk81b", "api_keys/Yq3Zk81b"],
  ["limits/guesses", "limits/guesses"],
  ["agents/", undefined],
  ["refunds", undefined],
])("%j is the resource %s", (typed, resource) => expect(resourceIn(typed)).toBe(resource));
