// What the pages read, as queries that stay fresh by themselves while the page is looked at.
import { QueryClient, keepPreviousData, useQuery } from "@tanstack/react-query";
import { agents, apiKeys, gateway, providers, revisions, session } from "./calls";
import { ApiError } from "./client";

const SOON = 5_000;

export const keys = {
  session: ["session"] as const,
  status: ["status"] as const,
  traffic: ["traffic"] as const,
  agents: ["agents"] as const,
  agent: (name: string) => ["agents", "one", name] as const,
  providers: ["providers"] as const,
  provider: (name: string) => ["providers", "one", name] as const,
  apiKeys: (agent: string) => ["api-keys", agent] as const,
  revisions: (resource: string) => ["revisions", resource] as const,
};

/** The cache of the page. A refusal is an answer, so only a gateway that did not answer is asked again. */
export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 2_000,
        retry: (count, error) => error instanceof ApiError && error.status === 0 && count < 2,
      },
    },
  });
}

/** Nobody is logged in any more: the login is shown, and nothing that was read stays in memory. */
export function forget(client: QueryClient): void {
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
        return await session.get();
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return null;
        throw error;
      }
    },
  });
}

export const useStatus = () =>
  useQuery({ queryKey: keys.status, queryFn: gateway.status, refetchInterval: SOON });

export const useTraffic = () =>
  useQuery({ queryKey: keys.traffic, queryFn: gateway.traffic, refetchInterval: SOON });

export const useAgents = (query: { limit?: number; after?: string; q?: string }) =>
  useQuery({
    queryKey: [...keys.agents, "list", query],
    queryFn: ({ signal }) => agents.list(query, signal),
    placeholderData: keepPreviousData,
    refetchInterval: SOON,
  });

export const useAgent = (name: string) =>
  useQuery({ queryKey: keys.agent(name), queryFn: () => agents.get(name), refetchInterval: SOON });

export const useProviders = (query: { limit?: number; after?: string; q?: string } = { limit: 500 }) =>
  useQuery({
    queryKey: [...keys.providers, "list", query],
    queryFn: () => providers.list(query),
    placeholderData: keepPreviousData,
    refetchInterval: SOON,
  });

export const useProvider = (name: string) =>
  useQuery({ queryKey: keys.provider(name), queryFn: () => providers.get(name), refetchInterval: SOON });

export const useApiKeys = (agent: string, after: string | undefined) =>
  useQuery({
    queryKey: [...keys.apiKeys(agent), after],
    queryFn: () => apiKeys.list({ agent, limit: 50, after }),
    placeholderData: keepPreviousData,
    refetchInterval: SOON,
  });

export const useRevisions = (resource: string, before: number | undefined) =>
  useQuery({
    queryKey: [...keys.revisions(resource), before],
    queryFn: () => revisions.list({ limit: 20, before, resource }),
    placeholderData: keepPreviousData,
  });
