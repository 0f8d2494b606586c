// What a reader sees of discovery, checks and cards. Without a browser: each part is rendered once.
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { type ReactElement, createElement as h } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Router } from "wouter";
import { keys, newQueryClient } from "../api/queries";
import type { AgentCard, AgentDetail, AgentDiscovery, ClientCheck } from "../api/schemas";
import { CardPanel, unified } from "./CardPanel";
import { Result } from "./ClientChecks";
import { Found } from "./Found";
import { paired } from "./lineDiff";

vi.mock("../parts/zone", async (original) => ({
  ...(await original<typeof import("../parts/zone")>()),
  useZone: () => "utc",
}));

const client = newQueryClient();
client.setDefaultOptions({ queries: { retry: false, gcTime: Infinity } });
beforeEach(() => client.clear());

/** What a reader sees. */
function words(part: ReactElement): string {
  const page = h(QueryClientProvider, { client }, h(MantineProvider, null, part));
  const markup = renderToStaticMarkup(h(Router, { ssrPath: "/agents/a/discovery", children: page }));
  const text = markup.replace(/<style[^]*?<\/style>/g, "").replace(/<[^>]*>/g, " ");
  return text.replaceAll("&quot;", '"').replaceAll("&#x27;", "'").replace(/\s+/g, " ");
}

const agent = (over: Partial<AgentDetail> = {}) =>
  ({
    name: "a",
    protocol: "mcp",
    authentication: "oauth",
    client_url: "https://g/a/mcp",
    ...over,
  }) as AgentDetail;

const discovery = (over: Partial<AgentDiscovery> = {}): AgentDiscovery => ({
  client_url: "https://g/a/mcp",
  origin_source: "server",
  first_call: { method: "POST", url: "https://g/a/mcp", status: 401, challenge: 'Bearer realm="a"' },
  metadata: [
    {
      url: "https://g/.well-known/oauth-protected-resource/a/mcp",
      other_agent: null,
      document: '{"resource":"https://g/a/mcp"}',
      headers: [{ name: "cache-control", value: "max-age=300" }],
    },
  ],
  page: { origin: "https://page", is_refused: false, preflight: null, response: [] },
  ...over,
});

const found = (shown: AgentDiscovery, over: Partial<AgentDetail> = {}) => {
  client.setQueryData([...keys.discovery("a"), ""], shown);
  return words(h(Found, { agent: agent(over) }));
};

describe("what a client finds", () => {
  it("is the URL, the challenge, and each document with its headers", () => {
    const text = found(discovery());
    for (const part of ["https://g/a/mcp", "gets 401", 'WWW-Authenticate: Bearer realm="a"', "max-age=300"])
      expect(text).toContain(part);
    expect(text).toContain('"resource": "https://g/a/mcp"');
    expect(text).not.toContain("No public URL is set");
    expect(text).toContain("the agent itself answers preflights");
  });
  it("may be told by the request, and by another agent", () => {
    const place = { url: "https://g/x", other_agent: "b", document: null, headers: [] };
    const text = found(discovery({ origin_source: "listener", metadata: [place] }));
    expect(text).toContain("No public URL is set");
    expect(text).toContain("has the metadata of b");
  });
  it("is nothing of an agent without OAuth, and a call may go through", () => {
    const first = { method: "GET", url: "https://g/a/", status: null, challenge: null };
    const text = found(discovery({ metadata: [], first_call: first }), { protocol: "a2a" });
    expect(text).toContain("goes through");
    expect(text).toContain("Only agents with OAuth have metadata");
    expect(text).toContain("With the slash at the end");
  });
  const allow = [{ name: "access-control-allow-origin", value: "*" }];
  it.each([
    ["may call", { preflight: allow, response: allow }, "https://page may call"],
    ["may not", { preflight: [], response: [] }, "browsers keep https://page from calling"],
    ["is refused", { is_refused: true, preflight: allow, response: allow }, "calls of https://page get 403"],
  ])("tells of a page that %s", (_, page, said) => {
    expect(found(discovery({ page: { ...discovery().page, ...page } }))).toContain(said);
  });
});

it("says of each check what was found, for whom, and how to fix it", () => {
  const check: ClientCheck = {
    url: "https://g/a/mcp",
    identity_provider: "corp",
    issuer: "https://idp",
    metadata_url: null,
    rows: [
      { topic: "resource", outcome: "ok", found: "letter by letter", help: null },
      { topic: "pkce", outcome: "bad", found: "S256 is absent", help: "switch `it` on" },
    ],
  };
  const text = words(h(Result, { found: check }));
  for (const part of [
    "corp",
    "https://idp",
    "not found",
    "VS Code",
    "stops",
    "S256 is absent",
    "Fix: switch it on",
  ])
    expect(text).toContain(part);
  expect(text).toContain("Clients must refuse a provider that does not name S256.");
});

const card = (over: Partial<AgentCard> = {}): AgentCard => ({
  client_url: "https://g/a/",
  urls: ["https://g/a/.well-known/agent-card.json"],
  state: "served",
  source: "rewrite",
  signature: "stripped",
  fetched_at: "2026-01-01T00:00:00Z",
  is_stale: false,
  failure: null,
  warnings: [],
  served: '{"url":"https://g/a/rpc","name":"A"}',
  upstream: '{"url":"http://up/rpc","name":"A"}',
  ...over,
});

describe("a card", () => {
  const shown = (over: Partial<AgentCard> = {}) => {
    client.setQueryData(keys.card("a"), card(over));
    return words(h(CardPanel, { agent: agent({ protocol: "a2a" }) }));
  };
  it("stands beside that of the agent, its differences in words too", () => {
    const text = shown();
    expect(text).toContain('removed: "url": "http://up/rpc"');
    expect(text).toContain('added: "url": "https://g/a/rpc"');
    expect(text).toContain("1 line differs");
    expect(text).toContain("removed, since the card is rewritten");
  });
  it.each<[string, Partial<AgentCard>, string]>([
    ["stale", { is_stale: true, failure: "answered 500" }, "the last good card is served"],
    ["absent", { state: "absent", served: null, upstream: null, failure: "refused" }, "clients get 503"],
    ["refused", { state: "refused", served: null, signature: null }, "clients get 502"],
    ["with leftovers", { warnings: ["/x names up"] }, "/x names up"],
    ["from a file", { source: "file", upstream: null, fetched_at: null }, "The card that is served"],
    ["resigned", { signature: "resigned" }, "made anew"],
    ["the same", { upstream: card().served }, "the same but for their layout"],
  ])("that is %s says so", (_, over, said) => expect(shown(over)).toContain(said));

  it("is one below the other where there is little room", () => {
    expect(unified(paired("a\nb\nc", "a\nx\ny\nc")).split("\n")).toEqual([
      "--- the agent's own",
      "+++ served",
      " a",
      "-b",
      "+x",
      "+y",
      " c",
    ]);
  });
});
