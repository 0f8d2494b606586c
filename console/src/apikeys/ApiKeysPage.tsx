// The API keys of one agent: created, shown once, listed masked, rotated, revoked.
import { Link } from "wouter";
import { AgentFrame } from "../agent/AgentFrame";
import { useApiKeys } from "../api/queries";
import type { AgentDetail } from "../api/schemas";
import { EmptyState } from "../parts/EmptyState";
import { QueryError } from "../parts/QueryError";
import { Notice } from "../parts/Notice";
import { Pager } from "../parts/Pager";
import { PAGE_SIZE, usePaging } from "../parts/paging";
import { ReadOnlyNotice, useReadOnly } from "../parts/writable";
import css from "./ApiKeysPage.module.css";
import { CreateKey } from "./CreateKey";
import { KeysTable } from "./KeysTable";
import { ShownOnce } from "./ShownOnce";
import { copied, keep, useUncopied } from "./uncopied";

export default function ApiKeysPage() {
  return <AgentFrame>{(agent) => <Shown key={agent.name} agent={agent} />}</AgentFrame>;
}

function Shown({ agent }: { agent: AgentDetail }) {
  const { paging, cursor } = usePaging<string>();
  const waiting = useUncopied().filter((one) => one.agent === agent.name);
  const found = useApiKeys({ agent: agent.name, limit: PAGE_SIZE, after: cursor });
  const readOnly = useReadOnly();
  const reason = whyOff(agent);
  const page = found.data;
  return (
    <>
      {reason ? (
        <div className={css.gap}>
          <Notice tone="warn" title="API keys are off" id="keys-off">
            <p>
              {reason}{" "}
              <Link to={`/agents/${encodeURIComponent(agent.name)}?deploy=api_key`} className="link">
                Deploy it with API keys
              </Link>{" "}
              to use them.
            </p>
          </Notice>
        </div>
      ) : (
        <ReadOnlyNotice reason={readOnly} />
      )}
      {waiting.map((made) => (
        <ShownOnce key={made.id} made={made} agent={agent} onClose={() => copied(made.id)} />
      ))}
      <CreateKey agent={agent} offReason={reason ?? readOnly} onMade={keep} />
      <section className={css.section} aria-labelledby="keys">
        <h2 id="keys" className={css.heading}>
          Keys of this agent
        </h2>
        <QueryError query={found} title="The API keys could not be read" />
        {page?.total === 0 && (
          <EmptyState title="No API keys yet">
            {reason === null && <p>Create one above and give it to the caller.</p>}
          </EmptyState>
        )}
        {page && page.items.length > 0 && (
          <KeysTable keys={page.items} offReason={reason ?? readOnly} onMade={keep} />
        )}
        {page && <Pager label="Pages of keys" page={page} size={PAGE_SIZE} {...paging} />}
      </section>
    </>
  );
}

/** Why the agent does not use API keys; `null` when it does. */
function whyOff(agent: AgentDetail): string | null {
  if (agent.authentication === "oauth") {
    return "This agent uses OAuth: it accepts tokens of its identity providers and ignores API keys.";
  }
  return agent.authentication === "public" ? "This agent is public: it ignores credentials." : null;
}
