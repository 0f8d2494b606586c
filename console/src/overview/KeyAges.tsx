// The age of the keys of each identity provider: failing ones first, many healthy ones collapsed.
import { Link } from "wouter";
import type { ProviderStatus } from "../api/schemas";
import { type Column, DataTable } from "../parts/DataTable";
import { EmptyState } from "../parts/EmptyState";
import { Mark } from "../parts/Mark";
import { Time } from "../parts/Time";
import { plural, span } from "../parts/format";
import css from "./OverviewPage.module.css";

/** More healthy providers than this are collapsed, so that the table does not push the rest off the screen. */
const SHOWN = 8;

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

/** Those without usable keys, those whose last fetch failed, and the rest; by name within each. */
export function byHealth(providers: ProviderStatus[]): {
  failing: ProviderStatus[];
  healthy: ProviderStatus[];
} {
  const rank = (one: ProviderStatus) => (one.usable ? (one.last_error ? 1 : 2) : 0);
  const sorted = [...providers].sort((a, b) => rank(a) - rank(b) || a.provider.localeCompare(b.provider));
  return { failing: sorted.filter((one) => rank(one) < 2), healthy: sorted.filter((one) => rank(one) === 2) };
}

export function KeyAges({ providers }: { providers: ProviderStatus[] }) {
  const { failing, healthy } = byHealth(providers);
  const fold = healthy.length > SHOWN;
  const shown = fold ? failing : [...failing, ...healthy];
  return (
    <section aria-labelledby="key-ages">
      <h2 id="key-ages" className={css.heading}>
        Keys of the identity providers
      </h2>
      {providers.length === 0 && (
        <EmptyState title="No identity providers yet">
          <Link to="/identity-providers?new" className="link">
            Add an identity provider
          </Link>
        </EmptyState>
      )}
      {shown.length > 0 && <Table label="Key ages" rows={shown} />}
      {fold && (
        <details className={css.fold}>
          <summary>{plural(healthy.length, "provider")} with fresh keys</summary>
          <Table label="Fresh keys" rows={healthy} />
        </details>
      )}
    </section>
  );
}

function Table({ label, rows }: { label: string; rows: ProviderStatus[] }) {
  return <DataTable label={label} columns={COLUMNS} rows={rows} keyOf={(one) => one.provider} />;
}
