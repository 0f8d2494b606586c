// How old the keys of each identity provider are.
import { Link } from "wouter";
import type { ProviderStatus } from "../api/types";
import { type Column, DataTable } from "../parts/DataTable";
import { EmptyState } from "../parts/EmptyState";
import { Mark } from "../parts/Mark";
import { Time } from "../parts/Time";
import { span } from "../parts/format";
import css from "./OverviewPage.module.css";

const COLUMNS: Column<ProviderStatus>[] = [
  {
    label: "Identity provider",
    header: true,
    cell: (one) => (
      <Link to={`/identity-providers/${encodeURIComponent(one.provider)}`} className="link">
        {one.provider}
      </Link>
    ),
  },
  {
    label: "State",
    cell: (one) => {
      if (!one.usable)
        return one.tried ? <Mark tone="bad">no usable keys</Mark> : <Mark tone="note">waiting</Mark>;
      return one.last_error ? <Mark tone="warn">last fetch failed</Mark> : <Mark tone="ok">fresh</Mark>;
    },
  },
  { label: "Keys", cell: (one) => one.keys.length },
  {
    label: "Age",
    cell: (one) => (one.age_seconds === null ? "–" : <span className="nowrap">{span(one.age_seconds)}</span>),
  },
  { label: "Next refresh", cell: (one) => <Time at={one.next_due} none="none" /> },
  { label: "Last error", cell: (one) => one.last_error ?? <span className="dim">none</span> },
];

export function KeyAges({ providers }: { providers: ProviderStatus[] }) {
  return (
    <section aria-labelledby="key-ages">
      <h2 id="key-ages" className={css.heading}>
        Key ages
      </h2>
      {providers.length === 0 ? (
        <EmptyState title="No identity providers yet">
          <Link to="/identity-providers?new" className="link">
            Add an identity provider
          </Link>
        </EmptyState>
      ) : (
        <DataTable label="Key ages" columns={COLUMNS} rows={providers} keyOf={(one) => one.provider} />
      )}
    </section>
  );
}
