// The members of the fleet, each with its state and what it runs. Those that need somebody come first.
import type { FleetMember } from "../api/schemas";
import { type Column, DataTable } from "../parts/DataTable";
import { Mark } from "../parts/Mark";
import { millis, span } from "../parts/format";
import css from "./FleetPage.module.css";
import { STATES, labelsOf, ordered } from "./members";

/** The part of a hash that tells two configurations of one number apart. */
const HASH_SHOWN = 8;

interface Props {
  members: FleetMember[];
  isThis: (member: FleetMember) => boolean;
}

export function MembersTable({ members, isThis }: Props) {
  const columns: Column<FleetMember>[] = [
    {
      label: "Gateway",
      header: true,
      cell: (one) => (
        <span className={css.name}>
          {one.name} {isThis(one) && <Mark tone="plain">this console</Mark>}
        </span>
      ),
    },
    {
      label: "State",
      cell: (one) => (
        <span className={css.marks}>
          <Mark tone={STATES[one.state].tone} title={STATES[one.state].meaning}>
            {STATES[one.state].word}
          </Mark>
          {one.draining && <Mark tone="note">draining</Mark>}
          {!one.ready && !one.draining && one.state !== "vanished" && <Mark tone="warn">not ready</Mark>}
        </span>
      ),
    },
    {
      label: "Revision",
      cell: (one) => (
        <span className="nowrap" title={one.hash}>
          {one.revision.toLocaleString("en")} <code className="dim">{one.hash.slice(0, HASH_SHOWN)}</code>
        </span>
      ),
    },
    { label: "Version", cell: (one) => <code>{one.version}</code> },
    {
      label: "Labels",
      cell: (one) => {
        const labels = labelsOf(one);
        if (labels.length === 0) return <span className="dim">none</span>;
        return (
          <span className={css.marks}>
            {labels.map((label) => (
              <Mark key={label} tone={label === "canary" ? "shadow" : "plain"}>
                {label}
              </Mark>
            ))}
          </span>
        );
      },
    },
    { label: "Confirmed", cell: (one) => <Age ms={one.confirmed_age_ms} /> },
  ];
  return (
    <DataTable
      label="Members of the fleet"
      columns={columns}
      rows={ordered(members)}
      keyOf={(one) => `${one.name} ${one.boot_id}`}
    />
  );
}

/** How long ago a member read the head of the store; `null` when it never did, or vanished. */
function Age({ ms }: { ms: number | null }) {
  if (ms === null) return <span className="dim">–</span>;
  return <span className="nowrap">{ms < 1000 ? `${millis(ms)} ago` : `${span(ms / 1000)} ago`}</span>;
}
