import { describe, expect, it } from "vitest";
import type { Decision } from "../api/schemas";
import { REASONS, meaning } from "./reasons";
import { merged } from "./useDecisions";

const at = (second: number, request_id: string): Decision => ({
  at: `2026-01-01T00:00:${String(second).padStart(2, "0")}Z`,
  agent: "a",
  method: "oauth",
  decision: "deny",
  reason: "token_expired",
  provider: null,
  request_id,
  http_method: "GET",
  path: "/",
  remote: null,
  status: 401,
  upstream_error: null,
  key_id: null,
  key_name: null,
  client_id: null,
  operation: null,
  check: null,
  seen: null,
  wanted: null,
  fix: null,
});

describe("decisions are merged", () => {
  it("newest first, each once", () => {
    const ids = merged([at(3, "c"), at(2, "b")], [at(2, "b"), at(1, "a")]).map((one) => one.request_id);
    expect(ids).toEqual(["c", "b", "a"]);
  });
  it("and no more are kept than can be looked at", () => {
    const many = Array.from({ length: 500 }, (_, index) => at(index % 60, String(index)));
    expect(merged(many, [])).toHaveLength(100);
  });
});

describe("each reason is explained in plain words", () => {
  it.each(REASONS)("%s", (reason) => {
    const { title, means, todo } = meaning(reason);
    expect(title).not.toContain("_");
    expect(means.length).toBeGreaterThan(20);
    expect(todo.length).toBeGreaterThan(20);
  });
  it("an unknown one is shown as it came", () => expect(meaning("later").title).toBe("later"));
});
