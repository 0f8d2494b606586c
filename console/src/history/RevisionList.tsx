// A page of revisions, of one resource or of all, with what every such list has: its pager, its error, and the dialog
// that rolls back.
import { type ReactNode, useState } from "react";
import type { useRevisions } from "../api/queries";
import { Pager } from "../parts/Pager";
import type { Paging } from "../parts/paging";
import { QueryError } from "../parts/QueryError";
import css from "./History.module.css";
import { RollBack } from "./RollBack";

/** A revision takes two to three lines, so a page is shorter than that of other lists. */
export const PAGE = 20;

/** A resource as it was right after a revision. */
export interface Target {
  number: number;
  resource: string;
}

interface Props {
  query: ReturnType<typeof useRevisions>;
  paging: Paging<number>;
  /** What to say when no revision is shown; `null` when one is. */
  empty: ReactNode;
  /** Each revision as an `li`. */
  children: (rollBack: (target: Target) => void) => ReactNode;
}

export function RevisionList({ query, paging, empty, children }: Props) {
  const [target, setTarget] = useState<Target | null>(null);
  const page = query.data;
  return (
    <>
      <QueryError query={query} title="The history could not be read" />
      {page && (empty ?? <ul className={css.list}>{children(setTarget)}</ul>)}
      {page && (
        <Pager
          label="Pages of the history"
          page={page}
          size={PAGE}
          {...paging}
          previous="Newer"
          next="Older"
        />
      )}
      <RollBack target={target} onClose={() => setTarget(null)} />
    </>
  );
}
