// Steps through a list that is shown in pages. There are no buttons when all fits on one page.
import { Button, Group } from "@mantine/core";
import type { Page, Paging } from "./paging";

interface Props<Cursor> extends Paging<Cursor> {
  label: string;
  page: Page<unknown, Cursor>;
  size: number;
  previous?: string;
  next?: string;
}

export function Pager<Cursor>({
  label,
  page,
  size,
  cursors,
  onCursors,
  previous = "Previous",
  next = "Next",
}: Props<Cursor>) {
  if (page.items.length === 0 && cursors.length === 1) return null;
  const single = cursors.length === 1 && page.next === null;
  if (single && page.total === undefined) return null;
  const first = (cursors.length - 1) * size;
  return (
    <Group justify="space-between" mt="md" component="nav" aria-label={label}>
      <span className="dim small" role="status">
        {first + 1}–{first + page.items.length}
        {page.total !== undefined && ` of ${page.total.toLocaleString("en")}`}
      </span>
      {!single && (
        <Group gap="xs">
          <Button
            size="xs"
            variant="default"
            disabled={cursors.length === 1}
            onClick={() => onCursors(cursors.slice(0, -1))}
          >
            {previous}
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={page.next === null}
            onClick={() => onCursors([...cursors, page.next ?? undefined])}
          >
            {next}
          </Button>
        </Group>
      )}
    </Group>
  );
}
