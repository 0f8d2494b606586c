// Every identity provider with the health of its keys.
import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { useProviders } from "../api/queries";
import type { ProviderSummary } from "../api/types";
import { type Column, DataTable } from "../parts/DataTable";
import { EmptyState } from "../parts/EmptyState";
import { ErrorNotice } from "../parts/ErrorNotice";
import { Mark } from "../parts/Mark";
import { PageHead } from "../parts/PageHead";
import { Pager } from "../parts/Pager";
import { ReadOnlyNotice, off, useReadOnly } from "../parts/writable";
import { ProviderDrawer } from "./ProviderDrawer";
import { UsedBy } from "./UsedBy";
import { HealthMark } from "./health";

const PAGE = 50;

const COLUMNS: Column<ProviderSummary>[] = [
  {
    label: "Identity provider",
    header: true,
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
  { label: "Health", cell: (provider) => <HealthMark health={provider.health} /> },
  { label: "Keys", cell: (provider) => provider.keys },
  { label: "Source of keys", cell: (provider) => <span className="small">{provider.source}</span> },
  {
    label: "Used by",
    cell: (provider) => <UsedBy names={provider.used_by.slice(0, 3)} total={provider.used_by_total} />,
  },
];

export default function ProvidersPage() {
  const [, go] = useLocation();
  const isNew = new URLSearchParams(useSearch()).has("new");
  const [marks, setMarks] = useState<(string | undefined)[]>([undefined]);
  const found = useProviders({ limit: PAGE, after: marks.at(-1) });
  const readOnly = useReadOnly();
  const page = found.data;
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
      {found.isError && <ErrorNotice error={found.error} onRetry={() => void found.refetch()} />}
      {page?.total === 0 && (
        <EmptyState title="No identity providers yet">
          <p>
            <Link to="/identity-providers?new" className="link">
              Add the one
            </Link>{" "}
            that issues your tokens: its issuer URL is enough for most. Then secure an agent with it.
          </p>
        </EmptyState>
      )}
      {page && page.items.length > 0 && (
        <DataTable label="Identity providers" columns={COLUMNS} rows={page.items} keyOf={(one) => one.name} />
      )}
      {page && (
        <Pager label="Pages of identity providers" page={page} size={PAGE} marks={marks} onMarks={setMarks} />
      )}
      <ProviderDrawer provider={null} opened={isNew} onClose={() => go("/identity-providers")} />
    </>
  );
}
