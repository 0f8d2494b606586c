// The audiences that a token for an agent may name.
import type { AgentDetail } from "../api/schemas";
import { list, member, text } from "../deploy/spec";

/** Those that are written, and of an agent that speaks MCP the URL that its clients are given. */
export function audiencesOf({ spec, url }: Pick<AgentDetail, "spec" | "url">): string[] {
  const oauth = member(spec.auth, "oauth");
  const written = list(oauth.audiences);
  const own = spec.protocol === "mcp" && oauth.audience !== "custom" && oauth.audience_claim !== "client_id";
  // Beside written ones the URL is an audience only where it is a public one, which the agent's own says.
  if (!own || (written.length && !spec.public_url)) return written;
  const endpoint = text(member(spec, "mcp").endpoint, "/mcp");
  return [...written, `${trimmed(url)}${trimmed(endpoint)}`];
}

const trimmed = (path: string) => path.replace(/\/+$/, "");
