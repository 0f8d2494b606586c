// Limits, targets and refused callers of an agent as a page shows them.
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { type ReactElement, createElement as h } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Router } from "wouter";
import { keys, newQueryClient } from "../api/queries";
import type { AgentDetail, LimitUsage, RefusedCaller, UpstreamTarget } from "../api/schemas";
import { LimitsPanel } from "./LimitsPanel";
import { RefusedCallers } from "./RefusedCallers";
import { TargetsPanel } from "./TargetsPanel";
import { countsOf, inUseOf, permitsOf, shareOf, toneOf } from "./limits";
import { troubleOf } from "./targets";

vi.mock("../parts/zone", async (original) => ({
  ...(await original<typeof import("../parts/zone")>()),
  useZone: () => "utc",
}));
vi.mock("../parts/toast", () => ({ useToast: () => vi.fn() }));
afterEach(() => vi.unstubAllGlobals());

const AGENT = { name: "refunds", spec: {} } as AgentDetail;

const limit = (over: Partial<LimitUsage> = {}): LimitUsage => ({
  name: "per-caller",
  place: "agent",
  provider: null,
  per: "principal",
  scope: "agent",
  count: "all",
  enforcement: "enforce",
  counting: "local_share",
  rate: { count: 100, window_seconds: 60, burst: 20 },
  concurrent: null,
  quota: null,
  members: 1,
  most: 20,
  buckets: "agent",
  in_use: 3,
  exhausted: 1,
  fullest: [20, 17, 2],
  allowed: 1234,
  limited: 5,
  shadow_limited: 0,
  ...over,
});

const target = (over: Partial<UpstreamTarget> = {}): UpstreamTarget => ({
  url: "http://10.0.0.1:9000",
  weight: 1,
  zone: null,
  state: "healthy",
  in_flight: 0,
  last_error: null,
  ...over,
});

const caller = (over: Partial<RefusedCaller> = {}): RefusedCaller => ({
  provider: null,
  sub: null,
  client_id: null,
  key_id: null,
  key_name: null,
  address: null,
  at_least: 7,
  at_most: 7,
  last_reason: "rate_limited",
  last_at: new Date().toISOString(),
  last_request_id: Math.random().toString(),
  ...over,
});

/** What a reader sees of a section; an error where there is no data. */
async function shown(section: ReactElement, key: readonly unknown[], data: unknown): Promise<string> {
  const client = newQueryClient();
  client.setDefaultOptions({ queries: { retry: false, retryOnMount: false, gcTime: Infinity } });
  const fails = () => Promise.reject(new Error("The list is not there."));
  if (data === null) await client.prefetchQuery({ queryKey: key, queryFn: fails });
  else client.setQueryData(key, data);
  const page = h(QueryClientProvider, { client }, h(MantineProvider, null, section));
  return renderToStaticMarkup(h(Router, { ssrPath: "/agents/refunds", children: page })).replace(
    /<style[^]*?<\/style>/g,
    "",
  );
}
const words = (markup: string) => markup.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");

const limits = (items: LimitUsage[] | null) =>
  shown(h(LimitsPanel, { agent: AGENT }), keys.limits("refunds"), items && { items });
const targets = (items: UpstreamTarget[] | null) =>
  shown(h(TargetsPanel, { agent: AGENT }), keys.targets("refunds"), items && { items });
const callers = (items: RefusedCaller[] | null) =>
  shown(
    h(RefusedCallers, { agent: AGENT }),
    keys.refusedCallers("refunds"),
    items && { items, since: new Date().toISOString() },
  );

describe("a limit in words", () => {
  it.each([
    [{}, "100 requests in 1 min, 20 at once"],
    [{ rate: { count: 1, window_seconds: 90, burst: 1 } }, "1 request in 90 s"],
    [{ rate: null, concurrent: 4 }, "4 requests under way"],
    [{ rate: null, quota: { count: 1000, period: "day" as const } }, "1,000 requests a day, UTC"],
    [{ rate: null, quota: { count: 1, period: "month" as const } }, "1 request a month, UTC"],
  ])("permits %j", (over, said) => expect(permitsOf(limit(over))).toBe(said));

  it.each<[Partial<LimitUsage>, string]>([
    [{}, "each caller, at each agent"],
    [{ per: "claim:tenant", scope: "everywhere" }, "each value of tenant, at all its agents together"],
    [{ per: "agent" }, "all callers of the agent together"],
    [{ per: "address", count: "failed" }, "each address, at each agent; only what was refused with 401"],
  ])("counts %j", (over, said) => expect(countsOf(limit(over))).toBe(said));

  it.each<[Partial<LimitUsage>, string]>([
    [{}, "3 callers, 1 with nothing left"],
    [{ exhausted: 0, in_use: 1 }, "1 caller, none with nothing left"],
    [{ buckets: "all_agents", per: "address" }, "3 addresses of all its agents, 1 with nothing left"],
    [{ in_use: 0 }, "nothing is spent"],
  ])("is used by %j", (over, said) => expect(inUseOf(limit(over))).toBe(said));

  it("has a part in a fleet, and none alone", () => {
    expect(shareOf(limit())).toBeNull();
    expect(shareOf(limit({ members: 3, most: 6 }))).toBe("this gateway's part, of 3: 6 requests at once");
    expect(shareOf(limit({ members: 3, counting: "shared" }))).toContain("count together");
  });

  it.each([
    [0, "ok"],
    [15, "ok"],
    [16, "warn"],
    [20, "bad"],
    [25, "bad"],
  ])("is nearly full with %i of 20", (spent, tone) => expect(toneOf(spent, 20)).toBe(tone));
});

