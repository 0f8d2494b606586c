// One limit of the callers of every agent: what it permits, its form, and its history.
import { Button } from "@mantine/core";
import { useState } from "react";
import { useLocation, useParams, useSearch } from "wouter";
import { countsOf, permitsOf } from "../agent/limits";
import { globalLimits } from "../api/calls";
import { keys, useGlobalLimit } from "../api/queries";
import type { LimitDetail } from "../api/schemas";
import { DeleteResource } from "../history/DeleteResource";
import { History } from "../history/History";
import { BrokenHere } from "../parts/BrokenDocument";
import { Mark } from "../parts/Mark";
import { NamedPage } from "../parts/NamedPage";
import { PageHead } from "../parts/PageHead";
import { ReadOnlyNotice, off, useReadOnly } from "../parts/writable";
import { LimitDrawer } from "./LimitDrawer";
import { togetherOf } from "./limit";

export default function LimitPage() {
  const { name = "" } = useParams();
  const found = useGlobalLimit(name);
  return (
    <NamedPage name={name} found={found} list={["/limits", "Limits"]} noun="limit" where=" for all agents">
      {(limit) => <Shown key={name} limit={limit} />}
    </NamedPage>
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
      <DeleteResource
        name={limit.name}
        resource={`limits/${limit.name}`}
        opened={removing}
        onClose={() => setRemoving(false)}
        act={() => globalLimits.remove(limit.name, limit.etag)}
        query={keys.globalLimit(limit.name)}
        list="/limits"
      >
        It limits nobody from then on, and what callers have spent of it is forgotten. The limit can be
        created again from the history.
      </DeleteResource>
    </>
  );
}
