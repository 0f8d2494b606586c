// The message that is judged by an agent's rules, as it is typed and as the gateway is asked.
import type { AgentDetail, ExplainQuestion } from "../api/schemas";

export interface Judged {
  by: "operation" | "message";
  method: string;
  name: string;
  message: string;
}

/** The operations that are offered: those about something with a name, and those that clients begin with. */
export const OPERATIONS = {
  mcp: [
    "tools/call",
    "resources/read",
    "resources/subscribe",
    "prompts/get",
    "tools/list",
    "resources/list",
    "prompts/list",
    "initialize",
    "server/discover",
  ],
  a2a: [
    "SendMessage",
    "SendStreamingMessage",
    "GetTask",
    "ListTasks",
    "CancelTask",
    "SubscribeToTask",
    "ListTaskPushNotificationConfigs",
    "GetExtendedAgentCard",
  ],
} as const;

/** The protocol whose messages the gateway judges at this agent by rules; `null` where it has none. */
export function hasRules(spec: AgentDetail["spec"]): "mcp" | "a2a" | null {
  const protocol = spec.protocol;
  if (protocol !== "mcp" && protocol !== "a2a") return null;
  const block = spec[protocol];
  return typeof block === "object" && block !== null && "rules" in block ? protocol : null;
}

/** The question, or what is missing. */
export function questionOf(
  agent: string,
  protocol: "mcp" | "a2a",
  judged: Judged,
  headers: [string, string][],
  credential: string,
): { question: ExplainQuestion } | { missing: string } {
  const asked = { agent, headers, ...(credential ? { credential } : {}) };
  if (judged.by === "message") {
    if (!judged.message.trim()) return { missing: "Paste a message." };
    return { question: { ...asked, message: judged.message } };
  }
  const [method, name] = [judged.method.trim(), protocol === "mcp" ? judged.name.trim() : ""];
  if (!method) return { missing: "Enter an operation." };
  return { question: { ...asked, operation: { method, ...(name ? { name } : {}) } } };
}
