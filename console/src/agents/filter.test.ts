import { expect, it } from "vitest";
import type { AgentSummary, AgentTraffic } from "../api/schemas";
import { FILTERS, type Filter, passes } from "./filter";

const calm: AgentTraffic = {
  interval_seconds: 5,
  allowed: [0],
  refused: [0],
  would_refuse: [0],
  upstream_failed: [0],
  top_refusal: null,
  top_would_refuse: null,
};
const agent = (over: Partial<AgentSummary>): AgentSummary => ({
  name: "a",
  display_name: null,
  route: { path: "/a", host: null, hosts: [], methods: [], strip_path: false },
  upstream: "http://a",
  protocol: "http",
  authentication: "oauth",
  identity_providers: ["corp"],
  enforcement: "enforce",
  managed_by: "store",
  api_keys: 0,
  traffic: calm,
  upstream_failures_5m: 0,
  last_upstream_failure: null,
  ...over,
});
const passed = (one: AgentSummary, provider: string | null = null) =>
  FILTERS.map(({ value }) => value).filter((filter) => passes(one, filter, provider));

it.each<[string, Partial<AgentSummary>, Filter[]]>([
  ["plain", {}, ["oauth"]],
  ["public", { authentication: "public" }, ["public"]],
  ["in shadow", { enforcement: "shadow" }, ["shadow", "oauth"]],
  ["refusing", { traffic: { ...calm, refused: [1] } }, ["refusing", "oauth"]],
  ["failing", { authentication: "api_key", upstream_failures_5m: 2 }, ["failing", "api_key"]],
])("an agent that is %s", (_, over, filters) => expect(passed(agent(over))).toEqual(filters));

it("only those that accept a provider", () => {
  expect([passes(agent({}), null, "corp"), passes(agent({}), null, "other")]).toEqual([true, false]);
});
