// Asks before an action that cannot simply be undone, and shows its error in the same dialog.
import { Button, Group, Modal, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ErrorNotice } from "./ErrorNotice";

interface Props<Answer> {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** The label of the button. */
  action: string;
  act: () => Promise<Answer>;
  onDone: (answer: Answer) => void;
  children: ReactNode;
}

export function Confirm<Answer>({ opened, onClose, title, action, act, onDone, children }: Props<Answer>) {
  const run = useMutation({
    mutationFn: act,
    onSuccess: (answer) => {
      onClose();
      onDone(answer);
    },
  });
  const close = () => {
    run.reset();
    onClose();
  };
  return (
    <Modal opened={opened} onClose={close} title={title}>
      <Stack gap="md">
        <div>{children}</div>
        {run.isError && <ErrorNotice error={run.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            Cancel
          </Button>
          <Button color="red.9" loading={run.isPending} onClick={() => run.mutate()}>
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
