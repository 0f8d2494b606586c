// Where an agent runs: each target with its state, its part of the load, what runs there, and what went wrong last.
import { useTargets } from "../api/queries";
import type { AgentDetail, UpstreamTarget } from "../api/schemas";
import { type Column, DataTable } from "../parts/DataTable";
import { Mark } from "../parts/Mark";
import { Notice } from "../parts/Notice";
import { QueryError } from "../parts/QueryError";
import { visible } from "../parts/visible";
import css from "./AgentPage.module.css";
import { Drain } from "./Drain";
import { STATES, troubleOf } from "./targets";

export function TargetsPanel({ agent }: { agent: AgentDetail }) {
  const found = useTargets(agent.name);
  const items = found.data?.items;
  const trouble = items && troubleOf(items);
  return (
    <section className={`panel ${css.section}`} aria-labelledby="targets">
      <div className={css.bar}>
        <h2 id="targets" className={css.heading}>
          Targets
        </h2>
      </div>
      <QueryError query={found} title="The targets could not be read" />
      {trouble && (
        <div className={css.notice}>
          <Notice tone={trouble.tone} title={trouble.title}>
            <p>{trouble.means}</p>
          </Notice>
        </div>
      )}
      {items && <TargetsTable agent={agent.name} items={items} />}
      {items?.length === 1 && (
        <p className="dim small">
          The only target of this agent, so it cannot be drained. Several of them, over which requests are
          spread, are written with “Edit and deploy”.
        </p>
      )}
    </section>
  );
}

/** A target can be drained where there is another one. */
const columnsFor = (agent: string, all: UpstreamTarget[]): Column<UpstreamTarget>[] => [
  ...COLUMNS,
  ...(all.length > 1
    ? [
        {
          label: "Actions",
          quiet: true,
          right: true,
          cell: (one: UpstreamTarget) => <Drain agent={agent} target={one} all={all} />,
        },
      ]
    : []),
];

const COLUMNS: Column<UpstreamTarget>[] = [
  {
    label: "Target",
    header: true,
    cell: (one) => (
      <>
        <code>{one.url}</code>
        {one.zone !== null && <div className="dim small">zone {visible(one.zone)}</div>}
      </>
    ),
  },
  {
    label: "State",
    cell: (one) => (
      <Mark tone={STATES[one.state].tone} title={STATES[one.state].meaning}>
        {STATES[one.state].word}
      </Mark>
    ),
  },
  { label: "Weight", right: true, cell: (one) => one.weight },
  { label: "In flight", right: true, cell: (one) => one.in_flight.toLocaleString("en") },
  {
    label: "Last error",
    cell: (one) =>
      one.last_error === null ? <span className="dim">none</span> : <code>{visible(one.last_error)}</code>,
  },
];

function TargetsTable({ agent, items }: { agent: string; items: UpstreamTarget[] }) {
  const columns = columnsFor(agent, items);
  return <DataTable label="Targets" columns={columns} rows={items} keyOf={(one) => one.url} />;
}
