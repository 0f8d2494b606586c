// Asks whether a change was made after all whose answer got lost between the gateway and etcd.
import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "wouter";
import { revisions } from "../api/calls";
import { sentence } from "../api/client";

export function CommitLookup({ commit }: { commit: string }) {
  const queries = useQueryClient();
  const look = useMutation({
    mutationFn: () => revisions.ofCommit(commit),
    onSuccess: () => queries.invalidateQueries(),
  });
  return (
    <>
      <p role="status">
        Commit <code>{commit}</code>
        {look.isSuccess && <>: {outcomeOf(look.data.items[0]?.number)} </>}
        {look.isSuccess && (
          <Link to="/history" className="link">
            History
          </Link>
        )}
        {look.isError && <>: {sentence(look.error)}</>}
      </p>
      <Button size="xs" variant="default" loading={look.isPending} onClick={() => look.mutate()}>
        Was it made?
      </Button>
    </>
  );
}

/** `number`: the revision that the commit made. */
export function outcomeOf(number: number | undefined): string {
  return number === undefined ? "it was not made; send it again." : `it was made, as revision ${number}.`;
}