describe("the limits of an agent", () => {
  it("have a bar for each of the fullest", async () => {
    const markup = await limits([limit(), limit({ name: "other", enforcement: "shadow", fullest: [] })]);
    const bars = [...markup.matchAll(/aria-valuetext="([^"]*)"/g)].map(([, text]) => text);
    expect(bars).toEqual(["20 of 20 spent", "17 of 20 spent", "2 of 20 spent", "0 of 20 spent"]);
    const text = words(markup);
    for (const part of [
      "The fullest: 20 of 20 spent",
      "1,234 let in",
      "5 refused",
      "at this agent",
      "Shadow",
    ])
      expect(text).toContain(part);
  });

  it("are said to be none, with how to get some", async () => {
    expect(words(await limits([]))).toContain("Callers are not limited");
  });

  it("say why they could not be read", async () => {
    const text = words(await limits(null));
    expect(text).toContain("The limits could not be read");
    expect(text).not.toContain("Callers are not limited");
  });
});

describe("the targets of an agent", () => {
  it("have their state, weight, zone, requests and last error", async () => {
    const text = words(
      await targets([
        target({ zone: "a", in_flight: 1200 }),
        target({ url: "http://10.0.0.2:9000", state: "ejected", last_error: "connect_\u202erefused" }),
        target({ url: "http://10.0.0.3:9000", state: "draining", weight: 0 }),
      ]),
    );
    for (const part of [
      "zone a",
      "1,200",
      "ejected",
      "connect_⟨U+202E⟩refused",
      "draining",
      "healthy",
      "none",
    ])
      expect(text).toContain(part);
  });

  const [well, out] = [target(), target({ state: "ejected" })];
  const drained = target({ state: "draining" });
  it.each<[string, UpstreamTarget[], string | null]>([
    ["one that stands well", [well], null],
    ["half of them", [well, out], null],
    ["a minority of them", [well, out, out], "Fewer than half of the targets stand well"],
    ["a minority, with one that is drained", [well, out, drained], null],
    ["none", [out, out], "All targets are out"],
    ["the only one", [out, drained], "The only target is out"],
    ["drained ones alone", [drained, drained], "No target takes new requests"],
  ])("stand with %s", (_, items, said) => expect(troubleOf(items)?.title ?? null).toBe(said));

  it("say why they could not be read", async () => {
    expect(words(await targets(null))).toContain("The targets could not be read");
  });
});

describe("the callers that are refused most often", () => {
  it("are called what they have proven, or by their address", async () => {
    const markup = await callers([
      caller({ key_id: "Yq3Zk81b", key_name: "ci", at_least: 12, at_most: 15 }),
      caller({ key_id: "gone" }),
      caller({ provider: "corp", sub: "alice\u202e", client_id: "app", last_request_id: "r1" }),
      caller({ provider: "corp" }),
      caller({ address: "192.0.2.1", last_reason: "token_missing" }),
      caller({ address: "2001:db8:1:2::" }),
      caller(),
    ]);
    const text = words(markup);
    for (const part of [
      "API key ci Yq3Zk81b",
      "12 to 15",
      "API key gone",
      "client app",
      "subject alice⟨U+202E⟩",
      "from 192.0.2.1",
      "from 2001:db8:1:2::/64",
      "from an unknown address",
    ])
      expect(text).toContain(part);
    expect(markup).toContain('href="/why-refused?request=r1"');
    expect(markup).toContain('href="/identity-providers/corp"');
    expect(markup).toContain('href="/agents/refunds/api-keys"');
  });

  it("are nobody", async () => expect(words(await callers([]))).toContain("Nobody was refused"));

  it("say why they could not be read", async () => {
    expect(words(await callers(null))).toContain("The refused callers could not be read");
  });
});
