// The filters of the list of agents, which apply in addition to the search.
import type { AgentSummary } from "../api/schemas";

export const FILTERS = [
  { value: "refusing", label: "Refusing" },
  { value: "failing", label: "Upstream failing" },
  { value: "public", label: "Public" },
  { value: "shadow", label: "Shadow" },
  { value: "oauth", label: "OAuth" },
  { value: "api_key", label: "API key" },
] as const;

export type Filter = (typeof FILTERS)[number]["value"];

export const isFilter = (word: string | null): word is Filter => FILTERS.some((one) => one.value === word);

export function passes(agent: AgentSummary, filter: Filter | null, provider: string | null): boolean {
  if (provider !== null && !agent.identity_providers.includes(provider)) return false;
  switch (filter) {
    case null:
      return true;
    case "refusing":
      return agent.traffic.refused.some((value) => value > 0) || agent.traffic.top_refusal !== null;
    case "failing":
      return (agent.upstream_failures_5m ?? 0) > 0;
    case "shadow":
      return agent.enforcement === "shadow";
    default:
      return agent.authentication === filter;
  }
}
