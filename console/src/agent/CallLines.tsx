// The commands that call an agent: one that fetches a token, if the agent requires tokens, and the call itself.
import type { AgentDetail } from "../api/schemas";
import { CodeLine } from "../parts/CodeLine";
import { useTokenLine } from "../vendors/useTokenLine";
import { curlLine } from "./curl";

export function CallLines({ agent }: { agent: AgentDetail }) {
  const token = useTokenLine(agent);
  return (
    <div style={{ display: "grid", gap: "0.5rem" }}>
      {token && (
        <>
          <p className="dim small" style={{ margin: 0 }}>
            Fetch a token with the ID and the secret of a client of the identity provider:
          </p>
          <CodeLine text={token} what="the command that fetches a token" />
        </>
      )}
      {agent.authentication === "api_key" && (
        <p className="dim small" style={{ margin: 0 }}>
          Set the variable API_KEY to an API key of this agent first.
        </p>
      )}
      <CodeLine
        text={curlLine(agent.protocol === "mcp" ? { ...agent, url: agent.client_url } : agent)}
        what="the curl command"
      />
    </div>
  );
}
