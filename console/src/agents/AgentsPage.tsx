// Every agent at a glance: searched and paged by the gateway, so that ten thousand are no burden.
import { Button, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { useAgents, useProviders, useStatus } from "../api/queries";
import { DeployDrawer } from "../deploy/DeployDrawer";
import { EmptyState } from "../parts/EmptyState";
import { ErrorNotice } from "../parts/ErrorNotice";
import { PageHead } from "../parts/PageHead";
import { Pager } from "../parts/Pager";
import { plural } from "../parts/format";
import { ReadOnlyNotice, off, useReadOnly } from "../parts/writable";
import { AgentsTable } from "./AgentsTable";
import css from "./AgentsPage.module.css";

const PAGE = 50;

export default function AgentsPage() {
  const [, go] = useLocation();
  const isNew = new URLSearchParams(useSearch()).has("new");
  const [typed, setTyped] = useState("");
  const [q] = useDebouncedValue(typed.trim(), 250);
  /** Where each page begins; the last is the one that is shown. */
  const [marks, setMarks] = useState<(string | undefined)[]>([undefined]);
  const found = useAgents({ limit: PAGE, after: marks.at(-1), q });
  const status = useStatus();
  const readOnly = useReadOnly();
  const page = found.data;

  return (
    <>
      <PageHead
        title="Agents"
        about={
          status.data && (
            <>
              {plural(status.data.counts.agents, "agent")} · live revision{" "}
              <code>{status.data.live.revision.slice(0, 12)}</code>
              {status.data.live.number > 0 && <> (number {status.data.live.number})</>}
            </>
          )
        }
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
      {found.isError && <ErrorNotice error={found.error} onRetry={() => void found.refetch()} />}
      {page && page.total === 0 && !q ? (
        <FirstRun />
      ) : (
        <>
          <TextInput
            type="search"
            aria-label="Search agents"
            placeholder="Name, display name or path"
            leftSection={<IconSearch size={16} aria-hidden />}
            className={css.search}
            value={typed}
            onChange={(event) => {
              setTyped(event.currentTarget.value);
              setMarks([undefined]);
            }}
          />
          {page && page.items.length > 0 && <AgentsTable agents={page.items} />}
          {page && page.items.length === 0 && <EmptyState title={`No agent matches “${q}”.`} />}
          {page && <Pager label="Pages of agents" page={page} size={PAGE} marks={marks} onMarks={setMarks} />}
        </>
      )}
      <DeployDrawer agent={null} opened={isNew} onClose={() => go("/agents")} />
    </>
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
