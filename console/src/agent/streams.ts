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

/** The API key that began the stream. With a provider, `key_id` is the key that signed the token. */
export const apiKeyOf = ({ key_id, provider }: RunningStream): string | null =>
  provider === null ? key_id : null;

/** Who began the stream, in one line. */
export function callerOf(stream: RunningStream): string {
  const { client_id, sub, provider } = stream;
  const key = apiKeyOf(stream);
  if (key !== null) return `API key ${visible(key)}`;
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
