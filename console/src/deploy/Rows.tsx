// A list that is edited row by row: its description, its rows, and buttons that add and remove a row.
import { ActionIcon, Button, Stack, Text } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import type { ReactNode } from "react";

interface Props<Row> {
  legend: string;
  about: string;
  /** What one row is called. */
  one: "header" | "rule" | "limit" | "target";
  rows: Row[];
  /** The value of a new row. */
  empty: Row;
  /** The class that lays out a row. */
  className: string | undefined;
  error?: string;
  onChange: (rows: Row[]) => void;
  /** The fields of a row; their labels contain `nth` to differ from those of other rows. */
  fields: (row: Row, change: (part: Partial<Row>) => void, nth: number) => ReactNode;
}

export function Rows<Row>({
  legend,
  about,
  one,
  rows,
  empty,
  className,
  error,
  onChange,
  fields,
}: Props<Row>) {
  const change = (index: number) => (part: Partial<Row>) =>
    onChange(rows.map((old, at) => (at === index ? { ...old, ...part } : old)));
  return (
    <div role="group" aria-label={legend}>
      <Text size="sm" fw={600}>
        {legend}
      </Text>
      <Text size="xs" c="dimmed" mb={6}>
        {about}
      </Text>
      <Stack gap="xs">
        {rows.map((row, index) => (
          <div className={className} key={index}>
            {fields(row, change(index), index + 1)}
            <ActionIcon
              variant="default"
              size={36}
              aria-label={`${legend}: remove ${one === "rule" ? "rule " : ""}${index + 1}`}
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
            onClick={() => onChange([...rows, empty])}
            aria-label={`${legend}: add a ${one}`}
          >
            Add a {one}
          </Button>
        </div>
      </Stack>
    </div>
  );
}
