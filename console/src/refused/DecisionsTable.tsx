// The rows of the list of decisions.
import { Link } from "wouter";
import type { Decision } from "../api/schemas";
import { type Column, DataTable } from "../parts/DataTable";
import { Mark } from "../parts/Mark";
import { StackedTimestamp } from "../parts/Time";
import css from "./WhyRefused.module.css";
import { wordOf } from "./outcome";
import { meaning } from "./reasons";
import { callerOf } from "./verdict";

interface Props {
  items: Decision[];
  onOpen: (decision: Decision) => void;
}

export function DecisionsTable({ items, onOpen }: Props) {
  const columns: Column<Decision>[] = [
    { label: "Time", cell: (one) => <StackedTimestamp at={one.at} /> },
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
        const { tone, word } = wordOf(one);
        return <Mark tone={tone}>{word}</Mark>;
      },
    },
    {
      label: "Reason",
      cell: (one) => (
        <div>
          <button type="button" className={css.reason} onClick={() => onOpen(one)}>
            {meaning(one.reason).title}
          </button>
          {one.seen && (
            <div className={css.seen} title={`What the failing check found, not verified: ${one.seen}`}>
              <code>{one.seen}</code>
            </div>
          )}
        </div>
      ),
    },
    {
      label: "Request",
      cell: (one) => (
        <code className={css.clip} title={one.path ?? undefined}>
          {one.http_method} {one.path}
        </code>
      ),
    },
    { label: "Caller", cell: (one) => <Caller one={one} /> },
    {
      label: "Request ID",
      cell: (one) => (
        <button
          type="button"
          className={css.reason}
          aria-label={`Request ${one.request_id}`}
          onClick={() => onOpen(one)}
        >
          <code className={`${css.clip} ${css.id}`} title={one.request_id}>
            {one.request_id}
          </code>
        </button>
      ),
    },
  ];
  return (
    <DataTable
      label="Decisions"
      columns={columns}
      rows={items}
      keyOf={(one) => `${one.request_id} ${one.at} ${one.reason}`}
    />
  );
}

function Caller({ one }: { one: Decision }) {
  const who = callerOf(one);
  return (
    <div className={css.caller}>
      {who && <span>{who}</span>}
      <code className={`dim ${css.clip} ${css.remote}`} title={one.remote ?? undefined}>
        {one.remote ?? (who ? "" : "–")}
      </code>
    </div>
  );
}
