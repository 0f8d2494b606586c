// A new key in the place of an old one, with a time in which both work.
import { Button, Group, Modal, NativeSelect, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { apiKeys } from "../api/calls";
import type { ApiKey, NewApiKey } from "../api/types";
import { ErrorNotice } from "../parts/ErrorNotice";

const OVERLAPS = [
  { value: "10m", label: "10 minutes" },
  { value: "1h", label: "1 hour" },
  { value: "1d", label: "1 day" },
  { value: "7d", label: "7 days" },
  { value: "30d", label: "30 days" },
];

interface Props {
  apiKey: ApiKey | null;
  onClose: () => void;
  onMade: (made: NewApiKey) => void;
}

export function Rotate({ apiKey, onClose, onMade }: Props) {
  const [overlap, setOverlap] = useState("1d");
  const rotate = useMutation({
    mutationFn: (key: ApiKey) => apiKeys.rotate(key, overlap),
    onSuccess: (made) => {
      onClose();
      onMade(made);
    },
  });
  const close = () => {
    rotate.reset();
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (apiKey) rotate.mutate(apiKey);
  };
  return (
    <Modal
      opened={apiKey !== null}
      onClose={close}
      title={apiKey ? `Rotate ${apiKey.name ? `${apiKey.name} (${apiKey.id})` : apiKey.id}` : "Rotate"}
    >
      <form onSubmit={submit}>
        <Stack gap="md">
          <NativeSelect
            label="Overlap"
            description="How long the old key goes on working beside the new one"
            data={OVERLAPS}
            value={overlap}
            onChange={(event) => setOverlap(event.currentTarget.value)}
            data-autofocus
          />
          {rotate.isError && <ErrorNotice error={rotate.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={rotate.isPending}>
              Rotate
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
