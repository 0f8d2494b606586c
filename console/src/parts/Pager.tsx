// Steps through a list that the API pages. There are no buttons when all fits on one page.
import { Button, Group } from "@mantine/core";

interface Props<Mark> {
  label: string;
  page: { items: unknown[]; next: Mark | null; total?: number };
  size: number;
  /** Where each page so far begins; the last is the one that is shown. */
  marks: (Mark | undefined)[];
  onMarks: (marks: (Mark | undefined)[]) => void;
  back?: string;
  on?: string;
}

export function Pager<Mark>({ label, page, size, marks, onMarks, back, on }: Props<Mark>) {
  if (page.items.length === 0 && marks.length === 1) return null;
  const single = marks.length === 1 && page.next === null;
  if (single && page.total === undefined) return null;
  const first = (marks.length - 1) * size;
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
            disabled={marks.length === 1}
            onClick={() => onMarks(marks.slice(0, -1))}
          >
            {back ?? "Previous"}
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={page.next === null}
            onClick={() => onMarks([...marks, page.next ?? undefined])}
          >
            {on ?? "Next"}
          </Button>
        </Group>
      )}
    </Group>
  );
}
