// The line that fetches a token for an agent, with the token endpoint that its first provider names.
import { useQuery } from "@tanstack/react-query";
import { providers } from "../api/calls";
import { useProvider } from "../api/queries";
import type { AgentDetail } from "../api/schemas";
import { text } from "../deploy/spec";
import { tokenLine, requirementsOf } from "./tokenRequest";

/** `null` while it is not known, and for agents that take no tokens. */
export function useTokenLine(agent: AgentDetail | undefined): string | null {
  const name = agent?.authentication === "oauth" ? (agent.identity_providers[0] ?? null) : null;
  const provider = useProvider(name ?? "", name !== null).data;
  const probe = useQuery({
    queryKey: ["token-endpoint", provider?.issuer],
    // The provider is asked once, as somebody would who presses Probe.
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
