// The history of one resource: its revisions, each with its diff and the way back.
import { useRevisions, useStatus } from "../api/queries";
import { EmptyState } from "../parts/EmptyState";
import { usePaging } from "../parts/paging";
import { wordsOf } from "../parts/resource";
import css from "./History.module.css";
import { Revision } from "./Revision";
import { PAGE, RevisionList } from "./RevisionList";
import { stateOf } from "./state";

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
  const { paging, cursor } = usePaging<number>();
  const found = useRevisions({ resource, before: cursor, limit: PAGE });
  const status = useStatus();
  const items = found.data?.items ?? [];
  const onFirstPage = cursor === undefined;
  return (
    <RevisionList
      query={found}
      paging={paging}
      empty={
        items.length === 0 ? (
          <EmptyState title={`No revisions of the ${wordsOf(resource)}`}>
            <p>Each change made here, over the API or in its file is kept with its diff.</p>
          </EmptyState>
        ) : null
      }
    >
      {(rollBack) =>
        items.map((item, index) => (
          <Revision
            key={item.number}
            item={item}
            resource={resource}
            state={stateOf(item, resource, onFirstPage && index === 0, status.data)}
            readOnly={readOnly}
            onRollBack={() => rollBack({ number: item.number, resource })}
          />
        ))
      }
    </RevisionList>
  );
}
