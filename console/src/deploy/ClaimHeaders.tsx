// Claims that the agent gets as request headers, a row each.
import { ActionIcon, Button, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import css from "./DeployForm.module.css";
import type { ClaimHeader } from "./form";

interface Props {
  rows: ClaimHeader[];
  error?: string;
  onChange: (rows: ClaimHeader[]) => void;
}

export function ClaimHeaders({ rows, error, onChange }: Props) {
  const change = (index: number, row: Partial<ClaimHeader>) =>
    onChange(rows.map((old, at) => (at === index ? { ...old, ...row } : old)));
  return (
    <div role="group" aria-label="Claim headers">
      <Text size="sm" fw={600}>
        Claim headers
      </Text>
      <Text size="xs" c="dimmed" mb={6}>
        The agent gets the claim as this header. What a caller sends under that name is removed.
      </Text>
      <Stack gap="xs">
        {rows.map((row, index) => (
          <div className={css.row} key={index}>
            <TextInput
              aria-label={`Claim headers: claim ${index + 1}`}
              placeholder="sub"
              value={row.claim}
              onChange={(event) => change(index, { claim: event.currentTarget.value })}
            />
            <TextInput
              aria-label={`Claim headers: header ${index + 1}`}
              placeholder="X-Caller-Sub"
              value={row.header}
              onChange={(event) => change(index, { header: event.currentTarget.value })}
            />
            <ActionIcon
              variant="default"
              size={36}
              aria-label={`Claim headers: remove ${index + 1}`}
              onClick={() => onChange(rows.filter((_, at) => at !== index))}
            >
              <IconTrash size={16} aria-hidden />
            </ActionIcon>
          </div>
        ))}
        {error && (
          <Text size="xs" c="var(--mantine-color-error)" role="alert">
            {error}
          </Text>
        )}
        <div>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconPlus size={14} aria-hidden />}
            onClick={() => onChange([...rows, { claim: "", header: "" }])}
            aria-label="Claim headers: add a header"
          >
            Add a header
          </Button>
        </div>
      </Stack>
    </div>
  );
}
