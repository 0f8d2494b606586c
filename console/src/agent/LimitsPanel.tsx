// How often callers of an agent may ask, and how full each limit is. Who the callers are is not known here: the gateway
// counts them by hashes.
import { Link } from "wouter";
import { useLimits } from "../api/queries";
import type { AgentDetail, LimitUsage } from "../api/schemas";
import { type Column, DataTable } from "../parts/DataTable";
import { EmptyState } from "../parts/EmptyState";
import { Fill } from "../parts/Fill";
import { Mark } from "../parts/Mark";
import { QueryError } from "../parts/QueryError";
import css from "./AgentPage.module.css";
import { countsOf, inUseOf, permitsOf, placeOf, shareOf, spentOf, toneOf } from "./limits";

export function LimitsPanel({ agent }: { agent: AgentDetail }) {
  const found = useLimits(agent.name);
  const items = found.data?.items;
  return (
    <section className={`panel ${css.section}`} aria-labelledby="limits">
      <div className={css.bar}>
        <h2 id="limits" className={css.heading}>
          Limits
        </h2>
      </div>
      <QueryError query={found} title="The limits could not be read" />
      {items?.length === 0 && (
        <EmptyState title="Callers are not limited">
          <p>
            How often, and how many at once, callers may ask is written under <code>limits</code>: at the
            agent (“Edit and deploy”), at an identity provider, or for{" "}
            <Link to="/limits" className="link">
              all agents
            </Link>
            .
          </p>
        </EmptyState>
      )}
      {items && items.length > 0 && (
        <DataTable
          label="Limits"
          columns={COLUMNS}
          rows={items}
          keyOf={(one) => `${one.place} ${one.provider ?? ""} ${one.name}`}
        />
      )}
    </section>
  );
}

const COLUMNS: Column<LimitUsage>[] = [
  {
    label: "Limit",
    header: true,
    cell: (one) => (
      <>
        <code>{one.name}</code>{" "}
        {one.enforcement === "shadow" && (
          <Mark tone="shadow" title="It counts, and refuses nothing">
            Shadow
          </Mark>
        )}
        <div className="dim small">
          {one.place === "top" ? (
            <Link to={`/limits/${encodeURIComponent(one.name)}`} className="link">
              {placeOf(one)}
            </Link>
          ) : (
            placeOf(one)
          )}
        </div>
      </>
    ),
  },
  {
    label: "Permits",
    cell: (one) => (
      <>
        {permitsOf(one)}
        <div className="dim small">{countsOf(one)}</div>
        {shareOf(one) !== null && <div className="dim small">{shareOf(one)}</div>}
      </>
    ),
  },
  { label: "How full", cell: (one) => <Fullest limit={one} /> },
  {
    label: "Since the start",
    cell: (one) => (
      <>
        <div className="nowrap">
          {one.allowed.toLocaleString("en")} {one.count === "failed" ? "counted" : "let in"}
        </div>
        <div className="nowrap">{one.limited.toLocaleString("en")} refused</div>
        {one.shadow_limited > 0 && (
          <div className="nowrap">{one.shadow_limited.toLocaleString("en")} would be refused</div>
        )}
      </>
    ),
  },
];

/** A bar for each of those that have spent most, the first one in words. */
function Fullest({ limit }: { limit: LimitUsage }) {
  const [first, ...others] = limit.fullest;
  return (
    <div className={css.fills}>
      {first !== undefined && <div className="small">The fullest: {spentOf(limit, first)}</div>}
      {[first ?? 0, ...others].map((spent, nth) => (
        <Fill
          // Their order is all that is known of them.
          key={nth}
          label={`How full ${limit.name} is, ${nth + 1}`}
          value={spent}
          most={limit.most}
          tone={toneOf(spent, limit.most)}
          text={spentOf(limit, spent)}
        />
      ))}
      <div className="dim small">{inUseOf(limit)}</div>
    </div>
  );
}
