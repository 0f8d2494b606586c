// The gateway's decision on a test request, looked up by the request ID in the response.
import { Button, Group } from "@mantine/core";
import { useLocation } from "wouter";
import { ApiError } from "../api/client";
import { useDecision } from "../api/queries";
import type { AgentDetail } from "../api/schemas";
import { Notice } from "../parts/Notice";
import { QueryError } from "../parts/QueryError";
import { VerdictCard } from "../refused/VerdictCard";
import css from "./TestPage.module.css";
import { handOver } from "./handOver";

interface Props {
  agent: AgentDetail;
  /** From the response; `null` when it has none. */
  requestId: string | null;
  credential: string;
}

export function Decided({ agent, requestId, credential }: Props) {
  const [, go] = useLocation();
  const found = useDecision(requestId);
  const gone = found.error instanceof ApiError && found.error.status === 404;
  if (requestId === null) return null;
  const explain = () => {
    handOver(agent.name, credential);
    go(`/why-refused?agent=${encodeURIComponent(agent.name)}`);
  };
  const tone = { allow: "ok", shadow_deny: "warn" } as const;
  const decision = found.data?.decision;
  return (
    <section className={css.decided} aria-label="The gateway's decision" data-testid="decided">
      {found.data && (
        <Notice
          tone={decision === "allow" || decision === "shadow_deny" ? tone[decision] : "bad"}
          title="The gateway's decision"
        >
          <VerdictCard verdict={found.data} id={requestId} />
        </Notice>
      )}
      {gone && <p className="dim small">The gateway has not kept the decision on this request.</p>}
      {!gone && <QueryError query={found} title="The decision could not be looked up" />}
      {agent.authentication !== "public" && (
        <Group mt="sm">
          <Button variant="default" size="sm" onClick={explain}>
            Explain {credential ? "this credential" : "it"} check by check
          </Button>
        </Group>
      )}
    </section>
  );
}
