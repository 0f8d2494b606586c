// Rolls a resource back to what it was right after a revision. The diff comes first.
import { Button, Group, Modal, Stack } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { revisions } from "../api/calls";
import { ApiError } from "../api/client";
import { Reached } from "../fleet/Reached";
import { isEverywhere, said } from "../fleet/spread";
import { DiffView } from "../parts/DiffView";
import { ErrorNotice } from "../parts/ErrorNotice";
import { wordsOf } from "../parts/resource";
import { useToast } from "../parts/toast";
import type { Target } from "./RevisionList";
import { useUndo } from "./useUndo";

interface Props {
  /** What to go back to; `null` closes the dialog. */
  target: Target | null;
  onClose: () => void;
}

export function RollBack({ target, onClose }: Props) {
  return (
    <Modal
      opened={target !== null}
      onClose={onClose}
      size="lg"
      title={target === null ? "Roll back" : `Roll back to revision ${target.number}`}
    >
      {target !== null && <Confirm {...target} onClose={onClose} />}
    </Modal>
  );
}

function Confirm({ number, resource, onClose }: Target & { onClose: () => void }) {
  const queries = useQueryClient();
  const toast = useToast();
  const undo = useUndo();
  const preview = useQuery({
    queryKey: ["roll-back", number, resource],
    gcTime: 0,
    queryFn: async () => {
      const { head } = await revisions.list({ limit: 1 });
      return { head, written: await revisions.rollBack(number, head, resource, true) };
    },
  });
  const rollBack = useMutation({
    mutationFn: (head: number) => revisions.rollBack(number, head, resource),
    onSuccess: (written) => {
      const as = written.revision ? ` as revision ${written.revision}` : "";
      const { text, tone } = said(`Rolled back to revision ${number}; it is live${as}.`, written);
      toast(text, tone, undo(resource, written));
      // The dialog stays while there is somebody to wait for.
      if (isEverywhere(written)) onClose();
    },
    onSettled: () => queries.invalidateQueries(),
  });
  const late = rollBack.error instanceof ApiError && rollBack.error.status === 412;
  const again = () => {
    rollBack.reset();
    void preview.refetch();
  };
  const same = preview.data?.written.diff.trim() === "";
  return (
    <Stack gap="md">
      <p style={{ margin: 0 }}>
        The {wordsOf(resource)} becomes what it was right after revision {number}. API keys stay as they are.
      </p>
      {preview.isPending && <p role="status">Checking what would change…</p>}
      {preview.isError && (
        <ErrorNotice error={preview.error} title="This roll-back is not possible" onRetry={again} />
      )}
      {preview.data && <DiffView diff={preview.data.written.diff} label="Changes of the roll-back" />}
      {rollBack.isError && (
        <ErrorNotice
          error={rollBack.error}
          title={late ? "There is a newer revision" : "Not rolled back"}
          onRetry={late ? again : undefined}
        />
      )}
      <Reached answered={rollBack.data?.fleet} />
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          {rollBack.isSuccess ? "Close" : "Cancel"}
        </Button>
        <Button
          disabled={!preview.data || same || rollBack.isError || rollBack.isSuccess}
          loading={rollBack.isPending}
          onClick={() => preview.data && rollBack.mutate(preview.data.head)}
        >
          Roll back
        </Button>
      </Group>
    </Stack>
  );
}
