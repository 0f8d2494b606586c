// What the pages read, as queries that stay fresh by themselves while the page is looked at.
import { QueryClient, keepPreviousData, useQuery } from "@tanstack/react-query";
import { uncopied } from "../apikeys/uncopied";
import { forgetHandedOver } from "../test/handOver";
import { forgetDrafts } from "../test/drafts";
import { agents, apiKeys, gateway, providers, revisions, session, streams } from "./calls";
import { ApiError } from "./client";
import { loggedIn, loggedOut } from "./login";
import type { ProviderSummary } from "./schemas";

const REFETCH_MS = 5_000;

export const keys = {
  session: ["session"] as const,
  status: ["status"] as const,
  traffic: ["traffic"] as const,
  agents: ["agents"] as const,
  agent: (name: string) => ["agents", "one", name] as const,
  streams: (agent: string) => ["agents", "one", agent, "streams"] as const,
  providers: ["providers"] as const,
  provider: (name: string) => ["providers", "one", name] as const,
  apiKeys: (agent: string) => ["api-keys", agent] as const,
  revisions: (resource: string | undefined) => ["revisions", resource ?? ""] as const,
  decision: (id: string) => ["decision", id] as const,
};

/** The cache of the page. A refusal is an answer, so only a gateway that did not answer is asked again. */
export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 2_000,
        // A gateway that is silent is asked again by each page's own clock; asking twice would only wait longer.
        retry: (count, error) => error instanceof ApiError && error.code === "unreachable" && count < 1,
        networkMode: "always",
      },
    },
  });
}

/** Somebody has logged out: the login is shown, and nothing that was read stays in memory. */
export function forget(client: QueryClient): void {
  loggedOut();
  uncopied.set([]);
  forgetDrafts();
  forgetHandedOver();
  client.setQueryData(keys.session, null);
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== keys.session[0] });
}

/** Who is logged in; `null` is nobody. */
export function useSession() {
  return useQuery({
    queryKey: keys.session,
    staleTime: Infinity,
    queryFn: async () => {
      try {
        const found = await session.get();
        loggedIn();
        return found;
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) {
          loggedOut();
          return null;
        }
        throw error;
      }
    },
  });
}

export const useStatus = () =>
  useQuery({ queryKey: keys.status, queryFn: gateway.status, refetchInterval: REFETCH_MS });

export const useTraffic = () =>
  useQuery({ queryKey: keys.traffic, queryFn: gateway.traffic, refetchInterval: REFETCH_MS });

export const useAgents = (query: { limit?: number; after?: string; q?: string }) =>
  useQuery({
    queryKey: [...keys.agents, "list", query],
    queryFn: ({ signal }) => agents.list(query, signal),
    placeholderData: keepPreviousData,
    refetchInterval: REFETCH_MS,
  });

export const useAgent = (name: string) =>
  useQuery({ queryKey: keys.agent(name), queryFn: () => agents.get(name), refetchInterval: REFETCH_MS });

/** The streams under way at an agent. */
export const useStreams = (agent: string) =>
  useQuery({
    queryKey: keys.streams(agent),
    queryFn: () => streams.list(agent),
    refetchInterval: REFETCH_MS,
  });

export const useProviders = (query: { limit?: number; after?: string; q?: string } = { limit: 500 }) =>
  useQuery({
    queryKey: [...keys.providers, "list", query],
    queryFn: () => providers.list(query),
    placeholderData: keepPreviousData,
    refetchInterval: REFETCH_MS,
  });

/** Every identity provider, however many pages the API makes of them. */
export const useAllProviders = () =>
  useQuery({
    queryKey: [...keys.providers, "all"],
    queryFn: async () => {
      const found: ProviderSummary[] = [];
      let after: string | undefined;
      do {
        const page = await providers.list({ limit: 500, after });
        found.push(...page.items);
        after = page.next ?? undefined;
      } while (after !== undefined);
      return found;
    },
    placeholderData: keepPreviousData,
    refetchInterval: REFETCH_MS,
  });

export const useProvider = (name: string, enabled = name !== "") =>
  useQuery({
    queryKey: keys.provider(name),
    queryFn: () => providers.get(name),
    enabled,
    refetchInterval: REFETCH_MS,
  });

export const useApiKeys = (query: { agent: string; limit: number; after?: string }) =>
  useQuery({
    queryKey: [...keys.apiKeys(query.agent), query],
    queryFn: () => apiKeys.list(query),
    placeholderData: keepPreviousData,
    refetchInterval: REFETCH_MS,
  });

/** One decision by its request id; a decision does not change, and one that is not kept will not be. */
export const useDecision = (id: string | null) =>
  useQuery({
    queryKey: keys.decision(id ?? ""),
    queryFn: () => gateway.decision(id ?? ""),
    enabled: Boolean(id),
    retry: false,
  });

/** Without a resource, the revisions of everything. */
export const useRevisions = (query: { limit: number; before?: number; resource?: string }) =>
  useQuery({
    queryKey: [...keys.revisions(query.resource), query],
    queryFn: () => revisions.list(query),
    placeholderData: keepPreviousData,
  });
