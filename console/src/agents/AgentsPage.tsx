// Every agent at a glance: searched, filtered, sorted and paged.
import { Button, Loader, NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { useProviders, useStatus } from "../api/queries";
import { DeployDrawer } from "../deploy/DeployDrawer";
import { Chips } from "../parts/Chips";
import type { Sorting } from "../parts/DataTable";
import { EmptyState } from "../parts/EmptyState";
import { PageHead } from "../parts/PageHead";
import { Pager } from "../parts/Pager";
import { QueryError } from "../parts/QueryError";
import { plural } from "../parts/format";
import { ReadOnlyNotice, off, useReadOnly } from "../parts/writable";
import { AgentsTable } from "./AgentsTable";
import css from "./AgentsPage.module.css";
import { FILTERS, type Filter, isFilter } from "./filter";
import { PAGE, useAgentList } from "./useAgentList";

export default function AgentsPage() {
  const [, go] = useLocation();
  const query = new URLSearchParams(useSearch());
  const asked = query.get("show");
  const [typed, setTyped] = useState("");
  const [q] = useDebouncedValue(typed.trim(), 250);
  const [filter, setFilter] = useState<Filter | null>(isFilter(asked) ? asked : null);
  const [provider, setProvider] = useState<string | null>(query.get("provider"));
  const [sorting, setSorting] = useState<Sorting | null>(null);
  /** Where each page begins; the last is the one that is shown. */
  const [marks, setMarks] = useState<(string | undefined)[]>([undefined]);
  const first = () => setMarks([undefined]);
  const { query: found, page } = useAgentList({ q, filter, provider, sorting, mark: marks.at(-1) });
  const status = useStatus();
  const readOnly = useReadOnly();
  const narrowed = q !== "" || filter !== null || provider !== null;

  return (
    <>
      <PageHead
        title="Agents"
        about={status.data && plural(status.data.counts.agents, "agent")}
        actions={
          <Button
            leftSection={<IconPlus size={16} aria-hidden />}
            onClick={() => go("/agents?new")}
            {...off(readOnly)}
          >
            New agent
          </Button>
        }
      />
      <ReadOnlyNotice reason={readOnly} />
      <QueryError query={found} title="The agents could not be read" />
      {found.isPending && <Loader role="img" aria-label="Loading" />}
      {page && page.total === 0 && !narrowed ? (
        <FirstRun />
      ) : (
        <>
          <div className={css.tools}>
            <TextInput
              type="search"
              aria-label="Search agents"
              placeholder="Name, display name or path"
              leftSection={<IconSearch size={16} aria-hidden />}
              className={css.search}
              value={typed}
              onChange={(event) => {
                setTyped(event.currentTarget.value);
                first();
              }}
            />
            <ProviderFilter
              value={provider}
              onChange={(name) => {
                setProvider(name);
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
          {page && page.items.length > 0 && (
            <AgentsTable
              agents={page.items}
              sorting={sorting}
              onSorting={(next) => {
                setSorting(next);
                first();
              }}
            />
          )}
          {page && page.items.length === 0 && (
            <EmptyState title={q ? `No agent matches “${q}”.` : "No agent is like this now."} />
          )}
          {page && <Pager label="Pages of agents" page={page} size={PAGE} marks={marks} onMarks={setMarks} />}
        </>
      )}
      <DeployDrawer agent={null} opened={query.has("new")} onClose={() => go("/agents")} />
    </>
  );
}

function ProviderFilter({
  value,
  onChange,
}: {
  value: string | null;
  onChange: (name: string | null) => void;
}) {
  const names = useProviders().data?.items.map((one) => one.name) ?? [];
  if (names.length === 0 && value === null) return null;
  return (
    <NativeSelect
      aria-label="Only with this identity provider"
      value={value ?? ""}
      onChange={(event) => onChange(event.currentTarget.value || null)}
      data={[
        { value: "", label: "Every identity provider" },
        ...[...new Set([...(value ? [value] : []), ...names])].map((name) => ({ value: name, label: name })),
      ]}
    />
  );
}

function FirstRun() {
  const providers = useProviders();
  return (
    <EmptyState title="No agents yet">
      {providers.data?.total === 0 ? (
        <p>
          Add an{" "}
          <Link to="/identity-providers?new" className="link">
            identity provider
          </Link>{" "}
          whose tokens callers bring, then a{" "}
          <Link to="/agents?new" className="link">
            new agent
          </Link>
          . An agent with API keys needs no identity provider.
        </p>
      ) : (
        <p>
          The identity providers are there; the next step is a{" "}
          <Link to="/agents?new" className="link">
            new agent
          </Link>
          .
        </p>
      )}
    </EmptyState>
  );
}
