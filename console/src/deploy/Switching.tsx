// What a change of the kind of authentication means for the callers.
import type { AgentDetail, Authentication } from "../api/schemas";
import { Notice } from "../parts/Notice";
import { plural } from "../parts/format";

interface Props {
  /** The live kind; `null` for a new agent. */
  from: Authentication | null;
  to: Authentication | null;
  agent: AgentDetail | null;
}

export function Switching({ from, to, agent }: Props) {
  if (from === null || to === null || from === to || to === "public") return null;
  const keys = agent?.api_keys ?? 0;
  return (
    <Notice tone="warn" title="After this deploy, today's callers are refused" role="status">
      <p>{LOST[from]}</p>
      {to === "api_key" && (
        <p>
          {keys > 0
            ? `The agent has ${plural(keys, "API key")}, which work again immediately.`
            : "The agent has no API key yet: create one on its API keys page after the deploy."}
        </p>
      )}
      {to === "oauth" && keys > 0 && (
        <p>Its {plural(keys, "API key")} are kept but inactive while it uses OAuth.</p>
      )}
    </Notice>
  );
}

const LOST: Record<Authentication, string> = {
  oauth: "Callers with tokens get 401: the agent no longer accepts tokens.",
  api_key: "Callers with API keys get 401: the agent no longer accepts API keys.",
  public: "Callers without a credential get 401.",
};
