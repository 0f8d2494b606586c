import { expect, it } from "vitest";
import type { Attention } from "../api/types";
import { placeOf, worstFirst } from "./attention";

const line = (level: Attention["level"], code: string, subject: Attention["subject"] = null): Attention => ({
  level,
  code,
  text: code,
  subject,
  since: null,
  until: null,
});

it("errors stand before warnings, and warnings before notes, in the order in which they came", () => {
  const lines = [line("note", "a"), line("warning", "b"), line("error", "c"), line("warning", "d")];
  expect(worstFirst(lines).map((one) => one.code)).toEqual(["c", "b", "d", "a"]);
});

it.each([
  [line("error", "upstream_failing", { kind: "agent", name: "a b" }), "/agents/a%20b"],
  [line("error", "agent_refuses_all", { kind: "agent", name: "a" }), "/why-refused?agent=a"],
  [
    line("error", "provider_failing", { kind: "identity_provider", name: "corp" }),
    "/identity-providers/corp",
  ],
  [line("error", "certificate", { kind: "listener", name: "0.0.0.0:8443" }), null],
  [line("error", "log_lines_lost"), null],
])("leads to the page of its subject: %j", (one, place) => expect(placeOf(one)).toBe(place));
