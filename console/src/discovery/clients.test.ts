import { describe, expect, it } from "vitest";
import type { ClientCheckResult, ClientCheckRow, ClientCheckTopic } from "../api/schemas";
import { CLIENTS, type Client, MEANINGS, TITLES, verdicts } from "./clients";

const TOPICS = Object.keys(TITLES) as ClientCheckTopic[];

const rows = (over: Partial<Record<ClientCheckTopic, ClientCheckResult>> = {}): ClientCheckRow[] =>
  TOPICS.map((topic) => ({ topic, outcome: over[topic] ?? "ok", found: "", help: null }));

describe("each client is told apart by what stops it", () => {
  const cases: [string, Partial<Record<ClientCheckTopic, ClientCheckResult>>, ClientCheckResult, Client[]][] =
    [
      ["nothing is wrong", {}, "ok", [...CLIENTS]],
      ["the slash at the end differs", { resource: "warn" }, "bad", ["VS Code"]],
      ["the URL is of this machine", { reach: "warn" }, "bad", ["Claude", "ChatGPT"]],
      ["there is no CORS", { page: "warn" }, "bad", ["MCP Inspector"]],
      ["the issuer differs", { issuer: "bad" }, "bad", [...CLIENTS]],
      ["no client can register", { registration: "warn" }, "warn", [...CLIENTS]],
      ["the scopes are not known", { scopes: "unknown" }, "unknown", [...CLIENTS]],
      ["one is bad and one is unknown", { pkce: "bad", scopes: "unknown" }, "bad", [...CLIENTS]],
    ];
  it.each(cases)("%s", (_, over, outcome, whom) => {
    const said = verdicts(rows(over));
    expect(said.filter((one) => one.outcome === outcome).map((one) => one.client)).toEqual(whom);
    for (const one of said) expect(one.because.length > 0).toBe(one.outcome !== "ok");
  });

  it("names the checks that say so, and only these", () => {
    const said = verdicts(rows({ resource: "warn", pkce: "bad", scopes: "warn" }));
    expect(said.find((one) => one.client === "VS Code")?.because).toEqual(["resource", "pkce"]);
    expect(said.find((one) => one.client === "Codex")?.because).toEqual(["pkce"]);
  });
});

it("has a sentence for every check", () => {
  for (const topic of TOPICS) expect(MEANINGS[topic]).toMatch(/\.$/);
});
