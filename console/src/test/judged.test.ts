import { describe, expect, it } from "vitest";
import { type Judged, hasRules, questionOf } from "./judged";

it.each([
  [{}, null],
  [{ protocol: "http" }, null],
  [{ protocol: "mcp" }, null],
  [{ protocol: "mcp", mcp: { endpoint: "/" } }, null],
  [{ protocol: "mcp", mcp: { rules: { unlisted: "deny" } } }, "mcp"],
  [{ protocol: "a2a", a2a: { rules: { unlisted: "deny" } } }, "a2a"],
  [{ protocol: "a2a", mcp: { rules: { unlisted: "deny" } } }, null],
  [{ protocol: "mcp", mcp: "${TEXT}" }, null],
])("an agent %j has rules for %s", (spec, protocol) => expect(hasRules(spec)).toBe(protocol));

describe("a question", () => {
  const judged: Judged = { by: "operation", method: " tools/call ", name: " x ", message: "{}" };
  const head: [string, string][] = [["Mcp-Name", "y"]];
  it("names an operation, or has a whole message", () => {
    expect(questionOf("a", "mcp", judged, head, "t")).toEqual({
      question: {
        agent: "a",
        headers: head,
        credential: "t",
        operation: { method: "tools/call", name: "x" },
      },
    });
    expect(questionOf("a", "mcp", { ...judged, name: "" }, [], "")).toEqual({
      question: { agent: "a", headers: [], operation: { method: "tools/call" } },
    });
    expect(questionOf("a", "mcp", { ...judged, by: "message" }, [], "")).toEqual({
      question: { agent: "a", headers: [], message: "{}" },
    });
  });
  it("names nothing but the operation of A2A", () =>
    expect(questionOf("a", "a2a", { ...judged, method: "GetTask" }, [], "")).toEqual({
      question: { agent: "a", headers: [], operation: { method: "GetTask" } },
    }));
  it("is not asked without either", () => {
    expect(questionOf("a", "mcp", { ...judged, method: " " }, [], "")).toHaveProperty("missing");
    expect(questionOf("a", "mcp", { ...judged, by: "message", message: "\n" }, [], "")).toHaveProperty(
      "missing",
    );
  });
});
