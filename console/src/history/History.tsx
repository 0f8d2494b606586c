// What became of one resource and when, with the diff of each revision and the way back.
import { useState } from "react";
import { useRevisions, useStatus } from "../api/queries";
import type { RevisionSummary } from "../api/schemas";
import { EmptyState } from "../parts/EmptyState";
import { Pager } from "../parts/Pager";
import { QueryError } from "../parts/QueryError";
import { wordsOf } from "../parts/resource";
import css from "./History.module.css";
import { Revision } from "./Revision";
import { RollBack } from "./RollBack";
import { stateOf } from "./state";

const PAGE = 20;

interface Props {
  resource: string;
  /** Why it cannot be rolled back; `null` when it can. */
  readOnly: string | null;
}

export function History({ resource, readOnly }: Props) {
  return (
    <section className={`panel ${css.section}`} aria-labelledby="history">
      <h2 id="history" className={css.heading}>
        History
      </h2>
      <HistoryList resource={resource} readOnly={readOnly} />
    </section>
  );
}

export function HistoryList({ resource, readOnly }: Props) {
  const [marks, setMarks] = useState<(number | undefined)[]>([undefined]);
  const [back, setBack] = useState<RevisionSummary | null>(null);
  const found = useRevisions(resource, marks.at(-1));
  const status = useStatus();
  const page = found.data;
  return (
    <>
      <QueryError query={found} title="The history could not be read" />
      {page?.items.length === 0 && (
        <EmptyState title={`No revisions of the ${wordsOf(resource)}`}>
          <p>Each change from here, over the API or in its file is kept with its diff.</p>
        </EmptyState>
      )}
      <ul className={css.list}>
        {page?.items.map((item, index) => (
          <Revision
            key={item.number}
            item={item}
            resource={resource}
            state={stateOf(item, resource, marks.length === 1 && index === 0, status.data)}
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
      <RollBack number={back?.number ?? null} resource={resource} onClose={() => setBack(null)} />
    </>
  );
}
