// What was deployed and when, with the diff of each revision and the way back.
import { Button, Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { revisions } from "../api/calls";
import { useRevisions } from "../api/queries";
import type { RevisionSummary } from "../api/types";
import { DiffView } from "../parts/DiffView";
import { EmptyState } from "../parts/EmptyState";
import { ErrorNotice } from "../parts/ErrorNotice";
import { Mark } from "../parts/Mark";
import { Pager } from "../parts/Pager";
import { Time } from "../parts/Time";
import { off } from "../parts/writable";
import css from "./AgentPage.module.css";
import { RollBack } from "./RollBack";

const PAGE = 20;

interface Props {
  resource: string;
  readOnly: string | null;
}

export function History({ resource, readOnly }: Props) {
  const [marks, setMarks] = useState<(number | undefined)[]>([undefined]);
  const [back, setBack] = useState<RevisionSummary | null>(null);
  const found = useRevisions(resource, marks.at(-1));
  const page = found.data;
  return (
    <section className={`panel ${css.section}`} aria-labelledby="history">
      <h2 id="history" className={css.heading}>
        History
      </h2>
      {found.isError && <ErrorNotice error={found.error} onRetry={() => void found.refetch()} />}
      {page?.items.length === 0 && (
        <EmptyState title="No revisions of this agent">
          <p>Each deploy from here, or over the API, is kept with its diff.</p>
        </EmptyState>
      )}
      <ul className={css.list}>
        {page?.items.map((item, index) => (
          <Revision
            key={item.number}
            item={item}
            resource={resource}
            current={marks.length === 1 && index === 0}
            readOnly={readOnly}
            onRollBack={() => setBack(item)}
          />
        ))}
      </ul>
      {page && (
        <Pager
          label="Pages of the history"
          page={page}
          size={PAGE}
          marks={marks}
          onMarks={setMarks}
          back="Newer"
          on="Older"
        />
      )}
      <RollBack revision={back} resource={resource} onClose={() => setBack(null)} />
    </section>
  );
}

interface RevisionProps {
  item: RevisionSummary;
  resource: string;
  current: boolean;
  readOnly: string | null;
  onRollBack: () => void;
}

function Revision({ item, resource, current, readOnly, onRollBack }: RevisionProps) {
  const [open, setOpen] = useState(false);
  const detail = useQuery({
    queryKey: ["revision", item.number],
    queryFn: () => revisions.get(item.number),
    enabled: open,
    staleTime: Infinity,
  });
  const change = detail.data?.changes.find((one) => one.resource === resource);
  const deleted = item.changes.some((one) => one.resource === resource && one.action === "deleted");
  return (
    <li className={css.item} data-testid={`revision-${item.number}`}>
      <Group justify="space-between" gap="xs">
        <div>
          <strong>Revision {item.number}</strong> {current && <Mark tone="ok">live</Mark>}
          <div>
            {item.what} <span className="dim">by {item.who}, </span>
            <Time at={item.at} />
          </div>
        </div>
        <Group gap="xs">
          <Button
            size="xs"
            variant="default"
            aria-expanded={open}
            aria-label={`${open ? "Hide" : "Show"} the diff of revision ${item.number}`}
            onClick={() => setOpen(!open)}
          >
            {open ? "Hide the diff" : "Show the diff"}
          </Button>
          {!current && !deleted && (
            <Button
              size="xs"
              variant="default"
              aria-label={`Roll back to revision ${item.number}`}
              onClick={onRollBack}
              {...off(readOnly)}
            >
              Roll back
            </Button>
          )}
        </Group>
      </Group>
      {open && (
        <div style={{ marginTop: "0.6rem" }}>
          {detail.isPending && <p role="status">Loading…</p>}
          {detail.isError && <ErrorNotice error={detail.error} />}
          {detail.data && <DiffView diff={change?.diff ?? ""} label={`Diff of revision ${item.number}`} />}
        </div>
      )}
    </li>
  );
}
