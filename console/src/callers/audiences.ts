// The audiences that people ask for a token for an agent.
import type { AgentDetail } from "../api/schemas";
import { list, member } from "../deploy/spec";

/**
 * Those that are written, and of the forms of an agent's URL, which are audiences of one that speaks MCP, the one that
 * clients are given.
 */
export function audiencesOf(agent: Pick<AgentDetail, "spec" | "audiences" | "client_url">): string[] {
  const written = list(member(agent.spec.auth, "oauth").audiences);
  return agent.audiences.filter((one) => written.includes(one) || one === agent.client_url);
}
