// The denials in force, and the button that lifts each.
import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { denials as calls } from "../api/calls";
import { keys } from "../api/queries";
import type { Denial } from "../api/schemas";
import { Confirm } from "../parts/Confirm";
import { type Column, DataTable } from "../parts/DataTable";
import { Time } from "../parts/Time";
import { useToast } from "../parts/toast";
import { visible } from "../parts/visible";
import css from "./Denials.module.css";
import { NEVER, whatOf, whoseOf } from "./denials";

const ALL = "all";

export function DenialsTable({ denials }: { denials: Denial[] }) {
  const [chosen, setChosen] = useState<Denial | null>(null);
  const queries = useQueryClient();
  const toast = useToast();
  const label = (one: Denial) => `${whatOf(one)} ${one.value === null ? one.id : visible(one.value)}`;
  const columns: Column<Denial>[] = [
    {
      label: "Denied",
      header: true,
      cell: (one) => (
        <div className={css.what}>
          <span className="dim small">{whatOf(one)}</span>
          <code>{one.value === null ? one.id : visible(one.value)}</code>
        </div>
      ),
    },
    { label: "Of", cell: (one) => <span title={one.issuer ?? undefined}>{visible(whoseOf(one))}</span> },
    { label: "Tokens issued up to", cell: (one) => <Upto one={one} /> },
    {
      label: "Ends",
      cell: (one) => (one.until === NEVER ? "never" : <Time at={one.until} />),
    },
    {
      label: "Why, and who",
      cell: (one) => (
        <div className={css.what}>
          <span>
            {one.reason === "" ? <span className="dim">no reason given</span> : visible(one.reason)}
          </span>
          <span className="dim small">
            {visible(one.actor)}, <Time at={one.at} none="at an unknown time" past />
          </span>
        </div>
      ),
    },
    {
      label: "Actions",
      quiet: true,
      right: true,
      cell: (one) => (
        <Button size="xs" variant="default" aria-label={`Lift ${label(one)}`} onClick={() => setChosen(one)}>
          Lift
        </Button>
      ),
    },
  ];
  return (
    <>
      <DataTable label="Denials" columns={columns} rows={denials} keyOf={(one) => one.id} />
      <Confirm
        opened={chosen !== null}
        onClose={() => setChosen(null)}
        title={`Lift the denial of ${chosen ? label(chosen) : ""}?`}
        action="Lift"
        act={async () => chosen && (await calls.lift(chosen))}
        onDone={() => {
          toast("The denial is lifted. Credentials that are valid otherwise are accepted again.");
          void queries.invalidateQueries({ queryKey: keys.denials });
        }}
      >
        Tokens that it names are accepted again from now on, as far as they are valid. Streams that it ended
        stay ended.
      </Confirm>
    </>
  );
}

function Upto({ one }: { one: Denial }) {
  if (one.issued_before === ALL) return <>all tokens</>;
  return <Time at={one.issued_before} none="unknown" past />;
}
