// All agents: searched, filtered, sorted and paged.
import { NativeSelect } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { useProviders, useStatus } from "../api/queries";
import { DeployDrawer } from "../deploy/DeployDrawer";
import { OfThisMember } from "../fleet/OfThisMember";
import type { Sorting } from "../parts/DataTable";
import { EmptyState } from "../parts/EmptyState";
import { ListPage, ListTools } from "../parts/ListPage";
import { Pager } from "../parts/Pager";
import { plural } from "../parts/format";
import { PAGE_SIZE, usePaging } from "../parts/paging";
import { SEARCH_DEBOUNCE_MS } from "../parts/search";
import { AgentsTable } from "./AgentsTable";
import { FILTERS, type Filter, isFilter } from "./filter";
import { useAgentList } from "./useAgentList";

export default function AgentsPage() {
  const [, go] = useLocation();
  const query = new URLSearchParams(useSearch());
  const asked = query.get("show");
  const [typed, setTyped] = useState("");
  const [q] = useDebouncedValue(typed.trim(), SEARCH_DEBOUNCE_MS);
  const [filter, setFilter] = useState<Filter | null>(isFilter(asked) ? asked : null);
  const [provider, setProvider] = useState<string | null>(query.get("provider"));
  const [sorting, setSorting] = useState<Sorting | null>(null);
  const { paging, cursor, fromFirstPage } = usePaging<string>();
  const { query: found, page } = useAgentList({ q, filter, provider, sorting, cursor });
  const status = useStatus();
  const narrowed = q !== "" || filter !== null || provider !== null;

  return (
    <ListPage
      title="Agents"
      about={status.data && plural(status.data.counts.agents, "agent")}
      add="New agent"
      onAdd={() => go("/agents?new")}
      query={found}
      errorTitle="The agents could not be read"
    >
      {page && page.total === 0 && !narrowed ? (
        <FirstRun />
      ) : (
        <>
          <ListTools
            search="Search agents"
            placeholder="Name, display name or path"
            typed={typed}
            onType={fromFirstPage(setTyped)}
            filters={FILTERS}
            filter={filter}
            onFilter={fromFirstPage(setFilter)}
          >
            <ProviderFilter value={provider} onChange={fromFirstPage(setProvider)} />
          </ListTools>
          {page && page.items.length > 0 && (
            <>
              <OfThisMember what="Traffic and failures are those" />
              <AgentsTable agents={page.items} sorting={sorting} onSorting={fromFirstPage(setSorting)} />
            </>
          )}
          {page && page.items.length === 0 && (
            <EmptyState title={q ? `No agent matches “${q}”.` : "No agent matches these filters."} />
          )}
          {page && <Pager label="Pages of agents" page={page} size={PAGE_SIZE} {...paging} />}
        </>
      )}
      <DeployDrawer agent={null} opened={query.has("new")} onClose={() => go("/agents")} />
    </ListPage>
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
        { value: "", label: "All identity providers" },
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
          Add the{" "}
          <Link to="/identity-providers?new" className="link">
            identity provider
          </Link>{" "}
          that issues tokens to your callers, then a{" "}
          <Link to="/agents?new" className="link">
            new agent
          </Link>
          . An agent with API keys needs no identity provider.
        </p>
      ) : (
        <p>
          There is an identity provider; the next step is a{" "}
          <Link to="/agents?new" className="link">
            new agent
          </Link>
          .
        </p>
      )}
    </EmptyState>
  );
}
