import { describe, expect, it } from "vitest";
import type { AgentDetail, JsonObject } from "../api/schemas";
import { asText, sheetOf } from "./sheet";

const agent = (authentication: AgentDetail["authentication"], auth: JsonObject | string) => ({
  name: "refunds",
  display_name: null,
  url: "https://agents.example.com/refunds",
  authentication,
  spec: { route: { path: "/refunds", methods: ["POST"] }, auth } as JsonObject,
});

describe("the page for callers says what they must know", () => {
  it("of a token", () => {
    const sheet = sheetOf(
      agent("oauth", {
        oauth: { identity_providers: ["corp"], audiences: ["api://refunds"], scopes: { all_of: ["a", "b"] } },
      }),
      "TOKEN=$(x)",
    );
    expect(sheet.facts).toEqual([
      ["URL", "https://agents.example.com/refunds"],
      ["Methods", "POST"],
      ["Header", "Authorization: Bearer TOKEN"],
      ["Audience of the token", "api://refunds"],
      ["Scopes, all of", "a b"],
    ]);
    expect(sheet.lines.map((line) => line.about)).toEqual(["Get a token", "Call it"]);
    expect(sheet.answers.map(([status]) => status)).toEqual(["401", "403", "503", "502, 504"]);
  });
  it.each<[string, JsonObject, JsonObject, string | undefined]>([
    ["its URL", {}, {}, "https://agents.example.com/refunds/mcp"],
    ["its URL with the endpoint", {}, { mcp: { endpoint: "/" } }, "https://agents.example.com/refunds"],
    [
      "what is written",
      { audiences: ["a"], audience: "custom" },
      { public_url: "https://agents.example.com" },
      "a",
    ],
    ["what is written, and no URL that is not public", { audiences: ["a"] }, {}, "a"],
    [
      "both",
      { audiences: ["a"] },
      { public_url: "https://agents.example.com" },
      "a or https://agents.example.com/refunds/mcp",
    ],
    ["nothing at an agent of another protocol", {}, { protocol: "http" }, undefined],
  ])("of the audience at an agent that speaks MCP: %s", (_, oauth, own, wanted) => {
    const mcp = agent("oauth", { oauth: { identity_providers: ["corp"], ...oauth } });
    const spec = { ...mcp.spec, protocol: "mcp", ...own };
    const facts = new Map(sheetOf({ ...mcp, spec }, null).facts);
    expect(facts.get("Audience of the token")).toBe(wanted);
  });
  it("of a key in a header of its own", () => {
    const sheet = sheetOf(agent("api_key", { api_key: { header: "Authorization", prefix: "Bearer" } }), null);
    expect(sheet.facts).toContainEqual(["Header", "Authorization: Bearer API-KEY"]);
  });
  it("and nothing of how the gateway is set up behind that", () => {
    const spec = agent("oauth", { oauth: { identity_providers: ["secret-name"], audiences: ["a"] } });
    (spec.spec as JsonObject).upstream = "http://10.0.0.1:9000";
    const text = asText(sheetOf(spec, null));
    expect(text).not.toMatch(/secret-name|10\.0\.0\.1/);
  });
});
