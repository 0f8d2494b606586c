// Back to what an agent was right after a revision: the diff first, then the deed.
import { Button, Group, Modal, Stack } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { revisions } from "../api/calls";
import { ApiError } from "../api/client";
import { keys } from "../api/queries";
import type { RevisionSummary } from "../api/types";
import { DiffView } from "../parts/DiffView";
import { ErrorNotice } from "../parts/ErrorNotice";
import { useToast } from "../parts/toast";

interface Props {
  revision: RevisionSummary | null;
  resource: string;
  onClose: () => void;
}

export function RollBack({ revision, resource, onClose }: Props) {
  return (
    <Modal
      opened={revision !== null}
      onClose={onClose}
      size="lg"
      title={revision ? `Roll back to revision ${revision.number}` : "Roll back"}
    >
      {revision && <Confirm number={revision.number} resource={resource} onClose={onClose} />}
    </Modal>
  );
}

function Confirm({ number, resource, onClose }: { number: number; resource: string; onClose: () => void }) {
  const queries = useQueryClient();
  const toast = useToast();
  const preview = useQuery({
    queryKey: ["roll-back", number, resource],
    gcTime: 0,
    queryFn: async () => {
      const { head } = await revisions.list({ limit: 1 });
      return { head, written: await revisions.rollBack(number, head, resource, true) };
    },
  });
  const deed = useMutation({
    mutationFn: (head: number) => revisions.rollBack(number, head, resource),
    onSuccess: (written) => {
      toast(
        `Rolled back to revision ${number}; this gateway runs it${written.revision ? ` as revision ${written.revision}` : ""}.`,
      );
      onClose();
    },
    onSettled: () =>
      Promise.all(
        [keys.agents, keys.providers, keys.status, ["revisions"], ["api-keys"]].map((queryKey) =>
          queries.invalidateQueries({ queryKey }),
        ),
      ),
  });
  const late = deed.error instanceof ApiError && deed.error.status === 412;
  const again = () => {
    deed.reset();
    void preview.refetch();
  };
  return (
    <Stack gap="md">
      <p style={{ margin: 0 }}>
        <code>{resource}</code> becomes what it was right after revision {number}. API keys stay as they are.
      </p>
      {preview.isPending && <p role="status">Asking the gateway what would change…</p>}
      {preview.isError && <ErrorNotice error={preview.error} onRetry={again} />}
      {preview.data && <DiffView diff={preview.data.written.diff} label="Changes of the roll-back" />}
      {deed.isError && (
        <ErrorNotice
          error={deed.error}
          title={late ? "There is a newer revision" : undefined}
          onRetry={late ? again : undefined}
        />
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button
          disabled={!preview.data || deed.isError}
          loading={deed.isPending}
          onClick={() => preview.data && deed.mutate(preview.data.head)}
        >
          Roll back
        </Button>
      </Group>
    </Stack>
  );
}
