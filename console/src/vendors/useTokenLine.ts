// The command that fetches a token for an agent, with the token endpoint of its first provider.
import { useQuery } from "@tanstack/react-query";
import { providers } from "../api/calls";
import { useProvider } from "../api/queries";
import type { AgentDetail } from "../api/schemas";
import { text } from "../deploy/spec";
import { tokenLine, requirementsOf } from "./tokenRequest";

/** `null` until it is known, and for agents without OAuth. */
export function useTokenLine(agent: AgentDetail | undefined): string | null {
  const name = agent?.authentication === "oauth" ? (agent.identity_providers[0] ?? null) : null;
  const provider = useProvider(name ?? "", name !== null).data;
  const probe = useQuery({
    queryKey: ["token-endpoint", provider?.issuer],
    // Probes the provider once, as the button Probe does.
    queryFn: () =>
      providers.probe({
        issuer: provider?.issuer ?? "",
        ...(provider?.spec.jwks_uri ? { jwks_uri: text(provider.spec.jwks_uri) } : {}),
        ...(provider?.spec.insecure_http === true ? { insecure_http: true } : {}),
      }),
    enabled: provider !== undefined,
    staleTime: Infinity,
    retry: false,
  });
  if (!agent || !provider || probe.isPending) return null;
  return tokenLine(provider.issuer, probe.data?.token_endpoint ?? null, requirementsOf(agent.spec));
}
