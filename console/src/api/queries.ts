// The queries of the pages. They refetch while their page is open.
import { QueryClient, keepPreviousData, useQuery } from "@tanstack/react-query";
import { uncopied } from "../apikeys/uncopied";
import { forgetHandedOver } from "../test/handOver";
import { forgetDrafts } from "../test/drafts";
import {
  agents,
  apiKeys,
  denials,
  gateway,
  globalLimits,
  limits,
  providers,
  revisions,
  session,
  streams,
  targets,
} from "./calls";
import { ApiError } from "./client";
import { loggedIn, loggedOut } from "./login";
import type { ProviderSummary } from "./schemas";

/** The gateway adds a value to its series every five seconds; little changes in between. */
const REFETCH_MS = 5_000;
/** The gateway looks at every bucket that it has to say how full limits are. */
const LIMITS_MS = 10_000;

export const keys = {
  session: ["session"] as const,
  status: ["status"] as const,
  traffic: ["traffic"] as const,
  fleet: ["fleet"] as const,
  agents: ["agents"] as const,
  agent: (name: string) => ["agents", "one", name] as const,
  discovery: (agent: string) => ["agents", "one", agent, "discovery"] as const,
  card: (agent: string) => ["agents", "one", agent, "card"] as const,
  streams: (agent: string) => ["agents", "one", agent, "streams"] as const,
  targets: (agent: string) => ["agents", "one", agent, "targets"] as const,
  limits: (agent: string) => ["agents", "one", agent, "limits"] as const,
  refusedCallers: (agent: string) => ["agents", "one", agent, "refused-callers"] as const,
  providers: ["providers"] as const,
  provider: (name: string) => ["providers", "one", name] as const,
  globalLimits: ["limits"] as const,
  globalLimit: (name: string) => ["limits", "one", name] as const,
  denials: ["denials"] as const,
  apiKeys: (agent: string) => ["api-keys", agent] as const,
  revisions: (resource: string | undefined) => ["revisions", resource ?? ""] as const,
  decision: (id: string) => ["decision", id] as const,
};

/** The cache of responses. An error response is final; only a call that could not reach the gateway is repeated. */
export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // Going back to a page within two seconds shows what was just read.
        staleTime: 2_000,
        // After a timeout, the next refetch is the retry; another one would only delay the error.
        retry: (count, error) => error instanceof ApiError && error.code === "unreachable" && count < 1,
        networkMode: "always",
      },
    },
  });
}

/** Removes everything that was read, and shows the log-in. */
export function forget(client: QueryClient): void {
  loggedOut();
  uncopied.set([]);
  forgetDrafts();
  forgetHandedOver();
  client.setQueryData(keys.session, null);
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== keys.session[0] });
}

/** The session; `null` when nobody is logged in. */
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

export const useDiscovery = (agent: string, origin: string | undefined) =>
  useQuery({
    queryKey: [...keys.discovery(agent), origin ?? ""],
    queryFn: () => agents.discovery(agent, origin),
    placeholderData: keepPreviousData,
  });

export const useCard = (agent: string) =>
  useQuery({
    queryKey: keys.card(agent),
    queryFn: () => agents.card(agent),
    refetchInterval: REFETCH_MS,
  });

export const useStreams = (agent: string) =>
  useQuery({
    queryKey: keys.streams(agent),
    queryFn: () => streams.list(agent),
    refetchInterval: REFETCH_MS,
  });

export const useTargets = (agent: string) =>
  useQuery({
    queryKey: keys.targets(agent),
    queryFn: () => targets.list(agent),
    refetchInterval: REFETCH_MS,
  });

export const useLimits = (agent: string) =>
  useQuery({
    queryKey: keys.limits(agent),
    queryFn: () => limits.list(agent),
    refetchInterval: LIMITS_MS,
  });

export const useRefusedCallers = (agent: string) =>
  useQuery({
    queryKey: keys.refusedCallers(agent),
    queryFn: () => limits.refusedCallers(agent),
    refetchInterval: LIMITS_MS,
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

/** The limits of the callers of every agent. */
export const useGlobalLimits = (query: { limit: number; after?: string; q?: string }) =>
  useQuery({
    queryKey: [...keys.globalLimits, "list", query],
    queryFn: () => globalLimits.list(query),
    placeholderData: keepPreviousData,
    refetchInterval: REFETCH_MS,
  });

export const useGlobalLimit = (name: string) =>
  useQuery({
    queryKey: keys.globalLimit(name),
    queryFn: () => globalLimits.get(name),
    refetchInterval: REFETCH_MS,
  });

export const useDenials = (query: { limit: number; after?: string }) =>
  useQuery({
    queryKey: [...keys.denials, query],
    queryFn: () => denials.list(query),
    placeholderData: keepPreviousData,
    refetchInterval: REFETCH_MS,
  });

/** One decision by its request ID. It never changes, and one that the gateway does not have will not appear. */
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
