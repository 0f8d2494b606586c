// The limits of the callers of every agent: what each permits and whom it counts by, and the form for a new one.
import { useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { countsOf, permitsOf } from "../agent/limits";
import { useGlobalLimits } from "../api/queries";
import type { LimitSummary } from "../api/schemas";
import { type Column, DataTable } from "../parts/DataTable";
import { EmptyState } from "../parts/EmptyState";
import { FileMark } from "../parts/FileMark";
import { ListPage, ListTools } from "../parts/ListPage";
import { Mark } from "../parts/Mark";
import { Pager } from "../parts/Pager";
import { PAGE_SIZE, usePaging } from "../parts/paging";
import { LimitDrawer } from "./LimitDrawer";
import { togetherOf } from "./limit";

const COLUMNS: Column<LimitSummary>[] = [
  {
    label: "Limit",
    header: true,
    cell: (limit) => (
      <>
        <Link to={`/limits/${encodeURIComponent(limit.name)}`} className="link">
          <strong>{limit.name}</strong>
        </Link>{" "}
        {limit.managed_by === "file" && <FileMark />}{" "}
        {limit.enforcement === "shadow" && (
          <Mark tone="shadow" title="It counts, and refuses nothing">
            Shadow
          </Mark>
        )}
      </>
    ),
  },
  { label: "Permits", cell: permitsOf },
  { label: "Counted by", cell: countsOf },
  { label: "In a fleet", cell: (limit) => <span className="small">{togetherOf(limit)}</span> },
];

export default function LimitsPage() {
  const [, go] = useLocation();
  const isNew = new URLSearchParams(useSearch()).has("new");
  const [typed, setTyped] = useState("");
  const { paging, cursor, fromFirstPage } = usePaging<string>();
  const q = typed.trim() || undefined;
  const found = useGlobalLimits({ limit: PAGE_SIZE, after: cursor, q });
  const page = found.data;
  const none = page?.total === 0;
  return (
    <ListPage
      title="Limits"
      about="How often, how many at once, or how many a day, the callers of every agent may ask. Agents and identity providers have limits of their own."
      add="Add limit"
      onAdd={() => go("/limits?new")}
      query={found}
      errorTitle="The limits could not be read"
    >
      {none && !q && (
        <EmptyState title="No limits for all agents yet">
          <p>
            <Link to="/limits?new" className="link">
              Add a limit
            </Link>{" "}
            that counts only, and look at what it would refuse before you let it.
          </p>
        </EmptyState>
      )}
      {page && (!none || q) && (
        <ListTools
          search="Search limits"
          placeholder="Name, or what it counts by"
          typed={typed}
          onType={fromFirstPage(setTyped)}
        />
      )}
      {page && page.items.length > 0 && (
        <DataTable label="Limits" columns={COLUMNS} rows={page.items} keyOf={(one) => one.name} />
      )}
      {none && q && <EmptyState title="No limit matches this search." />}
      {page && <Pager label="Pages of limits" page={page} size={PAGE_SIZE} {...paging} />}
      <LimitDrawer limit={null} opened={isNew} onClose={() => go("/limits")} />
    </ListPage>
  );
}
