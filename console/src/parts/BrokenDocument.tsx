// Documents that are broken on disk: what is wrong with each, and a button that restores its last good text. In a fleet, a
// document that one gateway cannot use: it is for that gateway to get along with, and not to be restored for all.
import { Button, Group } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "wouter";
import { documents } from "../api/calls";
import { useStatus } from "../api/queries";
import type { BrokenDocument } from "../api/schemas";
import { ErrorNotice } from "./ErrorNotice";
import { Findings } from "./Findings";
import { Notice } from "./Notice";
import { Time } from "./Time";
import { useThisMember } from "../fleet/useFleet";
import { pageOf } from "./resource";
import { useToast } from "./toast";
import { off, useReadOnly } from "./writable";

export function BrokenDocuments({ broken }: { broken: BrokenDocument[] }) {
  return broken.map((one) => <Either key={one.resource ?? one.file} document={one} />);
}

const NOT_RESTORABLE = "It cannot be restored here. Fix what the findings say.";

interface Props {
  document: BrokenDocument;
  /** It is shown on the page of its resource. */
  here?: boolean;
}

/** The notice on the page of the resource itself. */
export function BrokenHere({ resource }: { resource: string }) {
  const status = useStatus();
  const broken = status.data?.broken_documents?.find((one) => one.resource === resource);
  return broken ? (
    <div style={{ marginBottom: "1rem" }}>
      <Either document={broken} here />
    </div>
  ) : null;
}

function Either(props: Props) {
  const self = useThisMember();
  return self === null ? <Broken {...props} /> : <Unusable {...props} self={self} />;
}

function Unusable({ document: { resource, file, diagnostics }, self, here }: Props & { self: string }) {
  const name = resource ?? file;
  const page = here || resource === null ? null : pageOf(resource);
  return (
    <Notice tone="bad" role="alert" title={`${self} cannot use ${name} as it is in the store`}>
      <p>
        It goes on with the last text of it that it could use, if there was one; the other resources follow.
        Fix the cause at {self}, or change or roll back the resource for the whole fleet.
      </p>
      <Findings findings={diagnostics} />
      <Group gap="xs">
        <Link to="/fleet" className="link small">
          See the fleet
        </Link>
        {page && (
          <Link to={page} className="link small">
            Open {name}
          </Link>
        )}
      </Group>
    </Notice>
  );
}

function Broken({
  document: { resource, file, since, diagnostics, last_good_revision, restorable },
  here,
}: Props) {
  const name = resource ?? file;
  const queries = useQueryClient();
  const toast = useToast();
  const readOnly = useReadOnly();
  const restore = useMutation({
    mutationFn: () => documents.restore(resource ?? ""),
    onSuccess: () => toast(`The last good text of ${name} is restored.`),
    onSettled: () => queries.invalidateQueries(),
  });
  const page = here || resource === null ? null : pageOf(resource);
  return (
    <Notice tone="bad" role="alert" title={`${name} is broken on disk`}>
      <p>
        <code>{file}</code>{" "}
        {since && (
          <>
            was changed <Time at={since} past /> and{" "}
          </>
        )}
        is invalid. The gateway keeps using the last good text; changes of other resources still work.
      </p>
      <Findings findings={diagnostics} />
      {restore.isError && <ErrorNotice error={restore.error} title="The text was not restored" />}
      <Group gap="xs">
        <Button
          size="xs"
          variant="default"
          loading={restore.isPending}
          onClick={() => restore.mutate()}
          aria-label={`Restore the last good text of ${name}`}
          {...off(readOnly ?? (restorable && resource !== null ? null : NOT_RESTORABLE))}
        >
          Restore the last good text
        </Button>
        {last_good_revision !== null && <span className="dim small">of revision {last_good_revision}</span>}
        {page && (
          <Link to={page} className="link small">
            Open {name}
          </Link>
        )}
      </Group>
    </Notice>
  );
}
