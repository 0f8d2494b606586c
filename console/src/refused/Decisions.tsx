// The live list of decisions, filtered by agent and reason.
import { Button, Loader, NativeSelect } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "wouter";
import type { Decision } from "../api/types";
import { AgentSelect } from "../parts/AgentSelect";
import { type Column, DataTable } from "../parts/DataTable";
import { EmptyState } from "../parts/EmptyState";
import { ErrorNotice } from "../parts/ErrorNotice";
import { Mark, type MarkTone } from "../parts/Mark";
import { Time } from "../parts/Time";
import { ReasonDialog } from "./ReasonDialog";
import css from "./WhyRefused.module.css";
import { REASONS, meaning } from "./reasons";
import { type Line, useDecisions } from "./useDecisions";

interface Props {
  agent: string | null;
  reason: string | null;
  onFilter: (filter: { agent: string | null; reason: string | null }) => void;
}

const WORDS: Record<Decision["decision"], { tone: MarkTone; word: string }> = {
  allow: { tone: "ok", word: "allowed" },
  deny: { tone: "bad", word: "refused" },
  error: { tone: "bad", word: "error" },
  shadow_deny: { tone: "warn", word: "let through (shadow)" },
};

const LINES: Record<Line, { tone: MarkTone; word: string }> = {
  connecting: { tone: "note", word: "connecting" },
  live: { tone: "ok", word: "live" },
  lost: { tone: "bad", word: "not connected" },
};

export function Decisions({ agent, reason, onFilter }: Props) {
  const [paused, setPaused] = useState(false);
  const [chosen, setChosen] = useState<Decision | null>(null);
  const { items, error, line, missed, again } = useDecisions(agent, reason, paused);

  const columns: Column<Decision>[] = [
    { label: "Time", cell: (one) => <Time at={one.at} /> },
    {
      label: "Agent",
      cell: (one) =>
        one.agent === null ? (
          <span className="dim">none</span>
        ) : (
          <Link to={`/agents/${encodeURIComponent(one.agent)}`} className="link">
            {one.agent}
          </Link>
        ),
    },
    {
      label: "Decision",
      cell: (one) => {
        const { tone, word } = WORDS[one.decision] ?? { tone: "plain", word: one.decision };
        return <Mark tone={tone}>{word}</Mark>;
      },
    },
    {
      label: "Reason",
      cell: (one) => (
        <button type="button" className={css.reason} onClick={() => setChosen(one)}>
          {meaning(one.reason).title}
        </button>
      ),
    },
    { label: "Identity provider", cell: (one) => one.provider ?? <span className="dim">–</span> },
    { label: "Request ID", cell: (one) => <code className="dim">{one.request_id}</code> },
  ];

  return (
    <section aria-labelledby="decisions">
      <h2 id="decisions" className={css.heading}>
        Decisions
      </h2>
      <div className={css.bar}>
        <AgentSelect
          label="Only this agent"
          placeholder="All agents"
          value={agent}
          onChange={(name) => onFilter({ agent: name, reason })}
        />
        <NativeSelect
          label="Only this reason"
          value={reason ?? ""}
          onChange={(event) => onFilter({ agent, reason: event.currentTarget.value || null })}
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
          {paused ? "Go on" : "Pause"}
        </Button>
        <span className={css.live} role="status">
          {paused ? (
            <Mark tone="plain">paused</Mark>
          ) : (
            <Mark tone={LINES[line].tone}>{LINES[line].word}</Mark>
          )}
          {missed > 0 && !paused && (
            <span className="dim small">{missed.toLocaleString("en")} came too fast to be shown</span>
          )}
          {line === "lost" && !paused && (
            <Button size="compact-sm" variant="default" onClick={again}>
              Connect again
            </Button>
          )}
        </span>
      </div>
      {error !== null && <ErrorNotice error={error} onRetry={again} />}
      {items === null && error === null && <Loader role="img" aria-label="Loading" />}
      {items?.length === 0 && (
        <EmptyState title={agent || reason ? "No such decision yet" : "No decisions yet"}>
          <p>
            Each request through the gateway shows up here as it is decided. Nothing of its token is kept.
          </p>
        </EmptyState>
      )}
      {items && items.length > 0 && (
        <DataTable
          label="Decisions"
          columns={columns}
          rows={items}
          keyOf={(one) => `${one.request_id} ${one.at} ${one.reason}`}
        />
      )}
      <ReasonDialog decision={chosen} onClose={() => setChosen(null)} />
    </section>
  );
}
