// The running streams of an agent: whose, of what kind, since when, and a button that ends each.
import { Group } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import type { RunningStream } from "../api/schemas";
import { DenyLink } from "../denials/DenyLink";
import { type Column, DataTable, type Sorting, sorted } from "../parts/DataTable";
import { Time } from "../parts/Time";
import { visible } from "../parts/visible";
import { EndStream } from "./EndStream";
import { Proven, isProven } from "./Proven";
import { apiKeyOf, callerOf, kindOf } from "./streams";

/** So many rows a page can take. */
const SHOWN = 100;

export function StreamsTable({ agent, items }: { agent: string; items: RunningStream[] }) {
  const [sorting, setSorting] = useState<Sorting | null>(null);
  const columns: Column<RunningStream>[] = [
    {
      label: "Caller",
      header: true,
      cell: (one) => <Caller agent={agent} one={one} />,
      sort: callerOf,
    },
    { label: "Kind", cell: kindOf, sort: kindOf },
    { label: "Began", cell: (one) => <Time at={one.began} past />, sort: (one) => one.id },
    {
      label: "Expires",
      cell: (one) => <Expiry one={one} />,
      sort: (one) => one.expires_at ?? "",
    },
    {
      label: "Path",
      cell: (one) => <code title={one.path}>{visible(one.path)}</code>,
      sort: (one) => one.path,
    },
    {
      label: "Actions",
      quiet: true,
      right: true,
      cell: (one) => (
        <Group gap="sm" justify="flex-end" wrap="nowrap">
          <EndStream agent={agent} stream={one} />
          <DenyLink caller={{ ...one, key_id: apiKeyOf(one) }} of={`the caller of stream ${one.id}`} />
        </Group>
      ),
    },
  ];
  return (
    <>
      <DataTable
        label="Running streams"
        columns={columns}
        rows={sorted(items, columns, sorting).slice(0, SHOWN)}
        keyOf={(one) => String(one.id)}
        sorting={sorting}
        onSorting={setSorting}
      />
      {items.length > SHOWN && (
        <p className="dim small">
          The first {SHOWN} of {items.length.toLocaleString("en")} streams are shown.
        </p>
      )}
    </>
  );
}

/** When the caller's credential expires, and what becomes of the stream then. */
function Expiry({ one }: { one: RunningStream }) {
  if (one.expires_at === null && one.ends_at === null) return <span className="dim">never</span>;
  return (
    <>
      <Time at={one.expires_at} />
      <br />
      <span className="dim small nowrap">
        {one.ends_at === null ? (
          "and it goes on"
        ) : (
          <>
            ends <Time at={one.ends_at} />
          </>
        )}
      </span>
    </>
  );
}

function Caller({ agent, one }: { agent: string; one: RunningStream }) {
  if (apiKeyOf(one) !== null) {
    return (
      <Link to={`/agents/${encodeURIComponent(agent)}/api-keys`} className="link">
        {callerOf(one)}
      </Link>
    );
  }
  if (!isProven(one)) return <span className="dim">{callerOf(one)}</span>;
  return <Proven one={one} />;
}
