// Replaces a key with a new one: how long both work, and when the new one expires.
import { Button, Group, Modal, NativeSelect, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { apiKeys } from "../api/calls";
import type { ApiKey, CreatedApiKey } from "../api/schemas";
import { ErrorNotice } from "../parts/ErrorNotice";
import { Timestamp, Time } from "../parts/Time";
import { type ExpiryChoice, lifetimeOf, newExpiry, proposedExpiry, rotation } from "./expiry";

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
  onMade: (made: CreatedApiKey) => void;
}

export function Rotate({ apiKey, onClose, onMade }: Props) {
  const label = apiKey && (apiKey.name ? `${apiKey.name} (${apiKey.id})` : apiKey.id);
  return (
    <Modal opened={apiKey !== null} onClose={onClose} title={label ? `Rotate ${label}` : "Rotate"}>
      {apiKey && <Form key={apiKey.id} apiKey={apiKey} onClose={onClose} onMade={onMade} />}
    </Modal>
  );
}

function Form({ apiKey, onClose, onMade }: Props & { apiKey: ApiKey }) {
  const [overlap, setOverlap] = useState("1d");
  const [choice, setChoice] = useState<ExpiryChoice>(() => proposedExpiry(apiKey));
  const [date, setDate] = useState("");
  const end = choice === "date" && !date ? null : newExpiry(choice, apiKey, Date.now(), date);
  const rotate = useMutation({
    mutationFn: () => apiKeys.rotate(apiKey, rotation(overlap, end)),
    onSuccess: (made) => {
      onClose();
      onMade(made);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rotate.mutate();
  };
  const life = lifetimeOf(apiKey);
  const choices: { value: ExpiryChoice; label: string }[] = [
    ...(life === null ? [] : [{ value: "life" as const, label: `in ${life} days, like the old key` }]),
    { value: "30d", label: "in 30 days" },
    { value: "90d", label: "in 90 days" },
    { value: "365d", label: "in a year" },
    { value: "date", label: "on a date…" },
    apiKey.expires_at === null
      ? { value: "never", label: "never, like the old key" }
      : { value: "same", label: "when the old key would have expired" },
  ];
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <p style={{ margin: 0 }}>
          Without a rotation, the old key expires <Time at={apiKey.expires_at} />. With it, the old key
          expires at the end of the overlap at the latest.
        </p>
        <NativeSelect
          label="Overlap"
          description="How long the old key keeps working beside the new one"
          data={OVERLAPS}
          value={overlap}
          onChange={(event) => setOverlap(event.currentTarget.value)}
          data-autofocus
        />
        <NativeSelect
          label="The new key expires"
          data={choices}
          value={choice}
          onChange={(event) => setChoice(event.currentTarget.value as ExpiryChoice)}
        />
        {choice === "date" && (
          <TextInput
            type="datetime-local"
            label="Date"
            required
            value={date}
            onChange={(event) => setDate(event.currentTarget.value)}
          />
        )}
        <p className="dim small" style={{ margin: 0 }} data-testid="new-end">
          The new key expires{" "}
          {choice === "date" && !date ? (
            "on the date that you choose"
          ) : (
            <Timestamp at={end?.toISOString() ?? null} />
          )}
          .
        </p>
        {rotate.isError && <ErrorNotice error={rotate.error} title="The key was not rotated" />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={rotate.isPending}>
            Rotate
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
