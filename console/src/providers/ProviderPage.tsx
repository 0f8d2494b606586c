// One identity provider: its keys with their ages, its last error, and the agents that use it.
import { Button } from "@mantine/core";
import { useState } from "react";
import { useLocation, useParams, useSearch } from "wouter";
import { providers } from "../api/calls";
import { keys, useProvider } from "../api/queries";
import type { KeyStatus, ProviderDetail } from "../api/schemas";
import { DeleteResource } from "../history/DeleteResource";
import { History } from "../history/History";
import { BrokenHere } from "../parts/BrokenDocument";
import { type Column, DataTable } from "../parts/DataTable";
import { EmptyState } from "../parts/EmptyState";
import { NamedPage } from "../parts/NamedPage";
import { Notice } from "../parts/Notice";
import { PageHead } from "../parts/PageHead";
import { Time } from "../parts/Time";
import { span } from "../parts/format";
import { ReadOnlyNotice, off, useReadOnly } from "../parts/writable";
import { Events } from "./Events";
import { FetchKeys } from "./FetchKeys";
import { Introspection } from "./Introspection";
import { Metadata } from "./Metadata";
import { ProviderDrawer } from "./ProviderDrawer";
import css from "./ProviderPage.module.css";
import { UsedBy } from "./UsedBy";
import { HealthMark } from "./health";

export default function ProviderPage() {
  const { name = "" } = useParams();
  const found = useProvider(name);
  return (
    <NamedPage
      name={name}
      found={found}
      list={["/identity-providers", "Identity providers"]}
      noun="identity provider"
    >
      {(provider) => <Shown key={name} provider={provider} />}
    </NamedPage>
  );
}

function Shown({ provider }: { provider: ProviderDetail }) {
  const [path, go] = useLocation();
  const editing = new URLSearchParams(useSearch()).has("edit");
  const [removing, setRemoving] = useState(false);
  const readOnly = useReadOnly(provider.managed_by, provider.file);
  const { status } = provider;
  return (
    <>
      <PageHead
        title={provider.name}
        beside={<HealthMark health={provider.health} />}
        about={<code>{provider.issuer}</code>}
        actions={
          <>
            {provider.status.next_due !== null && <FetchKeys name={provider.name} />}
            <Button variant="default" onClick={() => go(`${path}?edit`)} {...off(readOnly)}>
              Edit
            </Button>
            <Button variant="default" onClick={() => setRemoving(true)} {...off(readOnly)}>
              Delete
            </Button>
          </>
        }
      />
      <ReadOnlyNotice reason={readOnly} />
      <BrokenHere resource={`identity_providers/${provider.name}`} />
      {status.last_error && (
        <div style={{ marginBottom: "1rem" }}>
          <Notice tone={status.usable ? "warn" : "bad"} title="The last fetch of the keys failed">
            <p>{status.last_error}</p>
            <p>{consequence(status)}</p>
          </Notice>
        </div>
      )}
      <div className={css.grid}>
        <section className="panel" aria-labelledby="fetching">
          <h2 id="fetching" className={css.heading}>
            Source of keys
          </h2>
          <dl className="facts">
            <dt>Source</dt>
            <dd>{provider.source}</dd>
            <dt>Last fetched</dt>
            <dd>
              <Time at={status.last_success} past />
            </dd>
            <dt>Age of the keys</dt>
            <dd>
              {status.age_seconds === null ? <span className="dim">no keys</span> : span(status.age_seconds)}
            </dd>
            <dt>Next refresh</dt>
            <dd>
              <Time at={status.next_due} none="none, the keys are fixed" />
            </dd>
            <dt>Last error</dt>
            <dd>{status.last_error ?? <span className="dim">none</span>}</dd>
          </dl>
        </section>
        <section className="panel" aria-labelledby="used">
          <h2 id="used" className={css.heading}>
            Used by
          </h2>
          <UsedBy names={provider.used_by} total={provider.used_by_total} />
        </section>
      </div>
      <section className={css.section} aria-labelledby="keys">
        <h2 id="keys" className={css.heading}>
          Keys
        </h2>
        {status.keys.length === 0 ? (
          <EmptyState title="The gateway has no keys of this provider.">
            <p>Requests with its tokens get 503 until a fetch succeeds. The gateway retries automatically.</p>
          </EmptyState>
        ) : (
          <KeysTable status={status} />
        )}
      </section>
      {status.introspection && <Introspection status={status.introspection} agents={provider.used_by} />}
      {provider.events && <Events events={provider.events} />}
      <Metadata provider={provider} />
      <History resource={`identity_providers/${provider.name}`} readOnly={readOnly} />
      <ProviderDrawer provider={provider} opened={editing} onClose={() => go(path)} />
      <DeleteResource
        name={provider.name}
        resource={`identity_providers/${provider.name}`}
        opened={removing}
        onClose={() => setRemoving(false)}
        act={() => providers.remove(provider.name, provider.etag)}
        query={keys.provider(provider.name)}
        list="/identity-providers"
      >
        Its tokens are refused from then on. A provider that an agent still uses cannot be deleted. The
        provider can be created again from the history.
      </DeleteResource>
    </>
  );
}

/** What a failed fetch means for callers. */
function consequence(status: ProviderDetail["status"]) {
  if (!status.usable) {
    return "There are no usable keys: requests with tokens of this provider get 503 until a fetch succeeds. The gateway retries automatically.";
  }
  return (
    <>
      The keys of <Time at={status.last_success} none="the last start" past /> stay in use. The next attempt
      is <Time at={status.next_due} none="not planned" />.
    </>
  );
}

const COLUMNS: Column<KeyStatus & { number: number }>[] = [
  {
    label: "kid",
    header: true,
    cell: (key) => (key.kid === null ? <span className="dim">none</span> : <code>{key.kid}</code>),
  },
  { label: "Algorithm", cell: (key) => key.algorithms.join(", ") },
  { label: "First seen", cell: (key) => <Time at={key.first_seen} none="unknown" past /> },
  {
    label: "Last used",
    cell: (key) => <Time at={key.last_used} none="not since the gateway started" past />,
  },
];

function KeysTable({ status }: { status: ProviderDetail["status"] }) {
  const rows = status.keys.map((key, number) => ({ ...key, number }));
  return <DataTable label="Keys" columns={COLUMNS} rows={rows} keyOf={(key) => String(key.number)} />;
}
