// Headers that the gateway sets for the agent, such as a credential of its own. Values are secrets: what is there
// already is not shown, and is kept until something else is typed.
import { ActionIcon, Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import css from "./DeployForm.module.css";
import type { SetHeader } from "./upstream";

interface Props {
  rows: SetHeader[];
  error?: string;
  onChange: (rows: SetHeader[]) => void;
}

export function SetHeaders({ rows, error, onChange }: Props) {
  const [known] = useState(() => new Set(rows.map((row) => row.name)));
  const change = (index: number, row: Partial<SetHeader>) =>
    onChange(rows.map((old, at) => (at === index ? { ...old, ...row } : old)));
  return (
    <div role="group" aria-label="Headers for the agent">
      <Text size="sm" fw={600}>
        Headers for the agent
      </Text>
      <Text size="xs" c="dimmed" mb={6}>
        Set by the gateway after everything else, such as a credential of its own. A value is kept secret; a
        file on the gateway&apos;s disk is better.
      </Text>
      <Stack gap="xs">
        {rows.map((row, index) => (
          <div className={css.three} key={index}>
            <TextInput
              aria-label={`Headers for the agent: name ${index + 1}`}
              placeholder="Authorization"
              value={row.name}
              onChange={(event) => change(index, { name: event.currentTarget.value })}
            />
            <PasswordInput
              aria-label={`Headers for the agent: value ${index + 1}`}
              placeholder={known.has(row.name) && !row.file ? "as it is" : "value"}
              autoComplete="new-password"
              disabled={row.file !== ""}
              value={row.value}
              onChange={(event) => change(index, { value: event.currentTarget.value })}
              visibilityToggleButtonProps={{ "aria-label": `Show the value ${index + 1}`, tabIndex: 0 }}
            />
            <TextInput
              aria-label={`Headers for the agent: file ${index + 1}`}
              placeholder="or a file"
              spellCheck={false}
              value={row.file}
              onChange={(event) => change(index, { file: event.currentTarget.value, value: "" })}
            />
            <ActionIcon
              variant="default"
              size={36}
              aria-label={`Headers for the agent: remove ${index + 1}`}
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
            onClick={() => onChange([...rows, { name: "", value: "", file: "" }])}
            aria-label="Headers for the agent: add a header"
          >
            Add a header
          </Button>
        </div>
      </Stack>
    </div>
  );
}
