import { describe, expect, it } from "vitest";
import { type AgentForm, formOf } from "./form";
import { either, receives } from "./receives";

const oauth: AgentForm = { ...formOf({}), authentication: "oauth", providers: ["corp"] };

describe("the sentence says what the agent will receive", () => {
  const cases: [string, AgentForm, string[]][] = [
    ["nothing chosen", formOf({}), ["Choose who may call"]],
    ["no provider yet", { ...oauth, providers: [] }, ["Choose the identity providers"]],
    [
      "any audience",
      oauth,
      ["valid token from corp", "for any audience", "without the header Authorization"],
    ],
    ["two audiences", { ...oauth, audiences: ["a", "b"] }, ["for the audience a or b"]],
    ["MCP", { ...oauth, protocol: "mcp" }, ["issued for the URL of this agent"]],
    [
      "MCP, custom",
      { ...oauth, protocol: "mcp", audienceKind: "custom", audiences: ["a"] },
      ["for the audience a get"],
    ],
    [
      "MCP, both",
      { ...oauth, protocol: "mcp", audiences: ["a"], publicUrl: "https://g" },
      ["for the audience a or the URL of this agent"],
    ],
    ["MCP, no public URL", { ...oauth, protocol: "mcp", audiences: ["a"] }, ["for the audience a get"]],
    ["A2A", { ...oauth, protocol: "a2a" }, ["for any audience"]],
    ["forwarded", { ...oauth, forwardToken: true }, ["with the header Authorization exactly as"]],
    ["another header", { ...oauth, header: "X-Token" }, ["without the header X-Token"]],
    [
      "claim headers",
      { ...oauth, claimHeaders: [{ claim: "sub", header: "X-Sub" }] },
      ["adds X-Sub (the claim sub)", "cannot set it"],
    ],
    [
      "shadow",
      { ...oauth, enforcement: "shadow" },
      ["every request is allowed", "anyone but callers with a valid token from corp", "would be refused"],
    ],
    [
      "another header",
      { ...oauth, forwardToken: true, forwardHeader: "X-T" },
      ["in the header X-T, with its scheme"],
    ],
    [
      "API key",
      { ...oauth, authentication: "api_key" },
      ["API key of this agent", "without the header X-API-Key"],
    ],
    [
      "assertion",
      { ...oauth, asserts: true },
      ["says who calls in a token that it signs, in X-Portcullis-Assertion"],
    ],
    ["assertion in shadow", { ...oauth, asserts: true, enforcement: "shadow" }, ["gets no assertion"]],
    [
      "assertion for everybody",
      { ...oauth, authentication: "public", asserts: true, assertionOnPublic: true, assertionHeader: "X-W" },
      ["says that a request came through it in a token that it signs, in X-W"],
    ],
    ["public", { ...oauth, authentication: "public" }, ["Anyone can call", "as it was sent"]],
  ];
  it.each(cases)("%s", (_, form, parts) => {
    for (const part of parts) expect(receives(form)).toContain(part);
  });

  it("knows the public URL of the gateway", () => {
    const form = { ...oauth, protocol: "mcp" as const, audiences: ["a"] };
    expect(receives(form, "https://g")).toContain("for the audience a or the URL of this agent");
  });

  it("does not say of a shadow agent that only some get through", () => {
    expect(receives({ ...oauth, enforcement: "shadow" })).not.toContain("get through");
  });

  it("does not speak of claims or shadow where they do nothing", () => {
    const form = { ...oauth, authentication: "public" as const, enforcement: "shadow" as const };
    const said = receives({ ...form, claimHeaders: [{ claim: "sub", header: "X-Sub" }] });
    expect(said).not.toContain("X-Sub");
    expect(said).not.toContain("Shadow");
  });
});

it("joins words as people do", () => {
  expect([either([]), either(["a"]), either(["a", "b"]), either(["a", "b", "c"], "and")]).toEqual([
    "",
    "a",
    "a or b",
    "a, b and c",
  ]);
});
