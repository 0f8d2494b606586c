// The callers of an agent that were refused most often, with the last refusal of each.
import { Link } from "wouter";
import { useRefusedCallers } from "../api/queries";
import type { AgentDetail, RefusedCaller } from "../api/schemas";
import { DenyLink } from "../denials/DenyLink";
import { type Column, DataTable } from "../parts/DataTable";
import { EmptyState } from "../parts/EmptyState";
import { QueryError } from "../parts/QueryError";
import { Time } from "../parts/Time";
import { visible } from "../parts/visible";
import { meaning } from "../refused/reasons";
import css from "./AgentPage.module.css";
import { Proven, isProven } from "./Proven";
import { countOf, networkOf } from "./callers";

export function RefusedCallers({ agent }: { agent: AgentDetail }) {
  const found = useRefusedCallers(agent.name);
  const items = found.data?.items;
  return (
    <section className={`panel ${css.section}`} aria-labelledby="refused-callers">
      <div className={css.bar}>
        <h2 id="refused-callers" className={css.heading}>
          Callers refused most often
        </h2>
        {found.data && (
          <span className="dim small">
            counted since <Time at={found.data.since} past />
          </span>
        )}
      </div>
      <QueryError query={found} title="The refused callers could not be read" />
      {items?.length === 0 && (
        <EmptyState title="Nobody was refused">
          <p>Refusals of the last half hour to hour are counted here.</p>
        </EmptyState>
      )}
      {items && items.length > 0 && (
        <>
          <p className="dim small">
            A caller is called what it has proven, or else where it came from: what an unverified token says
            of itself names nobody.
          </p>
          <DataTable
            label="Callers refused most often"
            columns={columnsFor(agent.name)}
            rows={items}
            keyOf={(one) => one.last_request_id}
          />
        </>
      )}
    </section>
  );
}

const columnsFor = (agent: string): Column<RefusedCaller>[] => [
  { label: "Caller", header: true, cell: (one) => <Caller agent={agent} one={one} /> },
  { label: "Refused", right: true, cell: (one) => <span className="nowrap">{countOf(one)}</span> },
  { label: "Last", cell: (one) => <Time at={one.last_at} past /> },
  {
    label: "Why, the last time",
    cell: (one) => (
      <Link
        to={`/why-refused?${new URLSearchParams({ request: one.last_request_id })}`}
        className="link"
        title={one.last_reason}
      >
        {meaning(one.last_reason).title}
      </Link>
    ),
  },
  {
    label: "Actions",
    quiet: true,
    right: true,
    cell: (one) => <DenyLink caller={one} of={`the caller of request ${one.last_request_id}`} />,
  },
];

function Caller({ agent, one }: { agent: string; one: RefusedCaller }) {
  if (one.key_id !== null) {
    return (
      <Link to={`/agents/${encodeURIComponent(agent)}/api-keys`} className="link">
        API key {one.key_name === null ? visible(one.key_id) : visible(one.key_name)}
        {one.key_name !== null && <span className="dim small"> {visible(one.key_id)}</span>}
      </Link>
    );
  }
  if (isProven(one)) return <Proven one={one} />;
  if (one.address === null) return <span className="dim">from an unknown address</span>;
  return (
    <>
      <span className="dim">from</span> <code>{networkOf(one.address)}</code>
    </>
  );
}
