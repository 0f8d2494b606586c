// Says that somebody else has deployed the agent since the drawer was opened, and offers the next steps.
import { Button, Group } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { agents } from "../api/calls";
import { keys } from "../api/queries";
import type { ApiError } from "../api/client";
import type { AgentDetail } from "../api/schemas";
import { ErrorNotice } from "../parts/ErrorNotice";
import { Notice } from "../parts/Notice";
import { Time } from "../parts/Time";

interface Props {
  name: string;
  isNew: boolean;
  /** The revision that was first, where the gateway says it. */
  head: ApiError["head"];
  /** `keep`: the changes in the form are applied to the newest settings. */
  onLoad: (newest: AgentDetail, keep: boolean) => void;
}

export function Conflict({ name, isNew, head, onLoad }: Props) {
  const queries = useQueryClient();
  const load = useMutation({
    mutationFn: async (keep: boolean) => ({ newest: await agents.get(name), keep }),
    onSuccess: ({ newest, keep }) => {
      queries.setQueryData(keys.agent(name), newest);
      onLoad(newest, keep);
    },
  });
  if (isNew) {
    return (
      <Notice tone="warn" title="An agent with this name already exists" role="alert">
        <p>Nothing was changed. Choose another name, or open that agent and deploy it from there.</p>
      </Notice>
    );
  }
  return (
    <>
      <Notice tone="warn" title="Somebody else has deployed this agent in the meantime" role="alert">
        {head && (
          <p>
            The newest is revision {head.revision}, by {head.who}, <Time at={head.at} past />.
          </p>
        )}
        <p>
          Nothing was overwritten. Load the current settings, or apply your changes to them and review the
          diff again.
        </p>
        <Group gap="xs">
          <Button size="xs" variant="default" loading={load.isPending} onClick={() => load.mutate(false)}>
            Load the current settings
          </Button>
          <Button size="xs" variant="default" loading={load.isPending} onClick={() => load.mutate(true)}>
            Apply my changes to them
          </Button>
        </Group>
      </Notice>
      {load.isError && <ErrorNotice error={load.error} />}
    </>
  );
}
