// Every identity provider with the health of its keys: searched, filtered and sorted, those that fail first.
import { Button, Loader, TextInput } from "@mantine/core";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { useAllProviders } from "../api/queries";
import type { ProviderSummary } from "../api/schemas";
import { Chips } from "../parts/Chips";
import { type Column, DataTable, type Sorting, sorted } from "../parts/DataTable";
import { EmptyState } from "../parts/EmptyState";
import { Mark } from "../parts/Mark";
import { PageHead } from "../parts/PageHead";
import { Pager } from "../parts/Pager";
import { QueryError } from "../parts/QueryError";
import { ReadOnlyNotice, off, useReadOnly } from "../parts/writable";
import { ProviderDrawer } from "./ProviderDrawer";
import css from "./ProviderPage.module.css";
import { UsedBy } from "./UsedBy";
import { FILTERS, type Filter, found as foundIn, rank } from "./filter";
import { HealthMark } from "./health";

const PAGE = 50;

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
        {provider.managed_by === "file" && (
          <Mark tone="plain" title="Written in the configuration file; change it there.">
            File
          </Mark>
        )}
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
  const [marks, setMarks] = useState<(number | undefined)[]>([undefined]);
  const all = useAllProviders();
  const readOnly = useReadOnly();
  const shown = all.data && sorted(foundIn(all.data, typed.trim(), filter), COLUMNS, sorting);
  const from = marks.at(-1) ?? 0;
  const page = shown && {
    items: shown.slice(from, from + PAGE),
    next: from + PAGE < shown.length ? from + PAGE : null,
    total: shown.length,
  };
  const first = () => setMarks([undefined]);
  return (
    <>
      <PageHead
        title="Identity providers"
        about="Who signs the tokens that callers bring. The gateway fetches their public keys and keeps them fresh."
        actions={
          <Button
            leftSection={<IconPlus size={16} aria-hidden />}
            onClick={() => go("/identity-providers?new")}
            {...off(readOnly)}
          >
            Add identity provider
          </Button>
        }
      />
      <ReadOnlyNotice reason={readOnly} />
      <QueryError query={all} title="The identity providers could not be read" />
      {all.isPending && <Loader role="img" aria-label="Loading" />}
      {all.data?.length === 0 && (
        <EmptyState title="No identity providers yet">
          <p>
            <Link to="/identity-providers?new" className="link">
              Add the one
            </Link>{" "}
            that issues your tokens: its issuer URL is enough for most. Then secure an agent with it.
          </p>
        </EmptyState>
      )}
      {all.data && all.data.length > 0 && (
        <div className={css.tools}>
          <TextInput
            type="search"
            aria-label="Search identity providers"
            placeholder="Name or issuer"
            leftSection={<IconSearch size={16} aria-hidden />}
            className={css.search}
            value={typed}
            onChange={(event) => {
              setTyped(event.currentTarget.value);
              first();
            }}
          />
          <Chips
            label="Show only"
            choices={FILTERS}
            value={filter}
            onChange={(value) => {
              setFilter(value);
              first();
            }}
          />
        </div>
      )}
      {page && page.items.length > 0 && (
        <DataTable
          label="Identity providers"
          columns={COLUMNS}
          rows={page.items}
          keyOf={(one) => one.name}
          sorting={sorting}
          onSorting={(next) => {
            setSorting(next);
            first();
          }}
        />
      )}
      {all.data && all.data.length > 0 && page?.items.length === 0 && (
        <EmptyState title="No identity provider is like this." />
      )}
      {page && (
        <Pager label="Pages of identity providers" page={page} size={PAGE} marks={marks} onMarks={setMarks} />
      )}
      <ProviderDrawer provider={null} opened={isNew} onClose={() => go("/identity-providers")} />
    </>
  );
}
