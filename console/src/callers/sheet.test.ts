import { describe, expect, it } from "vitest";
import type { AgentDetail, JsonObject } from "../api/schemas";
import { list, member } from "../deploy/spec";
import { asText, sheetOf } from "./sheet";

const agent = (authentication: AgentDetail["authentication"], auth: JsonObject | string) => ({
  name: "refunds",
  display_name: null,
  url: "https://agents.example.com/refunds",
  client_url: "https://agents.example.com/refunds",
  protocol: "http" as AgentDetail["protocol"],
  audiences: typeof auth === "string" ? [] : list(member(auth, "oauth").audiences),
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
  const CLIENT = "https://agents.example.com/refunds/mcp";
  it.each<[string, string[], string[], string | undefined]>([
    ["its URL in the form for clients", [], [CLIENT, `${CLIENT}/`], CLIENT],
    ["what is written", ["a"], ["a"], "a"],
    ["both", ["a"], ["a", `${CLIENT}/`, CLIENT], `a or ${CLIENT}`],
    ["a form of the URL that is written", [`${CLIENT}/`], [`${CLIENT}/`], `${CLIENT}/`],
    ["nothing where any is accepted", [], [], undefined],
  ])("of the audience at an agent that speaks MCP: %s", (_, written, audiences, wanted) => {
    const auth = { oauth: { identity_providers: ["corp"], audiences: written } };
    const mcp = { ...agent("oauth", auth), protocol: "mcp" as const, client_url: CLIENT, audiences };
    const facts = new Map(sheetOf(mcp, null).facts);
    expect(facts.get("Audience of the token")).toBe(wanted);
    expect(facts.get("URL")).toBe(CLIENT);
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
