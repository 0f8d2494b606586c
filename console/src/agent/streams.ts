// Running streams in words: whose they are, of what kind, and how a client is kept from beginning another.
import type { AgentDetail, RunningStream } from "../api/schemas";
import { visible } from "../parts/visible";

const KINDS: Record<RunningStream["kind"], string> = {
  websocket: "WebSocket",
  sse: "Server-sent events",
  grpc: "gRPC",
  body: "Response",
};

/** The kind as people say it. */
export const kindOf = ({ kind }: RunningStream): string => KINDS[kind];

/** Who began the stream, in one line. */
export function callerOf({ key_id, client_id, sub, provider }: RunningStream): string {
  if (key_id !== null) return `API key ${visible(key_id)}`;
  const client = client_id !== null ? `client ${visible(client_id)}` : null;
  const subject = sub !== null && sub !== client_id ? `subject ${visible(sub)}` : null;
  const nameless = provider !== null ? `a client of ${provider}` : "a client without a credential";
  return [client, subject].filter((part) => part !== null).join(", ") || nameless;
}

/** Whether revoking a key or removing the agent leaves its streams alone. */
export function keepsStreams(agent: AgentDetail): boolean {
  const streams = agent.spec.streams;
  return (
    typeof streams === "object" &&
    streams !== null &&
    "on_policy_change" in streams &&
    streams.on_policy_change === "keep"
  );
}
