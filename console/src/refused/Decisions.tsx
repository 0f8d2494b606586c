// The live list of decisions, by default of refusals.
import { Button, Loader, NativeSelect } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useState } from "react";
import type { Decision } from "../api/schemas";
import { AgentSelect } from "../parts/AgentSelect";
import { EmptyState } from "../parts/EmptyState";
import { ErrorNotice } from "../parts/ErrorNotice";
import { Mark, type MarkTone } from "../parts/Mark";
import { Timestamp } from "../parts/Time";
import { DecisionDialog } from "./DecisionDialog";
import { DecisionsTable } from "./DecisionsTable";
import css from "./WhyRefused.module.css";
import { CHOICES, shownOf } from "./outcome";
import { REASONS, meaning } from "./reasons";
import { type Connection, useDecisions } from "./useDecisions";

export interface Filter {
  agent: string | null;
  reason: string | null;
  outcome: string | null;
}

interface Props {
  filter: Filter;
  onFilter: (filter: Filter) => void;
}

const CONNECTIONS: Record<Connection, { tone: MarkTone; word: string }> = {
  connecting: { tone: "note", word: "connecting" },
  live: { tone: "ok", word: "live" },
  lost: { tone: "bad", word: "not connected" },
};

export function Decisions({ filter, onFilter }: Props) {
  const { agent, reason } = filter;
  const outcome = shownOf(filter.outcome, reason);
  const [paused, setPaused] = useState(false);
  const [chosen, setChosen] = useState<Decision | null>(null);
  const { items, since, error, connection, missed, again } = useDecisions({ agent, reason, outcome }, paused);
  return (
    <section aria-labelledby="decisions">
      <h2 id="decisions" className={css.heading}>
        Decisions
      </h2>
      <div className={css.bar}>
        <NativeSelect
          label="Show"
          value={outcome ?? "all"}
          onChange={(event) => onFilter({ ...filter, outcome: event.currentTarget.value })}
          data={CHOICES}
        />
        <AgentSelect
          label="Only this agent"
          placeholder="All agents"
          value={agent}
          onChange={(name) => onFilter({ ...filter, agent: name })}
        />
        <NativeSelect
          label="Only this reason"
          value={reason ?? ""}
          onChange={(event) => onFilter({ ...filter, reason: event.currentTarget.value || null })}
          data={[
            { value: "", label: "All reasons" },
            ...REASONS.map((one) => ({ value: one, label: meaning(one).title })),
          ]}
        />
        <Button
          variant="default"
          leftSection={
            paused ? <IconPlayerPlay size={16} aria-hidden /> : <IconPlayerPause size={16} aria-hidden />
          }
          onClick={() => setPaused(!paused)}
        >
          {paused ? "Resume" : "Pause"}
        </Button>
        <span className={css.live} role="status">
          {paused ? (
            <Mark tone="plain">paused</Mark>
          ) : (
            <Mark tone={CONNECTIONS[connection].tone}>{CONNECTIONS[connection].word}</Mark>
          )}
          {missed > 0 && !paused && (
            <span className="dim small">{missed.toLocaleString("en")} came too fast to show</span>
          )}
          {connection === "lost" && !paused && (
            <Button size="compact-sm" variant="default" onClick={again}>
              Reconnect
            </Button>
          )}
        </span>
      </div>
      <p className={`dim small ${css.reach}`} data-testid="refusals-since">
        {since ? (
          <>
            Refusals since <Timestamp at={since} /> are kept, for at most a day.
          </>
        ) : (
          items &&
          "Refusals are kept for at most a day, allowed requests only while they are among the most recent."
        )}
      </p>
      {error !== null && (
        <ErrorNotice error={error} title="The decisions could not be read" onRetry={again} />
      )}
      {items === null && error === null && <Loader role="img" aria-label="Loading" />}
      {items?.length === 0 && (
        <EmptyState
          title={agent || reason || outcome !== null ? "No such decision is kept" : "No decisions yet"}
        >
          <p>Each request through the gateway is shown here as it is decided. Its token is never kept.</p>
        </EmptyState>
      )}
      {items && items.length > 0 && <DecisionsTable items={items} onOpen={setChosen} />}
      <DecisionDialog decision={chosen} onClose={() => setChosen(null)} />
    </section>
  );
}
