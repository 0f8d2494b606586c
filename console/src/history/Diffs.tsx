// The diffs of a revision: of one resource, or of each that it changed.
import { useQuery } from "@tanstack/react-query";
import { revisions } from "../api/calls";
import { DiffView } from "../parts/DiffView";
import { QueryError } from "../parts/QueryError";
import css from "./History.module.css";

export function Diffs({ number, only }: { number: number; only?: string }) {
  const detail = useQuery({
    queryKey: ["revision", number],
    queryFn: () => revisions.get(number),
    staleTime: Infinity,
  });
  const changes = detail.data?.changes.filter((one) => only === undefined || one.resource === only);
  return (
    <div className={css.diffs}>
      {detail.isPending && <p role="status">Loading…</p>}
      <QueryError query={detail} title="The revision could not be read" />
      {changes?.map((change) => (
        <div key={change.resource}>
          {only === undefined && <code>{change.resource}</code>}
          {change.resource.startsWith("api_keys/") && !change.diff.trim() ? (
            <p className="dim">The text of an API key is not shown.</p>
          ) : (
            <DiffView
              diff={change.diff}
              label={only ? `Diff of revision ${number}` : `Diff of ${change.resource} in revision ${number}`}
            />
          )}
        </div>
      ))}
    </div>
  );
}
