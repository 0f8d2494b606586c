// One limit of the callers of every agent: what it permits, its form, and its history.
import { Button, Loader } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation, useParams, useSearch } from "wouter";
import { countsOf, permitsOf } from "../agent/limits";
import { globalLimits } from "../api/calls";
import { ApiError } from "../api/client";
import { keys, useGlobalLimit } from "../api/queries";
import type { LimitDetail } from "../api/schemas";
import { said } from "../fleet/spread";
import { History } from "../history/History";
import { useUndo } from "../history/useUndo";
import { BrokenHere } from "../parts/BrokenDocument";
import { Confirm } from "../parts/Confirm";
import { EmptyState } from "../parts/EmptyState";
import { Mark } from "../parts/Mark";
import { PageHead } from "../parts/PageHead";
import { QueryError } from "../parts/QueryError";
import { useToast } from "../parts/toast";
import { ReadOnlyNotice, off, useReadOnly } from "../parts/writable";
import { LimitDrawer } from "./LimitDrawer";
import { togetherOf } from "./limit";

export default function LimitPage() {
  const { name = "" } = useParams();
  const found = useGlobalLimit(name);
  const gone = found.error instanceof ApiError && found.error.status === 404;
  return (
    <>
      <p className="small" style={{ margin: "0 0 0.25rem" }}>
        <Link to="/limits" className="link">
          Limits
        </Link>
      </p>
      {found.data ? (
        <Shown key={name} limit={found.data} />
      ) : (
        <>
          <PageHead title={name} />
          {found.isPending && <Loader role="img" aria-label="Loading" />}
          {gone && <EmptyState title={`There is no limit ${name} for all agents.`} />}
          {!gone && <QueryError query={found} title="The limit could not be read" />}
        </>
      )}
    </>
  );
}

function Shown({ limit }: { limit: LimitDetail }) {
  const [path, go] = useLocation();
  const editing = new URLSearchParams(useSearch()).has("edit");
  const [removing, setRemoving] = useState(false);
  const readOnly = useReadOnly(limit.managed_by, limit.file);
  const isShadow = limit.enforcement === "shadow";
  return (
    <>
      <PageHead
        title={limit.name}
        beside={
          isShadow && (
            <Mark tone="shadow" title="It counts, and refuses nothing">
              Shadow
            </Mark>
          )
        }
        about={permitsOf(limit)}
        actions={
          <>
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
      <BrokenHere resource={`limits/${limit.name}`} />
      <section className="panel" aria-label="What it permits">
        <dl className="facts">
          <dt>Permits</dt>
          <dd>{permitsOf(limit)}</dd>
          <dt>Counted by</dt>
          <dd>{countsOf(limit)}</dd>
          <dt>Beyond it</dt>
          <dd>{isShadow ? "requests are counted, and pass" : "requests are refused with 429"}</dd>
          <dt>In a fleet</dt>
          <dd>{togetherOf(limit)}</dd>
          <dt>How full it is</dt>
          <dd className="dim">on the page of each agent, under Limits</dd>
        </dl>
      </section>
      <History resource={`limits/${limit.name}`} readOnly={readOnly} />
      <LimitDrawer limit={limit} opened={editing} onClose={() => go(path)} />
      <DeleteLimit limit={limit} opened={removing} onClose={() => setRemoving(false)} />
    </>
  );
}

interface DeleteProps {
  limit: LimitDetail;
  opened: boolean;
  onClose: () => void;
}

function DeleteLimit({ limit, opened, onClose }: DeleteProps) {
  const [, go] = useLocation();
  const queries = useQueryClient();
  const toast = useToast();
  const undoOf = useUndo();
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      title={`Delete ${limit.name}?`}
      action="Delete"
      act={() => globalLimits.remove(limit.name, limit.etag)}
      onDone={(written) => {
        const { text, tone } = said(`${limit.name} is deleted.`, written);
        toast(text, tone, undoOf(`limits/${limit.name}`, written));
        queries.removeQueries({ queryKey: keys.globalLimit(limit.name) });
        void queries.invalidateQueries();
        go("/limits");
      }}
    >
      It limits nobody from then on, and what callers have spent of it is forgotten. The limit can be created
      again from the history.
    </Confirm>
  );
}
