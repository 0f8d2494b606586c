// All identity providers with the health of their keys: searched, filtered and sorted, failing ones first.
import { useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { useAllProviders } from "../api/queries";
import type { ProviderSummary } from "../api/schemas";
import { type Column, DataTable, type Sorting, sorted } from "../parts/DataTable";
import { EmptyState } from "../parts/EmptyState";
import { FileMark } from "../parts/FileMark";
import { ListPage, ListTools } from "../parts/ListPage";
import { Pager } from "../parts/Pager";
import { PAGE_SIZE, cut, usePaging } from "../parts/paging";
import { ProviderDrawer } from "./ProviderDrawer";
import { UsedBy } from "./UsedBy";
import { FILTERS, type Filter, found as foundIn, rank } from "./filter";
import { HealthMark } from "./health";

const COLUMNS: Column<ProviderSummary>[] = [
  {
    label: "Identity provider",
    header: true,
    sort: (provider) => provider.name,
    cell: (provider) => (
      <>
        <Link to={`/identity-providers/${encodeURIComponent(provider.name)}`} className="link">
          <strong>{provider.name}</strong>
        </Link>{" "}
        {provider.managed_by === "file" && <FileMark />}
        <br />
        <code className="dim">{provider.issuer}</code>
      </>
    ),
  },
  { label: "Health", sort: rank, cell: (provider) => <HealthMark health={provider.health} /> },
  { label: "Keys", sort: (provider) => provider.keys, cell: (provider) => provider.keys },
  {
    label: "Source of keys",
    sort: (provider) => provider.source,
    cell: (provider) => <span className="small">{provider.source}</span>,
  },
  {
    label: "Used by",
    sort: (provider) => provider.used_by_total,
    mostFirst: true,
    cell: (provider) => <UsedBy names={provider.used_by.slice(0, 3)} total={provider.used_by_total} />,
  },
];

export default function ProvidersPage() {
  const [, go] = useLocation();
  const isNew = new URLSearchParams(useSearch()).has("new");
  const [typed, setTyped] = useState("");
  const [filter, setFilter] = useState<Filter | null>(null);
  const [sorting, setSorting] = useState<Sorting>({ label: "Health", down: false });
  const { paging, cursor = 0, fromFirstPage } = usePaging<number>();
  const all = useAllProviders();
  const shown = all.data && sorted(foundIn(all.data, typed.trim(), filter), COLUMNS, sorting);
  const page = shown && cut(shown, cursor, PAGE_SIZE);
  return (
    <ListPage
      title="Identity providers"
      about="Identity providers sign the tokens of callers. The gateway fetches their public keys and keeps them up to date."
      add="Add identity provider"
      onAdd={() => go("/identity-providers?new")}
      query={all}
      errorTitle="The identity providers could not be read"
    >
      {all.data?.length === 0 && (
        <EmptyState title="No identity providers yet">
          <p>
            <Link to="/identity-providers?new" className="link">
              Add the identity provider
            </Link>{" "}
            that issues your tokens; for most, the issuer URL is enough. Then secure an agent with it.
          </p>
        </EmptyState>
      )}
      {all.data && all.data.length > 0 && (
        <ListTools
          search="Search identity providers"
          placeholder="Name or issuer"
          typed={typed}
          onType={fromFirstPage(setTyped)}
          filters={FILTERS}
          filter={filter}
          onFilter={fromFirstPage(setFilter)}
        />
      )}
      {page && page.items.length > 0 && (
        <DataTable
          label="Identity providers"
          columns={COLUMNS}
          rows={page.items}
          keyOf={(one) => one.name}
          sorting={sorting}
          onSorting={fromFirstPage(setSorting)}
        />
      )}
      {all.data && all.data.length > 0 && page?.items.length === 0 && (
        <EmptyState title="No identity provider matches these filters." />
      )}
      {page && <Pager label="Pages of identity providers" page={page} size={PAGE_SIZE} {...paging} />}
      <ProviderDrawer provider={null} opened={isNew} onClose={() => go("/identity-providers")} />
    </ListPage>
  );
}
