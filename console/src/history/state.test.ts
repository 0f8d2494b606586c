import { describe, expect, it } from "vitest";
import type { BrokenDocument, RevisionSummary } from "../api/schemas";
import { authorOf, stateOf } from "./state";

const item = (number: number, action: "updated" | "deleted" = "updated"): RevisionSummary => ({
  number,
  at: "2026-01-01T00:00:00Z",
  who: "token",
  what: "deploy",
  changes: [{ resource: "agents/a", action, live: true }],
});
const broken = (resource: string): BrokenDocument => ({
  resource,
  file: "f",
  since: "2026-01-01T00:00:00Z",
  diagnostics: [],
  last_good_revision: 1,
  restorable: true,
});

describe("a revision is live only when its text is", () => {
  it.each([
    ["the newest", item(3), true, undefined, "live"],
    ["an older one", item(2), false, undefined, "past"],
    ["a deletion", item(3, "deleted"), true, undefined, "past"],
    [
      "an edit by hand that is not read yet",
      item(3),
      true,
      { head: { number: 3, by: "token", text_is_live: false } },
      "not_live",
    ],
    [
      "another resource's text is not live",
      item(2),
      true,
      { head: { number: 3, by: "token", text_is_live: false } },
      "live",
    ],
    ["its file is broken", item(3), true, { broken_documents: [broken("agents/a")] }, "broken"],
    ["another file is broken", item(3), true, { broken_documents: [broken("agents/b")] }, "live"],
  ] as const)("%s", (_, one, newest, status, state) =>
    expect(stateOf(one, "agents/a", newest, status as Parameters<typeof stateOf>[3])).toBe(state),
  );
});

it.each([
  ["files", "by hand, in the files"],
  ["session 69e550 from 127.0.0.1", "by console session 69e550 from 127.0.0.1"],
  ["token from 10.0.0.1", "by token from 10.0.0.1"],
])("%s made it", (who, text) => expect(authorOf(who).text).toBe(text));
