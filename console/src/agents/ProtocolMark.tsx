// The protocol of an agent, where the gateway takes part in it, as a mark.
import type { AgentProtocol } from "../api/schemas";
import { Mark } from "../parts/Mark";

const WORDS: Record<AgentProtocol, string | null> = { http: null, mcp: "MCP", a2a: "A2A" };

export function ProtocolMark({ protocol }: { protocol: AgentProtocol }) {
  const word = WORDS[protocol];
  return word && <Mark tone="plain">{word}</Mark>;
}
